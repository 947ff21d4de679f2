// What is said once is remembered: it is right all the same. And files that BMCs come to later.
import { expect, test } from 'vitest';
import { rig } from '../../test/support/bmc.ts';
import type { BmcState } from '../bmc-state.ts';
import { SetLanConfigurationParameters } from '../commands/transport/lan.ts';
import { handleRaw } from '../router/index.ts';
import {
  Capture,
  CaptureFile,
  captureHeader,
  CapturePlaces,
  PacketBatches,
  Wording,
  type CapturedPacket,
} from './index.ts';
import { blocksIn, PacketBlock } from './pcapng.ts';
import { readPackets } from './read-packets.ts';

/** Two BMCs, what both capture, and what one of them is asked by its host. */
function captured() {
  const packets: CapturedPacket[] = [];
  const wording = new Wording();
  const rigs = [rig({ name: 'one' }), rig({ name: 'two' })];
  for (const { bmc, world } of rigs)
    bmc.taps.add(
      new Capture({ router: bmc.router, clock: world.clock, wording }, (one) => void packets.push(one)),
    );
  const comments = async (which: 0 | 1, netFn: number, cmd: number, ...data: number[]): Promise<string[]> => {
    packets.length = 0;
    await rigs[which].host.raw(netFn, cmd, Uint8Array.from(data));
    return packets.map(({ comment }) => comment.replace(/\n\d+ us/, ''));
  };
  return { rigs, comments };
}

test('CAP10: what was said before is said the same again, and never of other values, another handler or another BMC', async () => {
  const { rigs, comments } = captured();
  let answer = Uint8Array.of(0, 1);
  const name = 'Get Something';
  const handler = handleRaw<BmcState>({ netFn: 0x30, cmd: 1 }, () => answer, { name });
  const remove = rigs[0].bmc.router.register({ owner: 'a', handlers: [handler] });
  for (let again = 0; again < 2; again++) {
    expect(await comments(0, 6, 1)).toEqual([
      expect.stringMatching(/^Get Device ID\nanswered by standard/),
      expect.stringMatching(/^Get Device ID {2}-> {2}deviceId=/),
    ]);
    expect((await comments(0, 6, 1, 9))[1]).toContain('(C7h)');
    // Parameter 3 and 4 of LAN: the same answer says something else.
    const [addresses, sources] = [await comments(0, 12, 2, 1, 3, 0, 0), await comments(0, 12, 2, 1, 4, 0, 0)];
    expect([addresses[0], sources[0]]).toEqual([
      expect.stringContaining('3 ('),
      expect.stringContaining('4 ('),
    ]);
    expect((await comments(0, 0x30, 1, 5))[1]).toContain('[01]');
    answer = Uint8Array.of(0, 2);
    expect((await comments(0, 0x30, 1, 5))[1]).toContain('[02]');
    answer = Uint8Array.of(0, 1);
    expect((await comments(1, 0x30, 1, 5))[0]).toContain("nobody's");
  }
  await remove.unregister();
  expect((await comments(0, 0x30, 1, 5))[0]).toContain("nobody's");
});

test('CAP10: a secret that was set twice is in neither comment', async () => {
  const { rigs, comments } = captured();
  const { netFn, cmd } = SetLanConfigurationParameters;
  const text = [...new TextEncoder().encode('community-string..')];
  for (let again = 0; again < 2; again++)
    expect((await comments(0, netFn, cmd, 1, 16, ...text)).join()).not.toMatch(/community-string|63 6f 6d/);
  expect(rigs).toHaveLength(2);
});

test('CAP11: a BMC that comes to a file later has its interfaces there, and in the files after it', async () => {
  const { world } = rig();
  const failed = (error: unknown): void => expect(error).toBeUndefined();
  const options = {
    header: captureHeader('one'),
    size: 2000,
    failed,
    gather: { clock: world.clock, ms: 100 },
  };
  const file = await world.until(CaptureFile.open(world.files, '/a.pcapng', options));
  const places = new CapturePlaces(['one']);
  expect(places.in(file, 'one')).toEqual({ wire: 0, decrypted: 1, host: 2 });
  const satellite = places.in(file, 'one/82h', true);
  const two = places.in(file, 'two');
  expect([satellite, two]).toEqual([
    { wire: -1, decrypted: -1, host: 3 },
    { wire: 4, decrypted: 5, host: 6 },
  ]);
  expect(places.in(file, 'two')).toBe(two);
  for (let i = 0; i < 40; i++) {
    file.write({ interface: two.host, time: i, direction: 'in', bytes: new Uint8Array(10), comment: 'c' });
    if (i === 20) await world.run(200);
  }
  await world.until(file.close());
  let seen = 0;
  for (const path of ['/a.pcapng.1', '/a.pcapng'])
    for await (const { interfaceName } of readPackets(await world.until(world.files.read(path)))) {
      expect(interfaceName).toBe('two host');
      seen++;
    }
  expect(seen).toBe(40);
});

test('CAP12: packets that are gathered are one write, none waits longer than it may, and the end waits for all', async () => {
  const { world } = rig();
  const failed = (error: unknown): void => expect(error).toBeUndefined();
  const options = { header: captureHeader('one'), failed, gather: { clock: world.clock, ms: 100 } };
  const file = await world.until(CaptureFile.open(world.files, '/a.pcapng', options));
  const size = async (): Promise<number> => (await world.until(world.files.read('/a.pcapng'))).length;
  await world.run(150);
  const begin = await size();
  const one = { interface: 0, time: 1, direction: 'in', bytes: new Uint8Array(100), comment: '' } as const;
  file.write(one);
  await world.run(50);
  file.write(one);
  expect(await size()).toBe(begin);
  await world.run(60);
  const two = await size();
  expect(two).toBeGreaterThan(begin + 200);
  file.write(one);
  await world.until(file.close());
  expect(await size()).toBeGreaterThan(two);
});

test('CAP13: who is behind misses packets, and the next one that comes says how many', async () => {
  let takes = true;
  const sent: string[] = [];
  const batches = new PacketBatches((blocks) => {
    if (takes) for (const block of blocksIn(blocks)) sent.push(new PacketBlock(block).comment.split('\n')[0]);
    return takes;
  });
  const { bmc, world, host } = rig();
  const capture = new Capture({ router: bmc.router, clock: world.clock }, batches);
  bmc.taps.add(capture);
  const ask = async (): Promise<void> => {
    await host.raw(6, 1, new Uint8Array(0));
    batches.flush();
  };

  await ask();
  takes = false;
  await ask();
  await ask();
  takes = true;
  await ask();
  await ask();
  expect(sent.map((line) => line.replace(/ {2}->.*/, ' answered'))).toEqual([
    'Get Device ID',
    'Get Device ID answered',
    '4 packet(s) before this one are missing',
    'Get Device ID answered',
    'Get Device ID',
    'Get Device ID answered',
  ]);
});
