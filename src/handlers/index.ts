/**
 * What answers commands: all standard handlers (`standard`), and `handle` for your own. State that must last
 * lies in a `Store`.
 *
 *   const set = { owner: 'acme', handlers: [handle(GetFanCurve, (request, { bmc }) => ({ points: [] }))] };
 *   bmc.router.register(set);
 */
export { handle } from './handle.ts';
export { handleRaw, type Handler, type HandlerSet } from '../router/index.ts';
export { after, type Durable, type Store } from '../state/store.ts';
export { standard, standardHandlers } from './standard.ts';
