/**
 * BMCs as fixtures of vitest, and what `expect(bmc)` can say (docs/testing.md). Vitest is yours: 3.2 or newer.
 *
 *   import { expect, test } from 'ipmi-bmc/testing/vitest';
 *
 *   test('the node is switched on', async ({ bmc }) => {
 *     await provision(bmc.env);
 *     await expect(bmc).toReceive(ChassisControl, { action: 'on' });
 *   });
 */
// oxlint-disable no-empty-pattern -- vitest reads from its pattern what a fixture needs
import { expect, onTestFailed, test as base, type TestAPI } from 'vitest';
import { bmcMatchers, type BmcMatchers } from './matchers.ts';
import type { TestBmcOptions } from './options.ts';
import { startBmc, startFleet, type TestFleet } from './start.ts';
import type { TestBmc } from './test-bmc.ts';

declare module 'vitest' {
  // oxlint-disable-next-line typescript/no-explicit-any -- its parameters have to be vitest's own
  interface Matchers<T = any> extends BmcMatchers<void> {}
}

/** What tests can ask for. */
export interface BmcFixtures {
  /** What `bmc` is made of; a suite says others: `test.override({ bmcOptions: { power: 'off' } })`. */
  bmcOptions: TestBmcOptions;
  /** A BMC of this test alone. */
  bmc: TestBmc;
  /** Starts more of them. */
  startBmc: (options?: TestBmcOptions) => Promise<TestBmc>;
  /** Starts many of them. */
  startFleet: (count: number, options?: (n: number) => TestBmcOptions) => Promise<TestFleet>;
}

/** `test` of vitest with BMCs; they are stopped after it, and tell what passed where it fails. */
export const test: TestAPI<BmcFixtures> = base.extend<BmcFixtures>({
  bmcOptions: async ({}, use) => use({}),
  bmc: async ({ bmcOptions }, use) => {
    const bmc = await startBmc(bmcOptions);
    onTestFailed(() => console.error(bmc.report));
    await use(bmc);
    await bmc.stop();
  },
  startBmc: async ({}, use) => {
    const started: TestBmc[] = [];
    await use(async (options) => {
      const bmc = await startBmc(options);
      started.push(bmc);
      return bmc;
    });
    await Promise.all(started.map((bmc) => bmc.stop()));
  },
  startFleet: async ({}, use) => {
    const started: TestFleet[] = [];
    await use(async (count, options) => {
      const fleet = await startFleet(count, options);
      started.push(fleet);
      return fleet;
    });
    await Promise.all(started.map((fleet) => fleet.stop()));
  },
});

expect.extend(bmcMatchers);

export { expect };
export * from './index.ts';
