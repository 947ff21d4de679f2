import type { BmcState } from '../bmc-state.ts';
import type { BmcOptions } from '../config/options.ts';
import { backends, bootRequest, machineOfVm, type BackendKind, type Power } from '../kinds/backends/index.ts';
import type { Kinds } from '../config/kinds.ts';
import { settingAt, SettingsError } from '../settings/errors.ts';
import type { Log } from '../state/setup.ts';
import type { World } from '../world/world.ts';

/**
 * The back end that `chassis.backend` asks for. Throws SettingsError. `more` are kinds beside our own. `bmc`
 * is looked at only when an action begins: it may be under construction.
 */
export function makePower(
  options: BmcOptions,
  bmc: Pick<BmcState, 'bootOptions'>,
  world: World,
  log: Log,
  more: Kinds['backends'] = [],
): Power {
  const { name = 'bmc', chassis: { backend } = {}, interfaces = [] } = options;
  const hasVm = interfaces.some(({ type }) => type === 'vm');
  const around = { world, log, name, boot: () => bootRequest(bmc.bootOptions.flags), hasVm };
  if (backend === undefined) return hasVm ? machineOfVm(around) : {};
  return settingAt(['chassis', 'backend'], () => kindOf(backend.type, more).make(backend, around));
}

function kindOf(type: string, more: NonNullable<Kinds['backends']>): BackendKind<{ readonly type: string }> {
  const own: NonNullable<Kinds['backends']> = backends;
  const isIt = (kind: { readonly type: string }): boolean => kind.type === type;
  const kind = own.find(isIt) ?? more.find(isIt);
  if (!kind) throw new SettingsError(`there is no power back end of type '${type}'`, ['type']);
  return kind;
}
