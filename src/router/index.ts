export { refusal, refuse } from './answers.ts';
export * from './attachment.ts';
export { RegistrationError } from './errors.ts';
export * from './handlers.ts';
export * from './message.ts';
export * from './router.ts';
export type { Timers } from './timers.ts';
export { traced } from './trace.ts';
export { Table, type Entry } from './table.ts';
