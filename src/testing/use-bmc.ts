import type { TestBmcOptions } from './options.ts';
import { startBmc } from './start.ts';
import type { TestBmc } from './test-bmc.ts';

/** What a runner calls before and after the tests of a suite. */
export interface Hooks {
  readonly before: (begin: () => Promise<void>) => void;
  readonly after: (end: () => Promise<void>) => void;
}

/** One BMC for all tests of a suite; the function that it returns gives it, in a test. */
export function useBmcWith({ before, after }: Hooks, options?: TestBmcOptions): () => TestBmc {
  let bmc: TestBmc | undefined;
  before(async () => {
    bmc = await startBmc(options);
  });
  after(async () => {
    await bmc?.stop();
  });
  return () => {
    if (bmc === undefined) throw new RangeError('the BMC is there in tests, and not before');
    return bmc;
  };
}
