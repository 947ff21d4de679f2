import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toHex } from '../../../test/support/vectors.ts';
import { BtControl, BtMask, BtRegister, BtRegisters } from './bt.ts';

const { ClrWrPtr, ClrRdPtr, H2bAtn, B2hAtn, SmsAtn, Oem0, HBusy, BBusy } = BtControl;

function bench(open = true) {
  const requests: string[] = [];
  const log: string[] = [];
  const registers = new BtRegisters((asserted) => log.push(asserted ? 'irq' : 'no irq'));
  const begin = (): void =>
    registers.open({
      request: (frame) => requests.push(toHex(frame)),
      cancelled: () => log.push('cancelled'),
      ready: () => log.push('ready'),
    });
  if (open) begin();
  const control = (): number => registers.read(BtRegister.Control);
  const write = (value: number): void => registers.write(BtRegister.Control, value);
  const put = (...bytes: number[]): void => {
    write(ClrWrPtr);
    for (const byte of bytes) registers.write(BtRegister.Buffer, byte);
    write(H2bAtn);
  };
  const get = (count: number): string =>
    toHex(Uint8Array.from({ length: count }, () => registers.read(BtRegister.Buffer)));
  return { registers, requests, log, begin, control, write, put, get };
}

const RESPONSE = Uint8Array.of(4, 0x1c, 0x07, 0x01, 0xc1);

describe('BT registers', () => {
  test('a write and a read transfer, step by step as tables 11-4 and 11-5 have them', () => {
    const { registers, requests, log, control, write, put, get } = bench();
    expect(control()).toBe(0);
    put(3, 0x18, 7, 1);
    expect(requests).toEqual(['03 18 07 01']);
    expect(control()).toBe(0);
    expect(registers.send(RESPONSE)).toBe('sent');
    expect(control()).toBe(B2hAtn);
    write(HBusy);
    expect(control()).toBe(B2hAtn | HBusy);
    write(B2hAtn);
    expect(control()).toBe(HBusy);
    write(ClrRdPtr);
    expect(get(6)).toBe('04 1c 07 01 c1 ff');
    // A half-read response is read again from its start.
    write(ClrRdPtr);
    expect(get(2)).toBe('04 1c');
    expect(registers.send(RESPONSE)).toBe('later');
    write(HBusy);
    expect(control()).toBe(0);
    expect(log).toEqual(['ready']);
  });

  test('R36: the length byte rules: what follows it is no message, what is missing is for the receiver to refuse', () => {
    const { registers, requests, put } = bench();
    put(3, 0x18, 7, 1, 0xde, 0xad);
    put(9, 0x18, 7, 1, 5);
    put(0);
    put();
    put(2, 0x18, 7, 1);
    put(3, 0x18, 7);
    put(255, ...new Uint8Array(400));
    expect(requests).toEqual(['03 18 07 01', '09 18 07 01 05', `ff ${toHex(new Uint8Array(255))}`]);
    expect(registers.counters).toEqual({ runts: 4, overruns: 145, resets: 0 });
    // Not one byte of an earlier frame.
    put(6, 0x18, 8, 1);
    expect(requests.pop()).toBe('06 18 08 01');
  });

  test('before the BMC is there it is busy, and a request that was written meanwhile is taken then (§11.9)', () => {
    const { registers, requests, control, put, begin } = bench(false);
    expect(control()).toBe(BBusy);
    put(3, 0x18, 1, 1);
    expect(control()).toBe(BBusy | H2bAtn);
    expect(requests).toEqual([]);
    begin();
    expect(requests).toEqual(['03 18 01 01']);
    expect(control()).toBe(0);
    registers.close();
    expect(control()).toBe(BBusy);
    begin();
    registers.hold(true);
    put(3, 0x18, 2, 1);
    expect(requests).toHaveLength(1);
    registers.hold(false);
    expect(requests).toEqual(['03 18 01 01', '03 18 02 01']);
  });

  test('interrupts: a rising B2H_ATN or SMS_ATN, if enabled; cleared by the host; raised again by the next', () => {
    const { registers, log, write } = bench();
    const mask = (): number => registers.read(BtRegister.InterruptMask);
    registers.send(RESPONSE);
    expect([log.length, mask()]).toEqual([0, 0]);
    registers.write(BtRegister.InterruptMask, BtMask.B2hIrqEn);
    expect([log.splice(0), mask()]).toEqual([['irq'], BtMask.B2hIrqEn | BtMask.B2hIrq]);
    registers.write(BtRegister.InterruptMask, BtMask.B2hIrqEn | BtMask.B2hIrq);
    expect([log.splice(0), mask()]).toEqual([['no irq'], BtMask.B2hIrqEn]);
    write(B2hAtn);
    registers.attention(true, false);
    expect(log.splice(0)).toEqual(['ready']);
    // What waits may interrupt from now on, and does so once.
    registers.attention(true, true);
    expect(log.splice(0)).toEqual(['irq']);
    registers.write(BtRegister.InterruptMask, BtMask.B2hIrqEn | BtMask.B2hIrq);
    registers.attention(true, true);
    expect(log.splice(0)).toEqual(['no irq']);
    // The host took SMS_ATN back, and something else waits.
    write(SmsAtn);
    registers.attention(true, true);
    expect(log.splice(0)).toEqual(['irq']);
    registers.write(BtRegister.InterruptMask, 0);
    expect([log.splice(0), mask()]).toEqual([['no irq'], 0]);
  });

  test('the host takes attention back itself, and BMC_HWRST begins the interface anew', () => {
    const { registers, log, control, write } = bench();
    registers.attention(true, true);
    expect(control()).toBe(SmsAtn);
    write(SmsAtn);
    expect(control()).toBe(0);
    registers.send(RESPONSE);
    registers.write(BtRegister.InterruptMask, BtMask.BmcHwRst);
    expect([control(), registers.read(BtRegister.InterruptMask), registers.read(BtRegister.Buffer)]).toEqual([
      0, 0, 0xff,
    ]);
    expect(log).toEqual(['cancelled']);
  });

  /** The registers as tables 11-2 and 11-3 word them, a bit at a time. */
  class Table {
    control = 0;
    mask = 0;
    written: number[] = [];
    requests: string[] = [];

    #edge(): void {
      if (this.mask & 1) this.mask |= 2;
    }

    respond(): void {
      if (this.control & (B2hAtn | HBusy)) return;
      this.control |= B2hAtn;
      this.#edge();
    }

    attention(set: boolean): void {
      if (set && !(this.control & SmsAtn)) this.#edge();
      this.control = (this.control & ~SmsAtn) | (set ? SmsAtn : 0);
      if (!set && !(this.control & B2hAtn)) this.mask &= ~2;
    }

    write(offset: number, value: number): void {
      if (offset === 1 && this.written.length < 256) this.written.push(value);
      if (offset === 0) {
        if (value & ClrWrPtr) this.written = [];
        this.control &= ~(value & (B2hAtn | SmsAtn));
        this.control ^= value & HBusy;
        if (value & H2bAtn) {
          const [length = 0] = this.written;
          if (length >= 3 && this.written.length >= 4)
            this.requests.push(toHex(Uint8Array.from(this.written.slice(0, length + 1))));
          this.written = [];
        }
      }
      if (offset === 2) {
        if (value & 0x80) {
          this.control &= ~B2hAtn;
          this.written = [];
        }
        if (value & 2) this.mask &= ~2;
        const rises = (value & 1) !== 0 && !(this.mask & 1);
        this.mask = value & 1 ? this.mask | 1 : 0;
        if (rises && this.control & (B2hAtn | SmsAtn)) this.#edge();
      }
    }
  }

  test('R49: whatever a host writes, the registers read as the tables say, and a transaction works afterwards', () => {
    const poke = fc.oneof(
      fc.tuple(
        fc.constant('write' as const),
        fc.constantFrom(0, 0, 0, 1, 2, 3),
        fc.oneof(fc.nat(255), fc.constantFrom(1, 2, 4, 8, 0x10, 0x20, 0x40)),
      ),
      fc.tuple(fc.constant('read' as const), fc.nat(3), fc.constant(0)),
      fc.tuple(fc.constant('respond' as const), fc.constant(0), fc.constant(0)),
      fc.tuple(fc.constant('attention' as const), fc.nat(1), fc.constant(0)),
    );
    fc.assert(
      fc.property(fc.array(poke, { maxLength: 300 }), (pokes) => {
        const { registers, requests, control, write, put, get } = bench();
        const table = new Table();
        for (const [kind, at, value] of pokes) {
          if (kind === 'write') {
            registers.write(at, value);
            table.write(at, value);
          } else if (kind === 'read') {
            registers.read(at);
          } else if (kind === 'respond') {
            registers.send(RESPONSE);
            table.respond();
          } else {
            registers.attention(at === 1, at === 1);
            table.attention(at === 1);
          }
          expect([control(), registers.read(2)]).toEqual([table.control, table.mask]);
          expect(control() & (ClrWrPtr | ClrRdPtr | H2bAtn | Oem0 | BBusy)).toBe(0);
        }
        expect(requests).toEqual(table.requests);
        if (control() & HBusy) write(HBusy);
        write(B2hAtn);
        put(3, 0x18, 9, 1);
        expect(requests.at(-1)).toBe('03 18 09 01');
        expect(registers.send(RESPONSE)).toBe('sent');
        write(ClrRdPtr);
        expect(get(5)).toBe('04 1c 07 01 c1');
      }),
      { numRuns: 300, seed: 11 },
    );
  });
});
