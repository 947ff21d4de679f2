import { ERROR_CODES } from '../codec/index.ts';
import type { Clock } from '../world/world.ts';
import { ConflictError, NoRoomError } from './bus.ts';

/** Milliseconds until what was written counts as unheard of; a lease lives for several of these. */
export const PATIENCE = 1000;
/** How often a write of which nobody heard is said again. */
const TRIES = 20;
/** How often at the most what changes nothing is asked until the first answer. */
const QUESTIONS = 8;
/** Milliseconds that servers may take to choose a leader: 4 to 9 s where the one before is gone. */
const ELECTION = 15_000;
/** Milliseconds in which some server has to take a connection. */
const DOOR = 2000;
/** Milliseconds of what is waited for without an end: until it is told, and until it is told again. */
const QUIET = 3000;
const AGAIN = 30_000;
/** JetStream's "wrong last sequence", of a stream and of a subject. */
const WRONG_SEQUENCE: readonly unknown[] = [10071, 10164];
/** What says that there is no room: of a server, in memory, on disk, of an account, of a stream. */
const NO_ROOM: readonly unknown[] = [10023, 10028, 10047, 10002, 10077];
/** "JetStream system temporarily unavailable": a leader is being chosen. */
const NO_LEADER = 10008;
/** A stream of this name has other settings. */
const NAME_IN_USE = 10058;

/** What no second try changes: who may do what, whose certificate it is, what is not there at all. */
const FINAL =
  /authorization|authentication|permission|jetstream is not enabled|certificate|self.signed|issuer|altnames|'tls'|^nkeys:|credentials/i;
/** What ends by itself when servers that were begun are there, and most of them agree. */
const COMING =
  /^timeout$|connection refused|no responders|no suitable|temporarily unavailable|insufficient resources/i;
const COMING_CODES: readonly unknown[] = [
  NO_LEADER,
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'ENOTFOUND',
  'EAI_AGAIN',
];

/** For how long servers are waited for that are not there yet. */
export interface Waiting {
  /** Milliseconds; Infinity: until they are there. */
  readonly limit: number;
  /** Told after some seconds, and every half minute again. */
  readonly tell: (error: Error) => void;
  /** Nobody needs it any more. */
  readonly signal?: AbortSignal;
}

/** No server has said a word about who leads: they are choosing, or most of them are away. */
export class NoLeaderError extends Error {
  override name = 'NoLeaderError';
  readonly code = ERROR_CODES.NoLeaderError;
}

/** Nobody waits any more. */
export class EndedWaitingError extends Error {
  override name = 'EndedWaitingError';
  readonly code = ERROR_CODES.EndedWaitingError;
}

/** Nothing was heard in time. */
const isSilence = (error: Error): boolean => error.message === 'timeout';

/** How often what failed is tried again, and when: a moment later, by the clock. */
export class Retries {
  readonly #clock: Clock;
  readonly #waiting: Waiting | undefined;
  /** Monotonic: when it was told that something is waited for. */
  #told = -Infinity;

  constructor(clock: Clock, waiting?: Waiting) {
    this.#clock = clock;
    this.#waiting = waiting;
  }

  pause(ms = PATIENCE / 2): Promise<void> {
    return new Promise((resolve) => void this.#clock.after(ms, resolve));
  }

  /** Servers that have just begun choose a leader first, and say no, or nothing, until then. */
  patiently<T>(make: () => Promise<T>): Promise<T> {
    const named = (error: Error): Error => {
      if (isSilence(error)) return new NoLeaderError('JetStream does not answer', { cause: error });
      const hasNone = codesOf(error).includes(NO_LEADER);
      return hasNone ? new NoLeaderError('JetStream has no leader', { cause: error }) : error;
    };
    return this.#until(make, this.#waiting?.limit ?? ELECTION, named);
  }

  /**
   * The first answer to a question that changes nothing, asked again each quarter second while there is none:
   * it comes when somebody leads, not when the time of a question is over. Rejects when all have failed.
   */
  async first<T>(ask: () => Promise<T>): Promise<T> {
    const asked: Promise<T>[] = [];
    for (;;) {
      asked.push(ask());
      const any = Promise.any(asked).catch((error: AggregateError) =>
        Promise.reject(error.errors[0] as Error),
      );
      const isOver = any.then(
        () => true,
        () => true,
      );
      const pause = asked.length < QUESTIONS ? this.pause(PATIENCE / 4).then(() => false) : isOver;
      if (await Promise.race([isOver, pause])) return any;
    }
  }

  /** `isShut`: servers are there, and will never let us in. */
  connected<T>(connect: () => Promise<T>, isShut: () => Promise<boolean>): Promise<T> {
    const tried = async (): Promise<T> => {
      try {
        return await connect();
      } catch (error) {
        if (!(error instanceof Error && isSilence(error) && (await isShut()))) throw error;
        throw new Error('no connection without a certificate', { cause: error });
      }
    };
    return this.#until(tried, this.#waiting?.limit ?? DOOR);
  }

  /**
   * Rejects with ConflictError where JetStream says that the last sequence is another one, and with
   * NoRoomError where it has no room. Where nobody heard of it, as of a bucket that was made a moment ago, it
   * is said again: it was surely not done.
   */
  async known<T>(work: () => Promise<T>, subject: string, tries = TRIES): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const { code, name, message } = error as { code?: unknown; name?: unknown; message?: string };
      if (WRONG_SEQUENCE.includes(code)) throw new ConflictError(subject, { cause: error });
      if (NO_ROOM.includes(code))
        throw new NoRoomError(`NATS has no room for ${subject}: ${message}`, { cause: error });
      const isUnheard =
        code === NO_LEADER || name === 'JetStreamNotEnabled' || /no responders/i.test(message ?? '');
      if (!isUnheard || tries === 0) throw error;
      await this.pause(PATIENCE / 4);
      return this.known(work, subject, tries - 1);
    }
  }

  async #until<T>(
    make: () => Promise<T>,
    limit: number,
    named: (error: Error) => Error = (error) => error,
  ): Promise<T> {
    const from = this.#clock.monotonic();
    for (;;)
      try {
        return await make();
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        const waited = this.#clock.monotonic() - from;
        // What nobody has foreseen is not waited for without an end.
        const most = isComing(error) ? limit : Math.min(limit, ELECTION);
        if (FINAL.test(error.message) || codesOf(error).includes(NAME_IN_USE)) throw error;
        if (this.#waiting?.signal?.aborted === true)
          throw new EndedWaitingError('it was ended while it waited for NATS', { cause: error });
        if (waited >= most) throw named(error);
        this.#tell(named(error), waited);
        await this.pause(PATIENCE / 4);
      }
  }

  #tell(error: Error, waited: number): void {
    const now = this.#clock.monotonic();
    if (this.#waiting === undefined || waited < QUIET || now - this.#told < AGAIN) return;
    this.#told = now;
    this.#waiting.tell(error);
  }
}

function isComing(error: Error): boolean {
  return COMING.test(error.message) || codesOf(error).some((code) => COMING_CODES.includes(code));
}

/** Of the error, and of what it was caused by. */
function codesOf(error: unknown): unknown[] {
  const codes: unknown[] = [];
  for (let at = error; at instanceof Error && codes.length < 5; at = at.cause)
    codes.push((at as { code?: unknown }).code);
  return codes;
}
