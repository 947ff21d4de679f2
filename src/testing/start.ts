/// <reference lib="esnext.disposable" preserve="true" />
import { Bmc, Templates, type BmcSurroundings, type Log } from '../bmc.ts';
import { IcmbNetwork } from '../interfaces/index.ts';
import { nodeWorld } from '../world/node.ts';
import { settingsOf, type TestBmcOptions } from './options.ts';
import { TestBmc } from './test-bmc.ts';

/**
 * What settings compile to is the same for all BMCs of a process that have the same ones, and takes longer
 * than everything else of a start: decision 127.
 */
const compiled = new Templates();

/** BMCs of a fleet that open at a time. */
const AT_A_TIME = 32;

/** What a test's BMC is made with besides its settings: the library's `BmcSurroundings`. */
export type TestSurroundings = Omit<BmcSurroundings, 'templates' | 'uplink'>;

/**
 * Starts a BMC in this process: a port of 127.0.0.1 that the system chooses, credentials of its own, an empty
 * SEL. Rejects with SettingsError for options that make no sense.
 */
export async function startBmc(
  options: TestBmcOptions = {},
  surroundings: TestSurroundings = {},
): Promise<TestBmc> {
  const world = surroundings.world ?? nodeWorld();
  const seed = (options.seed ?? world.random.u32()) >>> 0;
  const { settings, account } = settingsOf(options, seed);
  // What the BMC says stands between what it was asked.
  let note: (text: string) => void = () => undefined;
  const log = surroundings.log ?? logOf((text) => note(text));
  const bmc = new Bmc(settings, { ...surroundings, world, log, templates: compiled });
  const started = new TestBmc({ bmc, world, account, seed });
  note = (text) => started.note(text);
  await bmc.open();
  return started;
}

/** Many of them, by their place. */
export class TestFleet implements AsyncDisposable, Iterable<TestBmc> {
  readonly bmcs: readonly TestBmc[];

  constructor(bmcs: readonly TestBmc[]) {
    this.bmcs = bmcs;
  }

  get length(): number {
    return this.bmcs.length;
  }

  /** By its place, from 0; a negative one counts from the end. Throws RangeError: there is none. */
  at(place: number): TestBmc {
    const bmc = this.bmcs.at(place);
    if (bmc === undefined) throw new RangeError(`there is no BMC ${place} of ${this.length}`);
    return bmc;
  }

  [Symbol.iterator](): Iterator<TestBmc> {
    return this.bmcs[Symbol.iterator]();
  }

  async stop(): Promise<void> {
    await Promise.all(this.bmcs.map((bmc) => bmc.stop()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/**
 * Starts so many BMCs in this process; `options` says what each is, by its number from 0. Their names differ
 * (`bmc-0`, ...), and ICMBs of the same name join them. Rejects where one cannot be had; then none is left.
 */
export async function startFleet(
  count: number,
  options: (n: number) => TestBmcOptions = () => ({}),
  surroundings: TestSurroundings = {},
): Promise<TestFleet> {
  const world = surroundings.world ?? nodeWorld();
  const icmb = surroundings.icmb ?? new IcmbNetwork(world);
  const started: TestBmc[] = [];
  try {
    for (let first = 0; first < count; first += AT_A_TIME) {
      const some = Array.from({ length: Math.min(AT_A_TIME, count - first) }, (_, i) => first + i);
      const opened = await Promise.allSettled(
        some.map((n) => startBmc({ name: `bmc-${n}`, ...options(n) }, { ...surroundings, world, icmb })),
      );
      for (const opening of opened) if (opening.status === 'fulfilled') started.push(opening.value);
      const failed = opened.find((opening) => opening.status === 'rejected');
      if (failed) throw failed.reason;
    }
  } catch (error) {
    await Promise.all(started.map((bmc) => bmc.stop()));
    throw error;
  }
  return new TestFleet(started);
}

/**
 * A BMC for a test of any runner, stopped when it ends: `test('...', withBmc({ power: 'off' }, async (bmc) =>
 * ...))`. What passed is told where the test fails.
 */
export function withBmc(
  options: TestBmcOptions,
  body: (bmc: TestBmc) => Promise<void> | void,
): () => Promise<void> {
  // Without parameters: a runner takes the first of them for its callback.
  return async () => {
    const bmc = await startBmc(options);
    try {
      await body(bmc);
    } catch (error) {
      throw told(error, bmc);
    } finally {
      await bmc.stop();
    }
  };
}

/** The error of a test, with what passed in its message where it is not there already. */
function told(error: unknown, bmc: TestBmc): unknown {
  if (!(error instanceof Error) || error.message.includes(bmc.report)) return error;
  error.message = `${error.message}\n${bmc.report}`;
  return error;
}

function logOf(note: (text: string) => void): Log {
  const say = (message: string): void => note(`log  ${message}`);
  return {
    debug: () => undefined,
    info: say,
    warn: say,
    error: (message, error) => say(error instanceof Error ? `${message}: ${error.message}` : message),
  };
}
