import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toHex } from '../../../test/support/vectors.ts';
import { Bmc } from '../../bmc.ts';
import { handleRaw, type Answer } from '../../router/index.ts';
import {
  BtControl,
  BtRegisters,
  KcsDriver,
  KcsRegisters,
  SsifDriver,
  smbusOf,
  SsifTarget,
  type HostBus,
  type Registers,
} from '../../wire/host/index.ts';
import { simWorld } from '../../world/index.ts';
import { BtInterface, KcsInterface, SsifInterface } from './index.ts';

function bench(answer: (data: Uint8Array) => Answer | Promise<Answer> = (data) => Uint8Array.of(0, ...data)) {
  const world = simWorld(5);
  const bmc = new Bmc({ sel: { bootEvents: false } }, { world });
  bmc.router.register({
    owner: 'test',
    handlers: [handleRaw({ netFn: 0x30, cmd: '*' }, ({ data }) => answer(data.slice()))],
  });
  const takes = <T>(ms: number, result: T): Promise<T> =>
    new Promise((resolve) => void world.clock.after(ms, () => resolve(result)));
  return { world, bmc, takes };
}

type Takes = <T>(ms: number, result: T) => Promise<T>;

const busOf = (
  registers: Registers,
  takes: Takes,
  pause = (): Promise<void> => takes(3, undefined),
): HostBus => ({
  read: (at) => takes(0.001, registers.read(at)),
  write: (at, value) => takes(0.001, registers.write(at, value)),
  pause,
});

async function bt(answer?: (data: Uint8Array) => Answer | Promise<Answer>) {
  const { world, bmc } = bench(answer);
  const registers = new BtRegisters();
  const one = new BtInterface({ bmc, port: registers, clock: world.clock });
  const attachment = await bmc.attach(one);
  const control = (bits?: number): number => {
    if (bits !== undefined) registers.write(0, bits);
    return registers.read(0);
  };
  const put = (...bytes: number[]): void => {
    control(BtControl.ClrWrPtr);
    for (const byte of bytes) registers.write(1, byte);
    control(BtControl.H2bAtn);
  };
  const get = (): string | undefined => {
    if (!(control() & BtControl.B2hAtn)) return undefined;
    control(BtControl.HBusy);
    control(BtControl.B2hAtn);
    control(BtControl.ClrRdPtr);
    const length = registers.read(1);
    const bytes = Array.from({ length }, () => registers.read(1));
    control(BtControl.HBusy);
    return toHex(Uint8Array.of(length, ...bytes));
  };
  return { world, bmc, registers, one, attachment, control, put, get };
}

describe('BT interface', () => {
  test('R36: zero length, a lying length and trailing bytes', async () => {
    const { put, get, one } = await bt();
    put(4, 0xc0, 1, 5, 9, 0xee, 0xee);
    expect(get()).toBe('05 c4 01 05 00 09');
    put(20, 0xc0, 2, 5, 9);
    expect(get()).toBe('04 c4 02 05 c7');
    put(0);
    put(0, 0xc0, 3, 5);
    expect(get()).toBeUndefined();
    expect(one.counters).toMatchObject({ tooShort: 0, runts: 2 });
    // A response is no request.
    put(4, 0xc4, 4, 5, 0);
    expect(get()).toBe('04 c4 04 05 c1');
  });

  test('R43: several requests at once, in any order; a stale sequence number is the host’s to ignore', async () => {
    const { world, put, get } = await bt(
      ([delay]) => new Promise((resolve) => world.clock.after(delay, () => resolve(Uint8Array.of(0, delay)))),
    );
    for (const [seq, delay] of [30, 10, 20].entries()) put(4, 0xc0, seq, 7, delay);
    await world.run(40);
    expect([get(), get(), get(), get()]).toEqual([
      '05 c4 01 07 00 0a',
      '05 c4 02 07 00 14',
      '05 c4 00 07 00 1e',
      undefined,
    ]);
  });

  test('R22, R41: a host that fetches nothing is shown B_BUSY, keeps nobody’s memory, and is served when it is back', async () => {
    const { world, one, put, get, control } = await bt();
    for (let i = 0; i < 10_000 && !(control() & BtControl.BBusy); i++) put(3, 0xc0, i & 0xff, 1);
    expect(control() & BtControl.BBusy).toBe(BtControl.BBusy);
    // One that writes nevertheless.
    for (let i = 0; i < 10_000; i++) put(3, 0xc0, 5, 1);
    expect(one.unsent).toBeLessThanOrEqual(32);
    await world.run(4900);
    expect(get()).toBe('04 c4 00 01 00');
    // After request-to-response nothing of that is returned any more (§11.4).
    await world.run(200);
    expect(get()).toBe('04 c4 05 01 00');
    expect(control()).toBe(0);
    expect(one.unsent).toBe(0);
    put(4, 0xc0, 7, 1, 2);
    expect(get()).toBe('05 c4 07 01 00 02');
    expect(get()).toBeUndefined();
  });

  test('a response that nobody fetches is withdrawn for the next one', async () => {
    const { world, put, get, control } = await bt();
    put(3, 0xc0, 1, 1);
    await world.run(3000);
    put(3, 0xc0, 2, 1);
    await world.run(2100);
    expect(get()).toBe('04 c4 02 01 00');
    // With H_BUSY left behind by a host that died.
    control(BtControl.HBusy);
    put(3, 0xc0, 3, 1);
    await world.run(20_000);
    control(BtControl.HBusy);
    expect(get()).toBeUndefined();
    put(3, 0xc0, 4, 1);
    expect(get()).toBe('04 c4 04 01 00');
  });

  test('R45: Get BT Interface Capabilities says what is true', async () => {
    const { put, get, one } = await bt();
    put(3, 0x18, 1, 0x36);
    const [outstanding, input, output, seconds] = get()!
      .split(' ')
      .slice(5)
      .map((byte) => parseInt(byte, 16));
    expect([outstanding, seconds * 1000 > one.deadline]).toEqual([one.inFlightLimit, true]);
    put(input - 1, 0xc0, 2, 1, ...new Uint8Array(input - 4));
    expect(get()!.split(' ')).toHaveLength(output + 1);
  });

  test('after the host’s reset no answer to what it asked before', async () => {
    const { world, registers, put, get } = await bt(
      () => new Promise((resolve) => world.clock.after(50, () => resolve(Uint8Array.of(0)))),
    );
    put(3, 0xc0, 1, 1);
    registers.write(2, 0x80);
    await world.run(100);
    expect(get()).toBeUndefined();
    put(3, 0xc0, 1, 2);
    await world.run(100);
    expect(get()).toBe('04 c4 01 02 00');
  });
});

describe('SSIF interface', () => {
  test('busy before the host’s side gives up (P6), and while the handler is still at work; then its late answer is dropped', async () => {
    const { world, bmc, takes } = bench(([delay]) => takes(delay * 10, Uint8Array.of(0, delay)));
    const target = new SsifTarget();
    const one = new SsifInterface({ bmc, port: target, clock: world.clock });
    await bmc.attach(one);
    const driver = new SsifDriver(smbusOf(target, () => takes(1, undefined)));
    const began = world.clock.monotonic();
    const ask = async (delay: number): Promise<string> =>
      toHex(await world.until(driver.request(Uint8Array.of(0xc0, 1, delay))));
    expect(await ask(100)).toBe('c4 01 c0');
    expect(world.clock.monotonic() - began).toBeLessThan(500);
    expect(await ask(5)).toBe('c4 01 c0');
    await world.run(700);
    expect(await ask(5)).toBe('c4 01 00 05');
    expect(one.counters.abandoned).toBe(1);
  });

  test('R45: as many bytes as Get System Interface Capabilities says', async () => {
    const { world, bmc, takes } = bench((data) => Uint8Array.of(0, ...data.subarray(1)));
    const target = new SsifTarget();
    await bmc.attach(new SsifInterface({ bmc, port: target, clock: world.clock }));
    const driver = new SsifDriver(smbusOf(target, () => takes(1, undefined), true));
    const long = Uint8Array.from({ length: 0xfe }, () => 0xc0);
    expect(toHex(await world.until(driver.request(long)))).toBe(
      toHex(Uint8Array.of(0xc4, 0xc0, 0, ...new Uint8Array(251).fill(0xc0))),
    );
  });
});

describe('KCS interface', () => {
  test('interrupts of transfers follow Set BMC Global Enables', async () => {
    const { world, bmc, takes } = bench();
    const line: boolean[] = [];
    const registers = new KcsRegisters((asserted) => line.push(asserted));
    await bmc.attach(new KcsInterface({ bmc, port: registers, clock: world.clock }));
    const bus = busOf(registers, takes);
    const driver = new KcsDriver(bus);
    await world.until(driver.request(Uint8Array.of(0x18, 0x01)));
    expect(line).toEqual([]);
    await world.until(driver.request(Uint8Array.of(0x18, 0x2e, 0x09)));
    await world.until(driver.request(Uint8Array.of(0x18, 0x01)));
    expect(line.length).toBeGreaterThan(10);
  });
});

/** What a host may do in the middle of a request. */
const step = fc.record({ delay: fc.nat(120), patience: fc.nat(150), abort: fc.boolean() });

test.each(['kcs', 'ssif'] as const)(
  'R40: %s: whatever a host gives up and asks again, an answer is the one to its question',
  async (kind) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 30 }), async (steps) => {
        const { world, bmc, takes } = bench(([id, delay]) =>
          delay === 0 ? Uint8Array.of(0, id) : takes(delay, Uint8Array.of(0, id)),
        );
        const kcs = new KcsRegisters();
        const ssif = new SsifTarget();
        await bmc.attach(
          kind === 'kcs'
            ? new KcsInterface({ bmc, port: kcs, clock: world.clock })
            : new SsifInterface({ bmc, port: ssif, clock: world.clock }),
        );
        const answered = { own: 0, busy: 0 };
        for (const [id, { delay, patience, abort }] of steps.entries()) {
          const alive = world.clock.monotonic() + patience;
          const pause = (): Promise<void> =>
            world.clock.monotonic() > alive ? Promise.reject(new Error('given up')) : takes(3, undefined);
          const host =
            kind === 'kcs'
              ? new KcsDriver(busOf(kcs, takes, pause))
              : new SsifDriver(smbusOf(ssif, pause, id % 2 === 0));
          const response = await world.until(
            host.request(Uint8Array.of(0xc0, 7, id, delay)).catch(() => undefined),
          );
          if (response?.[2] === 0) {
            expect(toHex(response)).toBe(toHex(Uint8Array.of(0xc4, 7, 0, id)));
            answered.own++;
          } else if (response) {
            expect(response[2]).toBe(0xc0);
            answered.busy++;
          } else if (abort && kind === 'kcs') {
            await world.until(new KcsDriver(busOf(kcs, takes)).abort());
          }
        }
        await world.run(200);
        const last =
          kind === 'kcs'
            ? new KcsDriver(busOf(kcs, takes))
            : new SsifDriver(smbusOf(ssif, () => takes(1, undefined)));
        expect(toHex(await world.until(last.request(Uint8Array.of(0xc0, 7, 200, 0))))).toBe('c4 07 00 c8');
      }),
      { numRuns: 60, seed: 3 },
    );
  },
);
