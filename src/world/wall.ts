import { endpointName, type Endpoint } from './world.ts';

/**
 * Told of what a callback threw: where it came from (`stream data, unix:/run/h`) and the error with its
 * stack.
 */
export type Trouble = (where: string, error: unknown) => void;

/**
 * Milliseconds between two reports of one kind: a flood that finds a bug must not become a flood of stacks.
 */
const BETWEEN_REPORTS = 1000;

interface Kind {
  /** Nothing is said before (monotonic ms). */
  quietUntil: number;
  unsaid: number;
}

/**
 * Stands between Node and the callbacks that the outside world calls (datagrams, streams, timers, programs,
 * HTTP, device nodes). What one of them throws, or its promise rejects with, is counted and told with its
 * stack, and costs that one datagram or stream: in Node itself it would end the process, and every BMC in it.
 */
export class Wall {
  /** How often a callback failed. */
  caught = 0;
  readonly #trouble: Trouble;
  readonly #kinds = new Map<string, Kind>();

  constructor(trouble: Trouble) {
    this.#trouble = trouble;
  }

  /**
   * Calls back. False: it threw. `source`: whom the report names; `drop` is destroyed when it fails, at once
   * or later.
   */
  call<A, B>(
    kind: string,
    source: string | Endpoint | undefined,
    callback: ((a: A, b: B) => unknown) | undefined,
    a: A,
    b: B,
    drop?: { destroy(): unknown },
  ): boolean {
    try {
      const result = callback?.(a, b);
      if (result instanceof Promise) this.#watch(kind, source, result, drop);
      return true;
    } catch (error) {
      this.failed(kind, source, error);
      drop?.destroy();
      return false;
    }
  }

  /** Counts and tells of a failure that was caught elsewhere. */
  failed(kind: string, source: string | Endpoint | undefined, error: unknown): void {
    this.caught++;
    const state = this.#kinds.get(kind) ?? { quietUntil: -Infinity, unsaid: 0 };
    this.#kinds.set(kind, state);
    const now = performance.now();
    if (now < state.quietUntil) {
      state.unsaid++;
      return;
    }
    const from =
      source === undefined ? '' : `, ${typeof source === 'string' ? source : endpointName(source)}`;
    const more = state.unsaid > 0 ? ` (and ${state.unsaid} more before)` : '';
    state.quietUntil = now + BETWEEN_REPORTS;
    state.unsaid = 0;
    try {
      this.#trouble(`${kind}${from}${more}`, error);
    } catch {
      // A log that fails has no log to tell of it; `caught` has counted it.
    }
  }

  #watch(
    kind: string,
    source: string | Endpoint | undefined,
    result: Promise<unknown>,
    drop?: { destroy(): unknown },
  ): void {
    result.catch((error: unknown) => {
      this.failed(kind, source, error);
      drop?.destroy();
    });
  }
}
