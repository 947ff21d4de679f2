/**
 * The audit log: who changed what, by which way and with which result, as JSON lines; by requests and
 * otherwise (docs/audit.md).
 *
 *   const audit = new Audit(world.clock, (make) => process.stderr.write(`${make(0)}\n`));
 *   audit.watch(bmc);
 */
export { Audit, type AuditedBmc, type AuditSink } from './audit.ts';
export type * from './change.ts';
export { actorOf } from './requests.ts';
