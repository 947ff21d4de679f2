/**
 * Many BMCs in one process, changed while they run.
 *
 *   const fleet = new Fleet({ world: nodeWorld() });
 *   await fleet.apply(parseConfig(text, 'bmc.yaml'));
 *   const { plan, failed } = await fleet.apply(parseConfig(other, 'bmc.yaml'));
 *   await fleet.close();
 *
 * BMCs that the second file has as the first one had them notice nothing.
 */
export { Fleet, type Failure, type FleetSurroundings, type Outcome } from './fleet.ts';
export { isSame, nameOf, planOf, type ChangedBmc, type ChangedKey, type Plan } from './plan.ts';
export { Placement, type Moved } from './placement.ts';
export { sameTimes, summaryOf } from './summary.ts';
