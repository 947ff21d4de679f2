import type { Clock, Timer } from '../../world/world.ts';
import type { Setup } from '../setup.ts';
import { Occasion, type Occasions } from '../occasions.ts';

/**
 * Cold: everything volatile starts again and the BMC is away for a while. Warm: sessions and messages end,
 * nothing else does (IPMI 2.0 §20.2, §20.3).
 */
export type ResetKind = 'cold' | 'warm';

/** `down`: the BMC stops, what is volatile is lost. `up`: it answers again. */
export type ResetPhase = 'down' | 'up';

/** Seconds that a cold reset takes where nothing is said. */
export const DARKNESS = 2;

/** Milliseconds for the answer to go out before what it needs is gone. */
const ANSWER_TIME = 10;

/** Whether the BMC itself is up. */
export class Life {
  static readonly reset = new Occasion<[phase: ResetPhase, kind: ResetKind]>();
  readonly #clock: Clock;
  #darkness: number;
  readonly #occasions: Occasions;
  /** The next reset starts firmware that was just activated. */
  startsFirmware = false;
  /** A fault: the BMC is there, and answers nobody. */
  hidden = false;
  #dark = false;
  #pending: Timer | undefined;

  /** `darkness`: milliseconds that a cold reset takes. */
  constructor(setup: Setup, darkness: number) {
    this.#clock = setup.clock;
    this.#occasions = setup.occasions;
    this.#darkness = darkness;
  }

  /** How long a cold reset takes, from the next one on; in milliseconds. */
  set darkness(milliseconds: number) {
    this.#darkness = milliseconds;
  }

  /** A cold reset is under way: networks hear nothing, hosts D2h. */
  get dark(): boolean {
    return this.#dark || this.hidden;
  }

  onReset(listener: (phase: ResetPhase, kind: ResetKind) => void): () => void {
    return this.#occasions.listen(Life.reset, listener);
  }

  /** Begins a reset, once the answer to whoever asked for it has gone out. One that is under way goes on. */
  reset(kind: ResetKind): void {
    this.#pending ??= this.#clock.after(ANSWER_TIME, () => {
      this.#tell('down', kind);
      if (kind === 'warm') this.#up(kind);
      else {
        this.#dark = true;
        this.#pending = this.#clock.after(this.#darkness, () => this.#up(kind));
      }
    });
  }

  /** The process ends: no reset comes back from it. */
  stop(): void {
    this.#pending?.cancel();
  }

  #up(kind: ResetKind): void {
    this.#pending = undefined;
    this.#dark = false;
    this.#tell('up', kind);
  }

  #tell(phase: ResetPhase, kind: ResetKind): void {
    this.#occasions.tell(Life.reset, phase, kind);
  }
}
