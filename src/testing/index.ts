/**
 * BMCs for tests of what talks to BMCs: in this process, on a free port, with what they were asked and what
 * is expected of who asks (docs/testing.md).
 *
 *   const bmc = await startBmc({ power: 'off' });
 *   await bmc.ipmitool('power', 'on');
 *   await bmc.expectRequest(ChassisControl, { action: 'on' });
 *   await bmc.stop();
 *
 * Of no test runner; `ipmi-bmc/testing/vitest`, `/node` and `/jest` are.
 */
export { ExpectationError, ToolError, type TestTime } from './expectation.ts';
export type { Expected, Fields, RequestFilter } from './matching.ts';
export { bmcMatchers, type BmcMatchers } from './matchers.ts';
export { credentialsOf, type Credentials, type TestBmcOptions, type TestSensor } from './options.ts';
export type { TestAnswer, TestRequest } from './requests.ts';
export type { SelEntry, SelExpectation, TestSel } from './sel.ts';
export { startBmc, startFleet, TestFleet, withBmc, type TestSurroundings } from './start.ts';
export * from './contracts/index.ts';
export type { ExpectOptions, OtherOptions, TestBmc, ToolOptions } from './test-bmc.ts';
