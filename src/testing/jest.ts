/**
 * BMCs in tests of Jest, and what `expect(bmc)` can say (docs/testing.md). Jest is yours, and runs modules
 * (`NODE_OPTIONS=--experimental-vm-modules`).
 *
 *   import { useBmc } from 'ipmi-bmc/testing/jest';
 *
 *   const bmc = useBmc({ power: 'off' });
 *   test('it is switched on', async () => {
 *     await bmc().ipmitool('power', 'on');
 *     await expect(bmc()).toReceive('chassis-control');
 *   });
 */
import { bmcMatchers } from './matchers.ts';
import type { TestBmcOptions } from './options.ts';
import type { TestBmc } from './test-bmc.ts';
import { useBmcWith } from './use-bmc.ts';

/** What Jest puts into the global object of a test file. */
interface JestGlobals {
  readonly beforeAll?: (begin: () => Promise<void>) => void;
  readonly afterAll?: (end: () => Promise<void>) => void;
  readonly expect?: { extend(matchers: typeof bmcMatchers): void };
}

function globals(): Required<JestGlobals> {
  const { beforeAll, afterAll, expect } = globalThis as JestGlobals;
  if (!beforeAll || !afterAll || !expect)
    throw new TypeError('ipmi-bmc/testing/jest is for test files of Jest (with injectGlobals)');
  return { beforeAll, afterAll, expect };
}

/** One BMC for all tests of this file or suite; `expect` then knows BMCs. */
export function useBmc(options?: TestBmcOptions): () => TestBmc {
  const { beforeAll, afterAll, expect } = globals();
  expect.extend(bmcMatchers);
  return useBmcWith({ before: beforeAll, after: afterAll }, options);
}

export * from './index.ts';
