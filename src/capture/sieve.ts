import { missingText } from './capture-file.ts';
import { enhancedPacket, type CapturedPacket } from './pcapng.ts';
import { PacketCalls, type PacketSink } from './sink.ts';

/** What packets belong to: a request with its answer, or a datagram by itself. */
export interface Subject {
  /** Undefined: nobody can say yet. */
  wanted: boolean | undefined;
}

/** Packets that wait for what becomes of a request; of more, the oldest one's is not wanted. */
const WAITING = 4096;

/**
 * Lets through what is wanted. Whether a request is, its answer may have to say: until then its packets,
 * and all that came after them, wait, so that they stay in order.
 */
export class Sieve implements PacketSink {
  /** What the packets belong to that are made now. */
  subject: Subject = { wanted: true };
  readonly #to: PacketSink;
  readonly #calls = new PacketCalls((packet) => this.#take(packet));
  #waiting: { readonly packet: CapturedPacket; readonly subject: Subject }[] = [];

  constructor(to: PacketSink) {
    this.#to = to;
  }

  /** What comes through says it. */
  get missing(): number {
    return 0;
  }

  get memory(): Uint8Array {
    return this.#calls.memory;
  }

  room(length: number): number {
    return this.subject.wanted === false ? -1 : this.#calls.room(length);
  }

  done(): void {
    this.#calls.done();
  }

  /** Somebody knows more now. */
  decided(): void {
    let done = 0;
    for (const { packet, subject } of this.#waiting) {
      if (subject.wanted === undefined) break;
      if (subject.wanted) put(this.#to, packet);
      done++;
    }
    if (done > 0) this.#waiting.splice(0, done);
  }

  #take(packet: CapturedPacket): void {
    const { subject } = this;
    if (this.#waiting.length === 0 && subject.wanted === true) return put(this.#to, packet);
    this.#waiting.push({ packet, subject });
    if (this.#waiting.length <= WAITING) return;
    this.#waiting[0].subject.wanted ??= false;
    this.decided();
  }
}

/** Gives a sink a packet that has been made. */
function put(sink: PacketSink, packet: CapturedPacket): void {
  const { interface: place, time, direction, bytes, comment } = packet;
  const block =
    sink.missing === 0
      ? enhancedPacket(packet)
      : enhancedPacket({
          interface: place,
          time,
          direction,
          bytes,
          comment: `${missingText(sink.missing)}\n${comment}`,
        });
  const at = sink.room(block.length);
  if (at < 0) return;
  sink.memory.set(block, at);
  sink.done();
}
