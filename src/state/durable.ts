import { ERROR_CODES, errorCodeOf } from '../codec/error-codes.ts';
import { settled } from '../world/settled.ts';

/**
 * What a mutation returns. Undefined: done, in memory or without any change. A promise: resolves when the
 * change is on disk, rejects with an IpmiError (C4h or the code that fits) when it could not be stored;
 * memory is then as before.
 */
export type Durable = Promise<void> | undefined;

/** The value now, or when the change is on disk: `return after(bmc.sel.add(record), { recordId })`. */
export function after<T>(done: Durable, value: T): T | Promise<T> {
  return done === undefined ? value : done.then(() => value);
}

/**
 * What others are told of a change, once it is stored: before its author hears of it, and never of one that
 * was refused.
 */
export function whenStored(done: Durable, tell: () => void): Durable {
  if (done) return tolerated(done.then(tell));
  tell();
  return undefined;
}

/** Both done, or the first failure of the two. */
export function both(first: Durable, second: Durable): Durable {
  return !first || !second ? (first ?? second) : allOf([first, second]);
}

/** All done, or the first failure of any. A chain of `both` would have as many steps as there are changes. */
export function allOf(changes: readonly Durable[]): Durable {
  const waited = changes.filter((done) => done !== undefined);
  if (waited.length < 2) return waited[0];
  return tolerated(
    Promise.allSettled(waited).then((results) => {
      for (const result of results) if (result.status === 'rejected') throw result.reason;
    }),
  );
}

/** Work that nobody waits for: its failure is a line of the log, which says what could not be kept. */
export function unwaited(
  done: Promise<unknown> | undefined,
  log: { warn(message: string): void },
  subject: string,
): void {
  done?.catch((error: unknown) =>
    log.warn(`${subject}: ${error instanceof Error ? error.message : String(error)}`),
  );
}

/**
 * A change that nobody waits for may fail without ending the process: whoever waits is told all the same.
 */
export function tolerated(done: Promise<void>): Promise<void> {
  void settled(done);
  return done;
}

/**
 * What a BMC that ends could not keep any more. Where another host has it by now, that is no failure: it was
 * ended for that.
 */
export function toldAtEnd(
  error: unknown,
  log: { debug(message: string): void; error(message: string, error?: unknown): void },
  subject: string,
): void {
  if (errorCodeOf(error) === ERROR_CODES.FencedError) log.debug(`${subject}: ${(error as Error).message}`);
  else log.error(subject, error);
}
