import { hexText } from '../../codec/index.ts';
import type { World } from '../../world/world.ts';
import { ExpectationError } from '../expectation.ts';

/** One thing that everything of a sort must do, as a test of any runner: it rejects with what was not so. */
export interface ContractCase {
  readonly name: string;
  readonly run: () => Promise<void>;
}

/**
 * A world in which a contract is tried: `simWorld(1)` is one, in virtual time; `realTime(nodeWorld())` is one
 * for what asks the outside by itself.
 */
export interface ContractWorld extends World {
  /** Goes on until the promise settles. */
  until<T>(promise: Promise<T>): Promise<T>;
  /** Lets `ms` milliseconds pass. */
  run(ms: number): Promise<void>;
}

/** A world whose time passes by itself. */
export function realTime(world: World): ContractWorld {
  return {
    ...world,
    until: (promise) => promise,
    run: (ms) => new Promise((resolve) => void world.clock.after(ms, resolve)),
  };
}

/** How often it is looked whether something is so already, in milliseconds. */
const LOOKS = 20;

/** Lets time pass until it is so; `ms` milliseconds at most, whether it is so then or not. */
export async function soon(world: ContractWorld, isSo: () => boolean, ms: number): Promise<void> {
  for (let passed = 0; passed < ms && !isSo(); passed += LOOKS) await world.run(LOOKS);
}

/** Throws ExpectationError, `text` being what should have been. */
export function holds(ok: boolean, text: string): asserts ok {
  if (!ok) throw new ExpectationError(text);
}

/** Throws ExpectationError where two values are not written alike; bytes are written in hex. */
export function same(found: unknown, expected: unknown, of: string): void {
  const [is, should] = [written(found), written(expected)];
  if (is !== should) throw new ExpectationError(`${of}: expected ${should}, found ${is}`);
}

/** What a promise is rejected with; throws ExpectationError where it is not. */
export async function refused(promise: Promise<unknown>, of: string): Promise<unknown> {
  const outcome = await promise.then(
    () => ({ isRefused: false, error: undefined }),
    (error: unknown) => ({ isRefused: true, error }),
  );
  holds(outcome.isRefused, `${of}: expected a refusal`);
  return outcome.error;
}

const written = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) =>
    part instanceof Uint8Array ? hexText(part) : part instanceof Map ? [...part] : part,
  ) ?? 'undefined';
