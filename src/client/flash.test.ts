import { hexText } from '../codec/index.ts';
import { describe, expect, test } from 'vitest';
import { Bmc } from '../bmc.ts';
import type { FirmwareOptions } from '../config/firmware-schema.ts';
import { hash } from '../crypto/hash.ts';
import { parseVersion } from '../images/firmware-version.ts';
import { simWorld, type SimProcess, type SimWorld } from '../world/index.ts';
import {
  connectLan,
  HpmFlasher,
  readHpmImage,
  writeHpmImage,
  type FlashOptions,
  type FlashProgress,
  type FlashResult,
} from './index.ts';

const LAN = { host: '10.0.0.1', port: 623 };
const FIRMWARE: FirmwareOptions = {
  components: [
    { id: 0, name: 'BMC', bmc: true, version: '1.00' },
    { id: 1, name: 'BIOS' },
  ],
};

interface Scene {
  readonly world: SimWorld;
  bmc: Bmc;
  process: SimProcess;
}

async function startBmc(world: SimWorld, firmware: FirmwareOptions): Promise<Pick<Scene, 'bmc' | 'process'>> {
  const process = world.process(world.newDisk('bmc'));
  const settings = {
    interfaces: [{ type: 'lan' as const, listen: '10.0.0.1:623' }],
    users: [{ id: 2, name: 'admin', password: 'secret' }],
  };
  const identity = { deviceId: 0x20, manufacturerId: 7, productId: 9, firmware: '1.00' };
  const bmc = new Bmc(
    { ...settings, identity, firmware, sel: { bootEvents: false } },
    { world: process, firmwareDirectory: '/firmware' },
  );
  await world.until(bmc.open());
  return { bmc, process };
}

async function scene(firmware = FIRMWARE): Promise<Scene> {
  const world = simWorld(11);
  await world.until(
    world.files.write(
      '/bmc.bin',
      Uint8Array.from({ length: 100_000 }, (_, i) => (i * 7) & 0xff),
    ),
  );
  await world.until(
    world.files.write(
      '/bios.bin',
      Uint8Array.from({ length: 5000 }, (_, i) => (i * 3) & 0xff),
    ),
  );
  return { world, ...(await startBmc(world, firmware)) };
}

async function pack(
  world: SimWorld,
  { productId = 9, earliest = '0.00', describe = true } = {},
): Promise<void> {
  const parts = [
    { component: 0, version: parseVersion('2.05')!, description: 'BMC', file: '/bmc.bin' },
    { component: 1, version: parseVersion('3.01.0000abcd')!, description: 'BIOS', file: '/bios.bin' },
  ];
  const about = {
    deviceId: 0x20,
    manufacturerId: 7,
    productId,
    time: 1_700_000_000,
    version: parts[0].version,
    earliest: parseVersion(earliest)!,
  };
  await world.until(writeHpmImage(world.files, '/image.hpm', { ...about, parts, describe }));
}

async function flash(
  { world }: Pick<Scene, 'world'>,
  options: Partial<FlashOptions> = {},
): Promise<FlashResult> {
  const image = await world.until(world.files.open('/image.hpm', 'read'));
  const connect = async () => {
    const client = await connectLan(world, {
      ...LAN,
      user: 'admin',
      password: 'secret',
      retryAfter: 300,
      tries: 3,
    });
    return { client, close: () => client.close() };
  };
  return world.until(
    new HpmFlasher({ clock: world.clock, connect }).flash({ image, progress: () => undefined, ...options }),
  );
}

test('an image is written and read back; each damage is found', async () => {
  const { world } = await scene();
  await pack(world);
  const read = async () => readHpmImage(await world.files.open('/image.hpm', 'read'));
  const { header, records, size } = await world.until(read());
  expect(header).toMatchObject({
    signature: 'PICMGFWU',
    deviceId: 0x20,
    manufacturerId: 7,
    productId: 9,
    components: 3,
    major: 2,
    minor: 5,
  });
  expect(records.map(({ action, firmware }) => [action, firmware?.description, firmware?.length])).toEqual([
    [1, undefined, undefined],
    [2, 'BMC', 100_160],
    [2, 'BIOS', 5160],
  ]);
  expect(hexText(records[1].firmware!.descriptor!.digest)).toBe(
    hexText(hash('sha256', await world.until(world.files.read('/bmc.bin')))),
  );
  const good = await world.until(world.files.read('/image.hpm'));
  expect(good.length).toBe(size);
  for (const [data, problem] of [
    [good.with(50_000, good[50_000] ^ 1), 'its MD5 is wrong'],
    [good.slice(0, 60_000), 'its MD5 is wrong'],
    [good.with(0, 0x51), 'does not begin with PICMGFWU'],
    [good.with(8, 1), 'format version 1'],
    [good.slice(0, 40), 'too few'],
  ] as const) {
    await world.until(world.files.write('/image.hpm', data));
    await expect(world.until(read())).rejects.toThrow(problem);
  }
});

test('all components of an image; the BMC goes away for its own and is waited for', async () => {
  const one = await scene();
  await pack(one.world);
  const steps = new Set<string>();
  const result = await flash(one, { progress: ({ step }: FlashProgress) => void steps.add(step) });
  expect(result).toMatchObject({
    activated: true,
    resumed: 0,
    components: [
      { component: 0, name: 'BMC', before: '1.00', after: '2.05', image: '2.05', bytes: 100_160 },
      { component: 1, name: 'BIOS', before: '1.00', after: '3.01.0000abcd', bytes: 5160 },
    ],
  });
  expect(result.seconds).toBeLessThan(6);
  expect([...steps]).toEqual(['checking', 'preparing', 'uploading', 'verifying', 'activating']);
  expect(one.bmc.identity.firmware).toMatchObject({ major: 2, minor: 5 });
});

test('one component, without activation', async () => {
  const one = await scene();
  await pack(one.world);
  expect((await flash(one, { components: [1], activate: false })).components).toMatchObject([
    { component: 1, after: undefined },
  ]);
  expect(one.bmc.update!.component(1).pending?.version.major).toBe(3);
  expect(one.bmc.update!.component(0).pending).toBeUndefined();
});

describe('a lost connection', () => {
  test('the upload goes on where the BMC has got to', async () => {
    const one = await scene();
    await pack(one.world);
    const begins: string[] = [];
    let lost = 0;
    const result = await flash(one, {
      progress({ step, sent = 0 }) {
        if (step === 'preparing') begins.push(step);
        if (step === 'uploading' && sent > 30_000 * (lost + 1) && lost < 2) {
          lost++;
          one.bmc.sessions.closeAll('reset');
        }
      },
    });
    expect([result.resumed, begins.length]).toEqual([2, 2]);
    expect(one.bmc.update!.component(0).active.version.major).toBe(2);
  });

  test('an upload that the BMC has given up meanwhile begins anew', async () => {
    const one = await scene();
    await pack(one.world);
    let lost = false;
    const result = await flash(one, {
      progress({ step, sent = 0 }) {
        if (step !== 'uploading' || sent < 50_000 || lost) return;
        lost = true;
        one.bmc.update!.kill('by somebody');
        one.bmc.sessions.closeAll('reset');
      },
    });
    expect(result).toMatchObject({ resumed: 1, components: [{ after: '2.05' }, { after: '3.01.0000abcd' }] });
  });

  test('a BMC that lost its power in between starts the upload anew', async () => {
    const one = await scene();
    await pack(one.world);
    let lost = false;
    const result = await flash(one, {
      progress({ step, sent = 0 }) {
        if (step !== 'uploading' || sent < 50_000 || lost) return;
        lost = true;
        one.process.kill();
        one.world.clock.after(
          5000,
          () => void startBmc(one.world, FIRMWARE).then((again) => Object.assign(one, again)),
        );
      },
    });
    expect(result).toMatchObject({ resumed: 1, components: [{ after: '2.05' }, { after: '3.01.0000abcd' }] });
  });
});

test.each<[string, Parameters<typeof pack>[1], FirmwareOptions, Partial<FlashOptions>, string]>([
  ['for another product', { productId: 8 }, FIRMWARE, {}, 'the image is for productId 8, the BMC has 9'],
  [
    'that needs newer firmware',
    { earliest: '1.50' },
    FIRMWARE,
    {},
    'the image needs firmware 1.50 or newer, the BMC has 1.00',
  ],
  [
    'that the BMC refuses all the same',
    { earliest: '1.50' },
    FIRMWARE,
    { force: true },
    '2.05 needs 1.50 or newer to be there',
  ],
  [
    'without such a component',
    {},
    { components: [FIRMWARE.components[0]] },
    {},
    'the BMC has no component 1',
  ],
  ['that has nothing for it', {}, FIRMWARE, { components: [4] }, 'the image has nothing for component 4'],
  [
    'that is too large',
    {},
    { components: [{ ...FIRMWARE.components[0], maxSize: 5000 }, FIRMWARE.components[1]] },
    {},
    'an image of BMC has at most 5000 bytes',
  ],
  [
    'that fails its self test',
    {},
    { components: [FIRMWARE.components[0], { ...FIRMWARE.components[1], selfTest: { result: 'fail' } }] },
    {},
    'BIOS failed the self test; the firmware before is back',
  ],
])('an image %s: the message says what is wrong', async (_name, content, firmware, options, message) => {
  const one = await scene(firmware);
  await pack(one.world, content);
  await expect(flash(one, options)).rejects.toThrow(message);
});

test('a BMC without HPM.1 says so', async () => {
  const one = await scene();
  await one.world.until(one.bmc.close());
  one.process.kill();
  const process = one.world.process();
  const settings = {
    interfaces: [{ type: 'lan' as const, listen: '10.0.0.1:623' }],
    users: [{ id: 2, name: 'admin', password: 'secret' }],
  };
  const bmc = new Bmc({ ...settings, identity: { manufacturerId: 7, productId: 9 } }, { world: process });
  await one.world.until(bmc.open());
  await pack(one.world);
  await expect(flash(one)).rejects.toThrow('this BMC has no HPM.1 firmware upgrade');
});
