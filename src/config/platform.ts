import { hexBytes, utf8Bytes } from '../codec/index.ts';
import { FruError, fruImage } from '../records/fru-image.ts';
import type { FruDevice } from '../state/storage/fru.ts';
import {
  BMC_SUPPORT,
  SELF_TEST_PROBLEMS,
  PASSED,
  SelfTest,
  type DeviceSupport,
  type IdentityOptions as Identity,
} from '../state/app/identity.ts';
import type { LanSettings } from '../state/parameters/lan-parameters.ts';
import { RestorePolicy, type ChassisOptions } from '../machine/chassis/chassis.ts';
import { NAME_SIZE, PASSWORD_SIZE, type UsersOptions } from '../state/app/given-users.ts';
import { hash } from '../wire/index.ts';
import { SettingsError, settingAt } from '../settings/errors.ts';
import { dangersOfInterface } from '../kinds/interfaces/index.ts';
import { interfacesOf } from './channels.ts';
import { OUR_KINDS, type Kinds } from './kinds.ts';
import { lanValuesOf } from './lan-values.ts';
import { alertSetsOf } from './pef.ts';
import { privilegeOf } from './privilege.ts';
import type { BmcOptions, FruOptions, IdentityOptions } from './options.ts';
import { milliseconds } from '../settings/durations.ts';

/** `place`: where a controller is that is not the BMC. */
export function identityOf(
  options: BmcOptions,
  place?: { readonly address: number; readonly channel: number },
): Identity {
  const { identity = {} } = options;
  const [version, auxiliary] = (identity.firmware ?? '1.00').split(' ');
  const [major, minor] = version.split('.').map(Number);
  return {
    ...identity,
    firmwareMajor: major,
    firmwareMinor: minor,
    auxFirmware: auxiliary === undefined ? undefined : hexBytes(auxiliary),
    selfTest: selfTestOf(identity.selfTest ?? 'ok'),
    address: place?.address,
    channel: place?.channel,
    support: place === undefined ? bmcSupport(options) : satelliteSupport(options),
  };
}

/** A BMC with an ICMB is its chassis' bridge. */
export const bmcSupport = (options: BmcOptions): DeviceSupport =>
  interfacesOf(options, 'icmb').length > 0 ? { ...BMC_SUPPORT, bridge: true } : BMC_SUPPORT;

/** Sensors, their events and FRU devices; the rest is the BMC's. */
export const satelliteSupport = ({ fru = [] }: Pick<BmcOptions, 'fru'>): DeviceSupport => ({
  chassis: false,
  bridge: false,
  eventGenerator: true,
  eventReceiver: false,
  fruInventory: fru.length > 0,
  sel: false,
  sdrRepository: false,
  sensor: true,
});

function selfTestOf(found: NonNullable<IdentityOptions['selfTest']>): { result: number; detail: number } {
  if (found === 'ok') return PASSED;
  if (found === 'not-implemented') return { result: SelfTest.NotImplemented, detail: 0 };
  if (found === 'fatal') return { result: SelfTest.FatalHardware, detail: 0 };
  return {
    result: SelfTest.Corrupted,
    detail: found.reduce((mask, problem) => mask | (1 << SELF_TEST_PROBLEMS.indexOf(problem)), 0),
  };
}

const RESTORE = {
  'always-off': RestorePolicy.AlwaysOff,
  previous: RestorePolicy.Previous,
  'always-on': RestorePolicy.AlwaysOn,
} as const;

export const chassisOf = ({
  chassis: { power, restorePolicy = 'previous', softOff } = {},
}: BmcOptions): ChassisOptions => ({
  power,
  restorePolicy: RESTORE[restorePolicy],
  softOffDelay: softOff === undefined ? undefined : milliseconds(softOff),
});

export const lanSettingsOf = (options: BmcOptions): LanSettings[] =>
  interfacesOf(options, 'lan').map((settings) => {
    const { channel, listen = '', mac = madeMac(options, channel, listen) } = settings;
    return { channel, values: lanValuesOf({ ...settings, mac }), sets: alertSetsOf(options, channel) };
  });

/**
 * A locally administered MAC address, always the same for a BMC: of its GUID or name; of where it listens, if
 * it has neither.
 */
function madeMac(
  { name, identity: { systemGuid, deviceGuid } = {} }: BmcOptions,
  channel: number,
  listen: string,
): string {
  const whose = systemGuid?.toLowerCase() ?? deviceGuid?.toLowerCase() ?? name ?? `bmc at ${listen}`;
  const bytes = hash('sha256', new TextEncoder().encode(`${whose}, channel ${channel}`)).slice(0, 6);
  bytes[0] = (bytes[0] & ~GROUP) | LOCAL;
  return Array.from(bytes, (byte) => hex2(byte)).join(':');
}

/** Bits of a MAC address' first byte. */
const GROUP = 0x01;
const LOCAL = 0x02;
const hex2 = (byte: number): string => byte.toString(16).padStart(2, '0');

/** What a setting has opened that is closed by default; said aloud at every start. */
export function dangersOf(options: BmcOptions, kinds: Kinds = OUR_KINDS): string[] {
  const opened = (options.interfaces ?? []).flatMap((entry) => dangersOfInterface(entry, kinds.interfaces));
  const nullUser = (options.users ?? []).some(
    ({ id, name = '', enabled }) => id === 1 && name === '' && enabled !== false,
  );
  const open = (options.users ?? []).filter(({ password, enabled }) => password === '' && enabled !== false);
  return [
    ...new Set(opened),
    ...open.map(
      ({ id, name = '' }) =>
        `user ${id}${name === '' ? '' : ` '${name}'`} has an empty password: it needs none`,
    ),
    ...(nullUser ? ['the null user is on: it needs no name'] : []),
    ...(options.sensorFeed && !/^(127\.|\[::1\]|localhost:)|\//.test(options.sensorFeed.listen)
      ? [
          'sensorFeed does not listen on a loopback address: anyone who reaches it sets sensors without a password',
        ]
      : []),
  ];
}

/** What other settings of one that runs open that those before did not. */
export function newDangers(before: BmcOptions, options: BmcOptions, kinds?: Kinds): string[] {
  const known = new Set(dangersOf(before, kinds));
  return dangersOf(options, kinds).filter((danger) => !known.has(danger));
}

/** Throws SettingsError for a user that has no slot. */
export function usersOf(options: BmcOptions): UsersOptions {
  const { users = [], userSlots } = options;
  const stray = users.findIndex(({ id }) => id > (userSlots ?? id));
  if (stray >= 0)
    throw new SettingsError(`user ${users[stray].id}: there are ${userSlots} user slots`, [
      'users',
      stray,
      'id',
    ]);
  for (const [i, { name = '', password = '' }] of users.entries()) {
    if (!utf8Bytes(name, NAME_SIZE))
      throw new SettingsError(`'${name}' has more than ${NAME_SIZE} bytes in UTF-8`, ['users', i, 'name']);
    if (!utf8Bytes(password, PASSWORD_SIZE))
      throw new SettingsError(`more than ${PASSWORD_SIZE} bytes in UTF-8`, ['users', i, 'password']);
  }
  const channels = [
    ...interfacesOf(options, 'lan').map(({ channel }) => channel),
    ...interfacesOf(options, 'serial').map(({ channel }) => channel),
  ];
  return {
    channels,
    slots: userSlots,
    users: users.map((user) => ({ ...user, privilegeLimit: privilegeOf(user.privilege ?? 'administrator') })),
  };
}

/** Users whose settings keep them from SOL. */
export const usersWithoutSol = ({ users = [] }: BmcOptions): number[] =>
  users.filter(({ sol }) => sol === false).map(({ id }) => id);

/** Throws SettingsError. */
export function frusOf({ fru = [] }: BmcOptions): FruDevice[] {
  const places = new Set<string>();
  return fru.map((device, i) => {
    const { bus = 0, channel, address } = device.i2c ?? {};
    if (device.i2c && places.size === places.add(`${channel}/${bus}/${address}`).size)
      throw new SettingsError(`FRU ${device.id}: another one has this address on the bus`, [
        'fru',
        i,
        'i2c',
        'address',
      ]);
    const image = settingAt(['fru', i], () => imageOf(device));
    return { id: device.id, name: device.name, image, byWords: device.byWords, readOnly: device.readOnly };
  });
}

/** Bytes that Get FRU Inventory Area Info can tell of (§34.1). */
const MOST_BYTES = 0xffff;

function imageOf(fru: FruOptions): Uint8Array {
  const { image, file, size = image?.length ?? 2048, byWords } = fru;
  if (file !== undefined && !image)
    throw new SettingsError(`FRU ${fru.id}: '${file}' was not read; give its bytes as image`, ['file']);
  if (image && image.length > size)
    throw new SettingsError(`FRU ${fru.id}: ${image.length} bytes do not fit in ${size}`, ['size']);
  if (size > MOST_BYTES)
    throw new SettingsError(`FRU ${fru.id}: ${size} bytes, of ${MOST_BYTES} at most`, ['file']);
  if (byWords && size % 2 !== 0)
    throw new SettingsError(`FRU ${fru.id}: ${size} bytes are no whole words`, ['size']);
  try {
    return image ? padded(image, size) : fruImage(fru, size);
  } catch (error) {
    throw new SettingsError(
      `FRU ${fru.id}: ${(error as Error).message}`,
      error instanceof FruError ? error.path : [],
    );
  }
}

function padded(image: Uint8Array, size: number): Uint8Array {
  const whole = new Uint8Array(size);
  whole.set(image);
  return whole;
}
