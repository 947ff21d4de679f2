import { outsideValue, type OutsideValue } from '../machine/sensors/outside-values.ts';
import type { Sensor } from '../machine/sensors/sensor.ts';
import type { Sensors } from '../machine/sensors/sensors.ts';
import {
  streamName,
  type HttpAnswer,
  type HttpRequest,
  type StreamServer,
  type World,
} from '../world/world.ts';
import { OWN, streamAddressOf } from '../settings/addresses.ts';

/**
 * HTTP for programs that know what a sensor reads: `PUT /sensors/NAME` with a number, or `null` for "cannot
 * be read"; `"source"` gives it back to its source. NAME as `Sensors.named` has it. It is another door to
 * the sensors of the control API.
 */
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
    this.#server = await this.#http.listen(streamAddressOf(this.#listen, OWN), (request) =>
      this.#answer(request),
    );
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
          .map((sensor) => this.#shown(sensor)),
      );
    }
    const name = nameIn(path);
    const sensor = name === undefined ? `there is no ${path}` : this.#sensors.named(name);
    if (typeof sensor === 'string')
      return { status: sensor.startsWith('there is no') ? 404 : 409, body: `${sensor}\n` };
    if (sensor.declaration.eventOnly)
      return { status: 404, body: `there is no sensor '${name}' with a reading\n` };
    if (method === 'GET') return json(this.#shown(sensor));
    if (method !== 'PUT') return { status: 405, body: 'GET, PUT\n' };
    const value = valueIn(body);
    if (value === undefined) return { status: 400, body: 'expected a number, or null\n' };
    const problem = this.#sensors.outside.feed(sensor, value);
    return problem === undefined ? { status: 204 } : { status: 409, body: `${problem}\n` };
  }

  #shown(sensor: Sensor): { readonly name: string; readonly value: number | null } {
    return { name: this.#sensors.nameOf(sensor), value: sensor.value ?? null };
  }
}

const json = (value: unknown): HttpAnswer => ({
  status: 200,
  body: `${JSON.stringify(value)}\n`,
  type: 'application/json',
});

function nameIn(path: string): string | undefined {
  const [, name] = /^\/sensors\/([^/?]+)$/.exec(path) ?? [];
  try {
    return name === undefined ? undefined : decodeURIComponent(name);
  } catch {
    return undefined;
  }
}

function valueIn(body: string): OutsideValue | undefined {
  try {
    return outsideValue(JSON.parse(body));
  } catch {
    return undefined;
  }
}
