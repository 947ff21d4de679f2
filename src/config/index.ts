export { ConfigError, parseConfig } from './load.ts';
export * from './options.ts';
export { twoSocketServer } from './two-socket-server.ts';
