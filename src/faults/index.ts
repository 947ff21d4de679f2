/**
 * Faults on purpose: rules for datagrams, sessions, commands and the BMC itself (docs/faults.md).
 *
 *   using fault = bmc.faults.add({ when: { command: 'get-sdr' }, then: { complete: 'C0h' }, times: 3 });
 */
export type { Fault } from './fault.ts';
export { Faults, type EndedScenario, type RuleThere } from './faults.ts';
export type { ScenarioEnd, ScenarioRun } from './scenario.ts';
export { presets, type Preset } from './presets.ts';
export type * from './rule.ts';
export type { FaultHit } from '../taps/index.ts';
