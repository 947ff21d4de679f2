import { expect, test } from 'vitest';
import { rig } from '../../test/support/bmc.ts';

const temp = (name: string, number: number, entity: string, value: number) =>
  ({ name, number, entity, type: 'temperature', unit: 'degrees C', range: [-128, 127], value, thresholds: {} }) as const;
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
  return { ...made, ask: async (cmd: number, ...data: number[]) => (await made.send(0x2c, cmd, 0xdc, ...data)).filter((_, i) => i !== 1) };
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

test('power: now lies between least and most, and a longer window reaches further', async () => {
  const { ask, world } = dcmi();
  const word = (bytes: number[], at: number): number => bytes[at] | (bytes[at + 1] << 8);
  const statistics = await ask(2, 1, 0, 0);
  const [current, minimum, maximum, average] = [1, 3, 5, 7].map((at) => word(statistics, at));
  expect(minimum).toBeLessThan(average);
  expect(average).toBeLessThan(maximum);
  expect(current).toBeGreaterThanOrEqual(minimum);
  expect(current).toBeLessThanOrEqual(maximum);
  expect(maximum - minimum).toBeGreaterThan(100);
  const short = await ask(2, 2, 0x05, 0);
  expect(word(short, 5) - word(short, 3)).toBeLessThan(maximum - minimum);
  await world.run(15_000);
  expect(word(await ask(2, 1, 0, 0), 1)).not.toBe(current);
  expect(await ask(2, 2, 0x07, 0)).toEqual([0xcc]);
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
