import type { BmcState } from '../bmc-state.ts';
import type { BmcOptions } from '../config/options.ts';
import { backendKind, bootRequest, machineOfVm, type Power } from '../kinds/backends/index.ts';
import type { Kinds } from '../config/kinds.ts';
import { settingAt } from '../settings/errors.ts';
import type { Log } from '../state/setup.ts';
import type { World } from '../world/world.ts';

/**
 * The back end that `chassis.backend` asks for. Throws SettingsError. `bmc` is looked at only when an action
 * begins: it may be under construction.
 */
export function makePower(
  options: BmcOptions,
  bmc: Pick<BmcState, 'bootOptions'>,
  world: World,
  log: Log,
  kinds: Kinds,
): Power {
  const { name = 'bmc', chassis: { backend } = {}, interfaces = [] } = options;
  const hasVm = interfaces.some(({ type }) => type === 'vm');
  const surroundings = { world, log, name, boot: () => bootRequest(bmc.bootOptions.flags), hasVm };
  if (backend === undefined) return hasVm ? machineOfVm(surroundings) : {};
  return settingAt(['chassis', 'backend'], () =>
    backendKind(backend, kinds.backends).make(backend, surroundings),
  );
}
