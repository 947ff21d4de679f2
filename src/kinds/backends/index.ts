import { command } from './command.ts';
import { http } from './http.ts';
import { libvirt } from './libvirt.ts';
import { qemu } from './qemu.ts';
import { simulated } from './simulated.ts';
import { vmProtocol } from './vm-protocol.ts';
import type { BroughtBackends, OurAnd } from '../brought.ts';
import { kindNamed, type OptionsOf, type Typed } from '../kind.ts';
import type { BackendKind } from './backend.ts';

export { bootRequest, type BackendKind, type BackendSurroundings, type Power } from './backend.ts';
export { machineOfVm } from './vm-protocol.ts';
export type { CommandBackendOptions } from './command.ts';
export type { HttpBackendOptions } from './http.ts';
export type { LibvirtBackendOptions } from './libvirt.ts';
export type { QemuBackendOptions } from './qemu.ts';
export type { SimulatedBackendOptions } from './simulated.ts';
export type { VmProtocolBackendOptions } from './vm-protocol.ts';

/** What can switch a machine, in the order in which messages name them. */
export const backends = [simulated, vmProtocol, qemu, libvirt, command, http] as const;

/** What switches the machine: `chassis.backend`, by its `type`. */
export type BackendOptions = OurAnd<OptionsOf<(typeof backends)[number]>, BroughtBackends>;

/** The kind of back end that settings ask for; `brought` are a program's. Throws SettingsError. */
export const backendKind = (
  options: BackendOptions,
  brought?: readonly BackendKind<Typed>[],
): BackendKind<Typed> => kindNamed(options, 'power back end', backends, brought);

/** Program and arguments, or a line for the shell. */
export type CommandLine = string | readonly string[];
