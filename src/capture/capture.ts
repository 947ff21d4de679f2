import type { Answer, Channel, Message } from '../joint/message.ts';
import type { Timers } from '../joint/timers.ts';
import { answerText, requestText } from '../taps/index.ts';
import type { Asked, Dropped, FaultHit, Frame, Payload, Tap } from '../taps/index.ts';
import { parse20, parseMessage, PayloadType, type IpmiMessage } from '../wire/index.ts';
import type { Endpoint } from '../world/world.ts';
import { endpointOf, inHpm2, inTheClear, overIp, RMCP_PORT, TraceType } from './carriers.ts';
import { maskData, maskMessage, type Names } from './mask.ts';
import { interfaceDescription, LinkType, sectionHeader, type CapturedPacket } from './pcapng.ts';
import { setUpText } from './set-up.ts';
import { maskPayload, maskWire } from './wire-mask.ts';

/** What a capture is told about its BMC. */
export interface CaptureParts {
  readonly router: Names;
  /** `now`: wall time, milliseconds since 1970. */
  readonly clock: Pick<Timers, 'monotonic'> & { now(): number };
  /** Where the interface of a channel listens; undefined: nowhere that has an address. */
  readonly addressOf?: (channel: number) => Endpoint | undefined;
  /** Which of the BMCs that the file's header names. Default 0. */
  readonly place?: number;
  /** Passwords, keys and what is typed into consoles stay in. Default false. */
  readonly secrets?: boolean;
}

/** The interfaces of a BMC, by the place of their descriptions. */
const Interface = { Wire: 0, Decrypted: 1, Host: 2 } as const;
const INTERFACES = Object.keys(Interface).length;

/** What a file begins with: three interfaces for each BMC that writes to it. */
export function captureHeader(...bmcs: readonly string[]): Uint8Array[] {
  const of = (bmc: string, name: string): string => (bmcs.length > 1 ? `${bmc} ${name}` : name);
  return [
    sectionHeader('ipmi-bmc'),
    ...bmcs.flatMap((bmc) => [
      interfaceDescription(
        LinkType.RawIp,
        of(bmc, 'wire'),
        `${bmc}: datagrams as they were sent; the BMC has port ${RMCP_PORT} here`,
      ),
      interfaceDescription(
        LinkType.RawIp,
        of(bmc, 'decrypted'),
        `${bmc}: the same, in the clear, of what was encrypted`,
      ),
      interfaceDescription(
        LinkType.IpmiHpm2,
        of(bmc, 'host'),
        `${bmc}: system interfaces, serial lines and IPMB`,
      ),
    ]),
  ];
}

/** What a capture looks at of a request. */
export interface CapturedRequest {
  readonly id: number;
  readonly message: Message;
  readonly context: Pick<Asked['context'], 'channel' | 'cause' | 'expired'>;
}

/** Requests under way of which the answer is awaited; more are forgotten, the oldest first. */
const AWAITED = 1024;

/** A datagram that came, until it is known what became of it. */
interface Held {
  readonly time: number;
  readonly channel: Channel;
  readonly peer: string;
  readonly bytes: Uint8Array;
  payload: Uint8Array | undefined;
  /** The request that it holds, where nobody has been asked yet. */
  request: IpmiMessage | undefined;
  isAsked: boolean;
  readonly notes: string[];
}

interface Awaited {
  readonly key: string;
  /** Monotonic milliseconds. */
  readonly at: number;
  /** Copied: the datagram's memory holds another one when the answer comes. */
  readonly message: Message;
  text: string;
}

/**
 * Makes packets for Wireshark of what passes a BMC: datagrams as they were sent, the same in the clear
 * where they were encrypted, messages of system interfaces and IPMB; each with a comment that says what it
 * is and what became of it.
 *
 *   const capture = new Capture({ router: bmc.router, clock: world.clock }, write);
 *   const remove = bmc.taps.add(capture);
 *
 * A datagram is written when the next one is seen, or at `flush`, as what became of it is in its comment.
 */
export class Capture implements Tap {
  readonly #parts: CaptureParts;
  readonly #write: (packet: CapturedPacket) => void;
  /** Wall time less monotonic time, milliseconds. */
  readonly #epoch: number;
  /** The first of its interfaces in the file. */
  readonly #first: number;
  readonly #byId = new Map<number, Awaited>();
  readonly #byKey = new Map<string, Awaited>();
  #held: Held | undefined;
  #sealed: Uint8Array | undefined;
  #sealedType = 0;
  /** Said of whatever is written next. */
  #faults: string[] = [];

  constructor(parts: CaptureParts, write: (packet: CapturedPacket) => void) {
    this.#parts = parts;
    this.#write = write;
    this.#first = (parts.place ?? 0) * INTERFACES;
    this.#epoch = parts.clock.now() - parts.clock.monotonic();
  }

  frame({ direction, channel, peer, bytes }: Frame): void {
    if (channel.medium === 'ipmb') this.#ipmb(direction, channel, bytes);
    if (channel.medium !== 'lan') return;
    this.flush();
    if (direction === 'out') return this.#sent(channel, peer, bytes.slice());
    this.#held = {
      time: this.#now(),
      channel,
      peer,
      bytes: bytes.slice(),
      payload: undefined,
      request: undefined,
      isAsked: false,
      notes: this.#faults,
    };
    this.#faults = [];
  }

  payload({ direction, type, bytes, peer, session }: Payload): void {
    if (direction === 'out') {
      this.#sealed = bytes.slice();
      this.#sealedType = type;
      return;
    }
    const held = this.#held;
    if (held === undefined || held.peer !== peer) return;
    held.payload = bytes.slice();
    if (type !== PayloadType.Ipmi) return void held.notes.push(this.#payloadText(type, bytes));
    held.request = parseMessage(held.payload);
    if (session !== undefined) held.notes.push(`session of ${session.userName || 'the null user'}`);
  }

  message({ id, message, context }: CapturedRequest): void {
    const { channel } = context;
    if (channel.medium === 'ipmb') return;
    const held = this.#held;
    if (channel.medium !== 'lan') return this.#hostRequest(id, message, channel);
    if (held?.request === undefined || held.isAsked || context.cause !== undefined) return;
    held.isAsked = true;
    held.notes.unshift(...this.#requestText(message, channel.number));
    this.#await(id, keyOf(held.peer, held.request), message);
  }

  answer({ id, message, context }: CapturedRequest, answer: Answer): void {
    const awaited = this.#byId.get(id);
    if (awaited === undefined) return;
    this.#byId.delete(id);
    const { channel } = context;
    const took = ((this.#parts.clock.monotonic() - awaited.at) * 1000).toFixed(0);
    awaited.text = [
      `${this.#entryName(awaited.message, channel.number)}  ->  ${answerText(this.#parts.router, awaited.message, channel.number, answer)}`,
      `${context.expired ? 'too late: dropped, ' : ''}${took} us`,
    ].join('\n');
    if (channel.medium === 'lan') return;
    this.#host('out', channel, message, answer, awaited);
  }

  dropped({ reason, channel }: Dropped): void {
    if (this.#held?.channel.number !== channel) return;
    this.#held.isAsked = true;
    this.#held.notes.unshift(`dropped: ${reason}`);
    this.flush();
  }

  fault({ rule, what }: FaultHit): void {
    (this.#held?.notes ?? this.#faults).push(`fault ${rule}: ${what}`);
  }

  /** Writes what waits for what becomes of it. */
  flush(): void {
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    const { request, isAsked, notes } = held;
    if (request !== undefined && !isAsked)
      notes.unshift(
        request.netFn % 2 === 0
          ? 'no handler was asked: a repetition, or a message for system software'
          : 'the response to a request of the BMC',
      );
    this.#datagram('in', held, held.payload, undefined);
  }

  #sent(channel: Channel, peer: string, bytes: Uint8Array): void {
    const payload = this.#sealed;
    this.#sealed = undefined;
    const notes = this.#faults;
    this.#faults = [];
    const held = { time: this.#now(), channel, peer, bytes, notes };
    if (payload === undefined) return this.#datagram('out', held, undefined, undefined);
    if (this.#sealedType !== PayloadType.Ipmi) {
      notes.push(this.#payloadText(this.#sealedType, payload));
      return this.#datagram('out', held, payload, undefined);
    }
    const message = parseMessage(payload);
    const awaited = message && this.#byKey.get(keyOf(peer, message));
    if (awaited?.text) this.#byKey.delete(awaited.key);
    if (message !== undefined) notes.push(awaited?.text || this.#unaskedText(message, channel.number));
    return this.#datagram('out', held, payload, awaited?.message);
  }

  #datagram(
    direction: 'in' | 'out',
    {
      time,
      channel,
      peer,
      bytes,
      notes,
    }: Pick<Held, 'time' | 'channel' | 'peer' | 'bytes'> & { notes: readonly string[] },
    payload: Uint8Array | undefined,
    request: Message | undefined,
  ): void {
    const { router, secrets = false } = this.#parts;
    const hide = { names: router, channel: channel.number, direction, request };
    if (!secrets) maskWire(hide, bytes);
    const comment = notes.join('\n');
    const [near, far] = [this.#near(channel.number), endpointOf(peer)];
    const put = (side: number, datagram: Uint8Array): void =>
      this.#write({
        interface: this.#first + side,
        time,
        direction,
        bytes: direction === 'in' ? overIp(datagram, far, near) : overIp(datagram, near, far),
        comment,
      });
    put(Interface.Wire, bytes);
    if (payload === undefined) return;
    // What is in the clear already stands on the wire as it can be read: twice, nobody could pair it.
    const packet = parse20(bytes);
    if (packet?.encrypted !== true) return;
    if (!secrets) maskPayload(hide, packet.payloadType, payload);
    put(Interface.Decrypted, inTheClear(bytes, packet.start, payload));
  }

  #near(channel: number): Endpoint {
    return { host: this.#parts.addressOf?.(channel)?.host ?? '0.0.0.0', port: RMCP_PORT };
  }

  #hostRequest(id: number, message: Message, channel: Channel): void {
    this.#host('in', channel, message, undefined, undefined);
    this.#await(id, `host ${id}`, message);
    this.#byKey.delete(`host ${id}`);
  }

  #host(
    direction: 'in' | 'out',
    channel: Channel,
    message: Message,
    answer: Answer | undefined,
    awaited: Awaited | undefined,
  ): void {
    const { netFn, lun, cmd } = message;
    const data = (answer ?? message.data).slice();
    const netFnOut = answer === undefined ? netFn : netFn | 1;
    const shown = { netFn: netFnOut, cmd, toLun: lun, data };
    if (this.#parts.secrets !== true) maskData(this.#parts.router, channel.number, shown, awaited?.message);
    const time = this.#now();
    const frame = Uint8Array.of((netFnOut << 2) | lun, cmd, ...data);
    const notes = awaited === undefined ? this.#requestText(message, channel.number) : [awaited.text];
    this.#write({
      interface: this.#first + Interface.Host,
      time,
      direction,
      bytes: inHpm2(TraceType.Kcs, channel.number, direction, time, frame),
      comment: [...notes, `channel ${channel.number}, ${channel.medium}`].join('\n'),
    });
  }

  #ipmb(direction: 'in' | 'out', channel: Channel, bytes: Uint8Array): void {
    const message = parseMessage(bytes);
    const frame = bytes.slice();
    if (this.#parts.secrets !== true && !maskMessage(this.#parts.router, channel.number, frame))
      frame.fill(0, 6);
    const time = this.#now();
    this.#write({
      interface: this.#first + Interface.Host,
      time,
      direction,
      bytes: inHpm2(TraceType.Ipmb, channel.number, direction, time, frame),
      comment: message ? this.#unaskedText(message, channel.number) : 'no message: its checksums are wrong',
    });
  }

  #requestText(message: Message, channel: number): string[] {
    const { router } = this.#parts;
    const entry = router.find(message, channel);
    const spec = entry?.handler.command?.spec;
    return [
      requestText(router, message, channel, true),
      entry === undefined ? "nobody's" : `answered by ${entry.owner}${spec === undefined ? '' : `; ${spec}`}`,
    ];
  }

  #entryName(message: Message, channel: number): string {
    return requestText(this.#parts.router, message, channel, false);
  }

  /** A message by its name alone: what came for others, or was answered before. */
  #unaskedText({ netFn, cmd, toLun: lun, data }: IpmiMessage, channel: number): string {
    const name = this.#entryName(
      { netFn: netFn & ~1, cmd, lun, data: netFn % 2 ? data.subarray(1) : data },
      channel,
    );
    return netFn % 2 === 0 ? name : `response to ${name}`;
  }

  #payloadText(type: number, payload: Uint8Array): string {
    const step = setUpText(type, payload);
    if (step !== undefined) return step;
    if (type === PayloadType.Sol)
      return `SOL: packet ${payload[0]}, ${Math.max(payload.length - 4, 0)} character(s), acknowledges ${payload[1]}\nIPMI 2.0 §15.9`;
    return `payload type ${type}`;
  }

  #await(id: number, key: string, { netFn, lun, cmd, data }: Message): void {
    const at = this.#parts.clock.monotonic();
    const awaited = { key, at, message: { netFn, lun, cmd, data: data.slice() }, text: '' };
    this.#byId.set(id, awaited);
    this.#byKey.set(key, awaited);
    forgetOldest(this.#byId);
    forgetOldest(this.#byKey);
  }

  #now(): number {
    return Math.round((this.#epoch + this.#parts.clock.monotonic()) * 1000);
  }
}

/** The same for a request and its response. */
const keyOf = (peer: string, { netFn, cmd, seq }: IpmiMessage): string =>
  `${peer} ${seq} ${netFn & ~1} ${cmd}`;

function forgetOldest<K>(map: Map<K, unknown>): void {
  if (map.size <= AWAITED) return;
  for (const [oldest] of map) {
    map.delete(oldest);
    return;
  }
}
