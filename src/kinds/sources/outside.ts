import type { SensorSource } from '../../machine/sensors/sensor-source.ts';
import type { Log } from '../../state/setup.ts';
import type { World } from '../../world/world.ts';
import { milliseconds } from '../../settings/durations.ts';

interface Scaled {
  readonly scale?: number;
  readonly offset?: number;
  /** Seconds. */
  readonly interval?: number;
}

/** Reads the first number of a text that lies outside, again when an interval has passed. */
export class Outside implements SensorSource {
  readonly moves = true;
  readonly #settings: Scaled;
  readonly #name: string;
  readonly #world: World;
  readonly #log: Log;
  readonly #fetch: () => Promise<string>;
  #value: number | undefined;
  #busy = false;
  #due = 0;
  /** What was wrong the last time: it is said once. */
  #problem: string | undefined;
  #listener: (() => void) | undefined = undefined;

  constructor(settings: Scaled, name: string, world: World, log: Log, fetch: () => Promise<string>) {
    this.#settings = settings;
    this.#name = name;
    this.#world = world;
    this.#log = log;
    this.#fetch = fetch;
  }

  value(): number | undefined {
    return this.#value;
  }

  onChange(listener: () => void): () => void {
    this.#listener = listener;
    return () => {
      if (this.#listener === listener) this.#listener = undefined;
    };
  }

  refresh(): void {
    const now = this.#world.clock.monotonic();
    if (this.#busy || now < this.#due) return;
    this.#due = now + milliseconds(this.#settings.interval ?? 5);
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
    this.#listener?.();
  }
}
