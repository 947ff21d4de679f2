// The power goes between any two file operations of an update, or the process is killed there. Afterwards the
// BIOS boots the old image, or the new one and that one verified, says which, and takes the next update.
import { expect, test } from 'vitest';
import { Bmc } from '../../bmc.ts';
import type { FirmwareComponentOptions } from '../../config/firmware-schema.ts';
import { hash } from '../../crypto/hash.ts';
import { simWorld, type SimProcess, type SimWorld } from '../../world/index.ts';
import { parseVersion, versionText, writeDescriptor, type Owner } from './index.ts';

const OWNER: Owner = { key: 'o', label: 'somebody' };
const DIRECTORY = '/state/firmware/bmc';

function image(version: string): Uint8Array {
  const body = Uint8Array.from({ length: 70_000 }, (_, i) => (i * 13 + version.charCodeAt(0)) & 0xff);
  const device = { component: 0, deviceId: 0x20, manufacturerId: 0, productId: 0 };
  const versions = { version: parseVersion(version)!, earliest: parseVersion('0.00')! };
  return Uint8Array.from([
    ...body,
    ...writeDescriptor({ ...versions, ...device, size: body.length, digest: hash('sha256', body) }),
  ]);
}

/** Each file operation takes a millisecond, so that every half millisecond lies between two. */
const slowWorld = (seed: number): SimWorld => simWorld(seed, { diskFaults: { latency: [1, 1] } });

async function start(
  world: SimWorld,
  slots: 1 | 2,
  selfTest?: FirmwareComponentOptions['selfTest'],
): Promise<{ bmc: Bmc; process: SimProcess; said: string[] }> {
  const process = world.process();
  const said: string[] = [];
  const say = (line: string): void => void said.push(line);
  const log = { debug: say, info: say, warn: say, error: say };
  const settings = {
    sel: { bootEvents: false },
    firmware: { components: [{ id: 0, name: 'BIOS', slots, selfTest }] },
  };
  const bmc = new Bmc(settings, { world: process, log, firmwareDirectory: DIRECTORY });
  await world.until(bmc.open());
  return { bmc, process, said };
}

/** `acknowledged` has what its caller was told is done, as it goes on. */
async function update(bmc: Bmc, version: string, acknowledged: string[]): Promise<void> {
  const data = image(version);
  const service = bmc.update!;
  await service.begin(0, OWNER);
  for (let at = 0; at < data.length; at += 20_000)
    await service.write(OWNER, at, data.subarray(at, at + 20_000));
  await service.finish(OWNER, data.length);
  await service.verify(OWNER);
  acknowledged.push('verified');
  await service.activate(OWNER);
  acknowledged.push('activated');
}

const active = (bmc: Bmc): string => versionText(bmc.update!.component(0).active.version);

test.each([
  ['crash', 2],
  ['kill', 2],
  ['crash', 1],
] as const)('%s at any moment of an update, %i slot(s)', async (how, slots) => {
  const outcomes = { old: 0, new: 0 };
  let finished = false;
  for (let ms = 0; !finished; ms++) {
    const world = slowWorld(1000 + ms);
    let { bmc, process } = await start(world, slots);
    await world.until(update(bmc, '2.00', []));
    const acknowledged: string[] = [];
    const running = update(bmc, '3.00', acknowledged);
    running.catch(() => undefined);
    await world.run(ms + 0.5);
    finished = acknowledged.includes('activated');
    process[how]();
    const again = await start(world, slots);
    ({ bmc, process } = again);
    const seed = `seed ${1000 + ms}, ${how} at ${ms} ms`;
    const version = active(bmc);
    expect(['2.00', '3.00'], seed).toContain(version);
    if (finished) expect(version, seed).toBe('3.00');
    expect(again.said.join('\n'), seed).toContain(`BIOS boots ${version} from slot`);
    expect(again.said.join('\n'), seed).not.toContain('damaged');
    expect(
      await world.until(bmc.update!.component(0).intact(bmc.update!.component(0).activeSlot)),
      seed,
    ).toBe(true);
    // What was verified may still be activated.
    if (acknowledged.includes('verified') && version === '2.00')
      expect(bmc.update!.component(0).pending?.version.major, seed).toBe(3);
    outcomes[version === '2.00' ? 'old' : 'new']++;
    await world.until(update(bmc, '4.00', []));
    expect(active(bmc), seed).toBe('4.00');
  }
  expect(outcomes.old).toBeGreaterThan(20);
  expect(outcomes.new).toBeGreaterThan(3);
});

test.each([
  ['pass', '2.00'],
  ['fail', '1.00'],
] as const)(
  'the power goes during the self test of a new image: it is tested as the BMC starts (%s), and boots as %s',
  async (result, version) => {
    const world = slowWorld(7);
    const { bmc, process } = await start(world, 2, { time: 60_000 });
    void update(bmc, '2.00', []).catch(() => undefined);
    await world.run(5000);
    expect(bmc.update!.switching).toBe('activating');
    process.crash();
    const again = await start(world, 2, { result });
    expect(active(again.bmc)).toBe(version);
    again.process.crash();
    expect(active((await start(world, 2, { result: 'fail' })).bmc)).toBe(version);
  },
);

test('an image that rots is not booted: the one before is, else what the factory has put there', async () => {
  const world = slowWorld(5);
  let { bmc, process } = await start(world, 2);
  await world.until(update(bmc, '2.00', []));
  await world.until(update(bmc, '3.00', []));
  for (const [slot, expected] of [
    ['a', '2.00'],
    ['b', '1.00'],
  ]) {
    process.kill();
    const path = `${DIRECTORY}/component-0/${slot}.img`;
    const data = await world.until(world.files.read(path));
    await world.until(world.files.write(path, data.with(1000, data[1000] ^ 0x10)));
    const again = await start(world, 2);
    ({ bmc, process } = again);
    expect(active(bmc)).toBe(expected);
    expect(again.said.join('\n')).toContain(`slot ${slot} is damaged`);
  }
});

test('a boot record that rots is noticed', async () => {
  const world = slowWorld(6);
  const { bmc, process } = await start(world, 2);
  await world.until(update(bmc, '2.00', []));
  process.kill();
  await world.until(world.files.write(`${DIRECTORY}/component-0/boot.json`, Uint8Array.of(0x7b, 0x0a)));
  const again = await start(world, 2);
  expect(active(again.bmc)).toBe('1.00');
  expect(again.said.join('\n')).toContain('the boot record is damaged');
});
