import type { BmcState } from '../bmc-state.ts';
import { historyOf } from '../config/history.ts';
import type { BmcOptions, SatelliteOptions } from '../config/options.ts';
import { satelliteStandard, standard } from '../handlers/standard.ts';
import type { SensorKinds } from '../machine/sensors/sensor-kind.ts';
import { Sensors } from '../machine/sensors/sensors.ts';
import { Router, type Preset } from '../router/index.ts';
import { LogIns } from '../state/app/log-ins.ts';
import { Sel } from '../state/log/sel.ts';
import { namedLog, Setup, silent } from '../state/setup.ts';
import { worldIn } from '../world/folder.ts';
import { nodeWorld } from '../world/node.ts';
import type { World } from '../world/world.ts';
import { sensorIntervalOf } from './live.ts';
import type { Busses, Uplink } from './satellites.ts';
import type { BmcSurroundings } from './surroundings.ts';

// The pieces of a BMC that take more than a line to make, in the order in which `Bmc` makes them. Each takes
// of the BMC what is there by then.

/** The world as it was handed in, or the real one; relative paths begin where the settings have theirs. */
export function outsideOf({ log = silent, world, folder }: BmcSurroundings): World {
  const outside = world ?? nodeWorld({ trouble: (where, error) => log.error(where, error) });
  return folder === undefined ? outside : worldIn(folder, outside);
}

/** What every table is made with: time, chance, a log that names the BMC, and what was stored. */
export function setupOf(
  name: string,
  { clock, random }: World,
  { log = silent, journal, stores, asleep }: BmcSurroundings,
): Setup {
  const records = asleep?.left?.records ?? journal;
  const named = log === silent ? silent : namedLog(log, name);
  return new Setup(clock, random, named, records, stores, asleep?.began.monotonic);
}

export function makeRouter(
  bmc: Pick<BmcState, 'setup' | 'identity'> & { readonly sensors: Sensors },
  preset: Preset | undefined,
  uplink: Uplink | undefined,
): Router<BmcState> {
  const { setup, identity } = bmc;
  const router = new Router<BmcState>({
    standard: uplink ? satelliteStandard : standard,
    preset,
    clock: setup.clock,
    log: setup.log,
    manufacturer: identity.manufacturerId,
    tell: (owner, change, claims) =>
      setup.happened.tell({ kind: 'handler', text: `${owner} is ${change}`, fields: { owner, claims } }),
  });
  router.sensorsAt = (lun) => bmc.sensors.count(lun) > 0;
  return router;
}

export const makeLogIns = ({
  setup,
  users,
  channels,
  sessions,
  lan,
}: Pick<BmcState, 'setup' | 'users' | 'channels' | 'sessions' | 'lan'>): LogIns =>
  new LogIns(setup, users, channels, sessions, lan);

export function makeSel(
  { setup, time }: Pick<BmcState, 'setup' | 'time'>,
  options: BmcOptions,
  { all }: SensorKinds,
): Sel {
  const declarations = all.map(({ declaration }) => declaration);
  return new Sel(setup, time, {
    capacity: options.sel?.capacity,
    history: historyOf(options, declarations),
  });
}

export const makeSensors = (
  { setup, events, identity }: Pick<BmcState, 'setup' | 'events' | 'identity'>,
  options: BmcOptions,
  kinds: SensorKinds,
  world: World,
): Sensors =>
  new Sensors(setup, events, kinds, identity.address, { world, log: setup.log }, sensorIntervalOf(options));

/** Where a satellite hangs, what it logs to and what was stored of it. */
export function satellitePlace(
  { address, channel = 0, entity }: SatelliteOptions,
  busses: Busses,
  { log = silent, journal }: BmcSurroundings,
): BmcSurroundings {
  const uplink = { bus: busses.on(channel), address, channel, entity };
  return { log, journal: journal?.satellite(`${address.toString(16)}h`), uplink };
}
