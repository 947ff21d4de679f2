// What clients change, through the router, as bytes; and what no client command shows.
import { describe, expect, test } from 'vitest';
import { rig } from '../../test/support/bmc.ts';
import { platform } from '../../test/support/platform.ts';
import { hex, toHex, vectors } from '../../test/support/vectors.ts';
import { GetChannelAuthenticationCapabilities, GetSessionInfo } from '../commands/app/sessions.ts';
import { fromLatin1 } from '../codec/index.ts';
import { GetDeviceId } from '../commands/app/device.ts';
import { GetChassisStatus } from '../commands/chassis/chassis.ts';
import { GetSelEntry, GetSelInfo } from '../commands/storage/sel.ts';
import { GetSdrRepositoryInfo } from '../commands/storage/sdr.ts';
import { factorsFor } from '../machine/sensors/factor-choice.ts';
import { toRaw, toReal } from '../machine/sensors/sensor-factors.ts';
import { guidBytes } from './app/identity.ts';
import { Store, type Journal } from './store.ts';

// Real bytes: recorded from OpenIPMI's ipmi_sim and from servers whose answers are public.
vectors(GetDeviceId, {
  ipmi_sim: '-> 00 03 01 05 02 bf 91 12 00 02 0f 00 00 00 00',
  'without auxiliary revision': '-> 20 81 03 45 02 bf 4c 1c 00 42 32',
});
vectors(GetChannelAuthenticationCapabilities, { 'ipmi_sim, extended': '8e 04 -> 01 97 06 03 00 00 00 00' });
vectors(GetSelInfo, { 'twelve entries': '-> 51 0c 00 40 1f 10 20 30 40 ff ff ff ff 0f' });
vectors(GetSelEntry, {
  'whole record': '00 00 00 00 00 ff -> ff ff 01 00 02 00 00 00 00 20 00 04 01 30 01 59 60 5f',
});
vectors(GetSdrRepositoryInfo, { ipmi_sim: '-> 51 0b 00 fe ff 01 02 03 04 05 06 07 08 6f' });
vectors(GetChassisStatus, { 'power on, always-off': '-> 01 10 40 f0' });
vectors(GetSessionInfo, {
  'no session': '05 -> 00 3f 00',
  'on LAN': '00 -> 01 3f 01 02 04 11 7f 00 00 01 00 00 00 00 00 00 39 30',
});

describe('sensors', () => {
  test('reading, comparison bits, and discrete states', async () => {
    const { send, bmc } = rig(platform);
    expect(await send(4, 0x2d, 1)).toEqual([0, 45, 0xc0, 0xc0]);
    expect(await send(4, 0x2d, 2)).toEqual([0, 0, 0xc0, 1, 0x80]);
    expect(await send(4, 0x2d, 9)).toEqual([0xcb]);
    bmc.sensors.get(1, 0).set(96);
    expect(await send(4, 0x2d, 1)).toEqual([0, 96, 0xc0, 0xd8]);
  });

  test('a crossed threshold is one event, and stays crossed within the hysteresis', () => {
    const { bmc } = rig(platform);
    const sensor = bmc.sensors.get(1, 0);
    const offsets = (): string[] =>
      Array.from({ length: bmc.sel.count }, (_, i) => toHex(bmc.sel.get(i + 1).record.subarray(12)));
    for (const value of [84, 85, 90, 84, 83.9, 85, 83, 82]) sensor.set(value);
    // 01h threshold, 57h: upper non-critical going high with reading and threshold; 81h: deassertion.
    expect(offsets()).toEqual(['01 57 55 55', '81 57 52 55']);
    sensor.set(5);
    expect(offsets().at(-1)).toBe('01 50 05 0a');
  });

  test('thresholds, hysteresis and event enables are read back, and act', async () => {
    const { send, bmc } = rig(platform);
    expect(await send(4, 0x26, 1, 0x08, 0, 0, 0, 60, 0, 0)).toEqual([0]);
    expect(await send(4, 0x27, 1)).toEqual([0, 0x19, 10, 0, 0, 60, 95, 0]);
    expect(await send(4, 0x26, 1, 0x04, 0, 0, 1, 0, 0, 0)).toEqual([0xcc]);
    expect(await send(4, 0x24, 1, 0xff, 5, 6)).toEqual([0]);
    expect(await send(4, 0x25, 1, 0xff)).toEqual([0, 5, 6]);
    expect(await send(4, 0x28, 1, 0xe0, 0x80, 0)).toEqual([0]);
    expect(await send(4, 0x29, 1)).toEqual([0, 0xc0, 0x01, 0x02, 0x81, 0x02]);
    bmc.sensors.get(1, 0).set(70);
    expect(bmc.sel.count).toBe(0);
    expect((await send(4, 0x2b, 1)).slice(2)).toEqual([0x80, 0, 0, 0]);
    expect(await send(4, 0x27, 2)).toEqual([0xcd]);
  });

  test.each([
    [0, 255, 1],
    [0, 25_500, 100],
    [0, 15.3, 0.06],
    [0, 1020, 4],
    [-128, 127, 1],
    [0, 127, 0.5],
    [200, 300, 0.5],
  ])('factors for %d..%d step by %d and come back', (min, max, step) => {
    const factors = factorsFor(min, max)!;
    expect(factors.m * 10 ** factors.k2).toBeCloseTo(step, 6);
    expect(Math.abs(factors.m)).toBeLessThan(512);
    for (const value of [min, (min + max) / 2, max])
      expect(Math.abs(toReal(factors, toRaw(factors, value)) - value)).toBeLessThanOrEqual(step * 1.01);
    for (let raw = 0; raw < 256; raw++) expect(toRaw(factors, toReal(factors, raw))).toBe(raw);
  });
});

describe('users', () => {
  const named = (name: string): number[] => Array.from(fromLatin1(name, 16));
  const padded = (password: string, size: number): number[] => Array.from(fromLatin1(password, size));

  test('password operations: set, test with both sizes, disable', async () => {
    const { send, bmc } = rig(platform);
    expect(await send(6, 0x47, 2, 3, ...padded('secret', 16))).toEqual([0]);
    expect(await send(6, 0x47, 2, 3, ...padded('wrong', 16))).toEqual([0x80]);
    expect(await send(6, 0x47, 0x82, 3, ...padded('secret', 20))).toEqual([0x81]);
    expect(await send(6, 0x47, 0x83, 3, ...padded('TwentyBytePassw0rd20', 20))).toEqual([0]);
    expect(await send(6, 0x47, 2, 2, ...padded('x', 15))).toEqual([0xc7]);
    expect(await send(6, 0x47, 2, 0)).toEqual([0]);
    expect(bmc.users.logIn('admin', 1, undefined)).toBeUndefined();
  });

  test('names are single, the null user has none, ids have an end', async () => {
    const { send } = rig(platform);
    expect(await send(6, 0x45, 4, ...named('admin'))).toEqual([0xcc]);
    expect(await send(6, 0x45, 1, ...named('x'))).toEqual([0xcc]);
    expect(await send(6, 0x45, 4, ...named('new'))).toEqual([0]);
    expect(await send(6, 0x46, 4)).toEqual([0, ...named('new')]);
    expect(await send(6, 0x46, 0)).toEqual([0xc9]);
    expect(await send(6, 0x43, 0x91, 4, 3)).toEqual([0]);
    expect((await send(6, 0x44, 1, 4)).slice(1)).toEqual([63, 0x82, 1, 0x13]);
    expect(await send(6, 0x43, 0x91, 4, 7)).toEqual([0xcc]);
    expect(await send(6, 0x44, 15, 2)).toEqual([0xcc]);
  });
});

describe('channels', () => {
  test('present and stored access are two settings', async () => {
    const { send } = rig();
    expect(await send(6, 0x40, 1, 0x80 | 0x22, 0x80 | 3)).toEqual([0]);
    expect(await send(6, 0x41, 1, 0x80)).toEqual([0, 0x22, 3]);
    expect(await send(6, 0x41, 1, 0x40)).toEqual([0, 2, 4]);
    expect(await send(6, 0x40, 1, 0x81, 0)).toEqual([0x83]);
    expect(await send(6, 0x41, 15, 0x80)).toEqual([0x82]);
    expect(await send(6, 0x41, 9, 0x80)).toEqual([0xcc]);
    expect(await send(6, 0x42, 0x0e)).toEqual([0, 1, 4, 1, 0x80, 0xf2, 0x1b, 0, 0, 0]);
  });

  test('a BMC key is set, read, locked', async () => {
    const { send } = rig();
    const key = Array.from({ length: 20 }, (_, i) => i);
    expect(await send(6, 0x56, 1, 1, 1, ...key)).toEqual([0, 2]);
    expect(await send(6, 0x56, 1, 0, 1)).toEqual([0, 2, ...key]);
    expect(await send(6, 0x56, 1, 1, 1, 1, 2)).toEqual([0x81]);
    expect(await send(6, 0x56, 1, 2, 1)).toEqual([0, 1]);
    expect(await send(6, 0x56, 1, 1, 1, ...key)).toEqual([0x80]);
    expect(await send(6, 0x56, 1, 0, 1)).toEqual([0, 1]);
  });
});

describe('chassis', () => {
  test('power goes off, on, and round; each leaves its cause', async () => {
    const { send, bmc, world } = rig();
    expect(await send(0, 2, 0)).toEqual([0]);
    expect((await send(0, 1))[1] & 1).toBe(0);
    expect(await send(0, 2, 3)).toEqual([0xd5]);
    expect(await send(0, 2, 1)).toEqual([0]);
    expect(await send(0, 7)).toEqual([0, 1, 1]);
    expect(await send(0, 2, 2)).toEqual([0]);
    expect(bmc.chassis.isOn).toBe(false);
    await world.run(2500);
    expect(bmc.chassis.isOn).toBe(true);
    expect(await send(0, 2, 5)).toEqual([0]);
    await world.run(6000);
    expect(bmc.chassis.isOn).toBe(false);
    expect(await send(0, 2, 6)).toEqual([0xcc]);
  });

  test('identify ends with its time, power-on hours count only while on', async () => {
    const { send, world } = rig();
    await send(0, 4, 5);
    expect(((await send(0, 1))[3] >> 4) & 3).toBe(1);
    await world.run(5001);
    expect(((await send(0, 1))[3] >> 4) & 3).toBe(0);
    await send(0, 4, 0, 1);
    expect(((await send(0, 1))[3] >> 4) & 3).toBe(2);
    await world.run(3 * 3_600_000);
    await send(0, 2, 0);
    await world.run(9 * 3_600_000);
    expect(await send(0, 0x0f)).toEqual([0, 60, 3, 0, 0, 0]);
  });

  test('boot flags: valid for a minute, one boot, or until changed', async () => {
    const { send, world } = rig();
    const flags = async (): Promise<number[]> => (await send(0, 9, 5, 0, 0)).slice(3);
    await send(0, 8, 5, 0x80, 4, 0, 0, 0);
    expect(await flags()).toEqual([0x80, 4, 0, 0, 0]);
    await world.run(61_000);
    expect(await flags()).toEqual([0, 4, 0, 0, 0]);
    await send(0, 8, 5, 0xe0, 8, 0, 0, 0);
    await send(0, 2, 3);
    await world.run(120_000);
    expect(await flags()).toEqual([0xe0, 8, 0, 0, 0]);
    await send(0, 8, 5, 0x80, 4, 0, 0, 0);
    await send(0, 2, 3);
    expect(await flags()).toEqual([0, 4, 0, 0, 0]);
    expect(await send(0, 8, 5, 0x80)).toEqual([0xc7]);
    expect(await send(0, 9, 99, 0, 0)).toEqual([0x80]);
    expect(await send(0, 8, 0x85)).toEqual([0]);
    expect((await send(0, 9, 5, 0, 0))[2]).toBe(0x85);
  });

  test('the watchdog resets the machine, says so, and logs it', async () => {
    const { send, bmc, world } = rig();
    expect(await send(6, 0x22)).toEqual([0x80]);
    expect(await send(6, 0x24, 4, 0x11, 1, 0x10, 50, 0)).toEqual([0]);
    expect(await send(6, 0x22)).toEqual([0]);
    await world.run(2000);
    expect(await send(6, 0x25)).toEqual([0, 0x44, 0x11, 1, 0, 50, 0, 30, 0]);
    await world.run(2500);
    expect(bmc.messages.watchdogPreTimeout).toBe(true);
    await world.run(1000);
    expect(await send(0, 7)).toEqual([0, 4, 0]);
    expect(await send(6, 0x25)).toEqual([0, 0x04, 0x11, 1, 0x10, 50, 0, 50, 0]);
    // Pre-timeout, hard reset, and the boot that follows.
    const logged = [1, 2, 3].map((id) => toHex(bmc.sel.get(id).record.subarray(7)));
    expect(logged).toEqual([
      '20 00 04 23 00 6f c8 14 ff',
      '20 00 04 23 00 6f c1 14 ff',
      '01 00 04 1d 00 6f 01 ff ff',
    ]);
  });
});

describe('LAN parameters', () => {
  test('are set and read back, under the lock of one client at a time', async () => {
    const { send, host, world } = rig();
    expect(await send(0x0c, 1, 1, 3, 10, 1, 2, 3)).toEqual([0]);
    expect(await send(0x0c, 2, 1, 3, 0, 0)).toEqual([0, 0x11, 10, 1, 2, 3]);
    // Every suite serves up to Administrator until somebody says less.
    expect(await send(0x0c, 2, 1, 24, 0, 0)).toEqual([0, 0x11, 0, ...Array<number>(8).fill(0x44)]);
    expect(await send(0x0c, 1, 1, 0, 1)).toEqual([0]);
    expect([...(await host.raw(0x0c, 1, hex('01 00 01')))]).toEqual([0x81]);
    await world.run(31_000);
    expect([...(await host.raw(0x0c, 1, hex('01 00 01')))]).toEqual([0]);
    expect(await send(0x0c, 1, 1, 3, 10, 1)).toEqual([0xc7]);
    expect(await send(0x0c, 1, 1, 17, 1)).toEqual([0x82]);
    expect(await send(0x0c, 2, 1, 200, 0, 0)).toEqual([0x80]);
    expect(await send(0x0c, 2, 1, 18, 9, 0)).toEqual([0xc9]);
    expect(await send(0x0c, 2, 0x81, 3, 0, 0)).toEqual([0, 0x11]);
    expect(await send(0x0c, 2, 15, 3, 0, 0)).toEqual([0xcc]);
  });
});

test('GUIDs go out back to front, and are random but steady without a setting', () => {
  expect(toHex(guidBytes('00112233-4455-6677-8899-aabbccddeeff'))).toBe(
    'ff ee dd cc bb aa 99 88 77 66 55 44 33 22 11 00',
  );
  const { bmc } = rig();
  expect(bmc.identity.deviceGuid).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-/);
  expect(bmc.identity.deviceGuid).not.toBe(bmc.identity.systemGuid);
});

test('two BMCs of one process share nothing that changes', async () => {
  const [one, other] = [rig(platform), rig(platform)];
  await one.send(6, 0x45, 9, ...fromLatin1('changed', 16));
  await one.send(0, 2, 0);
  one.bmc.sensors.get(1, 0).set(90);
  expect(other.bmc.users.name(9)).toBe('');
  expect(other.bmc.chassis.isOn).toBe(true);
  expect(other.bmc.sel.count).toBe(0);
});

describe('Store', () => {
  test('a change that the journal refuses is undone, unless a later one went over it', async () => {
    const fails: ((error: Error) => void)[] = [];
    const journal: Journal = {
      load: () => [['a', 1]],
      write: () => new Promise((_resolve, reject) => void fails.push(reject)),
      satellite: () => journal,
    };
    const store = new Store<number>('numbers', journal);
    const first = store.set('a', 2)!;
    const second = store.set('b', 3)!;
    expect([store.get('a'), store.get('b')]).toEqual([2, 3]);
    const third = store.set('a', 4)!;
    fails[0](new Error('disk full'));
    fails[1](new Error('disk full'));
    await expect(first).rejects.toThrow('disk full');
    await expect(second).rejects.toThrow('disk full');
    expect([store.get('a'), store.get('b')]).toEqual([4, undefined]);
    void third;
  });
});
