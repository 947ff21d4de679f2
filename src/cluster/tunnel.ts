import { Duplex } from 'node:stream';
import type { Clock, Timer } from '../world/world.ts';
import type { Bus } from './bus.ts';

/** Bytes that may be on their way; whoever has more waits until some are taken. */
const WINDOW = 1 << 18;
/** Bytes of one message. */
const LONGEST = 1 << 16;
/** Milliseconds between two signs of life, and after which one that gave none is given up. */
const ALIVE = 5000;
const SILENCE = 15_000;
/** Kind, messages of bytes so far, bytes taken so far (modulo 2^32). */
const HEAD = 9;
const KIND = { bytes: 0, end: 1, taken: 2, cut: 3 } as const;

/** Where each end of a tunnel is heard. */
export interface TunnelSubjects {
  readonly hear: string;
  readonly say: string;
}

/** Of the host that asked for it, and of the one that has what was asked for. */
export const tunnelSubjects = (id: string, isAsking: boolean): TunnelSubjects => {
  const [asking, having] = [`stream.${id}.asking`, `stream.${id}.having`];
  return isAsking ? { hear: asking, say: having } : { hear: having, say: asking };
};

/**
 * One end of a stream of bytes both ways over the bus. What is lost on the way, or a silence of 15 s,
 * destroys both ends: nobody reads on over a gap.
 */
export class Tunnel extends Duplex {
  readonly #bus: Bus;
  readonly #clock: Clock;
  readonly #say: string;
  readonly #off: () => void;
  #timer: Timer;
  #heardAt: number;
  /** Messages, and bytes, each way. */
  #sent = 0;
  #sentBytes = 0;
  #heard = 0;
  #heardBytes = 0;
  /** What was heard and nobody wants yet; null: its end. */
  readonly #unread: (Uint8Array | null)[] = [];
  #isWanted = false;
  /** Bytes that were taken at the other end, and at this one, and that the other one was told of. */
  #takenThere = 0;
  #taken = 0;
  #told = 0;
  #waiting: { readonly bytes: Uint8Array; readonly done: () => void } | undefined;
  /** The other end is gone, or was told that this one is. */
  #isOver = false;

  constructor(bus: Bus, clock: Clock, { hear, say }: TunnelSubjects) {
    super({ readableHighWaterMark: LONGEST, writableHighWaterMark: LONGEST });
    this.#bus = bus;
    this.#clock = clock;
    this.#say = say;
    this.#heardAt = clock.monotonic();
    this.#off = bus.serve(hear, ({ bytes }) => this.#hears(bytes));
    this.#timer = clock.after(ALIVE, () => this.#alive());
  }

  override _write(bytes: Uint8Array, _encoding: BufferEncoding, done: () => void): void {
    this.#waiting = { bytes, done };
    this.#go();
  }

  override _final(done: () => void): void {
    this.#tell(KIND.end, new Uint8Array(0));
    done();
  }

  override _read(): void {
    this.#isWanted = true;
    this.#flow();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#timer.cancel();
    this.#off();
    if (!this.#isOver && !(this.readableEnded && this.writableFinished)) this.#tell(KIND.cut);
    this.#waiting = undefined;
    done(error);
  }

  /** As much as somebody wants to read. */
  #flow(): void {
    while (this.#isWanted && this.#unread.length > 0) {
      const bytes = this.#unread.shift() ?? null;
      this.#taken += bytes?.length ?? 0;
      this.#isWanted = this.push(bytes);
    }
    if (this.#taken - this.#told >= WINDOW / 4) this.#tell(KIND.taken);
  }

  /** As much as the other end has room for. */
  #go(): void {
    while (this.#waiting && this.#sentBytes - this.#takenThere < WINDOW) {
      const { bytes, done } = this.#waiting;
      const part = bytes.subarray(0, LONGEST);
      this.#waiting = part.length < bytes.length ? { bytes: bytes.subarray(LONGEST), done } : undefined;
      this.#sentBytes += part.length;
      this.#tell(KIND.bytes, part);
      if (this.#waiting === undefined) done();
    }
  }

  #tell(kind: number, bytes?: Uint8Array): void {
    const message = new Uint8Array(HEAD + (bytes?.length ?? 0));
    const view = new DataView(message.buffer);
    if (bytes) {
      this.#sent++;
      message.set(bytes, HEAD);
    }
    this.#told = this.#taken;
    view.setUint8(0, kind);
    view.setUint32(1, this.#sent);
    view.setUint32(5, this.#told);
    this.#bus.publish(this.#say, message);
  }

  #hears(message: Uint8Array): undefined {
    if (message.length < HEAD || this.destroyed) return;
    this.#heardAt = this.#clock.monotonic();
    const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
    const kind = view.getUint8(0);
    if (kind === KIND.cut) {
      this.#isOver = true;
      this.destroy();
      return;
    }
    const isNext = kind === KIND.bytes || kind === KIND.end;
    if (isNext) this.#heard++;
    if (view.getUint32(1) !== this.#heard % 2 ** 32) {
      this.destroy(new Error('some of it was lost on the bus'));
      return;
    }
    this.#takenThere += (view.getUint32(5) - this.#takenThere) >>> 0;
    this.#heardBytes += message.length - HEAD;
    if (this.#heardBytes - this.#told > WINDOW + LONGEST) {
      this.destroy(new Error('the other host sends more than there is room for'));
      return;
    }
    if (isNext) this.#unread.push(kind === KIND.end ? null : message.slice(HEAD));
    this.#flow();
    this.#go();
  }

  #alive(): void {
    if (this.#clock.monotonic() - this.#heardAt > SILENCE) {
      this.destroy(new Error('the other host says nothing any more'));
      return;
    }
    this.#tell(KIND.taken);
    this.#timer = this.#clock.after(ALIVE, () => this.#alive());
  }
}
