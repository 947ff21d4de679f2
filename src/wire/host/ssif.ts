import { pec } from './pec.ts';
import type { HostEvents, HostPort, InterruptLine } from './port.ts';

/**
 * SMBus commands of SSIF (IPMI 2.0 §12.2). Writes are block writes, reads block reads of at most 32 bytes.
 */
export const SsifCommand = {
  Write: 0x02,
  Read: 0x03,
  WriteStart: 0x06,
  WriteMiddle: 0x07,
  WriteEnd: 0x08,
  ReadMiddle: 0x09,
  ReadRetry: 0x0a,
} as const;

/** Bytes of a message, NetFn and command included; Linux's BMC driver has as many. */
export const SSIF_MESSAGE_MAX = 254;
export const SSIF_BLOCK_MAX = 32;
/** The first two bytes of a response that goes in parts; no response begins so, because its NetFn is odd. */
export const SSIF_START = [0x00, 0x01] as const;
export const SSIF_LAST_BLOCK = 0xff;
/** Message bytes in the first part of a response, and in each part after it. */
const FIRST = SSIF_BLOCK_MAX - SSIF_START.length;
const NEXT = SSIF_BLOCK_MAX - 1;
/** NetFn/LUN and command. */
const HEADER = 2;
const NO_BYTES: Uint8Array = new Uint8Array(0);
/** Nobody pulls the line down. */
const NOTHING = 0xff;
/** Command, count, block and packet error code. */
const TRANSACTION_MAX = 1 + 1 + SSIF_BLOCK_MAX + 1;

export interface SsifOptions {
  /** 7 bits. Default 10h (20h >> 1). */
  readonly address?: number;
  /** SMBALERT#: asserted while a response waits unread or attention interrupts. */
  readonly alert?: InterruptLine;
}

const COUNTERS = {
  dropped: {
    unit: 'transactions',
    counts: 'dropped: wrong count, wrong packet error code, a part that is out of place, too long a message',
  },
};
export type SsifCounters = Record<keyof typeof COUNTERS, number>;

/**
 * The SSIF interface as a target on an SMBus (IPMI 2.0 §12): no I/O, no clock. A bus calls `start`, then
 * `write` or `read` for each byte, a second `start` to turn round, and `stop`.
 *
 * A response is kept until the next request begins, so that a host may read it again from its start, or from
 * a block on.
 */
export class SsifTarget implements HostPort {
  readonly counterTable = COUNTERS;
  readonly counters: SsifCounters = { dropped: 0 };
  readonly address: number;
  readonly #alert: InterruptLine | undefined;
  #events: HostEvents | undefined;
  #direction: 'none' | 'write' | 'read' = 'none';
  /** Bytes of the transaction: command, then count and block of a write. */
  readonly #bytes = new Uint8Array(TRANSACTION_MAX);
  #received = 0;
  #overrun = false;
  readonly #in = new Uint8Array(SSIF_MESSAGE_MAX);
  #length = 0;
  #phase: 'idle' | 'parts' | 'waiting' | 'ready' = 'idle';
  #out: Uint8Array = NO_BYTES;
  /** The part that is being read: count, bytes, packet error code. */
  #part: Uint8Array = NO_BYTES;
  #partAt = 0;
  /** The part that the next Read Middle gets; 0: Read Start comes first. */
  #block = 0;
  #unread = false;
  #enabled = false;
  #smsInterrupt = false;
  #asserted = false;

  constructor({ address = 0x10, alert }: SsifOptions = {}) {
    this.address = address;
    this.#alert = alert;
  }

  open(events: HostEvents): void {
    this.#events = events;
    this.#begin();
  }

  /** Not there until it is opened again; a response that waits may still be read. */
  close(): void {
    this.#events = undefined;
    if (this.#phase !== 'ready') this.#begin();
  }

  /** A start condition with this target's address. False: not acknowledged, there is nothing to read yet. */
  start(direction: 'write' | 'read'): boolean {
    if (direction === 'write' || this.#direction !== 'write') {
      this.#received = 0;
      this.#overrun = false;
    }
    this.#direction = direction;
    this.#part = NO_BYTES;
    if (!this.#events && this.#phase !== 'ready') return false;
    if (direction === 'write') return true;
    const data = this.#received === 1 ? this.#load(this.#bytes[0]) : undefined;
    if (!data) return false;
    const address = this.address << 1;
    this.#part = Uint8Array.of(
      data.length,
      ...data,
      pec([address, this.#bytes[0], address | 1, data.length, ...data]),
    );
    this.#partAt = 0;
    return true;
  }

  /** True: acknowledged. */
  write(byte: number): boolean {
    if (this.#direction !== 'write' || this.#received >= this.#bytes.length) {
      this.#overrun = true;
      return false;
    }
    this.#bytes[this.#received++] = byte;
    return true;
  }

  read(): number {
    return this.#direction === 'read' && this.#partAt < this.#part.length
      ? this.#part[this.#partAt++]
      : NOTHING;
  }

  stop(): void {
    const direction = this.#direction;
    this.#direction = 'none';
    if (direction === 'write' && this.#received > 0) this.#written();
    // The count and all that it promises.
    else if (direction === 'read' && this.#part.length > 0 && this.#partAt >= this.#part.length - 1)
      this.#wasRead();
    this.#part = NO_BYTES;
    this.#received = 0;
  }

  /** A host that was alerted asks who did it (SMBus alert response address). Undefined: not this one. */
  alertResponse(): number | undefined {
    if (!this.#asserted) return undefined;
    this.#unread = false;
    this.#smsInterrupt = false;
    this.#update();
    return this.address << 1;
  }

  send(response: Uint8Array): 'sent' | 'gone' {
    if (this.#phase !== 'waiting' || response.length < HEADER + 1 || response.length > SSIF_MESSAGE_MAX)
      return 'gone';
    this.#out = response;
    this.#phase = 'ready';
    this.#block = 0;
    this.#unread = true;
    this.#update();
    return 'sent';
  }

  attention(set: boolean, interrupt: boolean): void {
    this.#smsInterrupt = set && interrupt;
    this.#update();
  }

  interrupts(enabled: boolean): void {
    this.#enabled = enabled;
    this.#update();
  }

  /** A write transaction is over: `command, count, block` and perhaps a packet error code. */
  #written(): void {
    const [command, count] = this.#bytes;
    if (command === SsifCommand.ReadRetry) return this.#retry();
    if (!this.#events) return undefined;
    const extra = this.#received - 2 - count;
    const whole =
      this.#received >= 2 &&
      count <= SSIF_BLOCK_MAX &&
      !this.#overrun &&
      (extra === 0 || (extra === 1 && this.#hasPec(this.#received)));
    const block = this.#bytes.subarray(2, 2 + count);
    switch (command) {
      case SsifCommand.Write:
        this.#begin();
        if (!whole || !this.#append(block)) return this.#drop();
        return this.#finish();
      case SsifCommand.WriteStart:
        this.#begin();
        if (!whole || count !== SSIF_BLOCK_MAX) return this.#drop();
        this.#phase = 'parts';
        this.#append(block);
        return undefined;
      case SsifCommand.WriteMiddle:
      case SsifCommand.WriteEnd:
        if (!whole || this.#phase !== 'parts' || !this.#append(block)) return this.#drop();
        // Older Linux ends with a middle part that is not full.
        return command === SsifCommand.WriteEnd || count < SSIF_BLOCK_MAX ? this.#finish() : undefined;
      default:
        // A host that asked for a response that is not there yet also wrote a command only.
        return this.#received === 1 ? undefined : this.#drop();
    }
  }

  /** `0Ah, block` or, as a block write, `0Ah, 1, block`: the next Read Middle gives that block. */
  #retry(): void {
    const asByte = this.#received === 2 || (this.#received === 3 && this.#hasPec(3));
    const block = asByte ? this.#bytes[1] : this.#bytes[2];
    const asked =
      !this.#overrun && (asByte || (this.#received >= 3 && this.#received <= 4 && this.#bytes[1] === 1));
    if (!asked || this.#phase !== 'ready' || this.#out.length <= SSIF_BLOCK_MAX) return this.#drop();
    this.#block = Math.min(block + 1, this.#parts);
    return undefined;
  }

  #hasPec(received: number): boolean {
    return pec([this.address << 1, ...this.#bytes.subarray(0, received - 1)]) === this.#bytes[received - 1];
  }

  #append(block: Uint8Array): boolean {
    if (this.#length + block.length > SSIF_MESSAGE_MAX) return false;
    this.#in.set(block, this.#length);
    this.#length += block.length;
    return true;
  }

  #finish(): void {
    if (this.#length < HEADER) return this.#drop();
    this.#phase = 'waiting';
    return this.#events?.request(this.#in.slice(0, this.#length));
  }

  /** A request that breaks off is dropped, and its further parts with it, until one starts (§12.12). */
  #drop(): void {
    this.counters.dropped++;
    if (this.#phase === 'parts') this.#phase = 'idle';
  }

  /** What was asked or answered before is void. */
  #begin(): void {
    const waited = this.#phase === 'waiting';
    this.#phase = 'idle';
    this.#length = 0;
    this.#out = NO_BYTES;
    this.#block = 0;
    this.#unread = false;
    this.#update();
    if (waited) this.#events?.cancelled();
  }

  get #parts(): number {
    return Math.ceil((this.#out.length - FIRST) / NEXT);
  }

  /** The block that a read command gets; undefined: there is none. */
  #load(command: number): Uint8Array | undefined {
    if (this.#phase !== 'ready') return undefined;
    if (command === SsifCommand.Read) {
      this.#block = 0;
      return this.#out.length <= SSIF_BLOCK_MAX
        ? this.#out
        : Uint8Array.of(...SSIF_START, ...this.#out.subarray(0, FIRST));
    }
    if (
      command !== SsifCommand.ReadMiddle ||
      this.#out.length <= SSIF_BLOCK_MAX ||
      this.#block === 0 ||
      this.#block > this.#parts
    )
      return undefined;
    const at = FIRST + (this.#block - 1) * NEXT;
    const number = this.#block === this.#parts ? SSIF_LAST_BLOCK : this.#block - 1;
    return Uint8Array.of(number, ...this.#out.subarray(at, at + NEXT));
  }

  #wasRead(): void {
    this.#block++;
    this.#unread = false;
    this.#update();
  }

  #update(): void {
    const asserted = (this.#unread && this.#enabled) || this.#smsInterrupt;
    if (asserted === this.#asserted) return;
    this.#asserted = asserted;
    this.#alert?.(asserted);
  }
}
