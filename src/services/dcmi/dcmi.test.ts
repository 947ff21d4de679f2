import { expect, test } from 'vitest';
import { rig } from '../../../test/support/bmc.ts';
import { toHex } from '../../../test/support/vectors.ts';

const temp = (name: string, number: number, entity: string, value: number) =>
  ({
    name,
    number,
    entity,
    type: 'temperature',
    unit: 'degrees C',
    range: [-128, 127],
    value,
    thresholds: {},
  }) as const;
const platform = {
  name: 'node-1',
  sensors: [
    temp('CPU1', 1, '3.1', 47),
    temp('CPU2', 2, '3.2', -5),
    temp('Inlet', 3, '55.1', 22),
    {
      name: 'PSU',
      number: 4,
      entity: '10.1',
      type: 'other units-based sensor',
      unit: 'Watts',
      range: [0, 1020],
      value: { base: 400, swing: 100, period: 60 },
    },
  ],
} as const;

/** A DCMI request; the answer without the body code. */
const dcmi = (options = {}) => {
  const made = rig({ ...platform, ...options });
  return {
    ...made,
    ask: async (cmd: number, ...data: number[]) =>
      (await made.send(0x2c, cmd, 0xdc, ...data)).filter((_, i) => i !== 1),
  };
};

test("temperatures by DCMI's own entity ids, below zero too, from any one on", async () => {
  const { ask } = dcmi();
  expect(await ask(0x10, 1, 0x41, 0, 0)).toEqual([0, 2, 2, 47, 1, 0x85, 2]);
  expect(await ask(0x10, 1, 0x03, 0, 2)).toEqual([0, 2, 1, 0x85, 2]);
  expect(await ask(0x10, 1, 0x40, 1, 0)).toEqual([0, 1, 1, 22, 1]);
  expect(await ask(0x10, 2, 0x40, 1, 0)).toEqual([0xcc]);
});

test('sensor info names the records that describe the sensors', async () => {
  const { ask, send } = dcmi();
  const [cc, total, count, ...ids] = await ask(7, 1, 0x41, 0, 0);
  expect([cc, total, count, ids.length]).toEqual([0, 2, 2, 4]);
  const record = await send(0x0a, 0x23, 0, 0, ids[2], ids[3], 0, 0xff);
  expect(record[3 + 7]).toBe(2);
});

test('power is sampled from the first question until two hours after the last one', async () => {
  const { ask, world } = dcmi();
  const idle = world.clock.pending;
  await ask(2, 1, 0, 0);
  await world.run(7_100_000);
  expect(world.clock.pending).toBe(idle + 1);
  await world.run(101_000);
  expect(world.clock.pending).toBe(idle);
});

test('power: a history that grows, with the window that was asked for', async () => {
  const { ask, world, bmc } = dcmi();
  const word = (bytes: number[], at: number): number => bytes[at] | (bytes[at + 1] << 8);
  const read = async (...mode: number[]) => {
    const bytes = await ask(2, ...mode, 0);
    const [current, minimum, maximum, average] = [1, 3, 5, 7].map((at) => word(bytes, at));
    return { current, minimum, maximum, average, period: word(bytes, 13), active: bytes[17] };
  };
  const first = await read(1, 0);
  expect(first).toMatchObject({
    minimum: first.current,
    maximum: first.current,
    average: first.current,
    period: 1000,
    active: 0x40,
  });
  await world.run(90_000);
  const minute = await read(1, 0);
  expect(minute.period).toBe(60_000);
  expect(minute.minimum).toBeLessThan(minute.average);
  expect(minute.average).toBeLessThan(minute.maximum);
  expect(minute.maximum - minute.minimum).toBeGreaterThan(100);
  const short = await read(2, 0x05);
  expect(short.maximum - short.minimum).toBeLessThan(minute.maximum - minute.minimum);
  expect(await ask(2, 2, 0x06, 0)).toEqual([0xcc]);
  // A peak of ten seconds is seen by the windows that reach back to it, and only by those.
  bmc.sensors.get(4, 0).set(900);
  await world.run(10_000);
  bmc.sensors.get(4, 0).set(undefined);
  await world.run(10_000);
  expect((await read(2, 0x05)).maximum).toBeLessThan(600);
  expect((await read(2, 0x41)).maximum).toBe(900);
  await world.run(120_000);
  expect((await read(2, 0x41)).maximum).toBeLessThan(600);
  expect((await read(2, 0x4f)).maximum).toBe(900);
  expect((await read(2, 0x81)).average).toBeLessThan(600);
});

test('without a sensor of watts nothing is measured', async () => {
  const { ask } = dcmi({ sensors: [temp('CPU1', 1, '3.1', 47)] });
  expect((await ask(2, 1, 0, 0)).at(-1)).toBe(0);
  expect((await ask(1, 1)).slice(4)).toEqual([0, 0, 1]);
});

test('a power limit acts when it is exceeded for longer than the correction time, once', async () => {
  const { ask, world, bmc } = dcmi();
  const watts = bmc.sensors.get(4, 0);
  const events = (): string[] =>
    Array.from({ length: bmc.sel.count }, (_, i) => toHex(bmc.sel.get(i + 1).record.subarray(10, 14)));
  watts.set(300);
  await ask(4, 0, 0, 0, 0x11, 0xf4, 0x01, 0xa0, 0x0f, 0, 0, 0, 0, 5, 0);
  watts.set(600);
  await world.run(10_000);
  expect(events()).toEqual([]);
  await ask(5, 1, 0, 0);
  await world.run(3000);
  watts.set(400);
  await world.run(2000);
  watts.set(600);
  await world.run(4000);
  expect(events()).toEqual([]);
  await world.run(20_000);
  // Power unit, limit status, limit exceeded.
  expect(events()).toEqual(['09 00 05 01']);
  await ask(4, 0, 0, 0, 0x01, 0xf4, 0x01, 0xe8, 0x03, 0, 0, 0, 0, 5, 0);
  await world.run(5000);
  expect(bmc.chassis.isOn).toBe(false);
  // Limit exceeded, transition to power off, power unit off.
  expect(events().slice(1)).toEqual(['09 00 05 01', '12 00 0a 02', '09 00 6f 00']);
});

test('a thermal limit of the inlet acts after its time; without an action it is off', async () => {
  const { ask, world, bmc } = dcmi();
  expect(await ask(0x0c, 0x40, 1)).toEqual([0, 0, 60, 60, 0]);
  expect(await ask(0x0b, 0x40, 1, 0x40, 30, 5, 0)).toEqual([0]);
  expect(await ask(0x0c, 0x37, 1)).toEqual([0, 0x40, 30, 5, 0]);
  bmc.sensors.get(3, 0).set(31);
  await world.run(5000);
  expect(bmc.chassis.isOn).toBe(true);
  await world.run(3000);
  expect(bmc.chassis.isOn).toBe(false);
  expect(toHex(bmc.sel.get(1).record.subarray(10, 14))).toBe('01 00 05 01');
});

test('configuration: DHCP is started and reads 0; timings last; reserved bits are refused', async () => {
  const { ask } = dcmi();
  expect(await ask(0x13, 1, 0)).toEqual([0, 1, 5, 1, 0]);
  expect(await ask(0x12, 1, 0, 1)).toEqual([0]);
  expect(await ask(0x13, 1, 0)).toEqual([0, 1, 5, 1, 0]);
  expect(await ask(0x12, 2, 0, 0x83)).toEqual([0]);
  expect(await ask(0x12, 2, 0, 0x04)).toEqual([0xcc]);
  expect(await ask(0x12, 4, 0, 0x2c, 1)).toEqual([0]);
  expect(await ask(0x13, 4, 0)).toEqual([0, 1, 5, 1, 0x2c, 1]);
  expect(await ask(0x12, 4, 0, 1)).toEqual([0xc7]);
  expect(await ask(0x13, 9, 0)).toEqual([0xcc]);
});

test('a power limit that is not active comes with 80h; active with 00h', async () => {
  const { ask } = dcmi();
  expect(await ask(4, 0, 0, 0, 0x11, 0xf4, 0x01, 0xd0, 7, 0, 0, 0, 0, 5, 0)).toEqual([0]);
  const limit = [0, 0, 0x11, 0xf4, 0x01, 0xd0, 7, 0, 0, 0, 0, 5, 0];
  expect(await ask(3, 0, 0)).toEqual([0x80, ...limit]);
  expect(await ask(5, 1, 0, 0)).toEqual([0]);
  expect(await ask(3, 0, 0)).toEqual([0, ...limit]);
  expect(await ask(4, 0, 0, 0, 0x12, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0)).toEqual([0xcc]);
});

test('asset tag and controller id in pieces, with an end', async () => {
  const { ask } = dcmi();
  const text = (value: string): number[] => Array.from(new TextEncoder().encode(value));
  expect(await ask(9, 0, 16)).toEqual([0, 7, ...text('node-1\0')]);
  expect(await ask(8, 0, 16, ...text('0123456789abcdef'))).toEqual([0, 16]);
  expect(await ask(8, 16, 3, ...text('ghi'))).toEqual([0, 19]);
  expect(await ask(6, 10, 16)).toEqual([0, 19, ...text('abcdefghi')]);
  expect(await ask(8, 0, 4, ...text('abc'))).toEqual([0xc7]);
  expect(await ask(8, 40, 1, 1)).toEqual([0xc9]);
  expect(await ask(6, 0, 17)).toEqual([0xc9]);
});
