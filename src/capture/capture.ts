import type { Answer, Channel, Message } from '../joint/message.ts';
import { hex2 } from '../codec/index.ts';
import { answerText, requestText } from '../taps/index.ts';
import type { Asked, Dropped, FaultHit, Frame, Payload, Tap } from '../taps/index.ts';
import { parseMessage, PayloadType, type IpmiMessage } from '../wire/index.ts';
import { Awaiting, type Awaited } from './awaiting.ts';
import type { CaptureParts } from './capture-parts.ts';
import { TraceType } from './carriers.ts';
import { Judge, kindOf } from './judge.ts';
import { maskData, maskMessage } from './mask.ts';
import { PacketWriter } from './packet-writer.ts';
import type { CapturedPacket } from './pcapng.ts';
import type { Page, Words } from './phrases.ts';
import { payloadText, unaskedNote } from './payload-text.ts';
import type { Subject } from './sieve.ts';
import { PacketCalls, type PacketSink } from './sink.ts';
import { Kept } from './kept.ts';
import { Wording } from './wording.ts';

/** A datagram that came, until it is known what became of it. */
interface Held {
  /** Monotonic milliseconds. */
  readonly at: number;
  readonly channel: Channel;
  readonly peer: string;
  readonly bytes: Uint8Array;
  payload: Uint8Array | undefined;
  type: number;
  /** What it asks and who answers, where somebody has been asked. */
  words: Words | undefined;
  /** Whose session it belongs to. */
  session: Uint8Array | undefined;
  dropped: string | undefined;
  user: string | undefined;
  subject: Subject | undefined;
  notes: string[] | undefined;
  /** Nothing in its message is secret. */
  isPlain: boolean;
}

const NONE = new Uint8Array(0);

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
  readonly #writer: PacketWriter;
  readonly #judge: Judge | undefined;
  readonly #wording: Wording;
  /** Wall time less monotonic time, milliseconds. */
  readonly #epoch: number;
  readonly #awaiting = new Awaiting();
  readonly #frames = new Kept();
  readonly #payloads = new Kept();
  readonly #seals = new Kept();
  #held: Held | undefined;
  #sealed: Uint8Array | undefined;
  #sealedType = 0;
  #sealedUser: string | undefined;
  #user: string | undefined;
  #session: Uint8Array | undefined;
  /** Said of whatever is written next. */
  #faults: string[] | undefined;

  /** `to`: a file, a ring, or a function that is called with each packet and may keep it. */
  constructor(parts: CaptureParts, to: PacketSink | ((packet: CapturedPacket) => void)) {
    this.#parts = parts;
    this.#wording = parts.wording ?? new Wording();
    const sink = typeof to === 'function' ? new PacketCalls(to) : to;
    const { filter } = parts;
    this.#judge = filter === undefined ? undefined : new Judge(filter, parts, sink);
    this.#writer = new PacketWriter(parts, this.#judge?.sieve ?? sink, this.#wording.comment);
    this.#epoch = this.#wording.epoch(parts.clock);
  }

  frame({ direction, channel, peer, bytes }: Frame): void {
    if (channel.medium === 'ipmb') this.#ipmb(direction, channel, bytes);
    if (channel.medium !== 'lan') return;
    this.flush();
    const notes = this.#faults;
    this.#faults = undefined;
    if (direction === 'out') return this.#sent(channel, peer, bytes, notes);
    this.#held = {
      at: this.#parts.clock.monotonic(),
      channel,
      peer,
      bytes: this.#frames.keep(bytes),
      payload: undefined,
      type: 0,
      words: undefined,
      session: undefined,
      dropped: undefined,
      user: undefined,
      subject: undefined,
      notes,
      isPlain: false,
    };
  }

  payload({ direction, type, bytes, peer, session }: Payload): void {
    if (direction === 'out') {
      this.#sealed = this.#seals.keep(bytes);
      this.#sealedType = type;
      this.#sealedUser = session?.userName;
      return;
    }
    const held = this.#held;
    if (held === undefined || held.peer !== peer) return;
    held.payload = this.#payloads.keep(bytes);
    held.type = type;
    if (session === undefined) return;
    held.user = session.userName;
    held.session = this.#sessionWords(session.userName);
  }

  message(asked: Asked): void {
    const { context, message } = asked;
    const { channel } = context;
    if (channel.medium === 'ipmb') return;
    if (channel.medium !== 'lan') return this.#hostRequest(asked, channel);
    const held = this.#held;
    if (held?.payload === undefined || held.words !== undefined || context.cause !== undefined) return;
    if (held.type !== PayloadType.Ipmi) return;
    const { router } = this.#parts;
    const page = this.#pageOf(message, channel.number);
    held.words = page.request(router, message, channel.number);
    held.isPlain = page.isPlain;
    const { subject } = this.#await(asked.id, held.peer, held.payload[4] >> 2, held.at, message, page);
    held.subject = subject;
  }

  answer(asked: Asked, answer: Answer): void {
    const { id, message, context } = asked;
    const awaited = this.#awaiting.answered(id);
    if (awaited === undefined) return;
    const { channel } = context;
    awaited.answeredAt = this.#parts.clock.monotonic();
    awaited.isLate = context.expired;
    const { router } = this.#parts;
    awaited.words = awaited.page.answer(router, message, channel.number, answer);
    if (awaited.subject !== undefined)
      this.#judge?.answered(awaited.subject, asked, answer, awaited.at, awaited.answeredAt);
    if (channel.medium === 'lan') return;
    this.#awaiting.sent(awaited);
    this.#host('out', channel, message, answer, awaited);
  }

  dropped(drop: Dropped): void {
    const held = this.#held;
    if (held?.channel.number !== drop.channel) return;
    held.dropped = drop.reason;
    held.subject = this.#judge?.dropped(drop, held.at);
    this.flush();
  }

  fault(hit: FaultHit): void {
    const { rule, what } = hit;
    this.#judge?.fault(hit, this.#parts.clock.monotonic());
    const text = `fault ${rule}: ${what}`;
    if (this.#held !== undefined) (this.#held.notes ??= []).push(text);
    else (this.#faults ??= []).push(text);
  }

  /** Writes what waits for what becomes of it. */
  flush(): void {
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    const { channel, peer, at, bytes, type, payload, dropped, words, notes, session } = held;
    if (this.#judge !== undefined) {
      const kind = kindOf(payload === undefined ? undefined : type);
      const datagram = { kind, channel: channel.number, peer, user: held.user };
      this.#judge.about(held.subject, datagram);
    }
    const time = this.#timeOf(at);
    if (words !== undefined && payload !== undefined && held.isPlain && dropped === undefined)
      if (
        notes === undefined &&
        this.#writer.again('in', channel, peer, time, bytes, payload, words, session, -1)
      )
        return;
    const { comment } = this.#wording;
    comment.clear();
    if (dropped !== undefined) comment.line(`dropped: ${dropped}`);
    if (words !== undefined) comment.line(words.bytes);
    else if (payload !== undefined && type === PayloadType.Ipmi && dropped === undefined)
      comment.lines(unaskedNote(payload));
    comment.lines(notes);
    if (payload !== undefined && type !== PayloadType.Ipmi) comment.line(payloadText(type, payload));
    else if (session !== undefined) comment.line(session);
    this.#writer.datagram('in', channel, peer, time, bytes, payload, held.isPlain, undefined);
  }

  /** What came stands before what it set off. */
  #flushAsked(): void {
    if (this.#held?.words !== undefined) this.flush();
  }

  #sent(channel: Channel, peer: string, bytes: Uint8Array, notes: readonly string[] | undefined): void {
    const payload = this.#sealed;
    this.#sealed = undefined;
    const awaited =
      payload !== undefined && this.#sealedType === PayloadType.Ipmi
        ? this.#awaiting.find(peer, payload)
        : undefined;
    // It is sent as soon as it is there. The clock is not asked twice: that is a tenth of all that a
    // packet costs.
    const time = this.#timeOf(awaited?.answeredAt ?? this.#parts.clock.monotonic());
    if (this.#judge !== undefined) {
      const kind = kindOf(payload === undefined ? undefined : this.#sealedType);
      this.#judge.about(awaited?.subject, { kind, channel: channel.number, peer, user: this.#sealedUser });
    }
    if (awaited?.words !== undefined && payload !== undefined && notes === undefined) {
      const { words, request, isLate } = awaited;
      const took = tookOf(awaited);
      if (request === undefined && !isLate)
        if (this.#writer.again('out', channel, peer, time, bytes, payload, words, undefined, took))
          return this.#awaiting.sent(awaited);
    }
    const { comment } = this.#wording;
    comment.clear();
    comment.lines(notes);
    if (payload === undefined)
      return this.#writer.datagram('out', channel, peer, time, bytes, undefined, false, undefined);
    if (this.#sealedType !== PayloadType.Ipmi) {
      comment.line(payloadText(this.#sealedType, payload));
      return this.#writer.datagram('out', channel, peer, time, bytes, payload, false, undefined);
    }
    if (awaited === undefined) {
      const message = parseMessage(payload);
      if (message !== undefined) comment.line(this.#otherWords(message, channel.number, 'out'));
      if (message !== undefined) this.#judge?.about(this.#judge.other(message, channel.number, peer, time));
      return this.#writer.datagram('out', channel, peer, time, bytes, payload, false, undefined);
    }
    this.#awaiting.sent(awaited);
    this.#answerWords(awaited);
    const isPlain = awaited.request === undefined;
    this.#writer.datagram('out', channel, peer, time, bytes, payload, isPlain, awaited.request);
  }

  #hostRequest({ id, message }: Asked, channel: Channel): void {
    const page = this.#pageOf(message, channel.number);
    const at = this.#parts.clock.monotonic();
    const { subject } = this.#await(id, '', 0, at, message, page);
    this.#judge?.about(subject);
    const words = page.request(this.#parts.router, message, channel.number);
    this.#host('in', channel, message, undefined, undefined, words);
  }

  #host(
    direction: 'in' | 'out',
    channel: Channel,
    message: Message,
    answer: Answer | undefined,
    awaited: Awaited | undefined,
    words?: Words,
  ): void {
    this.#flushAsked();
    if (awaited !== undefined) this.#judge?.about(awaited.subject);
    const { netFn, lun, cmd } = message;
    const data = (answer ?? message.data).slice();
    const netFnOut = answer === undefined ? netFn : netFn | 1;
    const shown = { netFn: netFnOut, cmd, toLun: lun, data };
    if (this.#parts.secrets !== true) maskData(this.#parts.router, channel.number, shown, awaited && message);
    const { comment, phrases } = this.#wording;
    comment.clear();
    if (words !== undefined) comment.line(words.bytes);
    if (awaited !== undefined) this.#answerWords(awaited);
    comment.lines(this.#faults);
    this.#faults = undefined;
    comment.line(phrases.text(`channel ${channel.number}, ${channel.medium}`));
    this.#writer.frame(
      TraceType.Kcs,
      channel,
      this.#now(),
      direction,
      Uint8Array.of((netFnOut << 2) | lun, cmd, ...data),
    );
  }

  #ipmb(direction: 'in' | 'out', channel: Channel, bytes: Uint8Array): void {
    this.#flushAsked();
    const message = parseMessage(bytes);
    if (this.#judge !== undefined) {
      const now = this.#parts.clock.monotonic();
      this.#judge.about(message && this.#judge.other(message, channel.number, '', now));
    }
    const frame = bytes.slice();
    if (this.#parts.secrets !== true && !maskMessage(this.#parts.router, channel.number, frame))
      frame.fill(0, 6);
    const { comment } = this.#wording;
    comment.clear();
    if (message === undefined) comment.line('no message: its checksums are wrong');
    else comment.line(this.#otherWords(message, channel.number, direction));
    comment.lines(this.#faults);
    this.#faults = undefined;
    this.#writer.frame(TraceType.Ipmb, channel, this.#now(), direction, frame);
  }

  #pageOf(message: Message, channel: number): Page {
    return this.#wording.phrases.page(this.#parts.router.find(message, channel));
  }

  #answerWords(awaited: Awaited): void {
    const { words, isLate } = awaited;
    const { comment } = this.#wording;
    const took = tookOf(awaited);
    if (words !== undefined) comment.line(words.bytes);
    if (isLate) comment.line(`too late: dropped, ${took} us`);
    else comment.microseconds(took);
  }

  #sessionWords(user: string): Uint8Array {
    if (this.#session === undefined || this.#user !== user) {
      this.#user = user;
      this.#session = this.#wording.phrases.text(`session of ${user || 'the null user'}`);
    }
    return this.#session;
  }

  /**
   * A message that no handler was asked with this one's id: on a bus, to or from others, or answered
   * before.
   */
  #otherWords(
    { netFn, cmd, to, toLun: lun, data }: IpmiMessage,
    channel: number,
    direction: 'in' | 'out',
  ): Uint8Array | string {
    const { router } = this.#parts;
    const isResponse = netFn % 2 === 1;
    const message = { netFn: netFn & ~1, cmd, lun, data: isResponse ? data.subarray(1) : data };
    const page = this.#pageOf(message, channel);
    if (!isResponse)
      return direction === 'in'
        ? page.request(router, message, channel).bytes
        : `${requestText(router, message, channel, true)}\nasked of ${hex2(to)}h`;
    const name = `response to ${requestText(router, message, channel, false)}`;
    // What it is about, and so whether it is a secret, only its request says.
    if (data[0] === 0 && !page.isPlain) return name;
    return `${name}  ->  ${answerText(router, { ...message, data: NONE }, channel, data)}`;
  }

  #await(id: number, peer: string, seq: number, at: number, message: Message, page: Page): Awaited {
    const { netFn, lun, cmd, data } = message;
    // Copied: the datagram's memory holds another one when the answer comes.
    const request = page.isPlain ? undefined : { netFn, lun, cmd, data: data.slice() };
    const subject = this.#judge === undefined ? undefined : { wanted: undefined };
    const awaited = {
      id,
      peer,
      seq,
      netFn,
      cmd,
      at,
      page,
      request,
      words: undefined,
      answeredAt: undefined,
      isLate: false,
      subject,
    };
    this.#awaiting.add(awaited);
    return awaited;
  }

  #now(): number {
    return this.#timeOf(this.#parts.clock.monotonic());
  }

  #timeOf(monotonic: number): number {
    return Math.round((this.#epoch + monotonic) * 1000);
  }
}

/** Microseconds until it was answered. */
const tookOf = ({ at, answeredAt = at }: Awaited): number =>
  Math.max(0, Math.round((answeredAt - at) * 1000));
