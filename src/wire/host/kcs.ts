import type { HostEvents, HostPort, InterruptLine, Registers } from './port.ts';

/** Offsets of the registers (IPMI 2.0 §9.5): data in and out, command and status. */
export const KcsRegister = { Data: 0, Control: 1 } as const;

/** Status register, §9.7 table 9-1; the state is in bits 7:6. */
export const KcsStatus = { Obf: 0x01, Ibf: 0x02, SmsAtn: 0x04, CommandNotData: 0x08 } as const;
export const KcsState = { Idle: 0, Read: 1, Write: 2, Error: 3 } as const;

/** Control codes, §9.10 table 9-3. */
export const KcsCode = { GetStatusAbort: 0x60, WriteStart: 0x61, WriteEnd: 0x62, Read: 0x68 } as const;

/** Status codes, table 9-4. */
export const KcsError = {
  None: 0x00,
  Aborted: 0x01,
  IllegalControlCode: 0x02,
  Length: 0x06,
  Unspecified: 0xff,
} as const;

/** Bytes of a message, NetFn and command included; Linux's BMC driver has as many. */
export const KCS_MESSAGE_MAX = 1000;
/** NetFn/LUN and command. */
const HEADER = 2;

type Phase = 'idle' | 'write' | 'write-end' | 'waiting' | 'read' | 'error' | 'status' | 'status-read';
/** What GET_STATUS/ABORT breaks off. */
const IN_PROGRESS: ReadonlySet<Phase> = new Set(['write', 'write-end', 'waiting', 'read']);

/**
 * The KCS interface's registers as the host sees them, and the BMC's side of them (IPMI 2.0 §9): no I/O, no
 * clock. Every byte is consumed as it is written, so that IBF is never seen set.
 */
export class KcsRegisters implements HostPort, Registers {
  readonly #line: InterruptLine | undefined;
  #events: HostEvents | undefined;
  /** Set after a reset of the BMC, so that hosts notice (§9.7). */
  #state: number = KcsState.Error;
  #phase: Phase = 'error';
  #error: number = KcsError.None;
  #command = false;
  #smsAtn = false;
  #smsInterrupt = false;
  #obf = false;
  #dataOut = 0;
  readonly #in = new Uint8Array(KCS_MESSAGE_MAX);
  #length = 0;
  #out: Uint8Array = new Uint8Array(0);
  #outAt = 0;
  #enabled = false;
  #asserted = false;

  /**
   * `interrupt`: the line to the host, asserted by OBF, and between transfers by attention (§9.12, §9.13).
   */
  constructor(interrupt?: InterruptLine) {
    this.#line = interrupt;
  }

  open(events: HostEvents): void {
    this.#events = events;
    this.#go('idle', KcsState.Idle);
  }

  /** The host sees ERROR_STATE until it is opened again; a response that it is reading may still be read. */
  close(): void {
    this.#events = undefined;
    if (this.#phase !== 'read') this.#fail(KcsError.Unspecified);
  }

  /** The BMC breaks off whatever goes on (§9.14): ERROR_STATE, and a host that waits sees it. */
  abort(): void {
    this.#cancel();
    this.#fail(KcsError.Unspecified);
  }

  read(offset: number): number {
    if (offset === KcsRegister.Control) {
      const { Obf, SmsAtn, CommandNotData } = KcsStatus;
      return (
        (this.#state << 6) |
        (this.#command ? CommandNotData : 0) |
        (this.#smsAtn ? SmsAtn : 0) |
        (this.#obf ? Obf : 0)
      );
    }
    this.#obf = false;
    this.#update();
    return this.#dataOut;
  }

  write(offset: number, value: number): void {
    this.#command = offset === KcsRegister.Control;
    if (!this.#events && (this.#command || this.#phase !== 'read')) this.#fail(KcsError.Unspecified);
    else if (this.#command) this.#control(value);
    else this.#data(value);
  }

  send(response: Uint8Array): 'sent' | 'gone' {
    if (this.#phase !== 'waiting' || response.length < HEADER + 1 || response.length > KCS_MESSAGE_MAX)
      return 'gone';
    this.#out = response;
    this.#outAt = 0;
    this.#phase = 'read';
    this.#put(response[this.#outAt++]);
    return 'sent';
  }

  attention(set: boolean, interrupt: boolean): void {
    this.#smsAtn = set;
    this.#smsInterrupt = set && interrupt;
    this.#update();
  }

  interrupts(enabled: boolean): void {
    this.#enabled = enabled;
    this.#update();
  }

  #control(code: number): void {
    const before = this.#phase;
    this.#cancel();
    this.#state = KcsState.Write;
    switch (code) {
      case KcsCode.WriteStart:
        // Always legal, whatever went on (§9.19).
        this.#error = KcsError.None;
        this.#length = 0;
        this.#go('write', KcsState.Write);
        return this.#put(0);
      case KcsCode.WriteEnd:
        if (before !== 'write') return this.#fail(KcsError.IllegalControlCode);
        this.#phase = 'write-end';
        return this.#put(0);
      case KcsCode.GetStatusAbort:
        if (IN_PROGRESS.has(before)) this.#error = KcsError.Aborted;
        this.#phase = 'status';
        return this.#put(0);
      default:
        return this.#fail(KcsError.IllegalControlCode);
    }
  }

  #data(value: number): void {
    switch (this.#phase) {
      case 'write':
        if (!this.#store(value)) return this.#fail(KcsError.Length);
        return this.#put(0);
      case 'write-end':
        if (!this.#store(value) || this.#length < HEADER) return this.#fail(KcsError.Length);
        this.#go('waiting', KcsState.Read);
        return this.#events?.request(this.#in.slice(0, this.#length));
      case 'read':
        if (value !== KcsCode.Read) return this.#fail(KcsError.IllegalControlCode);
        if (this.#outAt < this.#out.length) return this.#put(this.#out[this.#outAt++]);
        this.#go('idle', KcsState.Idle);
        return this.#put(0);
      case 'status':
        this.#go('status-read', KcsState.Read);
        return this.#put(this.#error);
      case 'status-read':
        this.#error = KcsError.None;
        this.#go('idle', KcsState.Idle);
        return this.#put(0);
      default:
        this.#cancel();
        return this.#fail(KcsError.Unspecified);
    }
  }

  #store(value: number): boolean {
    if (this.#length >= this.#in.length) return false;
    this.#in[this.#length++] = value;
    return true;
  }

  /** A dummy byte goes with it, so that hosts that wait for an interrupt see the state (§9.14). */
  #fail(error: number): void {
    this.#error = error;
    this.#go('error', KcsState.Error);
    this.#put(0);
  }

  #cancel(): void {
    if (this.#phase === 'waiting') this.#events?.cancelled();
    if (this.#phase === 'read') this.#out = new Uint8Array(0);
  }

  #go(phase: Phase, state: number): void {
    this.#phase = phase;
    this.#state = state;
    this.#update();
  }

  #put(byte: number): void {
    this.#dataOut = byte;
    this.#obf = true;
    this.#update();
  }

  /** Attention's interrupt waits while a transfer uses the line (§9.13). */
  #update(): void {
    const asserted = (this.#obf && this.#enabled) || (this.#smsInterrupt && this.#phase === 'idle');
    if (asserted === this.#asserted) return;
    this.#asserted = asserted;
    this.#line?.(asserted);
  }
}
