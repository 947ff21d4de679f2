import type { Sensors } from '../state/sensor/sensors.ts';
import { streamName, type HttpAnswer, type HttpRequest, type StreamServer, type World } from '../world/world.ts';
import { OWN, streamAddressOf } from './addresses.ts';

/** HTTP for programs that know what a sensor reads: `PUT /sensors/NAME` with a number, or `null` for "no reading any more". */
export class SensorFeed {
  readonly #sensors: Sensors;
  readonly #http: World['http'];
  readonly #listen: string;
  #server: StreamServer | undefined;

  constructor(sensors: Sensors, http: World['http'], listen: string) {
    this.#sensors = sensors;
    this.#http = http;
    this.#listen = listen;
  }

  /** Rejects with the system's error where it cannot listen; throws SettingsError for no address. */
  async open(): Promise<void> {
    this.#server = await this.#http.listen(streamAddressOf(this.#listen, OWN), (request) => this.#answer(request));
  }

  /** Where it listens; the port is the real one once it is open. */
  get address(): string {
    return this.#server ? streamName(this.#server.address) : this.#listen;
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    await server?.close();
  }

  #answer({ method, path, body }: HttpRequest): HttpAnswer {
    if (path === '/sensors') {
      if (method !== 'GET') return { status: 405, body: 'GET\n' };
      return json(
        this.#sensors.all
          .filter(({ declaration }) => !declaration.eventOnly)
          .map((sensor) => ({ name: sensor.declaration.name, value: sensor.value ?? null })),
      );
    }
    const name = nameIn(path);
    const sensor = name === undefined ? undefined : this.#sensors.byName(name);
    if (!sensor || sensor.declaration.eventOnly) return { status: 404, body: `there is no ${name === undefined ? path : `sensor '${name}'`}\n` };
    if (method === 'GET') return json({ name, value: sensor.value ?? null });
    if (method !== 'PUT') return { status: 405, body: 'GET, PUT\n' };
    const value = numberIn(body);
    if (value === undefined) return { status: 400, body: 'expected a number, or null\n' };
    const problem = sensor.push(value ?? undefined);
    return problem === undefined ? { status: 204 } : { status: 409, body: `${problem}\n` };
  }
}

const json = (value: unknown): HttpAnswer => ({ status: 200, body: `${JSON.stringify(value)}\n`, type: 'application/json' });

function nameIn(path: string): string | undefined {
  const [, name] = /^\/sensors\/([^/?]+)$/.exec(path) ?? [];
  try {
    return name === undefined ? undefined : decodeURIComponent(name);
  } catch {
    return undefined;
  }
}

/** Null: no reading; undefined: no number. */
function numberIn(body: string): number | null | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return value === null || (typeof value === 'number' && Number.isFinite(value)) ? value : undefined;
  } catch {
    return undefined;
  }
}
