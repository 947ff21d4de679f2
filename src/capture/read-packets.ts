import { ERROR_CODES } from '../codec/index.ts';
import { foreignFile } from './foreign-file.ts';
import { BlockOptionCode, BlockType, BYTE_ORDER_MAGIC } from './pcapng.ts';

/** A file that is no capture, or one that cannot be read on; what stands before that was given. */
export class CaptureError extends Error {
  override name = 'CaptureError';
  readonly code = ERROR_CODES.CaptureError;
}

/** A packet as a file of captures has it. */
export interface ReadPacket {
  /** As Wireshark counts them: 1 is the first. */
  readonly number: number;
  /** Microseconds since 1970-01-01 UTC; 0 where the file has no time for it. */
  readonly time: number;
  /** Number of the tcpdump registry. */
  readonly linkType: number;
  /** Of pcapng where it is there, else empty. */
  readonly interfaceName: string;
  /** Who wrote the file, as pcapng says; else empty. */
  readonly application: string;
  readonly bytes: Uint8Array;
  /** Bytes that the packet had on its way: more than `bytes` where it was cut. */
  readonly length: number;
}

/** What a file comes as: a stream, a list of pieces, or all of it at once. */
export type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array> | Uint8Array;

/** Largest block or packet that is believed; one of IPMI is a thousandth of that. */
const LARGEST = 16 * 1024 * 1024;
/** Interfaces of a section. */
const MOST_INTERFACES = 4096;

/** Of classic pcap, by its first four bytes read least significant first: byte order and unit. */
const CLASSIC: Readonly<Record<number, { readonly little: boolean; readonly perMicrosecond: number }>> = {
  0xa1b2c3d4: { little: true, perMicrosecond: 1 },
  0xd4c3b2a1: { little: false, perMicrosecond: 1 },
  0xa1b23c4d: { little: true, perMicrosecond: 1000 },
  0x4d3cb2a1: { little: false, perMicrosecond: 1000 },
};

/** Whether a file that begins with these bytes is a capture. */
export function isCapture(head: Uint8Array): boolean {
  if (head.length < 4) return false;
  const magic = viewOf(head).getUint32(0, true);
  return magic === BlockType.SectionHeader || CLASSIC[magic] !== undefined;
}

/**
 * The packets of a pcapng or classic pcap file, one by one; no more of it than one block is in memory.
 *
 * @throws CaptureError for a file that is neither, or one that is cut or damaged, when the reader gets there.
 */
export async function* readPackets(chunks: Chunks): AsyncGenerator<ReadPacket, void, void> {
  const pieces = new Pieces(chunks);
  const head = await pieces.upTo(4);
  if (head.length === 0) throw new CaptureError('the file is empty');
  if (head.length < 4) throw new CaptureError('neither pcapng nor pcap');
  const magic = new DataView(head.buffer, head.byteOffset).getUint32(0, true);
  const classic = CLASSIC[magic];
  if (classic !== undefined) yield* classicPackets(pieces, classic.little, classic.perMicrosecond);
  else if (magic === BlockType.SectionHeader) yield* nextGeneration(pieces);
  else throw new CaptureError(foreignFile(head) ?? 'neither pcapng nor pcap');
}

async function* classicPackets(
  pieces: Pieces,
  little: boolean,
  perMicrosecond: number,
): AsyncGenerator<ReadPacket, void, void> {
  const header = viewOf(await pieces.must(20, 'its header'));
  const linkType = header.getUint32(16, little) & 0xffff;
  for (let number = 1; ; number++) {
    const record = await pieces.take(16);
    if (record === undefined) return;
    const view = viewOf(record);
    const captured = view.getUint32(8, little);
    if (captured > LARGEST) throw new CaptureError(`packet ${number} says that it has ${captured} bytes`);
    const seconds = view.getUint32(0, little);
    yield {
      number,
      time: seconds * 1_000_000 + Math.floor(view.getUint32(4, little) / perMicrosecond),
      linkType,
      interfaceName: '',
      application: '',
      bytes: await pieces.must(captured),
      length: view.getUint32(12, little),
    };
  }
}

interface Described {
  readonly linkType: number;
  readonly name: string;
  /** Units of a time in a second. */
  readonly perSecond: bigint;
  /** Seconds. */
  readonly offset: bigint;
  /** Most bytes of a packet that were kept; 0: all. */
  readonly snapLength: number;
}

/** Begins after the first four bytes of the section header. */
async function* nextGeneration(pieces: Pieces): AsyncGenerator<ReadPacket, void, void> {
  let little = true;
  let application = '';
  let interfaces: Described[] = [];
  let number = 0;
  let type: number = BlockType.SectionHeader;
  for (;;) {
    const lengthBytes = await pieces.must(4);
    let magic: Uint8Array | undefined;
    if (type === BlockType.SectionHeader) {
      magic = await pieces.must(4);
      little = viewOf(magic).getUint32(0, true) === BYTE_ORDER_MAGIC;
      if (!little && viewOf(magic).getUint32(0, false) !== BYTE_ORDER_MAGIC)
        throw new CaptureError('a section of the file has no byte order');
    }
    const length = viewOf(lengthBytes).getUint32(0, little);
    const before = magic === undefined ? 8 : 12;
    if (length < before + 4 || length % 4 !== 0 || length > LARGEST)
      throw new CaptureError(`a block says that it has ${length} bytes`);
    const body = await pieces.must(length - before - 4);
    if (viewOf(await pieces.must(4)).getUint32(0, little) !== length)
      throw new CaptureError('the two lengths of a block differ');
    if (type === BlockType.SectionHeader) {
      interfaces = [];
      application = textOf(optionsOf(body, 12, little).get(BlockOptionCode.SectionApplication));
    } else if (type === BlockType.InterfaceDescription) {
      if (interfaces.length >= MOST_INTERFACES) throw new CaptureError('too many interfaces');
      interfaces.push(described(body, little));
    } else if (isPacket(type)) {
      number++;
      const packet = packetOf(type, body, little, interfaces);
      if (packet === undefined) throw new CaptureError(`packet ${number} is damaged`);
      yield { number, application, ...packet };
    }
    const next = await pieces.take(4);
    if (next === undefined) return;
    type = viewOf(next).getUint32(0, little);
  }
}

const isPacket = (type: number): boolean =>
  type === BlockType.EnhancedPacket || type === BlockType.SimplePacket || type === BlockType.Packet;

function described(body: Uint8Array, little: boolean): Described {
  if (body.length < 8) throw new CaptureError('an interface description is cut');
  const view = viewOf(body);
  const options = optionsOf(body, 8, little);
  const resolution = options.get(BlockOptionCode.InterfaceTimeResolution)?.[0] ?? 6;
  const offset = options.get(BlockOptionCode.InterfaceTimeOffset);
  return {
    linkType: view.getUint16(0, little),
    snapLength: view.getUint32(4, little),
    name: textOf(options.get(BlockOptionCode.InterfaceName)),
    perSecond: (resolution & 0x80) === 0 ? 10n ** BigInt(resolution) : 2n ** BigInt(resolution & 0x7f),
    offset: offset?.length === 8 ? viewOf(offset).getBigInt64(0, little) : 0n,
  };
}

/** Undefined: its lengths or its interface are not there. */
function packetOf(
  type: number,
  body: Uint8Array,
  little: boolean,
  interfaces: readonly Described[],
): Omit<ReadPacket, 'number' | 'application'> | undefined {
  const view = viewOf(body);
  const isSimple = type === BlockType.SimplePacket;
  const start = isSimple ? 4 : 20;
  if (body.length < start) return undefined;
  const which = isSimple
    ? 0
    : type === BlockType.Packet
      ? view.getUint16(0, little)
      : view.getUint32(0, little);
  const by = interfaces[which];
  if (by === undefined) return undefined;
  const length = view.getUint32(isSimple ? 0 : 16, little);
  const captured = isSimple
    ? Math.min(length, by.snapLength || length, body.length - start)
    : view.getUint32(12, little);
  if (start + captured > body.length) return undefined;
  const units = isSimple
    ? 0n
    : (BigInt(view.getUint32(4, little)) << 32n) | BigInt(view.getUint32(8, little));
  return {
    time: isSimple ? 0 : Number((units * 1_000_000n) / by.perSecond + by.offset * 1_000_000n),
    linkType: by.linkType,
    interfaceName: by.name,
    bytes: body.subarray(start, start + captured),
    length,
  };
}

/** By their codes, the first of each; none where they are damaged. */
function optionsOf(body: Uint8Array, start: number, little: boolean): Map<number, Uint8Array> {
  const options = new Map<number, Uint8Array>();
  const view = viewOf(body);
  for (let at = start; at + 4 <= body.length;) {
    const code = view.getUint16(at, little);
    const length = view.getUint16(at + 2, little);
    if (code === BlockOptionCode.EndOfOptions || at + 4 + length > body.length) break;
    if (!options.has(code)) options.set(code, body.subarray(at + 4, at + 4 + length));
    at += 4 + ((length + 3) & ~3);
  }
  return options;
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const textOf = (bytes: Uint8Array | undefined): string =>
  bytes === undefined ? '' : new TextDecoder().decode(bytes);

/** Bytes from pieces of any size. */
class Pieces {
  readonly #source: AsyncIterator<Uint8Array> | Iterator<Uint8Array>;
  #piece: Uint8Array = new Uint8Array(0);
  #at = 0;

  constructor(chunks: Chunks) {
    const source = chunks instanceof Uint8Array ? [chunks] : chunks;
    this.#source =
      Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  }

  /** So many; undefined at the end. Throws CaptureError where the end comes within them. */
  async take(count: number, within = 'a packet'): Promise<Uint8Array | undefined> {
    const taken = await this.upTo(count);
    if (taken.length === count) return taken;
    if (taken.length === 0) return undefined;
    throw new CaptureError(`the file ends within ${within}`);
  }

  /** So many, or what is left. */
  async upTo(count: number): Promise<Uint8Array> {
    const taken = new Uint8Array(count);
    let fill = 0;
    while (fill < count) {
      if (this.#at === this.#piece.length) {
        const { done, value } = await this.#source.next();
        if (done === true) return taken.subarray(0, fill);
        this.#piece = value;
        this.#at = 0;
        continue;
      }
      const part = this.#piece.subarray(this.#at, this.#at + count - fill);
      taken.set(part, fill);
      fill += part.length;
      this.#at += part.length;
    }
    return taken;
  }

  async must(count: number, within = 'a packet'): Promise<Uint8Array> {
    const taken = await this.take(count, within);
    if (taken === undefined) throw new CaptureError(`the file ends within ${within}`);
    return taken;
  }
}
