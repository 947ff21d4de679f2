import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { Bmc } from '../../bmc.ts';
import type { FirmwareComponentOptions } from '../../config/firmware-schema.ts';
import { hash } from '../../crypto/hash.ts';
import { simWorld, type SimWorld } from '../../world/index.ts';
import {
  parseVersion,
  UpdateError,
  versionText,
  writeDescriptor,
  type Owner,
  type UpdateProblem,
  type UpdateService,
} from './index.ts';

const ANNA: Owner = { key: 'anna', label: 'anna on channel 1' };
const BERT: Owner = { key: 'bert', label: 'bert on channel 1' };

const payload = (size: number, seed: number): Uint8Array =>
  Uint8Array.from({ length: size }, (_, i) => (i * 7 + seed * 31 + (i >> 8)) & 0xff);

/** An image that says what it is. */
function image(
  version: string,
  {
    size = 100_000,
    component = 0,
    productId = 0,
    earliest = '0.00',
    key = undefined as string | undefined,
  } = {},
): Uint8Array {
  const body = payload(size, version.length + Number(version.replace('.', '')));
  const content = {
    component,
    deviceId: 0x20,
    manufacturerId: 0,
    productId,
    size,
    digest: hash('sha256', body),
  };
  const signer =
    key === undefined ? undefined : (message: Uint8Array) => new Uint8Array(sign(null, message, key));
  const tail = writeDescriptor(
    { version: parseVersion(version)!, earliest: parseVersion(earliest)!, ...content },
    signer,
  );
  return Uint8Array.from([...body, ...tail]);
}

interface Bench {
  readonly world: SimWorld;
  readonly bmc: Bmc;
  readonly update: UpdateService;
  readonly log: string[];
  readonly versions: () => (string | undefined)[];
}

async function bench(
  component: Partial<FirmwareComponentOptions> = {},
  { world = simWorld(7), directory = undefined as string | undefined, firmware = {} } = {},
): Promise<Bench> {
  const lines: string[] = [];
  const say = (line: string): void => void lines.push(line);
  const components = [
    { id: 0, name: 'BMC', bmc: true, version: '1.00', ...component },
    { id: 1, name: 'BIOS' },
  ];
  const log = {
    debug: say,
    info: say,
    warn: say,
    error: (line: string, error: unknown) => say(`${line} ${String(error)}`),
  };
  const bmc = new Bmc(
    { sel: { bootEvents: false }, firmware: { components, ...firmware } },
    { world, log, firmwareDirectory: directory },
  );
  await world.until(bmc.open());
  const update = bmc.update!;
  const {
    components: [first],
  } = update;
  const text = (one: { version: Parameters<typeof versionText>[0] } | undefined) =>
    one && versionText(one.version);
  return {
    world,
    bmc,
    update,
    log: lines,
    versions: () => [text(first.active), text(first.rollback), text(first.pending)],
  };
}

async function upload(
  { world, update }: Pick<Bench, 'world' | 'update'>,
  data: Uint8Array,
  owner: Owner = ANNA,
  id = 0,
): Promise<void> {
  await world.until(update.begin(id, owner));
  for (let at = 0; at < data.length; at += 1000)
    await world.until(Promise.resolve(update.write(owner, at, data.subarray(at, at + 1000))));
  await world.until(update.finish(owner, data.length));
  await world.until(update.verify(owner));
}

const problem = (of: Promise<unknown> | (() => unknown)): Promise<UpdateProblem> =>
  (async () => (typeof of === 'function' ? of() : of))().then(
    () => {
      throw new Error('nothing was wrong');
    },
    (error: UpdateError) => error.problem ?? Promise.reject(error),
  );

describe.each([
  ['in memory', undefined],
  ['in files', '/state/firmware/bmc'],
])('slots %s', (_name, directory) => {
  test('R17: upload, activation, rollback: versions, Get Device ID, and who did it in the log', async () => {
    const one = await bench({}, { directory });
    expect(one.versions()).toEqual(['1.00', undefined, undefined]);
    await upload(one, image('2.05'));
    expect(one.versions()).toEqual(['1.00', undefined, '2.05']);
    await one.world.until(one.update.activate(ANNA));
    expect(one.versions()).toEqual(['2.05', '1.00', undefined]);
    expect(one.bmc.identity.firmware).toMatchObject({ major: 2, minor: 5 });
    await one.world.until(one.update.rollBack(BERT));
    expect(one.versions()).toEqual(['1.00', undefined, undefined]);
    expect(one.update.lastRollback).toEqual({ components: 1, outcome: 'done' });
    expect(await problem(one.world.until(one.update.rollBack(BERT)))).toBe('nothing-to-roll-back');
    const digest = Buffer.from(hash('sha256', payload(100_000, 4 + 205))).toString('hex');
    expect(one.log.join('\n')).toContain(`anna on channel 1 activates BMC 2.05, SHA-256 ${digest}`);
    expect(one.log).toContain('bmc: update: bert on channel 1: BMC is 1.00 again');
  });

  test('one slot: nothing to roll back to, and the old image is gone', async () => {
    const one = await bench({ slots: 1 }, { directory });
    for (const version of ['2.00', '3.00']) {
      await upload(one, image(version));
      await one.world.until(one.update.activate(ANNA));
      expect(one.versions()).toEqual([version, undefined, undefined]);
    }
    if (directory)
      expect(await one.world.files.list(`${directory}/component-0`)).toEqual(['a.img', 'boot.json']);
  });

  test('a failed self test brings the old firmware back, unless it is told not to', async () => {
    const one = await bench({ selfTest: { result: 'fail', time: 1000 } }, { directory });
    await upload(one, image('2.00'));
    expect(await problem(one.world.until(one.update.activate(ANNA)))).toBe('self-test');
    expect(one.versions()[0]).toBe('1.00');
    expect([one.update.selfTest, one.update.lastRollback]).toEqual([
      { result: 0x60, failed: 1 },
      { components: 1, outcome: 'done' },
    ]);
    await upload(one, image('2.00'));
    expect(await problem(one.world.until(one.update.activate(ANNA, { keepFailed: true })))).toBe('self-test');
    expect(one.versions()[0]).toBe('2.00');
    expect(one.update.lastRollback).toEqual({ components: 1, outcome: 'overridden' });
  });
});

test('several components wait, and are activated as one', async () => {
  const one = await bench();
  await upload(one, image('2.00'));
  await upload(one, image('4.00', { component: 1 }), BERT, 1);
  await one.world.until(one.update.activate(ANNA));
  expect(one.update.components.map(({ active }) => active.version.major)).toEqual([2, 4]);
});

test('an image without a descriptor has the version that the settings assume, or none', async () => {
  const one = await bench({ assumeVersion: '9.99' });
  await upload(one, payload(300, 1));
  expect(one.versions()[2]).toBe('9.99');
  await upload(one, payload(300, 1), ANNA, 1);
  expect(versionText(one.update.component(1).pending!.version)).toBe(
    `0.00.${Buffer.from(hash('sha256', payload(300, 1)))
      .toString('hex')
      .slice(0, 8)}`,
  );
});

test('one owner at a time, takeover, kill, list; a repeated begin starts anew', async () => {
  const { world, update } = await bench();
  await world.until(update.begin(0, ANNA));
  expect(await problem(world.until(update.begin(1, BERT)))).toBe('busy');
  expect(await problem(() => update.write(BERT, 0, payload(10, 1)))).toBe('no-update');
  await update.write(ANNA, 0, payload(500, 1));
  await world.run(1000);
  expect(update.info).toEqual({
    component: 0,
    name: 'BMC',
    stage: 'uploading',
    owner: 'anna on channel 1',
    received: 500,
    verified: 0,
    age: 1000,
    expiresIn: 119_000,
  });
  const ends: string[] = [];
  update.onEnded(({ message }) => ends.push(message));
  await world.until(update.begin(0, BERT, { takeover: true }));
  expect(await problem(() => update.write(ANNA, 500, payload(10, 1)))).toBe('no-update');
  await world.until(update.begin(0, BERT));
  expect([update.kill('killed'), update.kill('killed'), update.info]).toEqual([true, false, undefined]);
  expect(ends).toEqual(['taken over by bert on channel 1', 'begun anew', 'killed']);
});

test('an upload that nobody goes on with expires, and the next one finds an empty slot', async () => {
  const { world, bmc, update } = await bench();
  await world.until(update.begin(0, ANNA));
  await update.write(ANNA, 0, payload(500, 1));
  await world.run(119_000);
  await update.write(ANNA, 500, payload(500, 1));
  expect(bmc.identity.updateInProgress).toBe(true);
  await world.run(119_000);
  expect(update.owns(ANNA)).toBe(true);
  await world.run(2000);
  expect([update.owns(ANNA), bmc.identity.updateInProgress]).toEqual([false, false]);
  await world.until(update.begin(0, BERT));
  expect(update.received(BERT)).toBe(0);
});

test('bytes that come again change nothing; gaps are refused and the upload goes on', async () => {
  const one = await bench();
  const { world, update } = one;
  const data = image('2.00', { size: 200_000 });
  await world.until(update.begin(0, ANNA));
  for (let at = 0; at < data.length; at += 5000) {
    await update.write(ANNA, at, data.subarray(at, at + 5000));
    if (at % 3 === 0) await update.write(ANNA, at, data.subarray(at, at + 5000));
    if (at === 150_000)
      await world.until(Promise.resolve(update.write(ANNA, 20_000, data.subarray(20_000, 25_000))));
    expect(await problem(() => update.write(ANNA, at + 10_000, data.subarray(0, 10)))).toBe('gap');
  }
  await world.until(update.finish(ANNA, data.length));
  await world.until(update.verify(ANNA));
  expect(one.versions()[2]).toBe('2.00');
});

const { publicKey, privateKey } = generateKeyPairSync('ed25519', {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const other = generateKeyPairSync('ed25519', {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const flipped = (data: Uint8Array, at: number): Uint8Array => data.with(at, data[at] ^ 1);

test.each<[string, Partial<FirmwareComponentOptions>, Uint8Array, UpdateProblem | undefined]>([
  ['a good one', {}, image('2.00'), undefined],
  ['a damaged payload', {}, flipped(image('2.00'), 70_000), 'digest'],
  ['cut at its end', {}, image('2.00', { size: 300 }).slice(100), 'digest'],
  ['for another product', {}, image('2.00', { productId: 5 }), 'wrong-device'],
  ['for another component', {}, image('2.00', { component: 1 }), 'wrong-device'],
  ['that needs a newer one first', {}, image('2.00', { earliest: '1.50' }), 'wrong-version'],
  ['an older one', { downgrade: false }, image('0.90'), 'wrong-version'],
  ['an older one where that is allowed', {}, image('0.90'), undefined],
  ['signed', { publicKey }, image('2.00', { key: privateKey }), undefined],
  ['not signed', { publicKey }, image('2.00'), 'signature'],
  ['signed by somebody else', { publicKey }, image('2.00', { key: other.privateKey }), 'signature'],
  [
    'with a version changed after it was signed',
    { publicKey },
    flipped(image('2.00', { key: privateKey }), 100_001),
    'signature',
  ],
  ['too large', { maxSize: 50_000 }, image('2.00'), 'too-large'],
])('an image %s', async (_name, component, data, expected) => {
  const one = await bench(component);
  if (expected === undefined) await upload(one, data);
  else {
    expect(await problem(upload(one, data))).toBe(expected);
    expect([one.update.info, one.versions()]).toEqual([undefined, ['1.00', undefined, undefined]]);
    await upload(one, image('2.00', { size: 1000, key: privateKey }));
  }
});

test('fewer bytes than were sent, another digest than its sender has', async () => {
  const { world, update } = await bench();
  const data = image('2.00', { size: 1000 });
  const sent = async (size: number, expected?: Uint8Array): Promise<void> => {
    await world.until(update.begin(0, ANNA));
    await update.write(ANNA, 0, data);
    await world.until(update.finish(ANNA, size));
    await world.until(update.verify(ANNA, expected));
  };
  expect(await problem(sent(999))).toBe('size');
  expect(await problem(sent(data.length, payload(32, 1)))).toBe('digest');
  await sent(data.length, hash('sha256', data));
});

test('who begins while an image is given up finds an empty slot', async () => {
  const one = await bench(
    {},
    { directory: '/firmware', world: simWorld(6, { diskFaults: { latency: [1, 1] } }) },
  );
  const { world, update } = one;
  await upload(one, image('2.00'));
  const discarded = update.discard(ANNA);
  const begun = update.begin(0, BERT);
  await world.until(Promise.all([discarded, begun]));
  await update.write(BERT, 0, image('3.00', { size: 1000 }));
  await world.until(update.finish(BERT));
  await world.until(update.verify(BERT));
  expect(one.versions()).toEqual(['1.00', undefined, '3.00']);
});

test('bytes that are sent again and are others replace the first ones', async () => {
  const { world, update, versions } = await bench();
  const data = image('2.00');
  await world.until(update.begin(0, ANNA));
  for (const [from, to] of [
    [0, 90_000],
    [0, 100],
    [50_000, data.length],
  ])
    await world.until(
      Promise.resolve(update.write(ANNA, from, to === 90_000 ? new Uint8Array(to) : data.subarray(from, to))),
    );
  await world.until(Promise.resolve(update.write(ANNA, 100, data.subarray(100, 50_000))));
  await world.until(update.finish(ANNA, data.length));
  await world.until(update.verify(ANNA));
  expect(versions()[2]).toBe('2.00');
});

test('comparison: the active image, and another one', async () => {
  const one = await bench();
  const compare = async (data: Uint8Array): Promise<void> => {
    await one.world.until(one.update.begin(0, ANNA, { compare: true }));
    await one.update.write(ANNA, 0, data);
    await one.world.until(one.update.finish(ANNA, data.length));
    await one.world.until(one.update.verify(ANNA));
  };
  expect(await problem(compare(image('2.00')))).toBe('mismatch');
  await upload(one, image('2.00'));
  await one.world.until(one.update.activate(ANNA));
  await compare(image('2.00'));
  expect(await problem(compare(image('2.01')))).toBe('mismatch');
  expect(one.versions()).toEqual(['2.00', '1.00', undefined]);
});

test('a slow flash takes its time, a full one says so', async () => {
  const slow = await bench({ speed: { erase: 2000, writeRate: 100_000, readRate: 1_000_000 } });
  const began = slow.world.clock.monotonic();
  const data = image('2.00', { size: 1_000_000 });
  await slow.world.until(slow.update.begin(0, ANNA));
  for (let at = 0; at < data.length; at += 1000)
    await slow.world.until(Promise.resolve(slow.update.write(ANNA, at, data.subarray(at, at + 1000))));
  expect(slow.world.clock.monotonic() - began).toBeGreaterThan(11_500);
  const full = await bench({}, { firmware: { memory: 65_536 } });
  expect(await problem(upload(full, image('2.00')))).toBe('too-large');
  const world = simWorld(3);
  const disk = await bench({}, { directory: '/firmware', world });
  world.disk.faults.capacity = 30_000;
  expect(await problem(upload(disk, image('2.00')))).toBe('storage');
});

test('programs and HTTP services are told of each stage, and may refuse', async () => {
  const world = simWorld(2);
  const told: string[] = [];
  world.programs.define('/hook', (args, { env }) => {
    told.push(
      `${args.join(' ')} ${env?.IPMI_UPDATE_STAGE} ${env?.IPMI_UPDATE_VERSION} ${env?.IPMI_UPDATE_PATH}`,
    );
    expect(env?.IPMI_UPDATE_DIGEST ?? '0'.repeat(64)).toMatch(/^[\da-f]{64}$/);
    return env?.IPMI_UPDATE_STAGE === 'verify' && told.length < 3
      ? { code: 3, stderr: 'not today\n' }
      : { code: 0 };
  });
  const hook = ['/hook', 'x'];
  const one = await bench(
    { commands: { prepare: hook, verify: hook, activate: hook, rollback: hook } },
    { world, directory: '/firmware' },
  );
  await expect(upload(one, image('2.00'))).rejects.toThrow('verify: /hook ended with 3: not today');
  await upload(one, image('2.00'));
  await world.until(one.update.activate(ANNA));
  await world.until(one.update.rollBack(ANNA));
  const path = '/firmware/component-0/b.img';
  expect(told).toEqual([
    `x prepare undefined ${path}`,
    `x verify undefined ${path}`,
    `x prepare undefined ${path}`,
    `x verify undefined ${path}`,
    `x activate 2.00 ${path}`,
    `x rollback 1.00 ${path.replace('b.img', 'a.img')}`,
  ]);

  const posted: unknown[] = [];
  await world.http.listen({ host: 'flash.example', port: 80 }, ({ body }) => {
    posted.push((JSON.parse(body) as { stage: string }).stage);
    return posted.length === 3 ? { status: 409, body: 'bad image' } : { status: 200 };
  });
  const web = await bench({ http: 'http://flash.example:80/hook' }, { world });
  await expect(upload(web, image('2.00'))).rejects.toThrow('verify: the hook answered 409: bad image');
  expect(posted).toEqual(['prepare', 'upload', 'verify']);
});

test('an image to roll back to that is damaged is not rolled back to', async () => {
  const one = await bench(
    { bmc: false },
    { directory: '/firmware', world: simWorld(4, { diskFaults: { latency: [0.01, 0.01] } }) },
  );
  const { world } = one;
  await upload(one, image('2.00'));
  await world.until(one.update.activate(ANNA));
  await upload(one, image('3.00'));
  await world.until(one.update.activate(ANNA));
  const path = '/firmware/component-0/b.img';
  await world.until(world.files.write(path, flipped(await world.until(world.files.read(path)), 500)));
  expect(await problem(world.until(one.update.rollBack(ANNA)))).toBe('nothing-to-roll-back');
  expect([one.versions()[0], one.update.lastRollback]).toEqual([
    '3.00',
    { components: 1, outcome: 'denied' },
  ]);
});

test('a public key that is none is a mistake in the settings', async () => {
  const publicKey = '-----BEGIN PUBLIC KEY-----\nbm9uZQ==\n-----END PUBLIC KEY-----';
  await expect(bench({ publicKey })).rejects.toThrow('publicKey of BMC');
});
