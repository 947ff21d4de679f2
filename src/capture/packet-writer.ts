import type { Channel, Message } from '../joint/message.ts';
import type { Endpoint } from '../world/world.ts';
import { AuthType, parse20, putBytes, type Packet20 } from '../wire/index.ts';
import { missingText } from './capture-file.ts';
import type { CaptureParts } from './capture-parts.ts';
import { endpointOf, inHpm2, inTheClear, IpPath, RMCP_PORT } from './carriers.ts';
import { PACKET_DATA, packetBlockLength, putPacket } from './pcapng.ts';
import { interfacesAt, type CaptureInterfaces } from './places.ts';
import type { PacketSink } from './sink.ts';
import { maskPayload, maskWire, type Hide } from './wire-mask.ts';
import type { Comment } from './comment.ts';
import { PacketWay, Pair, SESSION_HEADER } from './pair.ts';
import type { Words } from './phrases.ts';

/** Both ways between a peer and a channel's interface. */
interface Ways {
  readonly channel: number;
  readonly in: PacketWay;
  readonly out: PacketWay;
}

/** Peers whose addresses are remembered; then all are forgotten. */
const PEERS = 256;
const NONE = new Uint8Array(0);
/** Second byte of an RMCP+ header: encrypted, a message; whether it is signed as well is all one here. */
const SEALED_MESSAGE = 0x80;
const SIGNED = 0x40;
/** Microseconds of which pairs are kept. */
const LONG = 1000;

/** Writes packets into a sink, secrets masked, each with the comment as it stands then. */
export class PacketWriter {
  readonly #parts: Pick<CaptureParts, 'router' | 'addressOf' | 'secrets'>;
  readonly #sink: PacketSink;
  readonly #comment: Comment;
  readonly #interfaces: CaptureInterfaces;
  readonly #ways = new Map<string, Ways>();
  #memory: Uint8Array = NONE;
  #view: DataView = new DataView(NONE.buffer);
  /** Whose datagram was last. */
  #peer = '';
  #latest: Ways | undefined;

  constructor(parts: CaptureParts, sink: PacketSink, comment: Comment) {
    this.#parts = parts;
    this.#sink = sink;
    this.#comment = comment;
    this.#interfaces = parts.interfaces ?? interfacesAt(0);
  }

  /**
   * A datagram as it is on the wire, and once more in the clear where it was encrypted. `isPlain`: nothing
   * in its message is secret; `request`: what it responds to, where that is known.
   */
  datagram(
    direction: 'in' | 'out',
    channel: Channel,
    peer: string,
    time: number,
    bytes: Uint8Array,
    payload: Uint8Array | undefined,
    isPlain: boolean,
    request: Message | undefined,
  ): void {
    const { router, secrets = false } = this.#parts;
    const ways = this.#waysOf(peer, channel.number);
    const { path } = direction === 'in' ? ways.in : ways.out;
    const { length } = bytes;
    const packet = parse20(bytes);
    const isEncrypted = packet?.encrypted === true;
    const at = this.#begin(this.#interfaces.wire, time, direction, path.length + length);
    const start = at + path.length;
    const memory = this.#memory;
    if (at >= 0) {
      memory.set(bytes, start);
      // Plain or not: the code of IPMI 1.5's straight password is one.
      if (!secrets && !isEncrypted) {
        const hide = { names: router, channel: channel.number, direction, request };
        maskWire(hide, memory.subarray(start, start + length));
      }
      path.put(memory, this.#view, at, length);
      this.#sink.done();
    }
    // What is in the clear already stands on the wire as it can be read: twice, nobody could pair it.
    if (payload === undefined || !isEncrypted) return;
    const hide =
      secrets || isPlain ? undefined : { names: router, channel: channel.number, direction, request };
    const header = at < 0 ? -1 : start;
    this.#decrypted(direction, time, path, bytes, packet, payload, hide, memory, header);
  }

  /**
   * The same for an encrypted message without secrets, of which these are the words and `below` a line under
   * them; `took`: microseconds, which then stand below, or -1. Made of what was made last with the same
   * words. False: it is none that could be.
   */
  again(
    direction: 'in' | 'out',
    channel: Channel,
    peer: string,
    time: number,
    bytes: Uint8Array,
    payload: Uint8Array,
    words: Words,
    below: Uint8Array | undefined,
    took: number,
  ): boolean {
    if (bytes[4] !== AuthType.RmcpPlus || (bytes[5] & ~SIGNED) !== SEALED_MESSAGE) return false;
    const sink = this.#sink;
    const { length } = bytes;
    if (sink.missing > 0 || took >= LONG) return false;
    const ways = this.#waysOf(peer, channel.number);
    const way = direction === 'in' ? ways.in : ways.out;
    const { path } = way;
    const clear = SESSION_HEADER + payload.length;
    const digits = took < 0 ? 0 : took < 10 ? 1 : took < 100 ? 2 : 3;
    let pair = words.pairs[digits];
    if (pair?.fits(direction, path.length, length, clear, below) !== true) {
      const comment = this.#comment;
      comment.clear();
      comment.line(words.bytes);
      if (below !== undefined) comment.line(below);
      if (took >= 0) comment.microseconds(took);
      pair = new Pair({ direction, headers: path.length, datagram: length, clear }, comment, below);
      words.pairs[digits] = pair;
    }
    if (sink.keep !== undefined) sink.keep(pair, way, time, took, bytes, payload);
    else this.#pair(pair, way, time, took, bytes, payload);
    return true;
  }

  #pair(
    pair: Pair,
    way: PacketWay,
    time: number,
    took: number,
    bytes: Uint8Array,
    payload: Uint8Array,
  ): void {
    const sink = this.#sink;
    const start = sink.room(pair.blocks.length, 2);
    if (start < 0) return;
    const { memory } = sink;
    const view = this.#viewOf(memory);
    const high = Math.floor(time / 2 ** 32);
    pair.put(memory, view, start, way, high, time - high * 2 ** 32, took);
    pair.fill(memory, view, start, way, bytes, payload);
    sink.done();
  }

  #decrypted(
    direction: 'in' | 'out',
    time: number,
    path: IpPath,
    sealed: Uint8Array,
    { start: header, payloadType }: Pick<Packet20, 'start' | 'payloadType'>,
    payload: Uint8Array,
    hide: Hide | undefined,
    sealedIn: Uint8Array,
    sealedAt: number,
  ): void {
    const length = header + payload.length;
    const at = this.#begin(this.#interfaces.decrypted, time, direction, path.length + length);
    if (at < 0) return;
    const memory = this.#memory;
    const view = this.#view;
    const start = at + path.length;
    if (sealedIn === memory && sealedAt >= 0 && sealedAt < at && header % 4 === 0)
      for (let i = 0; i < header; i += 4) view.setUint32(start + i, view.getUint32(sealedAt + i));
    else for (let i = 0; i < header; i++) memory[start + i] = sealed[i];
    inTheClear(memory, start, header, payload.length);
    putBytes(memory, start + header, payload);
    if (hide !== undefined) maskPayload(hide, payloadType, memory.subarray(start + header, start + length));
    path.put(memory, view, at, length);
    this.#sink.done();
  }

  /**
   * A packet of so many bytes, with the comment as it stands: where those are to be put in the sink's
   * memory; -1: nowhere.
   */
  #begin(place: number, time: number, direction: 'in' | 'out', length: number): number {
    const sink = this.#sink;
    const comment = sink.missing > 0 ? this.#comment.behind(missingText(sink.missing)) : this.#comment;
    const start = sink.room(packetBlockLength(length, comment.length));
    if (start < 0) return -1;
    const { memory } = sink;
    const text = putPacket(this.#viewOf(memory), start, place, time, direction, length, comment.length);
    comment.put(memory, text);
    return start + PACKET_DATA;
  }

  #viewOf(memory: Uint8Array): DataView {
    if (this.#memory === memory) return this.#view;
    this.#memory = memory;
    return (this.#view = new DataView(memory.buffer, memory.byteOffset, memory.length));
  }

  #waysOf(peer: string, channel: number): Ways {
    // A request and its answer are the same peer's.
    if (this.#peer === peer && this.#latest?.channel === channel) return this.#latest;
    this.#peer = peer;
    return (this.#latest = this.#found(peer, channel));
  }

  #found(peer: string, channel: number): Ways {
    const known = this.#ways.get(peer);
    if (known?.channel === channel) return known;
    if (this.#ways.size >= PEERS) this.#ways.clear();
    const near = { host: this.#parts.addressOf?.(channel)?.host ?? '0.0.0.0', port: RMCP_PORT };
    const far = endpointOf(peer);
    const { wire, decrypted } = this.#interfaces;
    const way = (from: Endpoint, to: Endpoint): PacketWay =>
      new PacketWay(new IpPath(from, to), wire, decrypted);
    const ways = { channel, in: way(far, near), out: way(near, far) };
    this.#ways.set(peer, ways);
    return ways;
  }

  /** A frame of KCS or IPMB. */
  frame(type: number, channel: Channel, time: number, direction: 'in' | 'out', frame: Uint8Array): void {
    const bytes = inHpm2(type, channel.number, direction, time, frame);
    const at = this.#begin(this.#interfaces.host, time, direction, bytes.length);
    if (at < 0) return;
    this.#sink.memory.set(bytes, at);
    this.#sink.done();
  }
}
