// Written by `npm run docs` from the files beside it, in the order in which messages name them.
import { simulated, type SimulatedBackendOptions } from './simulated.ts';
import { vmProtocol, type VmProtocolBackendOptions } from './vm-protocol.ts';
import { qemu, type QemuBackendOptions } from './qemu.ts';
import { libvirt, type LibvirtBackendOptions } from './libvirt.ts';
import { command, type CommandBackendOptions } from './command.ts';
import { http, type HttpBackendOptions } from './http.ts';

export type {
  SimulatedBackendOptions,
  VmProtocolBackendOptions,
  QemuBackendOptions,
  LibvirtBackendOptions,
  CommandBackendOptions,
  HttpBackendOptions,
};
export const kinds = [simulated, vmProtocol, qemu, libvirt, command, http] as const;
/** Their settings. */
export type KindSettings =
  | SimulatedBackendOptions
  | VmProtocolBackendOptions
  | QemuBackendOptions
  | LibvirtBackendOptions
  | CommandBackendOptions
  | HttpBackendOptions;
