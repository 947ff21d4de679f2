import type { Channel, Message } from '../joint/message.ts';
import { parse20, type Packet20 } from '../wire/index.ts';
import { missingText } from './capture-file.ts';
import type { CaptureParts } from './capture-parts.ts';
import { endpointOf, inHpm2, inTheClear, IpPath, RMCP_PORT } from './carriers.ts';
import { PACKET_DATA, packetBlockLength, putPacket } from './pcapng.ts';
import { interfacesAt, type CaptureInterfaces } from './places.ts';
import type { PacketSink } from './sink.ts';
import { maskPayload, maskWire, type Hide } from './wire-mask.ts';
import type { Comment } from './wording.ts';

/** Both ways between a peer and a channel's interface. */
interface Ways {
  readonly channel: number;
  readonly in: IpPath;
  readonly out: IpPath;
}

/** Peers whose addresses are remembered; then all are forgotten. */
const PEERS = 256;
const NONE = new Uint8Array(0);

/** Writes packets into a sink, secrets masked, each with the comment as it stands then. */
export class PacketWriter {
  readonly #parts: Pick<CaptureParts, 'router' | 'addressOf' | 'secrets'>;
  readonly #sink: PacketSink;
  readonly #comment: Comment;
  readonly #interfaces: CaptureInterfaces;
  readonly #ways = new Map<string, Ways>();
  #memory: Uint8Array = NONE;
  #view: DataView = new DataView(NONE.buffer);

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
    const path = direction === 'in' ? ways.in : ways.out;
    const { length } = bytes;
    const packet = parse20(bytes);
    const isEncrypted = packet?.encrypted === true;
    const hide = { names: router, channel: channel.number, direction, request };
    const at = this.#begin(this.#interfaces.wire, time, direction, path.length + length);
    if (at >= 0) {
      const { memory } = this.#sink;
      const start = at + path.length;
      memory.set(bytes, start);
      // Plain or not: the code of IPMI 1.5's straight password is one.
      if (!secrets && !isEncrypted) maskWire(hide, memory.subarray(start, start + length));
      path.put(memory, at, length);
      this.#sink.done();
    }
    // What is in the clear already stands on the wire as it can be read: twice, nobody could pair it.
    if (payload === undefined || !isEncrypted) return;
    const hidden = secrets || isPlain ? undefined : hide;
    this.#decrypted(direction, time, path, bytes, packet, payload, hidden);
  }

  #decrypted(
    direction: 'in' | 'out',
    time: number,
    path: IpPath,
    sealed: Uint8Array,
    { start: header, payloadType }: Pick<Packet20, 'start' | 'payloadType'>,
    payload: Uint8Array,
    hide: Hide | undefined,
  ): void {
    const length = header + payload.length;
    const at = this.#begin(this.#interfaces.decrypted, time, direction, path.length + length);
    if (at < 0) return;
    const { memory } = this.#sink;
    const start = at + path.length;
    // So few that a window for a copy costs more.
    for (let i = 0; i < header; i++) memory[start + i] = sealed[i];
    inTheClear(memory, start, header, payload.length);
    memory.set(payload, start + header);
    if (hide !== undefined) maskPayload(hide, payloadType, memory.subarray(start + header, start + length));
    path.put(memory, at, length);
    this.#sink.done();
  }

  /**
   * A packet of so many bytes, with the comment as it stands: where those are to be put in the sink's
   * memory; -1: nowhere.
   */
  #begin(place: number, time: number, direction: 'in' | 'out', length: number): number {
    const sink = this.#sink;
    const comment = this.#comment;
    const said = sink.missing > 0 ? comment.first(missingText(sink.missing)) : 0;
    const start = sink.room(packetBlockLength(length, comment.length));
    if (start >= 0)
      putPacket(
        sink.memory,
        this.#viewOf(sink.memory),
        start,
        place,
        time,
        direction,
        length,
        comment.all,
        comment.length,
      );
    if (said > 0) comment.cut(said);
    return start < 0 ? -1 : start + PACKET_DATA;
  }

  #viewOf(memory: Uint8Array): DataView {
    if (this.#memory === memory) return this.#view;
    this.#memory = memory;
    return (this.#view = new DataView(memory.buffer, memory.byteOffset, memory.length));
  }

  #waysOf(peer: string, channel: number): Ways {
    const known = this.#ways.get(peer);
    if (known?.channel === channel) return known;
    if (this.#ways.size >= PEERS) this.#ways.clear();
    const near = { host: this.#parts.addressOf?.(channel)?.host ?? '0.0.0.0', port: RMCP_PORT };
    const far = endpointOf(peer);
    const ways = { channel, in: new IpPath(far, near), out: new IpPath(near, far) };
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
