import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toHex } from '../../../test/support/vectors.ts';
import { pec } from './pec.ts';
import { smbusOf, SsifDriver } from './ssif-driver.ts';
import { SSIF_MESSAGE_MAX, SsifCommand, SsifTarget } from './ssif.ts';

const { Write, Read, WriteStart, WriteMiddle, WriteEnd, ReadMiddle, ReadRetry } = SsifCommand;

function bench(open = true) {
  const requests: Uint8Array[] = [];
  const log: string[] = [];
  const target = new SsifTarget({ alert: (asserted) => log.push(asserted ? 'alert' : 'no alert') });
  if (open)
    target.open({
      request: (message) => requests.push(message),
      cancelled: () => log.push('cancelled'),
      ready: () => undefined,
    });
  const bus = smbusOf(target, () => Promise.reject(new Error('nothing comes')));
  const write = (command: number, ...block: number[]): boolean =>
    bus.writeBlock(command, Uint8Array.from(block)) as boolean;
  const read = (command: number): string | undefined => {
    const block = bus.readBlock(command) as Uint8Array | undefined;
    return block && toHex(block);
  };
  const raw = (...bytes: number[]): void => {
    target.start('write');
    for (const byte of bytes) target.write(byte);
    target.stop();
  };
  return { target, requests, log, write, read, raw };
}

const bytes = (length: number, from = 0): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (from + i) & 0xff);
/** A response of this many bytes in all. */
const response = (length: number): Uint8Array => Uint8Array.of(0x1c, 1, 0, ...bytes(length - 3));
const noPause = (): Promise<void> => Promise.reject(new Error('nothing comes'));

describe('SSIF target', () => {
  test('the packet error code of the SMBus specification’s CRC-8', () => {
    expect(pec(new TextEncoder().encode('123456789'))).toBe(0xf4);
  });

  test('a request and a response in one part each; not acknowledged before the response is there', () => {
    const { target, requests, write, read } = bench();
    expect(write(Write, 0x18, 1)).toBe(true);
    expect(requests.map(toHex)).toEqual(['18 01']);
    expect(read(Read)).toBeUndefined();
    expect(target.send(response(5))).toBe('sent');
    expect(read(Read)).toBe('1c 01 00 00 01');
    // The same again, until the next request begins.
    expect(read(Read)).toBe('1c 01 00 00 01');
    expect(read(ReadMiddle)).toBeUndefined();
    write(Write, 0x18, 2);
    expect(read(Read)).toBeUndefined();
  });

  test.each([32, 33, 62, 63, 64, 93, 94, SSIF_MESSAGE_MAX])(
    'a response of %i bytes in parts, as the Linux driver reads it',
    async (length) => {
      for (const withPec of [false, true]) {
        const { target, write } = bench();
        write(Write, 0x18, 1);
        target.send(response(length));
        expect(toHex(await new SsifDriver(smbusOf(target, noPause, withPec)).read())).toBe(
          toHex(response(length)),
        );
      }
    },
  );

  test('the parts of a response: 00 01 and 30 bytes, then numbered blocks of 31, the last one FFh', () => {
    const { target, write, read } = bench();
    write(Write, 0x18, 1);
    target.send(response(96));
    expect(read(Read)).toBe(`00 01 ${toHex(response(96).subarray(0, 30))}`);
    expect(read(ReadMiddle)).toBe(`00 ${toHex(response(96).subarray(30, 61))}`);
    expect(read(ReadMiddle)).toBe(`01 ${toHex(response(96).subarray(61, 92))}`);
    expect(read(ReadMiddle)).toBe(`ff ${toHex(response(96).subarray(92))}`);
    expect(read(ReadMiddle)).toBeUndefined();
    // Again from a block on, in both forms that hosts write it.
    write(ReadRetry, 1);
    expect(read(ReadMiddle)?.slice(0, 2)).toBe('01');
    target.start('write');
    for (const byte of [ReadRetry, 0]) target.write(byte);
    target.stop();
    expect(read(ReadMiddle)?.slice(0, 2)).toBe('00');
    write(ReadRetry, 0xff);
    expect(read(ReadMiddle)?.slice(0, 2)).toBe('ff');
    expect(read(Read)?.slice(0, 5)).toBe('00 01');
  });

  test('R42: a part that was not read to its end is read again', () => {
    const { target, write, read } = bench();
    write(Write, 0x18, 1);
    target.send(response(70));
    const half = (command: number): void => {
      target.start('write');
      target.write(command);
      target.start('read');
      for (let i = 0; i < 10; i++) target.read();
      target.stop();
    };
    half(Read);
    expect(read(ReadMiddle)).toBeUndefined();
    read(Read);
    half(ReadMiddle);
    expect(read(ReadMiddle)?.slice(0, 2)).toBe('00');
  });

  test.each([33, 63, 64, 65, 95, 96, 97, 200, SSIF_MESSAGE_MAX])(
    'a request of %i bytes in parts',
    async (length) => {
      for (const withPec of [false, true]) {
        const { target, requests } = bench();
        await new SsifDriver(smbusOf(target, noPause, withPec)).write(bytes(length, 0x18));
        expect(requests.map(toHex)).toEqual([toHex(bytes(length, 0x18))]);
      }
    },
  );

  test('older Linux ends a request with a middle part that is not full, and may end it with an empty one', () => {
    const { requests, write } = bench();
    write(WriteStart, ...bytes(32));
    write(WriteMiddle, ...bytes(5));
    write(WriteStart, ...bytes(32));
    write(WriteEnd);
    expect(requests.map(({ length }) => length)).toEqual([37, 32]);
  });

  test('R36: what is no whole transaction is dropped, and the parts after it, until a request starts', () => {
    const { target, requests, write, raw } = bench();
    raw(Write);
    raw(Write, 2, 0x18);
    raw(Write, 1, 0x18);
    raw(Write, 0);
    raw(Write, 2, 0x18, 1, 0x99);
    raw(Write, 33, ...bytes(33));
    raw(0x05, 2, 0x18, 1);
    write(WriteMiddle, 1);
    write(WriteEnd, 1);
    write(WriteStart, ...bytes(31));
    write(WriteEnd, 1);
    write(WriteStart, ...bytes(32));
    raw(WriteMiddle, 32, ...bytes(32), 0x00);
    write(WriteEnd, 1);
    write(WriteStart, ...bytes(32));
    for (let i = 0; i < 7; i++) write(WriteMiddle, ...bytes(32));
    write(WriteEnd, 1);
    expect(requests).toEqual([]);
    expect(target.counters.dropped).toBeGreaterThan(10);
    raw(Write, 2, 0x18, 1, pec([0x20, Write, 2, 0x18, 1]));
    expect(requests.map(toHex)).toEqual(['18 01']);
  });

  test('a new request voids the one before, whose answer has no receiver', () => {
    const { target, requests, log, write, read } = bench();
    write(Write, 0x18, 1);
    write(WriteStart, ...bytes(32));
    expect(log).toEqual(['cancelled']);
    expect(target.send(response(5))).toBe('gone');
    write(Write, 0x18, 2);
    target.send(response(4));
    expect(read(Read)).toBe('1c 01 00 00');
    expect(requests).toHaveLength(2);
  });

  test('alert: a response that waits, if enabled, and attention; the alert response names the target once', () => {
    const { target, log, write, read } = bench();
    write(Write, 0x18, 1);
    target.send(response(5));
    expect(log).toEqual([]);
    target.interrupts(true);
    expect(log.splice(0)).toEqual(['alert']);
    expect(target.alertResponse()).toBe(0x20);
    expect(target.alertResponse()).toBeUndefined();
    expect(log.splice(0)).toEqual(['no alert']);
    write(Write, 0x18, 1);
    target.send(response(5));
    expect(log.splice(0)).toEqual(['alert']);
    read(Read);
    expect(log.splice(0)).toEqual(['no alert']);
    target.attention(true, true);
    target.attention(false, false);
    expect(log).toEqual(['alert', 'no alert']);
  });

  test('without a BMC behind it nothing is acknowledged; a response that was there may still be read', () => {
    const { write } = bench(false);
    expect(write(Write, 0x18, 1)).toBe(false);
    const one = bench();
    one.write(Write, 0x18, 1);
    one.target.send(response(40));
    one.target.close();
    expect(one.read(Read)?.slice(0, 5)).toBe('00 01');
    expect(one.read(ReadMiddle)?.slice(0, 2)).toBe('ff');
    one.write(Write, 0x18, 1);
    expect(one.requests).toHaveLength(1);
  });

  test('R49: whatever happens on the bus, requests come up only whole, and a transaction works afterwards', async () => {
    const event = fc.oneof(
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('start' as const), value: fc.nat(1) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('stop' as const), value: fc.constant(0) }) },
      {
        weight: 8,
        arbitrary: fc.record({
          kind: fc.constant('byte' as const),
          value: fc.oneof(fc.constantFrom(0, 1, 2, 3, 6, 7, 8, 9, 10, 32), fc.nat(255)),
        }),
      },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('read' as const), value: fc.constant(0) }) },
      {
        weight: 4,
        arbitrary: fc.record({
          kind: fc.constant('block' as const),
          value: fc.constantFrom<number>(Write, WriteStart, WriteMiddle, WriteEnd),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant('respond' as const),
          value: fc.integer({ min: 3, max: SSIF_MESSAGE_MAX }),
        }),
      },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 200 }), fc.boolean(), async (events, withPec) => {
        const { target, requests, write } = bench();
        for (const { kind, value } of events) {
          if (kind === 'start') target.start(value ? 'read' : 'write');
          else if (kind === 'stop') target.stop();
          else if (kind === 'byte') target.write(value);
          else if (kind === 'read') target.read();
          else if (kind === 'block') write(value, ...bytes(value === WriteEnd ? 3 : 32));
          else target.send(response(value));
        }
        expect(requests.every(({ length }) => length >= 2 && length <= SSIF_MESSAGE_MAX)).toBe(true);
        const driver = new SsifDriver(smbusOf(target, noPause, withPec));
        await driver.write(bytes(100));
        expect(toHex(requests.at(-1)!)).toBe(toHex(bytes(100)));
        expect(target.send(response(77))).toBe('sent');
        expect(toHex(await driver.read())).toBe(toHex(response(77)));
      }),
      { numRuns: 300, seed: 7 },
    );
  });
});
