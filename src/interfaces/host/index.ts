export { BtInterface, type BtInterfaceCounters } from './bt.ts';
export { DevicePort, type DeviceCounters, type DeviceKind, type DevicePortOptions } from './device-port.ts';
export { KcsInterface } from './kcs.ts';
export type { OneRequestCounters } from './one-request.ts';
export { SsifInterface } from './ssif.ts';
export type { HostInterfaceOptions } from './system-interface.ts';
