export { handle } from './handle.ts';
export { handleRaw, type Handler, type HandlerSet } from '../router/index.ts';
export { standard, standardHandlers } from './standard.ts';
