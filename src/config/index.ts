/**
 * Config files: YAML text to the settings of BMCs, with `file:line:column` for each mistake.
 *
 *   const [options] = parseConfig(readFileSync('bmc.yaml', 'utf8'), 'bmc.yaml');
 */
export { ConfigError, parseConfig } from './load.ts';
export type { Kinds } from './kinds.ts';
export type * from '../kinds/brought.ts';
export type { BackendKind, BackendSurroundings } from '../kinds/backends/index.ts';
export type { ConsoleKind, ConsoleSurroundings } from '../kinds/consoles/index.ts';
export type { InterfaceKind, InterfaceSurroundings, MadeInterface } from '../kinds/interfaces/index.ts';
export type { TakenPlace } from '../kinds/kind.ts';
export type { SourceKind } from '../kinds/sources/index.ts';
export { own, type OwnSource, type SensorSource } from '../machine/sensors/sensor-source.ts';
export { MediumType, ProtocolType, SessionSupport } from '../commands/codes/channels.ts';
export * from './options.ts';
export { twoSocketServer } from './two-socket-server.ts';
