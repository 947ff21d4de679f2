import { maskData, maskMessage, type Names } from '../capture/index.ts';
import { bodyBytes } from '../commands/body.ts';
import type { Answer, Message } from '../joint/message.ts';
import type { Timers } from '../joint/timers.ts';
import type { Events, PlatformEvent } from '../state/log/events.ts';
import {
  tracedRequest,
  type Asked,
  type FaultHit,
  type Payload,
  type Tap,
  type Taps,
  type TraceFilter,
} from '../taps/index.ts';
import { PayloadType, SOL_HEADER } from '../wire/index.ts';
import { keyOf, type RequestEntry, type TapeEntry } from './entry.ts';
import { nameIn } from './names.ts';

export interface RecorderParts {
  readonly router: Names;
  readonly clock: Pick<Timers, 'monotonic'>;
  /** Monotonic milliseconds when the tape began. Default: now. */
  readonly began?: number;
  /**
   * What alone is on the tape: requests, and characters of consoles by user, peer and channel; then no
   * events.
   */
  readonly filter?: TraceFilter;
}

/** Requests under way of which the answer is awaited; more are forgotten, the oldest first. */
const AWAITED = 1024;
const NOTHING = new Uint8Array(0);

interface Begun {
  /** Monotonic milliseconds. */
  readonly at: number;
  /** A command may change it. */
  readonly privilege: number;
  /** Rules of faults that did something to it. */
  readonly faults: string[];
}

/**
 * A tap that makes entries of a tape: requests with their answers, characters of consoles; secrets are not in
 * them. What a message carries for somebody else is in that message alone.
 *
 *   const recorder = new TapeRecorder({ router: bmc.router, clock: world.clock }, write);
 *   const remove = bmc.taps.add(recorder);
 */
export class TapeRecorder implements Tap {
  readonly #parts: RecorderParts;
  readonly #write: (entry: TapeEntry) => void;
  readonly #began: number;
  readonly #begun = new Map<number, Begun>();
  /** Rules that did something since the last request came. */
  #faults: string[] = [];

  constructor(parts: RecorderParts, write: (entry: TapeEntry) => void) {
    this.#parts = parts;
    this.#write = write;
    this.#began = parts.began ?? parts.clock.monotonic();
  }

  message({ id, context }: Asked): void {
    if (context.cause !== undefined) return;
    const faults: string[] = [];
    this.#faults = faults;
    this.#begun.set(id, { at: this.#parts.clock.monotonic(), privilege: context.privilege, faults });
    if (this.#begun.size <= AWAITED) return;
    for (const [oldest] of this.#begun) {
      this.#begun.delete(oldest);
      return;
    }
  }

  answer({ id, message, context }: Asked, answer: Answer): void {
    const begun = this.#begun.get(id);
    if (begun === undefined) return;
    this.#begun.delete(id);
    const now = this.#parts.clock.monotonic();
    const us = Math.round((now - begun.at) * 1000);
    const { filter, router } = this.#parts;
    if (filter?.(tracedRequest(router, { id, message, context }, answer, begun, now)) === false) return;
    const { channel, session, expired } = context;
    // What came too late was nobody's answer.
    const told = expired ? NOTHING : answer;
    const entry: RequestEntry = {
      t: this.#time(begun.at),
      us,
      name: nameIn(this.#parts.router, message, channel.number),
      session: session?.handle,
      user: session?.userName,
      privilege: begun.privilege,
      ...recordedMessage(this.#parts.router, message, channel.number, told),
    };
    if (context.followUp === undefined) return this.#write(entry);
    void context.followUp.then((response) => this.#write(this.#followed(entry, response)));
  }

  fault({ rule, layer }: FaultHit): void {
    if (layer === 'command') this.#faults.push(rule);
  }

  payload({ type, direction, channel, session, bytes, peer }: Payload): void {
    const count = bytes.length - SOL_HEADER;
    if (type !== PayloadType.Sol || session === undefined || count <= 0) return;
    const { number } = channel;
    if (this.#parts.filter?.({ kind: 'sol', channel: number, peer, user: session.userName }) === false)
      return;
    this.#write({
      kind: 'sol',
      t: this.#time(),
      channel: channel.number,
      session: session.handle,
      direction,
      count,
      // What is typed may be a password.
      data: direction === 'in' ? undefined : bytes.slice(SOL_HEADER),
    });
  }

  #followed(entry: RequestEntry, response: Uint8Array | undefined): RequestEntry {
    if (response === undefined) return entry;
    const bridged = response.slice();
    const isMessage = maskMessage(this.#parts.router, entry.channel, bridged);
    return isMessage ? { ...entry, bridged } : entry;
  }

  /** An event that was logged, as `bmc.events.onLogged` tells it. */
  logged(event: PlatformEvent, record: number): void {
    if (this.#parts.filter !== undefined) return;
    const { generator, sensorType, sensorNumber, eventType, deassertion, data } = event;
    const happened = { generator, sensorType, sensorNumber, eventType, deassertion, data: data.slice() };
    this.#write({ kind: 'event', t: this.#time(), record, ...happened });
  }

  /** Milliseconds since the tape began, to the microsecond. */
  #time(at: number = this.#parts.clock.monotonic()): number {
    return Math.round((at - this.#began) * 1000) / 1000;
  }
}

/** What of a BMC is recorded. */
export interface RecordedBmc {
  readonly router: Names;
  readonly taps: Pick<Taps, 'add'>;
  readonly events: Pick<Events, 'onLogged'>;
}

/**
 * Records requests, characters and events of a BMC until its undoing is called; `began` and `filter` as of
 * the parts.
 */
export function record(
  { router, taps, events }: RecordedBmc,
  clock: RecorderParts['clock'],
  write: (entry: TapeEntry) => void,
  began?: number,
  filter?: TraceFilter,
): () => void {
  const recorder = new TapeRecorder({ router, clock, began, filter }, write);
  const undo = [taps.add(recorder), events.onLogged((event, id) => recorder.logged(event, id))];
  return () => {
    for (const takeOff of undo) takeOff();
  };
}

type Recorded = Pick<
  RequestEntry,
  'kind' | 'channel' | 'message' | 'answer' | 'hidesRequest' | 'hidesAnswer'
>;

/** Copies, without secrets. `sent`: empty where nobody was answered. */
export function recordedMessage(router: Names, message: Message, channel: number, sent: Answer): Recorded {
  const { netFn, cmd, lun } = message;
  const data = message.data.slice();
  const answer = sent.slice();
  maskData(router, channel, { netFn, cmd, toLun: lun, data });
  maskData(router, channel, { netFn: netFn | 1, cmd, toLun: lun, data: answer }, message);
  // Which command it is has no secret, and a reader needs it.
  data.set(bodyBytes(keyOf(message)));
  return {
    kind: 'request',
    channel,
    message: { netFn, cmd, lun, data },
    answer,
    hidesRequest: !isSame(data, message.data),
    hidesAnswer: !isSame(answer, sent),
  };
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
