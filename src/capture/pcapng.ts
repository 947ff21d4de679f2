/**
 * The blocks of a pcapng file (draft-ietf-opsawg-pcapng), least significant byte first:
 *
 *   type (4)   length (4)   body   options   length once more (4)
 *
 * where an option is its code (2), the length of its value (2) and the value; everything is filled up to a
 * multiple of four. Bytes only: who writes them to a file is somebody else.
 */
export const BlockType = {
  SectionHeader: 0x0a0d0d0a,
  InterfaceDescription: 1,
  /** Of old writers: as an enhanced packet, with the interface in two bytes and two of drops. */
  Packet: 2,
  SimplePacket: 3,
  EnhancedPacket: 6,
} as const;
export const BYTE_ORDER_MAGIC = 0x1a2b3c4d;

const END_OF_OPTIONS = 0;
const COMMENT = 1;
const EPB_FLAGS = 2;
const IF_DESCRIPTION = 3;

/** Options that a reader needs. */
export const BlockOptionCode = {
  EndOfOptions: END_OF_OPTIONS,
  InterfaceName: 2,
  /** One byte: times are 10^-n seconds, or with bit 7 2^-n. Without it they are microseconds. */
  InterfaceTimeResolution: 9,
  /** Eight bytes: seconds that are added to each time. */
  InterfaceTimeOffset: 14,
  SectionApplication: 4,
} as const;

/** Link types of the tcpdump registry. */
export const LinkType = {
  /** A family (4, as the machine of the writer has it) before an IP header: loopback of BSD. */
  Null: 0,
  Ethernet: 1,
  /** Begins with an IP header. */
  RawIp: 101,
  /** As `Null`, the family most significant byte first. */
  Loop: 108,
  /** What Linux has where there are many interfaces, 16 and 20 bytes before the IP header. */
  LinuxSll: 113,
  LinuxSll2: 276,
  Ipv4: 228,
  Ipv6: 229,
  /** The trace format of PICMG HPM.2: IPMB and KCS frames. */
  IpmiHpm2: 260,
} as const;

export interface CapturedPacket {
  /** By the order of the interface descriptions. */
  readonly interface: number;
  /** Microseconds since 1970-01-01 UTC. */
  readonly time: number;
  readonly direction: 'in' | 'out';
  readonly bytes: Uint8Array;
  /** Empty: none. */
  readonly comment: string;
}

interface BlockOption {
  readonly code: number;
  readonly value: Uint8Array;
}

const TEXT = new TextEncoder();
const text = (code: number, value: string): BlockOption => ({ code, value: TEXT.encode(value) });

/** What a file begins with. */
export function sectionHeader(application: string): Uint8Array {
  const body = new Uint8Array(16);
  const view = new DataView(body.buffer);
  view.setUint32(0, BYTE_ORDER_MAGIC, true);
  view.setUint16(4, 1, true);
  // How long the section is, nobody knows yet.
  view.setBigInt64(8, -1n, true);
  return block(BlockType.SectionHeader, body, [text(BlockOptionCode.SectionApplication, application)]);
}

/**
 * Packets name an interface by the place that its description has in the file. Its times are microseconds.
 */
export function interfaceDescription(linkType: number, name: string, description: string): Uint8Array {
  const body = new Uint8Array(8);
  new DataView(body.buffer).setUint16(0, linkType, true);
  return block(BlockType.InterfaceDescription, body, [
    text(BlockOptionCode.InterfaceName, name),
    text(IF_DESCRIPTION, description),
  ]);
}

export function enhancedPacket(packet: CapturedPacket): Uint8Array {
  const { bytes, time } = packet;
  const body = new Uint8Array(20 + padded(bytes.length));
  const view = new DataView(body.buffer);
  view.setUint32(0, packet.interface, true);
  view.setUint32(4, Math.floor(time / 2 ** 32), true);
  view.setUint32(8, time % 2 ** 32, true);
  view.setUint32(12, bytes.length, true);
  view.setUint32(16, bytes.length, true);
  body.set(bytes, 20);
  const options = [{ code: EPB_FLAGS, value: Uint8Array.of(packet.direction === 'in' ? 1 : 2, 0, 0, 0) }];
  return block(
    BlockType.EnhancedPacket,
    body,
    packet.comment ? [text(COMMENT, packet.comment), ...options] : options,
  );
}

const padded = (length: number): number => (length + 3) & ~3;

function block(type: number, body: Uint8Array, options: readonly BlockOption[]): Uint8Array {
  const length = options.reduce((sum, { value }) => sum + 4 + padded(value.length), 12 + body.length + 4);
  const out = new Uint8Array(length);
  const view = new DataView(out.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, length, true);
  out.set(body, 8);
  let at = 8 + body.length;
  for (const { code, value } of options) {
    view.setUint16(at, code, true);
    view.setUint16(at + 2, value.length, true);
    out.set(value, at + 4);
    at += 4 + padded(value.length);
  }
  view.setUint16(at, END_OF_OPTIONS, true);
  view.setUint32(length - 4, length, true);
  return out;
}
