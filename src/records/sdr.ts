import {
  bcd8,
  bit,
  bits,
  byte,
  bytes,
  fromLatin1,
  latin1,
  layout,
  pad,
  rest,
  signedBits,
  u16,
  u24,
  u8,
  word,
  type Layout,
  nested,
  repeat,
} from '../codec/index.ts';
import { deviceSupport } from '../commands/app/device.ts';
import { bcdPlusText, sixBitText } from './packed-text.ts';

/** SDR record types, IPMI 2.0 §43. */
export const SdrType = {
  Full: 0x01,
  Compact: 0x02,
  EventOnly: 0x03,
  EntityAssociation: 0x08,
  DeviceAssociation: 0x09,
  GenericLocator: 0x10,
  FruLocator: 0x11,
  McLocator: 0x12,
  McConfirmation: 0x13,
  MessageChannels: 0x14,
  Oem: 0xc0,
} as const;

export const SDR_VERSION = 0x51;
export const SDR_HEADER = 5;

/** The five bytes before every record; the length counts what follows them. */
export const SdrHeader = layout('SDR header', { recordId: u16, version: u8, type: u8, length: u8 });

/** Whose sensor it is (§43.1 bytes 6-8). */
const key = {
  ownerId: u8,
  ...byte({ channel: bits(7, 4), lun: bits(1, 0) }),
  sensorNumber: u8,
};
const entity = { entityId: u8, entityInstance: u8 };
const sensor = {
  ...byte({
    initScanning: bit(6),
    initEvents: bit(5),
    initThresholds: bit(4),
    initHysteresis: bit(3),
    initSensorType: bit(2),
    powerUpEvents: bit(1),
    powerUpScanning: bit(0),
  }),
  /** `hysteresis`, `thresholds`: 0 none, 1 readable, 2 readable and settable. `eventControl`: 0 per state. */
  ...byte({
    ignore: bit(7),
    autoRearm: bit(6),
    hysteresis: bits(5, 4),
    thresholds: bits(3, 2),
    eventControl: bits(1, 0),
  }),
  sensorType: u8,
  eventType: u8,
  assertions: u16,
  deassertions: u16,
  /**
   * Discrete: states that can be read. Threshold: readable ones in the low byte, settable ones in the high
   * byte.
   */
  readable: u16,
  /** `format`: 0 unsigned, 1 one's complement, 2 two's complement, 3 no analog reading. */
  ...byte({ format: bits(7, 6), rateUnit: bits(5, 3), modifier: bits(2, 1), percentage: bit(0) }),
  baseUnit: u8,
  modifierUnit: u8,
};
/** Type/length byte and characters (§43.15); `name` is always 8-bit ASCII, type 3. */
/** At most 16 characters (§43.15); records of some controllers go on behind them. */
const idString = { id: rest(1, 250) };

/** §43.1 Full Sensor Record, after the header. */
export const FullSensorRecord = layout('Full Sensor Record', {
  ...key,
  ...entity,
  ...sensor,
  ...byte({ linearization: bits(6, 0) }),
  /** M and B are 10 bits, two of them above tolerance and accuracy. */
  mLow: u8,
  ...byte({ mHigh: bits(7, 6), tolerance: bits(5, 0) }),
  bLow: u8,
  ...byte({ bHigh: bits(7, 6), accuracyLow: bits(5, 0) }),
  ...byte({ accuracyHigh: bits(7, 4), accuracyExponent: bits(3, 2), direction: bits(1, 0) }),
  ...byte({ rExponent: signedBits(7, 4), bExponent: signedBits(3, 0) }),
  ...byte({ normalMinSpecified: bit(2), normalMaxSpecified: bit(1), nominalSpecified: bit(0) }),
  nominal: u8,
  normalMax: u8,
  normalMin: u8,
  sensorMax: u8,
  sensorMin: u8,
  unr: u8,
  uc: u8,
  unc: u8,
  lnr: u8,
  lc: u8,
  lnc: u8,
  positiveHysteresis: u8,
  negativeHysteresis: u8,
  reserved: pad(2),
  oem: u8,
  ...idString,
});

/** §43.2 Compact Sensor Record, after the header. */
export const CompactSensorRecord = layout('Compact Sensor Record', {
  ...key,
  ...entity,
  ...sensor,
  ...word({
    idModifierType: bits(5, 4),
    shareCount: bits(3, 0),
    entityInstanceShared: bit(15),
    idModifierOffset: bits(14, 8),
  }),
  positiveHysteresis: u8,
  negativeHysteresis: u8,
  reserved: pad(3),
  oem: u8,
  ...idString,
});

/** §43.3 Event-Only Record, after the header. */
export const EventOnlyRecord = layout('Event-Only Record', {
  ...key,
  ...entity,
  sensorType: u8,
  eventType: u8,
  ...word({
    idModifierType: bits(5, 4),
    shareCount: bits(3, 0),
    entityInstanceShared: bit(15),
    idModifierOffset: bits(14, 8),
  }),
  reserved: pad(1),
  oem: u8,
  ...idString,
});

const associationFlags = byte({ range: bit(7), linked: bit(6), presence: bit(5) });
const device = { address: u8, ...byte({ channel: bits(7, 4) }) };

/** §43.4 Entity Association Record, after the header. With `range`, two pairs of first and last. */
export const EntityAssociationRecord = layout('Entity Association Record', {
  ...entity,
  ...associationFlags,
  contained: repeat(nested(layout('contained entity', entity)), 4),
});

/** §43.5 Device-relative Entity Association Record, after the header. */
export const DeviceAssociationRecord = layout('Device-relative Entity Association Record', {
  ...entity,
  ...device,
  ...associationFlags,
  contained: repeat(nested(layout('contained entity of a device', { ...device, ...entity })), 4),
  reserved: pad(6),
});

/** §43.8 FRU Device Locator Record, after the header. */
export const FruLocatorRecord = layout('FRU Device Locator Record', {
  accessAddress: u8,
  fruId: u8,
  ...byte({ logical: bit(7), lun: bits(4, 3), privateBus: bits(2, 0) }),
  ...byte({ channel: bits(7, 4) }),
  reserved: pad(1),
  deviceType: u8,
  deviceTypeModifier: u8,
  ...entity,
  oem: u8,
  ...idString,
});

/** §43.9 Management Controller Device Locator Record, after the header. */
export const McLocatorRecord = layout('Management Controller Device Locator Record', {
  slaveAddress: u8,
  ...byte({ channel: bits(3, 0) }),
  ...byte({
    acpiSystemNotify: bit(7),
    acpiDeviceNotify: bit(6),
    staticController: bit(5),
    logInitErrors: bit(3),
    initControl: bits(1, 0),
  }),
  ...deviceSupport,
  reserved: pad(3),
  ...entity,
  oem: u8,
  ...idString,
});

/** §43.7 Generic Device Locator Record, after the header. */
export const GenericLocatorRecord = layout('Generic Device Locator Record', {
  accessAddress: u8,
  ...word({
    channelLow: bits(15, 13),
    accessLun: bits(12, 11),
    privateBus: bits(10, 8),
    slaveAddress: bits(7, 1),
    channelHigh: bits(0, 0),
  }),
  ...byte({ addressSpan: bits(2, 0) }),
  reserved: pad(1),
  deviceType: u8,
  deviceTypeModifier: u8,
  ...entity,
  oem: u8,
  ...idString,
});

/** §43.10 Management Controller Confirmation Record, after the header. */
export const McConfirmationRecord = layout('Management Controller Confirmation Record', {
  slaveAddress: u8,
  deviceId: u8,
  ...byte({ channel: bits(7, 4), deviceRevision: bits(3, 0) }),
  ...byte({ firmwareMajor: bits(6, 0) }),
  firmwareMinor: bcd8,
  ...byte({ ipmiMinor: bits(7, 4), ipmiMajor: bits(3, 0) }),
  manufacturerId: u24,
  productId: u16,
  guid: bytes(16),
});

const messageChannel = layout(
  'message channel',
  byte({ transmits: bit(7), receiveLun: bits(6, 4), protocol: bits(3, 0) }),
);
/** §43.11 BMC Message Channel Info Record, after the header: channels 0 to 7. */
export const MessageChannelsRecord = layout('BMC Message Channel Info Record', {
  channels: repeat(nested(messageChannel), 8),
  messagingInterrupt: u8,
  eventBufferInterrupt: u8,
  reserved: pad(1),
});

/** §43.12 OEM Record, after the header. */
export const OemSdrRecord = layout('OEM Record', { manufacturerId: u24, data: rest() });

/** A whole record; the repository gives it its id. */
export function sdrRecord<T>(type: number, body: Layout<T>, value: T): Uint8Array {
  const bytes = body.encode(value);
  const record = new Uint8Array(SDR_HEADER + bytes.length);
  record.set(SdrHeader.encode({ recordId: 0, version: SDR_VERSION, type, length: bytes.length }));
  record.set(bytes, SDR_HEADER);
  return record;
}

/** 8-bit ASCII with its type/length byte; at most 16 characters. */
export function idBytes(name: string): Uint8Array {
  const text = fromLatin1(name.slice(0, 16));
  return Uint8Array.of(0xc0 | text.length, ...text);
}

/**
 * The text of a type/length byte and what follows it (§43.15): 8-bit ASCII, 6-bit ASCII, BCD plus, or the low
 * bytes of Unicode.
 */
export const idName = (id: Uint8Array): string => idLetters(id).replace(/[\0 ]+$/, '');

/** The same with the blanks or zeros that some fill it up with. */
export function idLetters(id: Uint8Array): string {
  const bytes = id.subarray(1, 1 + (id[0] & 0x1f));
  switch (id[0] >> 6) {
    case 0:
      return latin1(bytes.filter((byte) => byte !== 0));
    case 1:
      return bcdPlusText(bytes);
    case 2:
      return sixBitText(bytes);
    default:
      return latin1(bytes);
  }
}
