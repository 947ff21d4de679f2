import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toHex } from '../../../test/support/vectors.ts';
import { KCS_MESSAGE_MAX, KcsCode, KcsError, KcsRegister, KcsRegisters, KcsState, KcsStatus } from './kcs.ts';

const { Data, Control } = KcsRegister;
const { GetStatusAbort, WriteStart, WriteEnd, Read } = KcsCode;

function bench(open = true) {
  const requests: string[] = [];
  const log: string[] = [];
  const registers = new KcsRegisters((asserted) => log.push(asserted ? 'irq' : 'no irq'));
  if (open)
    registers.open({
      request: (message) => requests.push(toHex(message)),
      cancelled: () => log.push('cancelled'),
      ready: () => undefined,
    });
  const state = (): number => registers.read(Control) >> 6;
  const obf = (): boolean => (registers.read(Control) & KcsStatus.Obf) !== 0;
  const take = (): number => registers.read(Data);
  const request = (...bytes: number[]): void => {
    registers.write(Control, WriteStart);
    for (const byte of bytes.slice(0, -1)) registers.write(Data, byte);
    registers.write(Control, WriteEnd);
    registers.write(Data, bytes.at(-1)!);
  };
  const response = (): string => {
    const bytes: number[] = [];
    while (state() === KcsState.Read && bytes.length < 2000) {
      bytes.push(take());
      registers.write(Data, Read);
    }
    take();
    return toHex(Uint8Array.from(bytes));
  };
  /** Figure 9-8. */
  const status = (): number => {
    registers.write(Control, GetStatusAbort);
    expect(state()).toBe(KcsState.Write);
    take();
    registers.write(Data, 0);
    expect([state(), obf()]).toEqual([KcsState.Read, true]);
    const code = take();
    registers.write(Data, Read);
    expect([state(), obf()]).toEqual([KcsState.Idle, true]);
    take();
    return code;
  };
  return { registers, requests, log, state, obf, take, request, response, status };
}

describe('KCS registers', () => {
  test('a transfer, step by step as figures 9-6 and 9-7 have it', () => {
    const { registers, requests, state, obf, take } = bench();
    const step = (offset: number, value: number): [number, boolean] => {
      registers.write(offset, value);
      const seen: [number, boolean] = [state(), obf()];
      if (seen[1] && seen[0] === KcsState.Write) expect(take()).toBe(0);
      return seen;
    };
    expect([state(), obf()]).toEqual([KcsState.Idle, false]);
    expect(step(Control, WriteStart)).toEqual([KcsState.Write, true]);
    expect(registers.read(Control) & KcsStatus.CommandNotData).toBe(KcsStatus.CommandNotData);
    expect(step(Data, 0x18)).toEqual([KcsState.Write, true]);
    expect(registers.read(Control) & KcsStatus.CommandNotData).toBe(0);
    expect(step(Control, WriteEnd)).toEqual([KcsState.Write, true]);
    expect(step(Data, 0x01)).toEqual([KcsState.Read, false]);
    expect(requests).toEqual(['18 01']);
    expect(registers.send(Uint8Array.of(0x1c, 0x01, 0x00))).toBe('sent');
    expect([state(), obf(), take()]).toEqual([KcsState.Read, true, 0x1c]);
    expect(step(Data, Read)).toEqual([KcsState.Read, true]);
    expect(take()).toBe(0x01);
    expect(step(Data, Read)).toEqual([KcsState.Read, true]);
    expect(take()).toBe(0x00);
    expect(step(Data, Read)).toEqual([KcsState.Idle, true]);
    expect([take(), obf()]).toEqual([0, false]);
  });

  test.each<[string, number, (one: ReturnType<typeof bench>) => void]>([
    ['nothing went on', KcsError.None, () => undefined],
    [
      'a write was broken off',
      KcsError.Aborted,
      ({ registers }) => [registers.write(Control, WriteStart), registers.write(Data, 0x18)],
    ],
    ['a response was awaited', KcsError.Aborted, ({ request }) => request(0x18, 1)],
    [
      'a response was being read',
      KcsError.Aborted,
      ({ registers, request, take }) => [
        request(0x18, 1),
        registers.send(Uint8Array.of(0x1c, 1, 0)),
        take(),
        registers.write(Data, Read),
      ],
    ],
    [
      'a control code that there is not',
      KcsError.IllegalControlCode,
      ({ registers }) => registers.write(Control, 0x63),
    ],
    [
      'WRITE_END with nothing begun',
      KcsError.IllegalControlCode,
      ({ registers }) => registers.write(Control, WriteEnd),
    ],
    [
      'WRITE_END twice',
      KcsError.IllegalControlCode,
      ({ registers }) => [
        registers.write(Control, WriteStart),
        registers.write(Control, WriteEnd),
        registers.write(Control, WriteEnd),
      ],
    ],
    [
      'another byte than READ while reading',
      KcsError.IllegalControlCode,
      ({ registers, request }) => [
        request(0x18, 1),
        registers.send(Uint8Array.of(0x1c, 1, 0)),
        registers.write(Data, 0x67),
      ],
    ],
    ['a byte with nothing begun', KcsError.Unspecified, ({ registers }) => registers.write(Data, 5)],
    [
      'a byte while a response was awaited',
      KcsError.Unspecified,
      ({ registers, request }) => [request(0x18, 1), registers.write(Data, 5)],
    ],
    [
      'one byte more than the buffer',
      KcsError.Length,
      ({ request }) => request(...new Uint8Array(KCS_MESSAGE_MAX + 1)),
    ],
    ['a message of one byte', KcsError.Length, ({ request }) => request(0x18)],
    [
      'the BMC broke off',
      KcsError.Unspecified,
      ({ registers, request }) => [request(0x18, 1), registers.abort()],
    ],
  ])('GET_STATUS/ABORT when %s: %i', (_name, code, act) => {
    const one = bench();
    act(one);
    if (code !== KcsError.None && code !== KcsError.Aborted)
      expect([one.state(), one.obf()]).toEqual([KcsState.Error, true]);
    expect(one.status()).toBe(code);
    expect(one.status()).toBe(KcsError.None);
    one.requests.length = 0;
    one.request(0x18, 1);
    expect(one.requests).toEqual(['18 01']);
    one.registers.send(Uint8Array.of(0x1c, 1, 0));
    expect(one.response()).toBe('1c 01 00');
  });

  test('WRITE_START is always legal: what went on is void, and its answer has no receiver', () => {
    const { registers, requests, log, request, response } = bench();
    request(0x18, 1);
    request(0x18, 2);
    expect(log).toEqual(['cancelled']);
    expect(registers.send(Uint8Array.of(0x1c, 2, 0))).toBe('sent');
    // In the middle of the response.
    registers.read(Data);
    registers.write(Data, Read);
    request(0x18, 3);
    registers.send(Uint8Array.of(0x1c, 3, 0));
    expect(response()).toBe('1c 03 00');
    expect(registers.send(Uint8Array.of(0x1c, 3, 0))).toBe('gone');
    expect(requests).toEqual(['18 01', '18 02', '18 03']);
    request(...new Uint8Array(KCS_MESSAGE_MAX));
    expect(requests).toHaveLength(4);
  });

  test('without a BMC behind it: ERROR_STATE, whatever is written; afterwards IDLE_STATE (§9.7)', () => {
    const { registers, state, request } = bench(false);
    expect(state()).toBe(KcsState.Error);
    request(0x18, 1);
    expect(state()).toBe(KcsState.Error);
    registers.open({ request: () => undefined, cancelled: () => undefined, ready: () => undefined });
    expect(state()).toBe(KcsState.Idle);
    registers.close();
    expect(state()).toBe(KcsState.Error);
  });

  test('interrupts: with each byte if enabled; attention waits until the transfer is over (§9.12, §9.13)', () => {
    const { registers, log, request, response, state } = bench();
    request(0x18, 1);
    registers.send(Uint8Array.of(0x1c, 1, 0));
    response();
    expect(log.splice(0)).toEqual([]);
    registers.attention(true, true);
    expect(registers.read(Control) & KcsStatus.SmsAtn).toBe(KcsStatus.SmsAtn);
    expect(log.splice(0)).toEqual(['irq']);
    registers.interrupts(true);
    registers.write(Control, WriteStart);
    expect(log.splice(0)).toEqual(['no irq', 'irq']);
    registers.read(Data);
    expect(log.splice(0)).toEqual(['no irq']);
    registers.write(Data, 0x18);
    expect(log.splice(0)).toEqual(['irq']);
    registers.read(Data);
    registers.write(Control, WriteEnd);
    registers.read(Data);
    registers.write(Data, 0x31);
    log.length = 0;
    registers.send(Uint8Array.of(0x1c, 0x31, 0));
    expect(log.splice(0)).toEqual(['irq']);
    response();
    expect(state()).toBe(KcsState.Idle);
    // The line is up again for the attention that is still there.
    expect(log.at(-1)).toBe('irq');
    registers.attention(false, false);
    expect(log.at(-1)).toBe('no irq');
  });

  /** State after a write, from figures 9-6 to 9-8: rows by what the interface is doing. */
  type Doing = 'idle' | 'error' | 'write' | 'end' | 'wait' | 'read' | 'status' | 'code';
  const states: Record<Doing, number> = {
    idle: 0,
    error: 3,
    write: 2,
    end: 2,
    wait: 1,
    read: 1,
    status: 2,
    code: 1,
  };
  const control = (doing: Doing, code: number): Doing => {
    if (code === WriteStart) return 'write';
    if (code === GetStatusAbort) return 'status';
    return code === WriteEnd && doing === 'write' ? 'end' : 'error';
  };
  const data: Record<Doing, (value: number, last: boolean, length: number) => Doing> = {
    idle: () => 'error',
    error: () => 'error',
    write: () => 'write',
    end: (_value, _last, length) => (length >= 1 ? 'wait' : 'error'),
    wait: () => 'error',
    read: (value, last) => (value !== Read ? 'error' : last ? 'idle' : 'read'),
    status: () => 'code',
    code: () => 'idle',
  };

  test('R49: whatever a host writes, the state is the one of the figures, and a transaction works afterwards', () => {
    const poke = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.tuple(
          fc.constant('control' as const),
          fc.constantFrom<number>(WriteStart, WriteEnd, WriteEnd, GetStatusAbort, 0x63),
        ),
      },
      {
        weight: 6,
        arbitrary: fc.tuple(fc.constant('data' as const), fc.oneof(fc.constant<number>(Read), fc.nat(255))),
      },
      { weight: 3, arbitrary: fc.tuple(fc.constant('respond' as const), fc.constant(0)) },
      { weight: 2, arbitrary: fc.tuple(fc.constant('read' as const), fc.constant(0)) },
    );
    fc.assert(
      fc.property(fc.array(poke, { maxLength: 200 }), (pokes) => {
        const { registers, requests, state, request, response } = bench();
        let doing: Doing = 'idle';
        let length = 0;
        let left = 0;
        for (const [kind, value] of pokes) {
          if (kind === 'control') {
            registers.write(Control, value);
            doing = control(doing, value);
            if (doing === 'write') length = 0;
          } else if (kind === 'data') {
            registers.write(Data, value);
            const before: Doing = doing;
            doing = data[doing](value, left === 0, length);
            if (before === 'read') left--;
            if (before === 'write') length++;
          } else if (kind === 'respond') {
            const result = registers.send(Uint8Array.of(0x1c, 1, 0, 5));
            expect(result).toBe(doing === 'wait' ? 'sent' : 'gone');
            if (doing === 'wait') {
              doing = 'read';
              left = 3;
            }
          } else {
            registers.read(Data);
          }
          expect(state()).toBe(states[doing]);
        }
        request(0x18, 0x55);
        expect(requests.at(-1)).toBe('18 55');
        registers.send(Uint8Array.of(0x1c, 0x55, 0));
        expect(response()).toBe('1c 55 00');
        expect(state()).toBe(KcsState.Idle);
      }),
      { numRuns: 500, seed: 9 },
    );
  });
});
