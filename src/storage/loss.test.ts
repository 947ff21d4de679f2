// H6: what is damaged, emptied, lost or older than the rest is locked; nothing falls back to what the
// settings say.
import { describe, expect, test } from 'vitest';
import { Bmc } from '../bmc.ts';
import { Privilege } from '../commands/command.ts';
import { Context, type Channel } from '../router/index.ts';
import { simWorld, type SimWorld } from '../world/index.ts';
import { MAGIC } from './record.ts';
import { Storage } from './storage.ts';

const FILES = ['state', 'access', 'secrets'].map((name) => `${name}.journal`);
const SETTINGS = {
  name: 'node',
  interfaces: [{ type: 'lan' as const, listen: '10.0.0.1:623' }],
  users: [
    { id: 2, name: 'admin', password: 'of-the-file', privilege: 'administrator' as const },
    { id: 3, name: 'guest', password: 'guest-pass', privilege: 'administrator' as const },
  ],
};
const access = {
  callback: false,
  linkAuthentication: true,
  messaging: true,
  privilegeLimit: Privilege.Administrator,
  sessionLimit: 0,
};
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text.padEnd(20, '\0'));

interface Life {
  readonly bmc: Bmc;
  readonly warnings: string[];
  readonly storage: Storage;
}

async function start(world: SimWorld): Promise<Life> {
  const warnings: string[] = [];
  const storage = await world.until(
    Storage.open(world.files, '/state', { warn: (line) => warnings.push(line), sealKey: sealKeyOf(world) }),
  );
  const bmc = new Bmc(SETTINGS, { world, journal: storage.journal('node') });
  return { bmc, warnings, storage };
}

const sealKeyOf = (world: SimWorld): string | undefined =>
  world.disk.name === 'sealed' ? 'a key of enough characters' : undefined;

async function end(world: SimWorld, { storage }: Life): Promise<void> {
  await world.until(storage.close());
}

/**
 * What a client has done: another password, a lower limit, a user disabled, a channel closed to 1.5 levels, a
 * command disabled.
 */
async function changed(world: SimWorld): Promise<void> {
  const life = await start(world);
  const { bmc } = life;
  const stored = (done: Promise<void> | undefined): Promise<void> => world.until(Promise.resolve(done));
  await stored(bmc.users.setAccess(2, 1, { ...access, privilegeLimit: Privilege.User }));
  await stored(bmc.users.setEnabled(3, false));
  await stored(
    bmc.channels.setStoredAccess(1, {
      ...bmc.channels.access(1, 'stored'),
      privilegeLimit: Privilege.Operator,
    }),
  );
  await stored(bmc.firewall.enable([[{ channel: 1, netFn: 0, lun: 0, cmd: 2, body: undefined }, false]]));
  await stored(bmc.users.setPassword(2, bytes('of-the-client')));
  await stored(bmc.channels.setKey(1, 'kg', bytes('kg')));
  await end(world, life);
}

const read = (world: SimWorld, name: string): Promise<Uint8Array> =>
  world.until(world.files.read(`/state/${name}`));
async function write(world: SimWorld, name: string, data: Uint8Array): Promise<void> {
  await world.until(world.files.mkdir('/state', 0o700));
  await world.until(world.files.write(`/state/${name}`, data, { mode: 0o600 }));
}

/** Nothing that the settings or an older record say may let anybody in. */
function expectLocked({ bmc }: Life, file: string): void {
  expect(
    [2, 3].map((id) => bmc.users.logIn(id === 2 ? 'admin' : 'guest', 1, undefined)),
    file,
  ).toEqual([undefined, undefined]);
  expect(bmc.users.testPassword(2, bytes('of-the-file')), file).not.toBe('right');
}

describe.each(['access.journal', 'secrets.journal'])('%s', (name) => {
  test('H6: lost, emptied, or cut to its first line: locked and told, in this start and in the next', async () => {
    for (const how of ['lost', 'emptied', 'cut']) {
      const world = simWorld(1);
      await changed(world);
      if (how === 'lost') await world.until(world.files.remove(`/state/${name}`));
      else await write(world, name, how === 'cut' ? new TextEncoder().encode(MAGIC) : new Uint8Array(0));
      for (let n = 0; n < 2; n++) {
        const life = await start(world);
        expectLocked(life, how);
        expect(life.warnings.join('\n'), how).toMatch(new RegExp(`/state/${name}: .*locked`));
        await end(world, life);
      }
    }
  });

  test('H6: cut between two records, or put back as it was earlier in the same start: locked, or nothing is missing', async () => {
    const whole = simWorld(1);
    await changed(whole);
    const files = new Map<string, Uint8Array>();
    for (const one of FILES) files.set(one, await read(whole, one));
    const data = files.get(name)!;
    const ends = [...data.keys()].filter(
      (at) => at > MAGIC.length && data[at] === 0x1e && data[at + 1] === 0x62 && data[at + 2] === 0x6d,
    );
    expect(ends.length).toBeGreaterThan(4);
    for (const place of ends) {
      const world = simWorld(1);
      for (const [one, content] of files)
        await write(world, one, one === name ? content.subarray(0, place) : content);
      const life = await start(world);
      const { bmc } = life;
      expect(bmc.users.testPassword(2, bytes('of-the-file')), `cut at ${place}`).not.toBe('right');
      expect(bmc.users.logIn('guest', 1, undefined), `cut at ${place}`).toBeUndefined();
      expect(bmc.users.access(2, 1).privilegeLimit, `cut at ${place}`).not.toBe(Privilege.Administrator);
      const kg = bmc.channels.kg(1);
      expect(kg === undefined && bmc.channels.available(1), `cut at ${place}`).toBe(false);
      await end(world, life);
      // It was counted anew, and stays locked.
      const again = await start(world);
      expect(again.bmc.users.testPassword(2, bytes('of-the-file')), `cut at ${place}, again`).not.toBe(
        'right',
      );
      expect(again.bmc.users.logIn('guest', 1, undefined), `cut at ${place}, again`).toBeUndefined();
      await end(world, again);
    }
  });

  test('H6: any one flipped bit locks, or changes nothing', async () => {
    const whole = simWorld(1);
    await changed(whole);
    const size = (await read(whole, name)).length;
    for (let byte = MAGIC.length; byte < size; byte++) {
      const world = simWorld(1);
      for (const one of FILES) await write(world, one, await read(whole, one));
      world.disk.flipBit(`/state/${name}`, byte * 8 + (byte % 8));
      const life = await start(world);
      const { bmc } = life;
      const isWhole =
        bmc.users.testPassword(2, bytes('of-the-client')) === 'right' &&
        bmc.users.access(2, 1).privilegeLimit === Privilege.User;
      expect(bmc.users.testPassword(2, bytes('of-the-file')), `byte ${byte}`).not.toBe('right');
      expect(bmc.users.logIn('guest', 1, undefined), `byte ${byte}`).toBeUndefined();
      expect(bmc.users.access(2, 1).privilegeLimit, `byte ${byte}`).not.toBe(Privilege.Administrator);
      if (!isWhole) expect(life.warnings.join('\n'), `byte ${byte}`).toContain('locked');
      await end(world, life);
    }
  });

  test('H6: an older copy, and one of another directory, are no news', async () => {
    const world = simWorld(1);
    await end(world, await start(world));
    const old = await read(world, name);
    await changed(world);
    const others = simWorld(2);
    await changed(others);
    for (const copy of [old, await read(others, name)]) {
      const again = simWorld(1);
      for (const one of FILES) await write(again, one, one === name ? copy : await read(world, one));
      const life = await start(again);
      expectLocked(life, name);
      expect(life.warnings.join('\n')).toMatch(/older than the others|not of the same directory/);
      await end(again, life);
    }
  });
});

test('H6: a torn last record is cut, and locks nothing', async () => {
  for (let cut = 1; cut < 60; cut += 3) {
    const world = simWorld(1);
    await changed(world);
    const life = await start(world);
    await world.until(life.bmc.users.setPassword(3, bytes('another'))!);
    // As the power leaves it: nothing is said at the end.
    const left = await Promise.all(FILES.map(async (name) => [name, await read(world, name)] as const));
    await end(world, life);
    for (const [name, whole] of left)
      await write(world, name, name === 'secrets.journal' ? whole.subarray(0, whole.length - cut) : whole);
    const again = await start(world);
    expect(again.warnings.join('\n')).toMatch(
      /^\/state\/secrets.journal: a torn tail of \d+ byte\(s\) was cut$/,
    );
    expect(again.bmc.users.logIn('admin', 1, undefined)?.password).toEqual(bytes('of-the-client'));
    await end(world, again);
  }
});

test('H6: what the host sets anew holds from then on, and only that', async () => {
  const world = simWorld(1);
  await changed(world);
  await world.until(world.files.remove('/state/secrets.journal'));
  const life = await start(world);
  await world.until(life.bmc.users.setPassword(2, bytes('set-anew'))!);
  expect(life.bmc.users.logIn('admin', 1, undefined)?.password).toEqual(bytes('set-anew'));
  await end(world, life);
  const again = await start(world);
  expect(again.bmc.users.logIn('admin', 1, undefined)?.password).toEqual(bytes('set-anew'));
  expect(again.bmc.channels.available(1)).toBe(false);
  await world.until(again.bmc.channels.setKey(1, 'kg', bytes('kg'))!);
  expect(again.bmc.channels.available(1)).toBe(true);
  await end(world, again);
});

test('H6: what no client had changed is not locked by the loss of what one had', async () => {
  const world = simWorld(1);
  const first = await start(world);
  await world.until(first.bmc.users.setPassword(2, bytes('of-the-client'))!);
  await end(world, first);
  await world.until(world.files.remove('/state/secrets.journal'));
  for (let n = 0; n < 3; n++) {
    const life = await start(world);
    const { users, channels } = life.bmc;
    expect([
      users.logIn('admin', 1, undefined),
      users.logIn('guest', 1, undefined)?.id,
      channels.available(1),
    ]).toEqual([undefined, 3, true]);
    await end(world, life);
  }
  // With both gone nobody knows what there was.
  for (const name of ['secrets', 'access']) await world.until(world.files.remove(`/state/${name}.journal`));
  const life = await start(world);
  expect([life.bmc.users.logIn('guest', 1, undefined), life.bmc.channels.available(1)]).toEqual([
    undefined,
    false,
  ]);
  await end(world, life);
});

test('H6: setting a part of a lost user brings back nothing else of it', async () => {
  const world = simWorld(1);
  await changed(world);
  await world.until(world.files.remove('/state/access.journal'));
  const life = await start(world);
  await world.until(life.bmc.users.setName(3, 'visitor')!);
  expect([life.bmc.users.enabled(3), life.bmc.users.access(3, 1).messaging]).toEqual([false, false]);
  await end(world, life);
});

test('H6: a lost firewall leaves log-ins to sessions, and everything to the host', async () => {
  const world = simWorld(1);
  await changed(world);
  await world.until(world.files.remove('/state/access.journal'));
  const life = await start(world);
  const check = (netFn: number, cmd: number, medium: 'lan' | 'system-interface'): number => {
    const channel: Channel = { number: medium === 'lan' ? 1 : 15, medium, maxAnswer: 248 };
    const context = new Context(life.bmc, channel, Privilege.Administrator);
    return life.bmc.firewall.check({ netFn, cmd, lun: 0, data: new Uint8Array(0) }, context);
  };
  expect([check(0, 2, 'lan'), check(6, 0x38, 'lan'), check(0, 2, 'system-interface')]).toEqual([0xd4, 0, 0]);
  await end(world, life);
});

test('H6: unlock takes what is left as it is, once and for all', async () => {
  const world = simWorld(1);
  await changed(world);
  await world.until(world.files.remove('/state/secrets.journal'));
  const life = await start(world);
  expect(await world.until(life.storage.unlock())).toEqual(['secrets.journal']);
  await end(world, life);
  const again = await start(world);
  expect([again.warnings, again.bmc.users.testPassword(2, bytes('of-the-file').subarray(0, 16))]).toEqual([
    [],
    'right',
  ]);
  await end(world, again);
});

test('H6: no earlier .damaged is overwritten', async () => {
  const world = simWorld(1);
  await changed(world);
  const copies: Uint8Array[] = [];
  for (let n = 0; n < 3; n++) {
    world.disk.flipBit('/state/secrets.journal', (MAGIC.length + 40 + n) * 8);
    copies.push(await read(world, 'secrets.journal'));
    await end(world, await start(world));
  }
  const kept = ['', '-2', '-3'].map((suffix) => read(world, `secrets.journal.damaged${suffix}`));
  expect(await Promise.all(kept)).toEqual(copies);
});

test('H6: no loss of power at any moment locks anybody out', async () => {
  for (let seed = 0; seed < 150; seed++) {
    const world = simWorld(seed, { diskFaults: { latency: [0.1, 2] } });
    const process = world.process();
    const opening = Storage.open(process.files, '/state', { warn: () => undefined });
    let done = 0;
    const work = opening.then(async (storage) => {
      const bmc = new Bmc(SETTINGS, { world: process, journal: storage.journal('node') });
      await bmc.users.setPassword(2, bytes('of-the-client'));
      done = 1;
      const all = [2, 3].flatMap((id) => [
        bmc.users.setPassword(id, bytes('x'.repeat(20))),
        bmc.users.setEnabled(id, true),
      ]);
      await Promise.all(all.map((one) => Promise.resolve(one)));
    });
    void work.catch(() => undefined);
    await world.run(seed % 75);
    process.crash();
    const warnings: string[] = [];
    const storage = await world.until(
      Storage.open(world.files, '/state', { warn: (line) => warnings.push(line) }),
    );
    expect(
      warnings.filter((line) => line.includes('locked')),
      `seed ${seed}`,
    ).toEqual([]);
    const bmc = new Bmc(SETTINGS, { world, journal: storage.journal('node') });
    const password = bmc.users.logIn('admin', 1, undefined)?.password;
    expect(password && Buffer.from(password).toString().replaceAll('\0', ''), `seed ${seed}`).toMatch(
      done ? /^(of-the-client|x+)$/ : /./,
    );
    await world.until(storage.close());
  }
});
