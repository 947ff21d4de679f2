import { bytes, fromLatin1, layout, rest, u16be, u32be, u8 } from '../codec/index.ts';

/**
 * Platform Event Traps: SNMPv1 traps with one octet string of fixed fields (IPMI 2.0 §17.16, PET 1.0). Other
 * than in IPMI messages, numbers are most significant byte first.
 */

/** Table 17-7, the one variable binding. */
export const PetFields = layout('PET variable bindings', {
  /** As text has it: the time's high byte first. */
  guid: bytes(16),
  /** The same in all repetitions of one alert. */
  sequence: u16be,
  /** Seconds since 1998-01-01; 0 unspecified. */
  localTimestamp: u32be,
  /** Minutes, two's complement; FFFFh unspecified. */
  utcOffset: u16be,
  trapSource: u8,
  eventSource: u8,
  severity: u8,
  sensorDevice: u8,
  sensorNumber: u8,
  entityId: u8,
  entityInstance: u8,
  /** The event message's three, and five zeros. */
  eventData: bytes(8),
  language: u8,
  manufacturerId: u32be,
  systemId: u16be,
  /** Fields of type/length and data, ended by C1h. */
  custom: rest(1, 64),
});
export type PetFields = ReturnType<typeof PetFields.decode>;

/** Seconds from 1970-01-01 to 1998-01-01. */
export const PET_EPOCH = 883_612_800;
/** Trap and event source of a trap that a BMC's PEF sends. */
export const PET_SOURCE_BMC = 0x20;
export const PET_UNSPECIFIED_OFFSET = 0xffff;

export interface Trap {
  /** At most 18 bytes. */
  readonly community: Uint8Array;
  /** IPv4 address of the agent, four bytes. */
  readonly agent: Uint8Array;
  readonly sensorType: number;
  readonly eventType: number;
  readonly deassertion: boolean;
  readonly offset: number;
  /** Hundredths of a second since the start. */
  readonly uptime: number;
  readonly fields: PetFields;
}

const MULTIRECORD = 0x80;
const ASCII = 0x40;
const TEXT_ALERT_STRING = 0x01;
const END = 0xc1;
/** What is left of 64 bytes beside three of the record's head and the end. */
const LONGEST_TEXT = 60;

/** The custom fields that carry an alert string (table 17-8), or none. */
export function customFields(text?: Uint8Array): Uint8Array {
  if (!text) return Uint8Array.of(END);
  const cut = text.subarray(0, LONGEST_TEXT);
  return Uint8Array.of(MULTIRECORD, ASCII | cut.length, TEXT_ALERT_STRING, ...cut, END);
}

const Tag = {
  Integer: 0x02,
  OctetString: 0x04,
  ObjectId: 0x06,
  Sequence: 0x30,
  IpAddress: 0x40,
  TimeTicks: 0x43,
  TrapPdu: 0xa4,
} as const;
/** 1.3.6.1.4.1.3183.1.1, and the binding's .1 below it. */
const ENTERPRISE = [0x2b, 0x06, 0x01, 0x04, 0x01, 0x98, 0x6f, 0x01, 0x01];
const ENTERPRISE_SPECIFIC = 6;

/** The UDP datagram of an SNMPv1 trap (RFC 1157 §4.1.6). */
export function buildTrap({
  community,
  agent,
  sensorType,
  eventType,
  deassertion,
  offset,
  uptime,
  fields,
}: Trap): Uint8Array {
  const specific = sensorType * 65_536 + eventType * 256 + (deassertion ? 0x80 : 0) + offset;
  const binding = ber(
    Tag.Sequence,
    ber(Tag.ObjectId, [...ENTERPRISE, 0x01]),
    ber(Tag.OctetString, PetFields.encode(fields)),
  );
  const pdu = ber(
    Tag.TrapPdu,
    ber(Tag.ObjectId, ENTERPRISE),
    ber(Tag.IpAddress, agent),
    ber(Tag.Integer, integer(ENTERPRISE_SPECIFIC)),
    ber(Tag.Integer, integer(specific)),
    ber(Tag.TimeTicks, integer(uptime)),
    ber(Tag.Sequence, binding),
  );
  return Uint8Array.from(
    ber(Tag.Sequence, ber(Tag.Integer, integer(0)), ber(Tag.OctetString, community), pdu),
  );
}

/** Tag, length and content, which here is never longer than 65535 bytes. */
function ber(tag: number, ...parts: readonly (Iterable<number> & { readonly length: number })[]): number[] {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const head =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return [tag, ...head, ...parts.flatMap((part) => [...part])];
}

/** The fewest bytes of a number that is not negative; a leading zero keeps the sign bit clear. */
function integer(value: number): number[] {
  const out: number[] = [];
  for (let left = value; ; left = Math.floor(left / 256)) {
    out.unshift(left % 256);
    if (left < 128) return out;
  }
}

/** A community string as LAN parameter 16 holds it: up to the first zero. */
export function communityOf(parameter: Uint8Array): Uint8Array {
  const end = parameter.indexOf(0);
  return end < 0 ? parameter : end === 0 ? fromLatin1('public') : parameter.subarray(0, end);
}
