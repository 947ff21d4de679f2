export { handle } from './handle.ts';
export { handleRaw, type Handler, type HandlerSet } from '../router/index.ts';
export { after, type Durable, type Store } from '../state/store.ts';
export { standard, standardHandlers } from './standard.ts';
