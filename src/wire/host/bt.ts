import { BT_FRAME_MAX } from '../bt-frame.ts';
import type { HostEvents, HostPort, InterruptLine, Registers } from './port.ts';

/** Offsets of the registers (IPMI 2.0 §11.6, table 11-1). */
export const BtRegister = { Control: 0, Buffer: 1, InterruptMask: 2 } as const;

/** BT_CTRL, §11.6.4. Written by the host, 0 has no effect on any bit. */
export const BtControl = {
  ClrWrPtr: 0x01,
  ClrRdPtr: 0x02,
  H2bAtn: 0x04,
  B2hAtn: 0x08,
  SmsAtn: 0x10,
  Oem0: 0x20,
  HBusy: 0x40,
  BBusy: 0x80,
} as const;

/** BT_INTMASK, §11.6.5. */
export const BtMask = { B2hIrqEn: 0x01, B2hIrq: 0x02, BmcHwRst: 0x80 } as const;

const { ClrWrPtr, ClrRdPtr, H2bAtn, B2hAtn, SmsAtn, Oem0, HBusy, BBusy } = BtControl;
/** What a read past the end of a buffer gives: nobody drives the bus. */
const NOTHING = 0xff;

/** What hosts did that is no transaction. */
const COUNTERS = {
  runts: { unit: 'frames', counts: 'too short for a sequence number to answer to' },
  overruns: { unit: 'bytes', counts: 'written past the end of the buffer' },
  resets: { unit: 'resets', counts: 'by BMC_HWRST' },
};
export type BtCounters = Record<keyof typeof COUNTERS, number>;

/**
 * The BT interface's three registers as the host sees them, and the BMC's side of them (IPMI 2.0 §11): no
 * I/O, no clock.
 *
 * A frame is handed up as it was written, cut to what its length byte says: bytes after it are no part of the
 * message. A length byte that promises more than was written is handed up as it is, for the receiver to
 * refuse.
 */
export class BtRegisters implements HostPort, Registers {
  readonly counterTable = COUNTERS;
  readonly counters: BtCounters = { runts: 0, overruns: 0, resets: 0 };
  readonly #line: InterruptLine | undefined;
  #events: HostEvents | undefined;
  readonly #in = new Uint8Array(BT_FRAME_MAX);
  #written = 0;
  #out: Uint8Array = new Uint8Array(0);
  #readAt = 0;
  /** The BMC is not there until `open` (§11.9). */
  #control: number = BBusy;
  #mask = 0;
  #smsInterrupt = false;
  #held = false;

  /** `interrupt`: the line to the host, B2H_IRQ of BT_INTMASK. */
  constructor(interrupt?: InterruptLine) {
    this.#line = interrupt;
  }

  open(events: HostEvents): void {
    this.#events = events;
    this.#updateBusy();
  }

  /**
   * The host sees a BMC that is busy until it is opened again; a response that it has been shown may still be
   * read.
   */
  close(): void {
    this.#events = undefined;
    this.#control |= BBusy;
  }

  read(offset: number): number {
    switch (offset) {
      case BtRegister.Control:
        return this.#control;
      case BtRegister.Buffer:
        return this.#readAt < this.#out.length ? this.#out[this.#readAt++] : NOTHING;
      case BtRegister.InterruptMask:
        return this.#mask;
      default:
        return NOTHING;
    }
  }

  write(offset: number, value: number): void {
    if (offset === BtRegister.Control) this.#writeControl(value);
    else if (offset === BtRegister.Buffer) this.#writeBuffer(value);
    else if (offset === BtRegister.InterruptMask) this.#writeMask(value);
  }

  send(frame: Uint8Array): 'sent' | 'later' {
    if (this.#control & (B2hAtn | HBusy)) return 'later';
    this.#out = frame;
    this.#readAt = 0;
    this.#control |= B2hAtn;
    this.#interrupt();
    return 'sent';
  }

  attention(set: boolean, interrupt: boolean): void {
    const shown = (this.#control & SmsAtn) !== 0 && this.#smsInterrupt;
    this.#control = set ? this.#control | SmsAtn : this.#control & ~SmsAtn;
    this.#smsInterrupt = set && interrupt;
    if (this.#smsInterrupt && !shown) this.#interrupt();
    // What it announced is gone.
    if (!set && !(this.#control & B2hAtn)) this.#clearInterrupt();
  }

  withdraw(): void {
    if (!(this.#control & B2hAtn)) return;
    this.#control &= ~B2hAtn;
    this.#out = new Uint8Array(0);
    if (!(this.#control & SmsAtn)) this.#clearInterrupt();
    this.#offer();
  }

  hold(held: boolean): void {
    this.#held = held;
    this.#updateBusy();
  }

  /**
   * Bits in the order in which a host that writes several at once means them: pointers first, the request
   * last.
   */
  #writeControl(value: number): void {
    if (value & ClrWrPtr) this.#written = 0;
    if (value & ClrRdPtr) this.#readAt = 0;
    if (value & SmsAtn) this.#control &= ~SmsAtn;
    // OEM0 is a heartbeat: set by the host, cleared by a BMC that lives. This one does so before the host can
    // look.
    if (value & Oem0) this.#control &= ~Oem0;
    const freed = (value & B2hAtn & this.#control) !== 0 || (value & HBusy & this.#control) !== 0;
    if (value & B2hAtn) this.#control &= ~B2hAtn;
    if (value & HBusy) this.#control ^= HBusy;
    if (value & H2bAtn) {
      this.#control |= H2bAtn;
      this.#take();
    }
    if (freed) this.#offer();
  }

  #writeBuffer(value: number): void {
    if (this.#written < this.#in.length) this.#in[this.#written++] = value;
    else this.counters.overruns++;
  }

  #writeMask(value: number): void {
    if (value & BtMask.BmcHwRst) this.#reset();
    if (value & BtMask.B2hIrq) this.#clearInterrupt();
    const enabled = (value & BtMask.B2hIrqEn) !== 0;
    const before = (this.#mask & BtMask.B2hIrqEn) !== 0;
    if (!enabled) {
      this.#mask &= ~BtMask.B2hIrqEn;
      this.#clearInterrupt();
    } else if (!before) {
      this.#mask |= BtMask.B2hIrqEn;
      if (this.#control & (B2hAtn | SmsAtn)) this.#interrupt();
    }
  }

  /** Linux writes BMC_HWRST whenever its driver starts: the interface begins anew, the BMC lives on. */
  #reset(): void {
    this.counters.resets++;
    this.#written = 0;
    this.#control &= ~(H2bAtn | B2hAtn);
    this.#out = new Uint8Array(0);
    this.#readAt = 0;
    this.#events?.cancelled();
  }

  /** Takes the frame in HOST2BMC; one that was written while nobody listened waits until somebody does. */
  #take(): void {
    if (!(this.#control & H2bAtn) || this.#control & BBusy || !this.#events) return;
    this.#control &= ~H2bAtn;
    const written = this.#written;
    this.#written = 0;
    if (written < 4 || this.#in[0] < 3) {
      this.counters.runts++;
      return;
    }
    this.#events.request(this.#in.slice(0, Math.min(written, this.#in[0] + 1)));
  }

  #updateBusy(): void {
    if (this.#held || !this.#events) this.#control |= BBusy;
    else this.#control &= ~BBusy;
    this.#take();
  }

  #offer(): void {
    if (!(this.#control & (B2hAtn | HBusy))) this.#events?.ready();
  }

  #interrupt(): void {
    if (!(this.#mask & BtMask.B2hIrqEn) || this.#mask & BtMask.B2hIrq) return;
    this.#mask |= BtMask.B2hIrq;
    this.#line?.(true);
  }

  #clearInterrupt(): void {
    if (!(this.#mask & BtMask.B2hIrq)) return;
    this.#mask &= ~BtMask.B2hIrq;
    this.#line?.(false);
  }
}
