import type { Answer } from '../joint/message.ts';
import { endpointName } from '../world/world.ts';
import {
  nameOf,
  tracedRequest,
  type Asked,
  type Dropped,
  type FaultHit,
  type FilteredDatagram,
  type TraceFilter,
} from '../taps/index.ts';
import { PayloadType, type IpmiMessage } from '../wire/index.ts';
import type { CaptureParts } from './capture-parts.ts';
import { Sieve, type Subject } from './sieve.ts';
import type { PacketSink } from './sink.ts';

const WANTED: Subject = { wanted: true };
const NOT_WANTED: Subject = { wanted: false };

/** Says of packets whether a filter wants them: of a request when it has its answer, of all else at once. */
export class Judge {
  /** Where the packets go. */
  readonly sieve: Sieve;
  readonly #filter: TraceFilter;
  readonly #parts: CaptureParts;
  /** Rules that did something to what is under way. */
  #rules: string[] = [];
  /** A fault that is wanted makes what it struck wanted. */
  #isStruck = false;

  constructor(filter: TraceFilter, parts: CaptureParts, to: PacketSink) {
    this.#filter = filter;
    this.#parts = parts;
    this.sieve = new Sieve(to);
  }

  /** The packets that are made next belong to this; without one, to a datagram of such a kind. */
  about(subject: Subject | undefined, datagram?: FilteredDatagram): void {
    const isStruck = this.#isStruck;
    this.#isStruck = false;
    this.#rules = [];
    if (isStruck && subject !== undefined) subject.wanted = true;
    this.sieve.subject = isStruck ? WANTED : (subject ?? this.#saidOf(datagram));
    this.sieve.decided();
  }

  answered(subject: Subject, asked: Asked, answer: Answer, at: number, now: number): void {
    const faults = this.#rules;
    subject.wanted ||= this.#filter(tracedRequest(this.#parts.router, asked, answer, { at, faults }, now));
    this.sieve.decided();
  }

  dropped({ reason, channel, peer: { address: host, port } }: Dropped, at: number): Subject {
    const peer = endpointName({ host, port });
    return this.#filter({ kind: 'dropped', at, channel, peer, reason }) ? WANTED : NOT_WANTED;
  }

  fault({ rule, count, what }: FaultHit, at: number): void {
    this.#rules.push(rule);
    this.#isStruck ||= this.#filter({ kind: 'fault', at, rule, count, what });
  }

  /** A message on a bus, or one that was answered before: as far as it says itself what it is. */
  other({ netFn, cmd, toLun: lun, data }: IpmiMessage, channel: number, peer: string, at: number): Subject {
    const isResponse = netFn % 2 === 1;
    const message = { netFn: netFn & ~1, lun, cmd, data: isResponse ? data.subarray(1) : data };
    const entry = this.#parts.router.find(message, channel);
    const holds = this.#filter({
      kind: 'request',
      at,
      id: 0,
      channel,
      user: undefined,
      privilege: 0,
      peer,
      netFn: message.netFn,
      lun,
      cmd,
      name: nameOf(this.#parts.router, message, channel),
      request: '',
      cc: isResponse ? data[0] : undefined,
      answer: '',
      owner: entry?.owner,
      microseconds: 0,
      late: false,
      faults: this.#rules,
    });
    return holds ? WANTED : NOT_WANTED;
  }

  #saidOf(datagram: FilteredDatagram | undefined): Subject {
    return datagram !== undefined && this.#filter(datagram) ? WANTED : NOT_WANTED;
  }
}

/** What a datagram is that is no message. */
export const kindOf = (type: number | undefined): FilteredDatagram['kind'] =>
  type === undefined
    ? 'datagram'
    : type === PayloadType.Sol
      ? 'sol'
      : type >= PayloadType.OpenSessionRequest && type <= PayloadType.Rakp4
        ? 'log-in'
        : 'datagram';
