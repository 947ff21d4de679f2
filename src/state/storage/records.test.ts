// SEL, SDR repository, FRU and auxiliary logs, through the router, as bytes.
import { describe, expect, test } from 'vitest';
import { rig } from '../../../test/support/bmc.ts';
import { platform } from '../../../test/support/platform.ts';
import { hex, toHex } from '../../../test/support/vectors.ts';
import { fruImage } from '../../records/fru-image.ts';

const le = (value: number): number[] => [value & 0xff, value >> 8];

describe('SEL', () => {
  const record = (type = 2): number[] => [0, 0, type, 0, 0, 0, 0, 0x20, 0, 4, 1, 0x30, 1, 0x59, 0x60, 0x5f];

  test("ids and stamps are the BMC's; first, last and next", async () => {
    const { send, bmc } = rig();
    expect(await send(0x0a, 0x49, 0x00, 0x10, 0, 0x40)).toEqual([0]);
    for (const id of [1, 2, 3]) expect(await send(0x0a, 0x44, ...record())).toEqual([0, id, 0]);
    expect(toHex(Uint8Array.from(await send(0x0a, 0x43, 0, 0, 0, 0, 0, 0xff)))).toBe(
      '00 02 00 01 00 02 00 10 00 40 20 00 04 01 30 01 59 60 5f',
    );
    expect((await send(0x0a, 0x43, 0, 0, 0xff, 0xff, 0, 0xff)).slice(0, 5)).toEqual([0, 0xff, 0xff, 3, 0]);
    // An OEM record without a time stamp keeps its bytes.
    const { id } = bmc.sel.add(Uint8Array.from([9, 9, 0xe0, 1, 2, 3, 4, 7, 7, 7, 7, 7, 7, 7, 7, 7]));
    expect(toHex(bmc.sel.get(id).record)).toBe('04 00 e0 01 02 03 04 07 07 07 07 07 07 07 07 07');
  });

  test('a read inside a record and every change need the last reservation', async () => {
    const { send } = rig();
    await send(0x0a, 0x44, ...record());
    const [, ...old] = await send(0x0a, 0x42);
    const [, ...now] = await send(0x0a, 0x42);
    expect(await send(0x0a, 0x43, ...old, 1, 0, 2, 4)).toEqual([0xc5]);
    expect((await send(0x0a, 0x43, ...now, 1, 0, 10, 3)).slice(3)).toEqual([1, 0x30, 1]);
    expect(await send(0x0a, 0x47, ...now, 0x43, 0x4c, 0x51, 0xaa)).toEqual([0xcc]);
    expect(await send(0x0a, 0x46, ...now, 9, 0)).toEqual([0xcb]);
    expect(await send(0x0a, 0x47, ...now, 0x43, 0x4c, 0x52, 0xaa)).toEqual([0, 1]);
    expect(await send(0x0a, 0x47, ...now, 0x43, 0x4c, 0x52, 0)).toEqual([0, 1]);
    expect(await send(0x0a, 0x43, 0, 0, 0, 0, 0, 0xff)).toEqual([0xcb]);
  });

  test('records are deleted under one reservation, as the others keep their ids', async () => {
    const { send } = rig();
    for (let i = 0; i < 3; i++) await send(0x0a, 0x44, ...record());
    const [, ...reservation] = await send(0x0a, 0x42);
    expect(await send(0x0a, 0x46, ...reservation, 3, 0)).toEqual([0, 3, 0]);
    expect(await send(0x0a, 0x46, ...reservation, 1, 0)).toEqual([0, 1, 0]);
    expect((await send(0x0a, 0x43, 0, 0, 0, 0, 0, 0xff)).slice(0, 5)).toEqual([0, 0xff, 0xff, 2, 0]);
    await send(0x0a, 0x44, ...record());
    expect(await send(0x0a, 0x46, ...reservation, 2, 0)).toEqual([0xc5]);
  });

  test('when full, C4h and the overflow flag until it is cleared', async () => {
    const { send, bmc } = rig({ sel: { capacity: 16, bootEvents: false } });
    for (let i = 0; i < 16; i++) await send(0x0a, 0x44, ...record());
    expect(await send(0x0a, 0x44, ...record())).toEqual([0xc4]);
    expect((await send(0x0a, 0x40)).at(-1)! & 0x80).toBe(0x80);
    await bmc.sel.clear();
    expect((await send(0x0a, 0x40)).at(-1)! & 0x80).toBe(0);
  });

  test('a record in parts', async () => {
    const { send } = rig();
    const [, ...reservation] = await send(0x0a, 0x42);
    expect(await send(0x0a, 0x45, ...reservation, 0, 0, 0, 0, ...record().slice(0, 8))).toEqual([0, 1, 0]);
    expect(await send(0x0a, 0x45, ...reservation, 1, 0, 9, 1, ...record().slice(9))).toEqual([0xc9]);
    expect(await send(0x0a, 0x45, ...reservation, 1, 0, 8, 1, ...record().slice(8))).toEqual([0, 1, 0]);
    expect((await send(0x0a, 0x40))[2]).toBe(1);
  });
});

describe('SDR', () => {
  test('records of the sensors and locators can be walked, whole or in pieces', async () => {
    const { send } = rig(platform);
    const ids: number[] = [];
    for (let next = 0; next !== 0xffff;) {
      const answer = await send(0x0a, 0x23, 0, 0, ...le(next), 0, 0xff);
      expect(answer[0]).toBe(0);
      expect(answer[7]).toBe(answer.length - 3 - 5);
      ids.push(answer[3] | (answer[4] << 8));
      next = answer[1] | (answer[2] << 8);
    }
    expect(ids).toEqual([1, 2, 3]);
    expect(await send(0x0a, 0x23, ...le(0xbeef), 1, 0, 5, 4)).toEqual([0xc5]);
    expect(await send(0x0a, 0x23, 0, 0, 99, 0, 0, 0xff)).toEqual([0xcb]);
  });

  test('added, deleted, cleared; a lying length is C7h; a reservation outlives what it deletes', async () => {
    const { send } = rig(platform);
    const record = [0, 0, 0x51, 0xc0, 3, 1, 2, 3];
    expect(await send(0x0a, 0x24, ...record)).toEqual([0, 4, 0]);
    expect(await send(0x0a, 0x24, 0, 0, 0x51, 0xc0, 9, 1, 2, 3)).toEqual([0xc7]);
    expect((await send(0x0a, 0x23, 0, 0, 4, 0, 0, 0xff)).slice(3)).toEqual([4, 0, 0x51, 0xc0, 3, 1, 2, 3]);
    const [, ...reservation] = await send(0x0a, 0x22);
    expect(await send(0x0a, 0x26, ...reservation, 2, 0)).toEqual([0, 2, 0]);
    expect(await send(0x0a, 0x26, ...reservation, 3, 0)).toEqual([0, 3, 0]);
    expect((await send(0x0a, 0x20))[2]).toBe(2);
    const [, ...again] = await send(0x0a, 0x22);
    expect(await send(0x0a, 0x26, ...reservation, 1, 0)).toEqual([0xc5]);
    expect(await send(0x0a, 0x27, ...again, 0x43, 0x4c, 0x52, 0xaa)).toEqual([0, 1]);
    expect((await send(0x0a, 0x20))[2]).toBe(0);
  });
});

describe('auxiliary logs', () => {
  test('are what software last said of them', async () => {
    const { send } = rig({ identity: { manufacturerId: 0x1291 } });
    expect(await send(0x0a, 0x5a, 0)).toEqual([0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
    expect((await send(0x0a, 0x5a, 2)).slice(5, 8)).toEqual([0x91, 0x12, 0]);
    expect(await send(0x0a, 0x5b, 0, 1, 2, 3, 4, 5, 0, 0, 0)).toEqual([0]);
    expect(await send(0x0a, 0x5a, 0)).toEqual([0, 1, 2, 3, 4, 5, 0, 0, 0]);
    expect(await send(0x0a, 0x5b, 1, 1, 2, 3, 4, 5, 0, 0, 0)).toEqual([0xc7]);
    expect(await send(0x0a, 0x5a, 3)).toEqual([0xcc]);
  });
});

describe('initialization agent', () => {
  test('brings sensors back to what their records say', async () => {
    const { send } = rig(platform);
    await send(4, 0x26, 1, 0x18, 0, 0, 0, 60, 70, 0);
    await send(4, 0x24, 1, 0xff, 9, 9);
    await send(4, 0x28, 1, 0x00);
    expect(await send(0x0a, 0x2c, 0)).toEqual([0, 1]);
    expect((await send(4, 0x27, 1)).slice(5, 7)).toEqual([60, 70]);
    expect(await send(0x0a, 0x2c, 1)).toEqual([0, 1]);
    expect((await send(4, 0x27, 1)).slice(5, 7)).toEqual([85, 95]);
    expect(await send(4, 0x25, 1, 0xff)).toEqual([0, 2, 2]);
    expect((await send(4, 0x29, 1))[1]).toBe(0xc0);
  });
});

describe('SDR update mode', () => {
  test('one client updates, others are told D0h until it ends', async () => {
    const { send, host, world } = rig(platform);
    const other = async (cmd: number, data: string): Promise<number> =>
      (await host.raw(0x0a, cmd, hex(data)))[0];
    expect(await send(0x0a, 0x2a)).toEqual([0]);
    expect(await other(0x23, '00 00 00 00 00 ff')).toBe(0xd0);
    expect(await other(0x2a, '')).toBe(0xd0);
    expect(await other(0x2b, '')).toBe(0xd0);
    expect((await send(0x0a, 0x23, 0, 0, 0, 0, 0, 0xff))[0]).toBe(0);
    expect(await send(0x0a, 0x2b)).toEqual([0]);
    expect(await other(0x23, '00 00 00 00 00 ff')).toBe(0);
    await send(0x0a, 0x2a);
    await world.run(61_000);
    expect(await other(0x23, '00 00 00 00 00 ff')).toBe(0);
  });
});

describe('FRU', () => {
  test('areas with right checksums, read and written in pieces', async () => {
    const { send, bmc } = rig(platform);
    expect(await send(0x0a, 0x10, 0)).toEqual([0, 0, 1, 0]);
    const image = bmc.fru.image(0);
    expect(image.subarray(0, 8).reduce((sum, byte) => sum + byte, 0) & 0xff).toBe(0);
    const area = image.subarray(8, 8 + image[9] * 8);
    expect(area.reduce((sum, byte) => sum + byte, 0) & 0xff).toBe(0);
    expect(await send(0x0a, 0x12, 0, 200, 0, 1, 2, 3)).toEqual([0, 3]);
    expect(await send(0x0a, 0x11, 0, 199, 0, 5)).toEqual([0, 5, 0, 1, 2, 3, 0]);
    expect(await send(0x0a, 0x11, 0, 254, 0, 9)).toEqual([0, 2, 0, 0]);
    expect(await send(0x0a, 0x11, 0, 0, 1, 1)).toEqual([0xc9]);
    expect(await send(0x0a, 0x11, 0, 0, 0, 250)).toEqual([0xca]);
    expect(await send(0x0a, 0x11, 7, 0, 0, 1)).toEqual([0xcb]);
    expect(await send(0x0a, 0x12, 0, 255, 0, 1, 2)).toEqual([0xc9]);
  });

  test('what does not fit is refused when it is made', () => {
    expect(() => fruImage({ product: { name: 'x'.repeat(64) } }, 256)).toThrow('longer than 63');
    expect(() => fruImage({ product: { name: 'x'.repeat(60) } }, 64)).toThrow('more than its 64 bytes');
  });

  test('all areas, each where the header says and with its checksums', () => {
    const image = fruImage(
      {
        internalUse: '01 02 03',
        chassis: { serial: 'C1' },
        board: { serial: 'B1' },
        product: { serial: 'P1' },
        multirecord: [
          {
            powerSupply: {
              capacity: 800,
              input: [90, 264],
              frequency: [47, 63],
              hotSwap: true,
              autoswitch: true,
            },
          },
          { dcOutput: { output: 1, nominal: 12, low: 11.4, high: 12.6, ripple: 0.12, current: [0.5, 60] } },
          { managementAccess: { systemUrl: 'http://bmc', systemName: 'server' } },
          { oem: { type: 0xc5, manufacturerId: 0x1291, data: 'de ad' } },
        ],
      },
      512,
    );
    const sum = (from: number, length: number): number =>
      image.subarray(from, from + length).reduce((all, byte) => all + byte, 0) & 0xff;
    expect(sum(0, 8)).toBe(0);
    expect(toHex(image.subarray(image[1] * 8, image[1] * 8 + 8))).toBe('01 01 02 03 00 00 00 00');
    for (const area of [2, 3, 4]) expect(sum(image[area] * 8, image[image[area] * 8 + 1] * 8)).toBe(0);
    const records: string[] = [];
    for (let at = image[5] * 8, last = false; !last; at += 5 + image[at + 2]) {
      last = (image[at + 1] & 0x80) !== 0;
      expect(sum(at, 5)).toBe(0);
      expect((sum(at + 5, image[at + 2]) + image[at + 3]) & 0xff).toBe(0);
      records.push(`${image[at].toString(16)}: ${toHex(image.subarray(at + 5, at + 5 + image[at + 2]))}`);
    }
    expect(records).toEqual([
      '0: 20 03 ff ff ff 00 28 23 20 67 00 00 00 00 2f 3f 00 0c ff 0f 00 00 00 00',
      '1: 01 b0 04 74 04 ec 04 78 00 f4 01 60 ea',
      '3: 01 68 74 74 70 3a 2f 2f 62 6d 63',
      '3: 02 73 65 72 76 65 72',
      'c5: 91 12 00 de ad',
    ]);
  });

  test('a device of words; one that is written in the factory only; one from a file', async () => {
    const image = Uint8Array.from({ length: 64 }, (_, i) => i);
    const { send } = rig({
      fru: [
        { id: 0, name: 'words', image, byWords: true },
        { id: 1, name: 'fixed', image, size: 128, readOnly: true },
      ],
    });
    expect(await send(0x0a, 0x10, 0)).toEqual([0, 64, 0, 1]);
    expect(await send(0x0a, 0x11, 0, 4, 0, 2)).toEqual([0, 2, 8, 9, 10, 11]);
    expect(await send(0x0a, 0x11, 0, 32, 0, 1)).toEqual([0xc9]);
    expect(await send(0x0a, 0x12, 0, 4, 0, 1, 2, 3)).toEqual([0xc7]);
    expect(await send(0x0a, 0x12, 0, 4, 0, 1, 2)).toEqual([0, 1]);
    expect(await send(0x0a, 0x11, 0, 4, 0, 2)).toEqual([0, 2, 1, 2, 10, 11]);
    expect(await send(0x0a, 0x10, 1)).toEqual([0, 128, 0, 0]);
    expect(await send(0x0a, 0x12, 1, 0, 0, 1)).toEqual([0x80]);
    await send(6, 5);
    expect(await send(0x0a, 0x12, 1, 0, 0, 1)).toEqual([0, 1]);
  });
});
