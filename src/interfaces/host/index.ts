export { BtInterface } from './bt.ts';
export { DevicePort, type DeviceCounters, type DeviceKind, type DevicePortOptions } from './device-port.ts';
export { KcsInterface } from './kcs.ts';
export { SsifInterface } from './ssif.ts';
export type { HostInterfaceOptions } from './system-interface.ts';
