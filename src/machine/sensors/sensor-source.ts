import type { Log } from '../../state/setup.ts';
import type { Clock, World } from '../../world/world.ts';
import type { Formula } from './formula.ts';

/**
 * Where a reading comes from. Of an analog sensor: its value, in its unit. Of a discrete one: its states, a
 * bit each.
 */
export interface SensorSource {
  /**
   * At a wall time in milliseconds, which a source that is no function of it leaves alone. Undefined:
   * there is no reading (yet, or any more).
   */
  value(now: number): number | undefined;
  /** It moves by itself: somebody has to look at it for events. */
  readonly moves: boolean;
  /** Values that it cannot leave. Undefined: any. */
  readonly bounds?: readonly [number, number];
  /** Looks outside for a new value, as often as its sensors are looked at and it thinks fit. */
  refresh?(): void;
  /** Its sensor listens for values that come from outside. It is the only one; returns its undoing. */
  onChange?(listener: () => void): () => void;
}

/** What a source with a state of its own is made with. */
export interface SourceSurroundings {
  readonly world: World;
  readonly log: Log;
}

/**
 * Makes the source of one sensor of one BMC. A source without a state (a value, a function of time) is one
 * for all BMCs with the same settings instead.
 */
export interface OwnSource {
  readonly make: (surroundings: SourceSurroundings) => SensorSource;
}

export const own = (make: OwnSource['make']): OwnSource => ({ make });

/** A slow movement that looks alive and is a function of time alone. */
export interface Swing {
  readonly base: number;
  readonly swing?: number;
  /** Seconds. */
  readonly period?: number;
  readonly noise?: number;
}

export const constant = (value: number): SensorSource => ({
  value: () => value,
  moves: false,
  bounds: [value, value],
});

/** `seed` makes two sensors with the same settings move differently. */
export function swinging(swing: Swing, seed: number): SensorSource {
  const reach = Math.abs(swing.swing ?? 0) + Math.abs(swing.noise ?? 0);
  return {
    value: (now) => sample(swing, now, seed),
    moves: reach > 0,
    bounds: [swing.base - reach, swing.base + reach],
  };
}

/** `t` counts the seconds since the source was made. */
export function following(formula: Formula, clock: Clock): SensorSource {
  const start = clock.monotonic();
  const value = (): number | undefined => {
    const result = formula((clock.monotonic() - start) / 1000);
    return Number.isFinite(result) ? result : undefined;
  };
  return { value, moves: !formula.isConstant };
}

/** A value that somebody sets. */
export class Pushed implements SensorSource {
  readonly moves = false;
  readonly #clock: Clock;
  readonly #maxAge: number;
  #value: number | undefined;
  #setAt = 0;
  #listener: (() => void) | undefined = undefined;

  /** `maxAge`: milliseconds after which a value is no reading any more; Infinity: it stays. */
  constructor(clock: Clock, first?: number, maxAge = Infinity) {
    this.#clock = clock;
    this.#value = first;
    this.#maxAge = maxAge;
    this.#setAt = clock.monotonic();
  }

  value(): number | undefined {
    return this.#clock.monotonic() - this.#setAt > this.#maxAge ? undefined : this.#value;
  }

  set(value: number | undefined): void {
    this.#value = value;
    this.#setAt = this.#clock.monotonic();
    this.#listener?.();
  }

  onChange(listener: () => void): () => void {
    this.#listener = listener;
    return () => {
      if (this.#listener === listener) this.#listener = undefined;
    };
  }
}

function sample({ base, swing = 0, period = 300, noise = 0 }: Swing, now: number, seed: number): number {
  const turn = (2 * Math.PI * now) / (period * 1000) + seed;
  // Two waves of different length, and a little noise a second.
  const jitter = Math.sin(Math.floor(now / 1000) * 12.9898 + seed * 78.233) * 43758.5453;
  return (
    base +
    swing * (0.7 * Math.sin(turn) + 0.3 * Math.sin(2.7 * turn)) +
    noise * 2 * (jitter - Math.floor(jitter) - 0.5)
  );
}
