/**
 * BMCs in tests of Jest, and what `expect(bmc)` can say (docs/testing.md). Jest is yours. What is required is one
 * file; what is imported are modules, which Jest runs with `NODE_OPTIONS=--experimental-vm-modules`.
 *
 *   const { useBmc } = require('ipmi-bmc/testing/jest');
 *
 *   const bmc = useBmc({ power: 'off' });
 *   test('it is switched on', async () => {
 *     await bmc().ipmitool('power', 'on');
 *     await expect(bmc()).toReceive('chassis-control');
 *   });
 */
import { bmcMatchers, type BmcMatchers } from './matchers.ts';
import type { TestBmcOptions } from './options.ts';
import type { TestBmc } from './test-bmc.ts';
import { useBmcWith } from './use-bmc.ts';

declare global {
  // The name and the parameters of @types/jest, which is merged with this where it is.
  namespace jest {
    interface Matchers<R, T = {}> extends BmcMatchers<R> {}
  }
}

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
