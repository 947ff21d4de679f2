import { twoSocketServer } from '../config/two-socket-server.ts';
import type { BmcOptions, FaultRule, FaultsOptions, SensorOptions } from '../config/options.ts';
import { SeededRandom } from '../world/sim-random.ts';

/** A sensor of a test: its reading in its unit, null where it has none, or settings. */
export type TestSensor = number | null | Partial<SensorOptions>;

/** What a test's BMC is made of: every key of a config file, and shorter ways to say some of them. */
export interface TestBmcOptions extends Omit<BmcOptions, 'sensors' | 'faults'> {
  /** What the machine is at first. Default on. */
  readonly power?: 'on' | 'off';
  /**
   * By name, and then it has these alone: a number is the reading, of a sensor of the default server where
   * it has one of this name, else of a temperature sensor. Or settings, as in a config file. Default: the
   * sensors of the default server, with readings that stand still.
   */
  readonly sensors?: Readonly<Record<string, TestSensor>> | readonly SensorOptions[];
  /** Rules and names of presets, or all of it as in a config file (docs/faults.md). */
  readonly faults?: readonly (string | FaultRule)[] | FaultsOptions;
  /** Credentials and the chances of faults follow from it, 0..2^32-1. Default: one at random. */
  readonly seed?: number;
}

/** The account of a BMC that a test's clients use. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** No letters that look like digits; 32 of them, so that five bits choose one evenly. */
const LETTERS = 'abcdefghijkmnpqrstuvwxyz23456789';
/** Entity of sensors that the default server does not have: system board (IPMI 2.0 §43.14). */
const SYSTEM_BOARD = 7;
/** Instances that the default server has of it. */
const FIRST_INSTANCE = 32;

/** The default server with readings that stand still: nothing of it changes unless a test does it. */
const still: readonly SensorOptions[] = (twoSocketServer.sensors ?? []).map((sensor) => ({
  ...sensor,
  value: sensor.nominal,
}));

/** What stands where a test says nothing. */
const quiet: BmcOptions = {
  ...twoSocketServer,
  interfaces: [{ type: 'lan', channel: 1, listen: '127.0.0.1:0' }],
  sensors: still,
  sel: { bootEvents: false },
};

/** The same seed, the same credentials: sixteen letters, which every kind of session takes. */
export function credentialsOf(seed: number): Credentials {
  const random = new SeededRandom(seed);
  const letters = (count: number): string =>
    Array.from(random.bytes(count), (byte) => LETTERS[byte & 31]).join('');
  return { user: `test-${letters(4)}`, password: letters(16) };
}

/** Settings of a BMC, and the account that clients use: the first with a name and a password. */
export function settingsOf(
  options: TestBmcOptions,
  seed: number,
): { readonly settings: BmcOptions; readonly account: Credentials } {
  const { power, sensors, faults, seed: _seed, ...others } = options;
  const { user, password } = credentialsOf(seed);
  const users = others.users ?? [{ id: 2, name: user, password, privilege: 'administrator' as const }];
  const first = users.find((user) => user.name !== undefined && user.password !== undefined);
  const settings: BmcOptions = {
    ...quiet,
    ...others,
    users,
    ...(sensors !== undefined && { sensors: sensorsOf(sensors) }),
    ...(power !== undefined && { chassis: { ...(others.chassis ?? quiet.chassis), power } }),
    ...(faults !== undefined && { faults: faultsOf(faults, seed) }),
  };
  return {
    settings,
    account: { user: first?.name ?? '', password: first?.password ?? '' },
  };
}

const isList = <T>(value: object | readonly T[]): value is readonly T[] => Array.isArray(value);

function sensorsOf(sensors: NonNullable<TestBmcOptions['sensors']>): readonly SensorOptions[] {
  if (isList<SensorOptions>(sensors)) return sensors;
  return Object.entries(sensors).map(([name, sensor], i) => sensorOf(name, sensor, i));
}

function sensorOf(name: string, test: TestSensor, i: number): SensorOptions {
  const known = still.find((sensor) => sensor.name === name);
  const entity = known?.entity ?? `${SYSTEM_BOARD}.${FIRST_INSTANCE + i}`;
  if (typeof test === 'object' && test !== null)
    return { type: 'temperature', unit: 'degrees C', ...known, entity, ...test, name };
  const value = test ?? { push: true as const };
  if (known !== undefined) return { ...known, value };
  const range = [Math.min(0, test ?? 0), Math.max(127, test ?? 0)] as const;
  return { name, entity, type: 'temperature', unit: 'degrees C', range, value };
}

function faultsOf(faults: NonNullable<TestBmcOptions['faults']>, seed: number): FaultsOptions {
  if (!isList<string | FaultRule>(faults)) return { seed, ...faults };
  return {
    seed,
    presets: faults.filter((fault) => typeof fault === 'string'),
    rules: faults.filter((fault) => typeof fault !== 'string'),
  };
}
