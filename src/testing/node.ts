/**
 * BMCs in tests of `node:test` (docs/testing.md).
 *
 *   import { test } from 'node:test';
 *   import { useBmc } from 'ipmi-bmc/testing/node';
 *
 *   const bmc = useBmc({ power: 'off' });
 *   test('it is switched on', async () => {
 *     await bmc().ipmitool('power', 'on');
 *   });
 */
import { after, before } from 'node:test';
import type { TestBmcOptions } from './options.ts';
import type { TestBmc } from './test-bmc.ts';
import { useBmcWith } from './use-bmc.ts';

/** One BMC for all tests of this file or suite. */
export const useBmc = (options?: TestBmcOptions): (() => TestBmc) =>
  useBmcWith({ before: (begin) => before(begin), after: (end) => after(end) }, options);

export * from './index.ts';
