/**
 * The message router alone: handlers above, interfaces below, and what each may do. It knows no command and
 * no wire format, and
 * `B`, what handlers find as `context.bmc`, is its user's.
 *
 *   const router = new Router<Fans>({ clock: nodeWorld().clock });
 *   router.register({ owner: 'fans', handlers: [handle(GetFan, (request, { bmc }) => bmc.fan(request.id))]
 * });
 */
export { notOpen, refusal, refuse } from './answers.ts';
export * from './attachment.ts';
export { RegistrationError } from './errors.ts';
export * from './handlers.ts';
export * from '../joint/message.ts';
export type { CounterDeclaration, CounterTable, Counts } from '../joint/counters.ts';
export { OutQueue } from './out-queue.ts';
export type { Policy } from '../joint/policy.ts';
export * from './router.ts';
export { accountOf, partyOf, Shares } from '../joint/shares.ts';
export type { Timers } from '../joint/timers.ts';
export { presetTable, standardTable, Table, type Entry, type Preset } from './table.ts';
