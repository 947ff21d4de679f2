import { latin1 } from '../codec/index.ts';
import type { CommandValue, FileValue, SensorValue, SourceMaker } from '../config/sensor-options.ts';
import { parseFormula } from '../machine/sensors/formula.ts';
import { constant, following, Pushed, swinging, type SensorSource } from '../machine/sensors/sensor-source.ts';
import type { Log } from '../state/setup.ts';
import type { World } from '../world/world.ts';

/** Makes sources that take what they need from the world. */
export const sourceMaker =
  (world: World, log: Log): SourceMaker =>
  (value: SensorValue, seed: number): SensorSource => {
    if (typeof value === 'number') return constant(value);
    if ('base' in value) return swinging(value, world.clock, seed);
    if ('formula' in value) return following(parseFormula(value.formula), world.clock);
    if ('push' in value) return new Pushed(world.clock, value.first, value.maxAge === undefined ? undefined : value.maxAge * 1000);
    if ('file' in value) return new Outside(value, value.file, world, log, async () => latin1(await world.files.read(value.file)));
    return new Outside(value, value.command, world, log, () => output(value, world));
  };

async function output({ command, args = [], timeout = 5 }: CommandValue, { programs }: World): Promise<string> {
  const { code, stdout, stderr } = await programs.run(command, args, { timeout: timeout * 1000 });
  if (code === null) throw new Error(`it took more than ${timeout} s`);
  if (code !== 0) throw new Error(`it ended with ${code}${stderr ? `: ${stderr.trim().split('\n')[0].slice(0, 200)}` : ''}`);
  return stdout;
}

/** Reads the first number of a text that lies outside, again when an interval has passed. */
class Outside implements SensorSource {
  readonly moves = true;
  readonly #settings: FileValue | CommandValue;
  readonly #name: string;
  readonly #world: World;
  readonly #log: Log;
  readonly #fetch: () => Promise<string>;
  #value: number | undefined;
  #busy = false;
  #due = 0;
  /** What was wrong the last time: it is said once. */
  #problem: string | undefined;
  #listener: () => void = () => undefined;

  constructor(settings: FileValue | CommandValue, name: string, world: World, log: Log, fetch: () => Promise<string>) {
    this.#settings = settings;
    this.#name = name;
    this.#world = world;
    this.#log = log;
    this.#fetch = fetch;
  }

  value(): number | undefined {
    return this.#value;
  }

  onChange(listener: () => void): void {
    this.#listener = listener;
  }

  refresh(): void {
    const now = this.#world.clock.monotonic();
    if (this.#busy || now < this.#due) return;
    this.#due = now + (this.#settings.interval ?? 5) * 1000;
    this.#busy = true;
    void this.#fetch().then(
      (text) => this.#got(text),
      (error: unknown) => this.#lost((error as Error).message),
    );
  }

  #got(text: string): void {
    const [found] = /[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?/i.exec(text) ?? [];
    if (found === undefined) return this.#lost('there is no number in it');
    const { scale = 1, offset = 0 } = this.#settings;
    if (this.#problem !== undefined) this.#log.info(`sensor source ${this.#name}: can be read again`);
    this.#problem = undefined;
    this.#settle(Number(found) * scale + offset);
  }

  #lost(problem: string): void {
    if (problem !== this.#problem) this.#log.warn(`sensor source ${this.#name}: ${problem}`);
    this.#problem = problem;
    this.#settle(undefined);
  }

  #settle(value: number | undefined): void {
    this.#busy = false;
    if (value === this.#value) return;
    this.#value = value;
    this.#listener();
  }
}
