import {
  bootRequest,
  CommandBackend,
  HttpBackend,
  LibvirtBackend,
  QemuBackend,
  VmProtocolBackend,
  type BackendSurroundings,
} from '../machine/backends/index.ts';
import { SettingsError } from '../config/errors.ts';
import type { BmcOptions } from '../config/options.ts';
import type { VmMachine } from '../interfaces/index.ts';
import type { BmcState } from '../bmc-state.ts';
import type { Log } from '../state/setup.ts';
import type { PowerBackend } from '../machine/chassis/machine.ts';
import type { World } from '../world/world.ts';

/** What works the machine, and who of it follows the `vm` interface. */
export interface Power {
  readonly backend?: PowerBackend;
  readonly machine?: VmMachine;
}

/** The back end that `chassis.backend` asks for. Throws SettingsError. `bmc` is looked at only when an action begins: it may be under construction. */
export function makePower(options: BmcOptions, bmc: Pick<BmcState, 'bootOptions'>, world: World, log: Log): Power {
  const { name = 'bmc', chassis: { backend } = {}, interfaces = [] } = options;
  const around: BackendSurroundings = { world, log, name, boot: () => bootRequest(bmc.bootOptions.flags) };
  switch (backend?.type) {
    case undefined: {
      if (!interfaces.some(({ type }) => type === 'vm')) return {};
      const machine = new VmProtocolBackend({}, around, true);
      return { backend: machine, machine };
    }
    case 'vm-protocol': {
      if (!interfaces.some(({ type }) => type === 'vm')) throw new SettingsError('vm-protocol needs an interface of type vm', ['chassis', 'backend']);
      const machine = new VmProtocolBackend(backend, around);
      return { backend: machine, machine };
    }
    case 'qemu':
      return { backend: new QemuBackend(backend, around) };
    case 'libvirt':
      return { backend: new LibvirtBackend(backend, around) };
    case 'command':
      return { backend: new CommandBackend(backend, around) };
    case 'http':
      return { backend: new HttpBackend(backend, around) };
    default:
      return {};
  }
}
