import { ERROR_CODES } from '../codec/error-codes.ts';
import { millisecondsOf } from '../settings/durations.ts';
import { Listeners } from '../state/listeners.ts';
import type { Clock } from '../world/world.ts';

/** A time as settings have it: seconds, or `500ms`, `5s`, `1m`. */
export type TestTime = number | string;

/** How long a test waits where it does not say. */
const WITHIN = '5s';
/** Milliseconds between two looks at what nobody tells of. */
const LOOK = 20;

/** What a test expected of its BMC's clients did not come, or came although it should not. */
export class ExpectationError extends Error {
  override name = 'ExpectationError';
  readonly code = ERROR_CODES.ExpectationError;
}

/** A program that a test ran is not installed, or has failed. */
export class ToolError extends Error {
  override name = 'ToolError';
  readonly code = ERROR_CODES.ToolError;
  /** Null: it was killed, or never began. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;

  constructor(
    message: string,
    { code = null, stdout = '', stderr = '' }: { code?: number | null; stdout?: string; stderr?: string },
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.exitCode = code;
    this.stdout = stdout;
    this.stderr = stderr;
  }
}

/**
 * Waits for what comes from outside, by the time of the world: a client is no part of a BMC whose clock
 * stands.
 */
export class Waiting {
  readonly #clock: Clock;
  readonly #happened = new Listeners<[]>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Something came: who waits looks again. */
  tell(): void {
    this.#happened.tell();
  }

  /**
   * What `look` finds, as soon as it does; undefined: it has found nothing all the time. `within`: default
   * five seconds. Throws RangeError for what is no time.
   */
  async until<T>(look: () => T | undefined, within: TestTime = WITHIN): Promise<T | undefined> {
    const time = millisecondsOf(within);
    if (time === undefined)
      throw new RangeError(`expected a time (5s, 500ms, 1m), received ${JSON.stringify(within)}`);
    const found = look();
    if (found !== undefined || time === 0) return found;
    const end = this.#clock.monotonic() + time;
    return new Promise((resolve, reject) => {
      const over = (value: T | undefined): void => {
        stop();
        timer.cancel();
        resolve(value);
      };
      const again = (): void => {
        try {
          const value = look();
          if (value !== undefined || this.#clock.monotonic() >= end) over(value);
        } catch (error) {
          stop();
          timer.cancel();
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      };
      const next = (): void => {
        timer = this.#clock.after(Math.min(LOOK, Math.max(0, end - this.#clock.monotonic())), () => {
          next();
          again();
        });
      };
      const stop = this.#happened.add(again);
      let timer = this.#clock.after(0, next);
    });
  }
}

/** The time that a test waits, for its message. */
export const withinText = (within: TestTime = WITHIN): string =>
  typeof within === 'number' ? `${within} s` : within;
