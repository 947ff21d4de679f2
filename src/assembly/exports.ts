// What the package gives beside `Bmc`.
export type { BmcSurroundings, InterfaceInfo } from './surroundings.ts';
export type { BmcOptions } from '../config/options.ts';
export type { BmcState } from '../bmc-state.ts';
export { BmcClock } from './bmc-clock.ts';
export { Templates } from './templates.ts';
export type { ConsoleListener, ConsolePort, ConsoleSource } from '../machine/serial-port/console.ts';
export { BlobError } from '../services/blobs/index.ts';
export type { BlobHandler, BlobRequester, BlobSession, BlobStat } from '../services/blobs/index.ts';
export type { MachineReports, PowerAction, PowerBackend } from '../machine/chassis/machine.ts';
export type { Log } from '../state/setup.ts';
export type { CounterGroup } from '../taps/index.ts';
export type { OwnStore, OwnStores } from '../state/own-store.ts';
export type { Journal } from '../state/store.ts';
export { SettingsError } from '../settings/errors.ts';
export { UpdateError, type UpdateProblem } from '../services/update/index.ts';
export type { PayloadActivation, PayloadDefinition, PayloadEnd } from '../services/payloads/payloads.ts';
