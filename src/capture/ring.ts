import type { Answer, Message } from '../joint/message.ts';
import type { Asked, Dropped, FaultHit, Frame, Payload, Tap } from '../taps/index.ts';
import { Capture, type CapturedRequest, type CaptureParts } from './capture.ts';
import type { CapturedPacket } from './pcapng.ts';

/**
 * What was seen, and when (monotonic milliseconds). `bytes` are copies in slabs that many share, as the next
 * datagram has the memory of this one and a copy of its own for each would cost more.
 */
type Kept =
  | (Omit<Frame, 'bytes'> & Stretch & { readonly what: 'frame' })
  | (Omit<Payload, 'bytes'> & Stretch & { readonly what: 'payload' })
  | (Omit<Message, 'data'> & Stretch & Pick<CapturedRequest, 'id' | 'context'> & { readonly what: 'message' })
  | (Omit<Message, 'data'> & Stretch & Pick<CapturedRequest, 'id' | 'context'> & { readonly what: 'answer' })
  | {
      readonly what: 'dropped';
      readonly at: number;
      readonly end: 0;
      readonly start: 0;
      readonly dropped: Dropped;
    }
  | {
      readonly what: 'fault';
      readonly at: number;
      readonly end: 0;
      readonly start: 0;
      readonly hit: FaultHit;
    };

interface Stretch {
  readonly at: number;
  readonly slab: Uint8Array;
  readonly start: number;
  readonly end: number;
}

const SLAB = 64 * 1024;
/** What an entry takes besides its bytes, roughly. */
const ENTRY = 128;
const NONE = new Uint8Array(0);

/**
 * What passed a BMC last, as it was, and made into packets only when somebody wants to see it: while nothing
 * goes wrong, a request costs copies and no words. Bounded by bytes; the oldest is forgotten.
 *
 *   const ring = new CaptureRing({ router: bmc.router, clock: world.clock }, 8 << 20, write);
 *   bmc.taps.add(ring);
 *   // when something has gone wrong
 *   ring.drain();
 */
export class CaptureRing implements Tap {
  readonly #clock: CaptureParts['clock'];
  readonly #capture: Capture;
  readonly #most: number;
  #kept: Kept[] = [];
  #first = 0;
  #bytes = 0;
  #slab = NONE;
  #fill = 0;
  /** Monotonic milliseconds: of the entry that is made into packets. */
  #time: number;

  /** `most`: bytes that are kept. `write` hears the packets of `drain`. */
  constructor(parts: CaptureParts, most: number, write: (packet: CapturedPacket) => void) {
    const { clock } = parts;
    this.#clock = clock;
    this.#most = most;
    this.#time = clock.monotonic();
    this.#capture = new Capture(
      { ...parts, clock: { now: () => clock.now(), monotonic: () => this.#time } },
      write,
    );
  }

  /** Bytes that are kept, entries counted too. */
  get bytes(): number {
    return this.#bytes;
  }

  frame({ direction, channel, peer, bytes }: Frame): void {
    const end = this.#copy(bytes);
    const [at, slab, start] = [this.#clock.monotonic(), this.#slab, end - bytes.length];
    this.#keep({ what: 'frame', at, slab, start, end, direction, channel, peer });
  }

  payload({ direction, channel, peer, bytes, type, session, sequence }: Payload): void {
    const end = this.#copy(bytes);
    const [at, slab, start] = [this.#clock.monotonic(), this.#slab, end - bytes.length];
    this.#keep({ what: 'payload', at, slab, start, end, direction, channel, peer, type, session, sequence });
  }

  message({ id, message: { netFn, lun, cmd, data }, context }: Asked): void {
    const end = this.#copy(data);
    const [at, slab, start] = [this.#clock.monotonic(), this.#slab, end - data.length];
    this.#keep({ what: 'message', at, slab, start, end, id, netFn, lun, cmd, context });
  }

  /** The request's data was kept with the request. */
  answer({ id, message: { netFn, lun, cmd }, context }: Asked, answer: Answer): void {
    const end = this.#copy(answer);
    const [at, slab, start] = [this.#clock.monotonic(), this.#slab, end - answer.length];
    this.#keep({ what: 'answer', at, slab, start, end, id, netFn, lun, cmd, context });
  }

  dropped(dropped: Dropped): void {
    this.#keep({ what: 'dropped', at: this.#clock.monotonic(), start: 0, end: 0, dropped });
  }

  fault(hit: FaultHit): void {
    this.#keep({ what: 'fault', at: this.#clock.monotonic(), start: 0, end: 0, hit });
  }

  /** Makes packets of everything that is kept, and keeps it no longer. */
  drain(): void {
    const kept = this.#kept.slice(this.#first);
    this.#kept = [];
    this.#first = this.#bytes = 0;
    for (const seen of kept) {
      this.#time = seen.at;
      this.#replay(seen);
    }
    this.#capture.flush();
  }

  #replay(seen: Kept): void {
    const capture = this.#capture;
    if (seen.what === 'dropped') return capture.dropped(seen.dropped);
    if (seen.what === 'fault') return capture.fault(seen.hit);
    const bytes = seen.slab.subarray(seen.start, seen.end);
    if (seen.what === 'frame') return capture.frame({ ...seen, bytes });
    if (seen.what === 'payload') return capture.payload({ ...seen, bytes });
    const { id, netFn, lun, cmd, context } = seen;
    if (seen.what === 'message')
      return capture.message({ id, message: { netFn, lun, cmd, data: bytes }, context });
    return capture.answer({ id, message: { netFn, lun, cmd, data: NONE }, context }, bytes);
  }

  /** Where the copy ends in the slab. */
  #copy(bytes: Uint8Array): number {
    const { length } = bytes;
    if (this.#fill + length > this.#slab.length) {
      this.#slab = new Uint8Array(Math.max(SLAB, length));
      this.#fill = 0;
    }
    const slab = this.#slab;
    const start = this.#fill;
    // What is short is copied faster by hand.
    if (length < 96) for (let i = 0; i < length; i++) slab[start + i] = bytes[i];
    else slab.set(bytes, start);
    return (this.#fill = start + length);
  }

  #keep(seen: Kept): void {
    this.#kept.push(seen);
    this.#bytes += sizeOf(seen);
    while (this.#bytes > this.#most) this.#bytes -= sizeOf(this.#kept[this.#first++]);
    if (this.#first * 2 <= this.#kept.length || this.#first < 64) return;
    this.#kept = this.#kept.slice(this.#first);
    this.#first = 0;
  }
}

const sizeOf = ({ start, end }: Kept): number => end - start + ENTRY;
