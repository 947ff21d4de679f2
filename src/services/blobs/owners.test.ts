import { describe, expect, test } from 'vitest';
import { HOST, rig, sessionContext } from '../../../test/support/bmc.ts';
import { flashRig, IMAGE } from '../../../test/support/flash-rig.ts';
import { BlobClient, loopback } from '../../client/index.ts';
import { DataPath, OpenFlag } from '../../commands/oem/blob.ts';
import { Privilege } from '../../commands/command.ts';
import { Context } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import { hash } from '../../crypto/hash.ts';
import { Bmc } from '../../bmc.ts';
import { simWorld } from '../../world/index.ts';
import type { BlobHandler } from './index.ts';

const WRITE_IPMI = OpenFlag.Write | DataPath.Ipmi;
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const REFUSED = { cc: 0xff };

function notebook() {
  const seen: string[] = [];
  const handler: BlobHandler = {
    owner: 'notebook',
    claims: ['/note'],
    list: () => ['/note'],
    open: () => ({
      read: () => text('secret'),
      write: (_offset, data) => void seen.push(Buffer.from(data).toString()),
      commit: () => void seen.push('committed'),
      writeMeta: () => undefined,
      stat: () => ({ state: 2, size: 0, metadata: text('token') }),
      close: () => void seen.push('closed'),
      expire: () => void seen.push('expired'),
    }),
  };
  return { handler, seen };
}

const blobsOf = (bmc: Bmc, context: Context<BmcState>): BlobClient =>
  new BlobClient(loopback(bmc.router.dispatch, context));

describe('C2: an open blob is there for the session that opened it, and for nobody else', () => {
  test('write, read, token, metadata, commit and close by another session: there is no such session', async () => {
    const { bmc } = rig();
    const { handler, seen } = notebook();
    bmc.blobs.register(handler);
    const admin = blobsOf(bmc, sessionContext(bmc, Privilege.Administrator));
    const id = await admin.open('/note', OpenFlag.Write);
    const strangers = {
      user: sessionContext(bmc, Privilege.User, 3),
      'the same account in another session': sessionContext(bmc, Privilege.Administrator),
      host: new Context<BmcState>(bmc, HOST, Privilege.Oem),
      'a controller': new Context<BmcState>(
        bmc,
        { number: 0, medium: 'ipmb', maxAnswer: 32 },
        Privilege.Administrator,
        0,
        undefined,
        '82h',
      ),
    };
    for (const [name, context] of Object.entries(strangers)) {
      const blobs = blobsOf(bmc, context);
      await expect(blobs.write(id, 0, text('evil')), name).rejects.toMatchObject(REFUSED);
      await expect(blobs.sessionStat(id), name).rejects.toMatchObject(REFUSED);
      await expect(blobs.writeMeta(id, 0, text('evil')), name).rejects.toMatchObject(REFUSED);
      await expect(blobs.commit(id), name).rejects.toMatchObject(REFUSED);
      await expect(blobs.close(id), name).rejects.toMatchObject(REFUSED);
      await expect(blobs.read(id, 0, 9), name).rejects.toMatchObject(REFUSED);
    }
    expect(seen).toEqual([]);
    await admin.write(id, 0, text('mine'));
    await admin.close(id);
    expect(seen).toEqual(['mine', 'closed']);
    // A repeated Close is answered to who closed it.
    await admin.close(id);
    await expect(blobsOf(bmc, strangers.user).close(id)).rejects.toMatchObject(REFUSED);
  });

  test('ids are random, and the session takes its blobs along when it ends', async () => {
    const { bmc } = rig();
    const { handler, seen } = notebook();
    bmc.blobs.register(handler);
    const context = sessionContext(bmc, Privilege.Administrator);
    const blobs = blobsOf(bmc, context);
    const ids: number[] = [];
    for (let i = 0; i < 6; i++) {
      const id = await blobs.open('/note', OpenFlag.Write);
      await blobs.write(id, 0, text('x'));
      ids.push(id);
    }
    const steps = ids.slice(1).map((id, i) => (id - ids[i]) & 0xffff);
    expect(new Set(steps).size).toBe(steps.length);
    bmc.sessions.close(context.session, 'user-changed');
    expect(bmc.blobs.sessions).toEqual([]);
    expect(seen.filter((what) => what === 'expired')).toHaveLength(6);
  });

  test('a blob that is still being opened when its session ends does not stay open', async () => {
    const { bmc } = rig();
    const { handler, seen } = notebook();
    let go = (): void => undefined;
    bmc.blobs.register({
      ...handler,
      open: async (...all) => {
        await new Promise<void>((resolve) => (go = resolve));
        return handler.open(...all);
      },
    });
    const context = sessionContext(bmc, Privilege.Administrator);
    const opening = blobsOf(bmc, context).open('/note', OpenFlag.Write);
    await Promise.resolve();
    bmc.sessions.close(context.session, 'revoked');
    go();
    await expect(opening).rejects.toMatchObject(REFUSED);
    expect([bmc.blobs.sessions, seen]).toEqual([[], ['expired']]);
  });

  test('I3: one account does not take all places', async () => {
    const { bmc } = rig();
    bmc.blobs.register(notebook().handler);
    const contexts = [sessionContext(bmc, Privilege.User, 3), sessionContext(bmc, Privilege.User, 3)];
    let opened = 0;
    for (let i = 0; i < 20; i++) {
      const blobs = blobsOf(bmc, contexts[i % 2]);
      const id = await blobs.open('/note', OpenFlag.Write).catch(() => undefined);
      if (id !== undefined) await blobs.write(id, 0, text('x'));
      if (id !== undefined) opened++;
    }
    expect(opened).toBe(8);
    expect(
      await blobsOf(bmc, sessionContext(bmc, Privilege.Administrator)).open('/note', OpenFlag.Write),
    ).toBeTypeOf('number');
  });
});

describe("C2: a firmware update by blobs is one session's from its first blob to the last", () => {
  test("its hash, verification, update, delete and cleanup are nobody else's", async () => {
    const { bmc, opened } = flashRig();
    await opened;
    const admin = blobsOf(bmc, sessionContext(bmc, Privilege.Administrator));
    const image = await admin.open('/flash/bios', WRITE_IPMI);
    for (let at = 0; at < IMAGE.length; at += 100_000)
      await admin.write(image, at, IMAGE.subarray(at, at + 100_000));
    await admin.close(image);
    for (const stranger of [
      sessionContext(bmc, Privilege.Administrator, 3),
      new Context<BmcState>(bmc, HOST, Privilege.Oem),
    ]) {
      const blobs = blobsOf(bmc, stranger);
      await expect(blobs.open('/flash/hash', WRITE_IPMI)).rejects.toMatchObject(REFUSED);
      await expect(blobs.open('/flash/bios', WRITE_IPMI)).rejects.toMatchObject(REFUSED);
      await expect(blobs.open('/flash/verify', OpenFlag.Write)).rejects.toMatchObject(REFUSED);
      await expect(blobs.delete('/flash/active/image')).rejects.toMatchObject(REFUSED);
      const cleanup = await blobs.open('/flash/cleanup', OpenFlag.Write);
      await expect(blobs.commit(cleanup)).rejects.toMatchObject(REFUSED);
      await blobs.close(cleanup);
    }
    await expect(
      blobsOf(bmc, sessionContext(bmc, Privilege.User, 4)).open('/flash/cleanup', OpenFlag.Write),
    ).rejects.toMatchObject({ cc: 0xd4 });
    const hashed = await admin.open('/flash/hash', WRITE_IPMI);
    await admin.write(hashed, 0, hash('sha256', IMAGE));
    await admin.close(hashed);
    expect(await admin.open('/flash/verify', OpenFlag.Write)).toBeTypeOf('number');
  });

  test('a session that loses its level writes no more, and one that ends leaves nothing half done', async () => {
    const { bmc, opened, world } = flashRig();
    await opened;
    const context = sessionContext(bmc, Privilege.Administrator);
    const admin = blobsOf(bmc, context);
    const image = await admin.open('/flash/bios', WRITE_IPMI);
    await admin.write(image, 0, IMAGE.subarray(0, 100));
    context.session.privilege = Privilege.User;
    await expect(admin.write(image, 100, IMAGE.subarray(100, 200))).rejects.toMatchObject({ cc: 0xd4 });
    bmc.sessions.close(context.session, 'user-changed');
    await world.run(10);
    expect(bmc.update!.info).toBeUndefined();
    const next = blobsOf(bmc, sessionContext(bmc, Privilege.Administrator, 3));
    expect(await next.open('/flash/bios', WRITE_IPMI)).toBeTypeOf('number');
  });
});

describe('V13: blobs activate nothing but a verified image', () => {
  const sent = async (data: Uint8Array, digest?: Uint8Array) => {
    const { blobs, opened, world, version, bmc } = flashRig();
    await opened;
    const image = await blobs.open('/flash/bios', WRITE_IPMI);
    if (data.length > 0) await blobs.write(image, 0, data);
    await blobs.close(image);
    if (digest) {
      const second = await blobs.open('/flash/hash', WRITE_IPMI);
      await blobs.write(second, 0, digest);
      await blobs.close(second);
    }
    const verify = await blobs.open('/flash/verify', OpenFlag.Write);
    await blobs.commit(verify).catch(() => undefined);
    await world.run(1000);
    await blobs.sessionStat(verify);
    await blobs.close(verify);
    const update = await blobs.open('/flash/update', OpenFlag.Write).catch(() => undefined);
    if (update !== undefined) await blobs.commit(update);
    await world.run(10_000);
    return { version: version(), pending: bmc.update!.component(1).pending };
  };

  test.each<[string, Uint8Array, Uint8Array | undefined]>([
    ['nothing', new Uint8Array(0), hash('sha256', new Uint8Array(0))],
    ['nothing, without a hash', new Uint8Array(0), undefined],
    ['half of it, without a hash', IMAGE.subarray(0, 1000), undefined],
    ['half of it, with the hash of all', IMAGE.subarray(0, 1000), hash('sha256', IMAGE)],
  ])('%s', async (_what, data, digest) => {
    expect(await sent(data, digest)).toEqual({ version: '2.00', pending: undefined });
  });

  test('all of it, with its hash', async () => {
    const data = IMAGE.subarray(0, 1000);
    expect((await sent(data, hash('sha256', data))).version).toBe('2.10');
  });

  test('what was verified here and then thrown away or replaced is not activated in its place', async () => {
    const { blobs, opened, world, version, bmc } = flashRig();
    await opened;
    const data = IMAGE.subarray(0, 1000);
    const image = await blobs.open('/flash/image', WRITE_IPMI);
    await blobs.write(image, 0, data);
    await blobs.close(image);
    const second = await blobs.open('/flash/hash', WRITE_IPMI);
    await blobs.write(second, 0, hash('sha256', data));
    await blobs.close(second);
    const verify = await blobs.open('/flash/verify', OpenFlag.Write);
    await blobs.commit(verify);
    await world.run(1000);
    await blobs.sessionStat(verify);
    await blobs.close(verify);
    // By HPM.1 somebody throws it away and brings an image of another component.
    const owner = { key: 'other', label: 'another' };
    await bmc.update!.discard(owner);
    await bmc.update!.begin(1, owner);
    await bmc.update!.write(owner, 0, IMAGE.subarray(0, 500));
    await bmc.update!.finish(owner, 500);
    await bmc.update!.verify(owner);
    const update = await blobs.open('/flash/update', OpenFlag.Write);
    await blobs.commit(update);
    await world.run(10_000);
    expect((await blobs.sessionStat(update)).metadata).toEqual(Uint8Array.of(2));
    expect([version(), bmc.update!.component(1).pending?.size]).toEqual(['2.00', 500]);
  });
});

test('I3: whoever asks for what is not there fills no log: a line a second, with how many had none', async () => {
  const said: string[] = [];
  const log = {
    debug: () => undefined,
    info: () => undefined,
    warn: (line: string) => void said.push(line),
    error: () => undefined,
  };
  const world = simWorld(1);
  const bmc = new Bmc(
    { name: 'one', users: [{ id: 3, name: 'user', password: 'secret' }], sel: { bootEvents: false } },
    { world, log },
  );
  bmc.blobs.register(notebook().handler);
  const user = blobsOf(bmc, sessionContext(bmc, Privilege.User, 3));
  said.length = 0;
  for (let second = 0; second < 3; second++) {
    for (let i = 0; i < 100; i++)
      await expect(user.open(`/none${i}`, OpenFlag.Read)).rejects.toMatchObject(REFUSED);
    await world.run(1000);
  }
  expect(said).toEqual([
    'one: blob: there is no blob /none0',
    'one: blob: there is no blob /none0; 99 more since the last line',
    'one: blob: there is no blob /none0; 99 more since the last line',
  ]);
});
