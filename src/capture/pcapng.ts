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
  /** All of it as a block of a file, where that has been made already. */
  readonly block?: Uint8Array;
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

/** A packet as a block of a file. */
export function enhancedPacket(packet: CapturedPacket): Uint8Array {
  if (packet.block !== undefined) return packet.block;
  const comment = TEXT.encode(packet.comment).subarray(0, LONGEST_COMMENT);
  const block = new Uint8Array(packetBlockLength(packet.bytes.length, comment.length));
  const { interface: place, time, direction, bytes } = packet;
  const view = new DataView(block.buffer);
  const text = putPacket(view, 0, place, time, direction, bytes.length, comment.length);
  block.set(bytes, PACKET_DATA);
  block.set(comment, text);
  return block;
}

/** Bytes of a comment that its length can say. */
export const LONGEST_COMMENT = 0xffff;
/** Where a packet's bytes begin in its block. */
export const PACKET_DATA = 28;

/** Bytes of the block of a packet, `comment` being the bytes of its comment. */
export function packetBlockLength(length: number, comment: number): number {
  return PACKET_DATA + padded(length) + (comment === 0 ? 0 : 4 + padded(comment)) + 8 + 4 + 4;
}

/**
 * The block of a packet of `length` bytes; those are left to the caller, from `PACKET_DATA` on, and so is its
 * comment: returns where that begins.
 */
export function putPacket(
  view: DataView,
  start: number,
  place: number,
  time: number,
  direction: 'in' | 'out',
  length: number,
  commentLength: number,
): number {
  const whole = packetBlockLength(length, commentLength);
  const high = Math.floor(time / 2 ** 32);
  view.setUint32(start, BlockType.EnhancedPacket, true);
  view.setUint32(start + 4, whole, true);
  view.setUint32(start + 8, place, true);
  view.setUint32(start + 12, high, true);
  view.setUint32(start + 16, time - high * 2 ** 32, true);
  view.setUint32(start + 20, length, true);
  view.setUint32(start + 24, length, true);
  let at = start + PACKET_DATA + padded(length);
  const text = at + 4;
  // What fills up; the packet and the comment are written over it.
  view.setUint32(at - 4, 0);
  if (commentLength > 0) {
    view.setUint32(at, COMMENT | (commentLength << 16), true);
    at = text + padded(commentLength);
    view.setUint32(at - 4, 0);
  }
  view.setUint32(at, EPB_FLAGS | (4 << 16), true);
  view.setUint32(at + 4, direction === 'in' ? 1 : 2, true);
  view.setUint32(at + 8, END_OF_OPTIONS);
  view.setUint32(at + 12, whole, true);
  return text;
}

/** A packet read from its block, when somebody asks. */
export class PacketBlock implements CapturedPacket {
  readonly block: Uint8Array;

  constructor(block: Uint8Array) {
    this.block = block;
  }

  get interface(): number {
    return get32(this.block, 8);
  }

  get time(): number {
    return get32(this.block, 12) * 2 ** 32 + get32(this.block, 16);
  }

  get direction(): 'in' | 'out' {
    const options = this.#options();
    const start = this.block[options] === COMMENT ? options + 4 + padded(this.#commentLength()) : options;
    return this.block[start + 4] === 1 ? 'in' : 'out';
  }

  get bytes(): Uint8Array {
    return this.block.subarray(PACKET_DATA, PACKET_DATA + get32(this.block, 20));
  }

  get comment(): string {
    const start = this.#options() + 4;
    return new TextDecoder().decode(this.block.subarray(start, start + this.#commentLength()));
  }

  #options(): number {
    return PACKET_DATA + padded(get32(this.block, 20));
  }

  #commentLength(): number {
    const at = this.#options();
    return this.block[at] === COMMENT ? this.block[at + 2] | (this.block[at + 3] << 8) : 0;
  }
}

/** The blocks that stand one behind the other. */
export function* blocksIn(bytes: Uint8Array): Generator<Uint8Array, void, void> {
  for (let at = 0; at < bytes.length;) {
    const end = at + get32(bytes, at + 4);
    yield bytes.subarray(at, end);
    at = end;
  }
}

const get32 = (bytes: Uint8Array, at: number): number =>
  (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;

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
