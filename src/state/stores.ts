/**
 * Every store of a BMC, in the order of the chapters. A store that is not in `stores` is not kept:
 * `setup.store` takes these alone, and the state directory, `ipmi-bmc state` and the export learn from here
 * which file a store lies in and which values are secret.
 */
import { bootParameters } from '../commands/parameters/boot.ts';
import { dcmiParameters } from '../commands/parameters/dcmi.ts';
import { lanParameters } from '../commands/parameters/lan.ts';
import { pefParameters } from '../commands/parameters/pef.ts';
import { serialParameters } from '../commands/parameters/serial.ts';
import { solParameters } from '../commands/parameters/sol.ts';
import { systemInfoParameters } from '../commands/parameters/system-info.ts';
import {
  between,
  byte,
  bytes,
  flag,
  integer,
  isCount,
  list,
  long,
  named,
  nibble,
  number,
  numbered,
  object,
  mark,
  text,
  utf8,
  uuid,
  word,
} from './shape.ts';
import { store, undeclared, type StoreDeclaration } from './store-declaration.ts';

const userKey = (key: string): boolean => isCount(key, 63) && key !== '0';
const channelKey = (key: string): boolean => isCount(key, 15);
/** `channel/rest`. */
const ofChannel = (key: string): boolean => /^\d{1,2}\//.test(key);
const recordKey = (key: string): boolean => isCount(key, 0xffff);

const userAccess = object({
  callback: flag,
  linkAuthentication: flag,
  messaging: flag,
  privilegeLimit: nibble,
  sessionLimit: nibble,
});
const eventEnables = object({ events: flag, scanning: flag, assertions: word, deassertions: word });
/** Raw readings. */
const thresholds = object({}, { lnc: byte, lc: byte, lnr: byte, unc: byte, uc: byte, unr: byte });
/** Most bytes of a parameter; tables of parameters look at each one's size. */
const PARAMETER = 255;

/** Keys of stores whose values go before a setting: both sides use these. */
export const sensorKey = (lun: number, sensor: number): string => `${lun}/${sensor}`;
export const channelSecretKey = (channel: number, which: string): string => `${channel}/${which}`;
export const lanParameterKey = (channel: number, parameter: number): string => `${channel}/${parameter}`;
export const guidKey = (which: 'device' | 'system'): string => `set-${which}`;

export const stores = {
  // App
  users: store({
    name: 'users',
    file: 'access',
    shape: object({ name: utf8(16), enabled: flag, access: numbered(userAccess, 15) }),
    key: userKey,
    shadows: ({ users }) => users.map(({ id, password: _password, ...user }) => [id, user]),
  }),
  passwords: store({
    name: 'passwords',
    file: 'secrets',
    shape: object({ bytes: bytes(20), size: integer(0, 20) }),
    key: userKey,
    shadows: ({ users }) => users.map(({ id, password }) => [id, password]),
  }),
  payloadAccess: store({
    name: 'payload-access',
    file: 'access',
    shape: object({ standard: byte, oem: byte }),
    key: ofChannel,
  }),
  channelAccess: store({
    name: 'channel-access',
    file: 'access',
    shape: object({
      alertingDisabled: flag,
      perMessageDisabled: flag,
      userLevelDisabled: flag,
      accessMode: integer(0, 7),
      privilegeLimit: nibble,
    }),
    key: channelKey,
  }),
  channelKeys: store({
    name: 'channel-keys',
    file: 'secrets',
    shape: bytes(0, 20),
    key: ofChannel,
    shadows: ({ channels }) => channels.map(({ channel, kg }) => [channelSecretKey(channel, 'kg'), kg]),
  }),
  cipherSuiteCaps: store({
    name: 'cipher-suite-caps',
    file: 'access',
    shape: list(nibble, 16),
    key: channelKey,
  }),
  authTypes: store({ name: 'auth-types', file: 'access', shape: list(list(nibble, 16), 5), key: channelKey }),
  firewall: store({
    name: 'firewall',
    file: 'access',
    shape: mark,
    key: (key) => /^\d+(\.\d+){3,4}$/.test(key),
  }),
  firewallSubFunctions: store({ name: 'firewall-sub-functions', file: 'access', shape: long }),
  time: store({ name: 'time', ...named({ offset: integer(), utcOffset: integer(-1440, 0x7ff) }) }),
  systemInfo: store({ name: 'system-info', shape: bytes(16), parameters: systemInfoParameters }),
  firmwareRevision: store({
    name: 'firmware-revision',
    shape: object({ major: byte, minor: byte }, { aux: bytes(0, 4) }),
  }),
  guids: store({
    name: 'guids',
    ...named({ device: uuid, system: uuid, [guidKey('device')]: uuid, [guidKey('system')]: uuid }),
    shadows: ({ deviceGuid, systemGuid }) => [
      [guidKey('device'), deviceGuid],
      [guidKey('system'), systemGuid],
    ],
  }),
  watchdog: store({ name: 'watchdog', shape: byte }),
  // Chassis
  chassis: store({
    name: 'chassis',
    /**
     * `cause`: with the channel in the second byte. `minutes`: with the power on, an hour of them for each
     * count.
     */
    ...named({
      policy: integer(0, 3),
      cycle: byte,
      cause: word,
      power: integer(0, 1),
      minutes: between(0, 60 * 0xffffffff),
    }),
    shadows: ({ restorePolicy }) => [['policy', restorePolicy]],
  }),
  chassisCapabilities: store({
    name: 'chassis-capabilities',
    shape: object({
      intrusionSensor: flag,
      frontPanelLockout: flag,
      fruAddress: byte,
      sdrAddress: byte,
      selAddress: byte,
      managementAddress: byte,
      bridgeAddress: byte,
    }),
  }),
  lastPowerEvent: store({
    name: 'last-power-event',
    shape: object({ byCommand: flag, fault: flag, interlock: flag, overload: flag, acFailed: flag }),
  }),
  bootOptions: store({ name: 'boot-options', shape: bytes(1, PARAMETER), parameters: bootParameters }),
  bootOptionsInvalid: store({ name: 'boot-options-invalid', shape: flag }),
  bootOptionsMarks: store({ name: 'boot-options-marks', shape: number }),
  frontPanel: store({ name: 'front-panel', shape: byte }),
  // Sensor/Event
  pef: store({ name: 'pef', shape: bytes(0, PARAMETER), parameters: pefParameters }),
  pefProcessed: store({ name: 'pef-processed', shape: integer(0, 0xffff) }),
  sensors: store({
    name: 'sensors',
    shape: object(
      {},
      {
        thresholds,
        hysteresis: object({ positive: byte, negative: byte }),
        enables: eventEnables,
        type: object({ sensor: byte, event: integer(0, 0x7f) }),
      },
    ),
    key: ofChannel,
    shadows: ({ sensors }) =>
      sensors.map(({ lun, number: sensor, name, thresholds: limits }) => [
        sensorKey(lun, sensor),
        limits === undefined ? undefined : { name, thresholds: limits },
      ]),
  }),
  // Storage
  fru: store({
    name: 'fru',
    shape: bytes(0, 0xffff),
    key: (key) => isCount(key, 255),
    shadows: ({ fru }) => fru.map(({ id, name }) => [id, { name }]),
  }),
  sdr: store({
    name: 'sdr',
    shape: bytes(5, 5 + 255),
    key: recordKey,
    fits: (_key, record: Uint8Array) => record[4] === record.length - 5,
  }),
  sdrMarks: store({ name: 'sdr-marks', shape: long }),
  sel: store({ name: 'sel', shape: bytes(16), key: recordKey }),
  selMarks: store({ name: 'sel-marks', shape: long }),
  auxiliaryLogs: store({ name: 'auxiliary-logs', shape: bytes(0, 255) }),
  // Transport
  lan: store({
    name: 'lan',
    shape: bytes(0, PARAMETER),
    key: ofChannel,
    parameters: lanParameters,
    shadows: ({ channels }) =>
      channels.flatMap(({ channel, parameters }) =>
        Object.entries(parameters).map(([parameter, value]) => [
          lanParameterKey(channel, Number(parameter)),
          value,
        ]),
      ),
  }),
  sol: store({ name: 'sol', shape: bytes(0, PARAMETER), key: ofChannel, parameters: solParameters }),
  serial: store({ name: 'serial', shape: bytes(0, PARAMETER), parameters: serialParameters }),
  serialSecrets: store({
    name: 'serial-secrets',
    file: 'secrets',
    shape: bytes(0, PARAMETER),
    parameters: serialParameters,
  }),
  callback: store({
    name: 'callback',
    file: 'access',
    shape: object({
      cbcpCallback: flag,
      ipmiCallback: flag,
      fromList: flag,
      userSpecifiable: flag,
      preSpecified: flag,
      noCallback: flag,
      destination1: byte,
      destination2: byte,
      destination3: byte,
    }),
  }),
  serialRouting: store({ name: 'serial-routing', shape: byte }),
  forwardedCommands: store({ name: 'forwarded-commands', shape: bytes(16) }),
  // Bridge
  icmb: store({
    name: 'icmb',
    ...named({
      state: integer(0, 1),
      address: integer(1, 0xffff),
      'proxy-icmb': word,
      'proxy-ipmb': byte,
      'proxy-lun': integer(0, 3),
      'chassis-device': byte,
      'event-destination': word,
      reception: integer(0, 1),
      'reception-address': byte,
      'reception-lun': integer(0, 3),
    }),
  }),
  // DCMI
  dcmiTexts: store({ name: 'dcmi-texts', shape: bytes(0, 255) }),
  powerLimit: store({
    name: 'power-limit',
    shape: object({ exceptionAction: byte, limit: word, correctionTime: long, samplingPeriod: word }),
  }),
  powerLimitActive: store({ name: 'power-limit-active', shape: flag }),
  thermalLimits: store({
    name: 'thermal-limits',
    shape: object({ action: byte, limit: integer(-128, 127), exceptionTime: word }),
  }),
  dcmiConfiguration: store({ name: 'dcmi-configuration', shape: list(byte, 16), parameters: dcmiParameters }),
  // Firmware: where images do not lie in a directory, but move with what is stored.
  images: store({
    name: 'firmware-images',
    shape: object({}, { record: text(4096), a: text(64), b: text(64), next: text(64) }),
    key: (key) => isCount(key, 7),
  }),
} as const;

/** The declaration of that name; one that nobody has declared keeps values of any kind. */
export function declarationOf(name: string): StoreDeclaration<unknown> {
  return BY_NAME.get(name) ?? undeclared(name);
}

/** True for the name of one of `stores`. */
export const isDeclared = (name: string): boolean => BY_NAME.has(name);

const BY_NAME: ReadonlyMap<string, StoreDeclaration<unknown>> = new Map(
  Object.values(stores).map((declaration) => [declaration.name, declaration as StoreDeclaration<unknown>]),
);
