/**
 * Config files: YAML text to the settings of BMCs, with `file:line:column` for each mistake.
 *
 *   const [options] = parseConfig(readFileSync('bmc.yaml', 'utf8'), 'bmc.yaml');
 */
export { ConfigError, parseConfig } from './load.ts';
export type { Kinds } from './kinds.ts';
export type { BackendKind } from '../kinds/backends/index.ts';
export type { ConsoleKind } from '../kinds/consoles/index.ts';
export * from './options.ts';
export { twoSocketServer } from './two-socket-server.ts';
