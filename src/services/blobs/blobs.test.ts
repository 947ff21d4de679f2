import { describe, expect, test } from 'vitest';
import { rig, HOST, LAN } from '../../../test/support/bmc.ts';
import { flashRig, IMAGE } from '../../../test/support/flash-rig.ts';
import { BlobClient, FlashError, loopback } from '../../client/index.ts';
import { ActionStatus, BlobState, DataPath, OpenFlag } from '../../commands/oem/blob.ts';
import { Context, RegistrationError } from '../../router/index.ts';
import { blobCrc } from '../../images/blob-crc.ts';
import { hash } from '../../crypto/hash.ts';
import { BlobError, type BlobHandler } from './index.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const IANA = [0xcf, 0xc2, 0x00];
const WRITE_IPMI = OpenFlag.Write | DataPath.Ipmi;

/** A notebook: one blob that can be written, read and committed. */
function notebook(path = '/note'): BlobHandler & { content: Uint8Array; expired: number } {
  const self = {
    owner: `notebook ${path}`,
    claims: [path],
    content: new Uint8Array(0),
    expired: 0,
    list: () => [path],
    open: () => ({
      read: (offset: number, size: number) => self.content.subarray(offset, offset + size),
      write: (offset: number, data: Uint8Array) => {
        const content = new Uint8Array(Math.max(self.content.length, offset + data.length));
        content.set(self.content);
        content.set(data, offset);
        self.content = content;
      },
      commit: (data: Uint8Array) => {
        if (data.length === 0) throw new BlobError('nothing to commit');
      },
      stat: () => ({ state: BlobState.OpenWrite, size: self.content.length, metadata: Uint8Array.of(7) }),
      close: () => undefined,
      expire: () => void self.expired++,
    }),
    stat: () => ({ state: 0, size: self.content.length }),
  };
  return self;
}

describe('the wire', () => {
  test.each([
    ['', 0x1d0f],
    ['A', 0x9479],
    ['123456789', 0xe5cc],
    ['A'.repeat(256), 0xe938],
  ])('CRC of %j', (message, crc) => expect(blobCrc(text(message))).toBe(crc));

  test('a chunk that comes another way, as it was captured on a real host: the session is not there', async () => {
    const { send, bmc } = rig();
    expect(await send(0x2e, 0x80, ...IANA, 0)).toEqual([0xc1, ...IANA]);
    bmc.blobs.register(notebook());
    // openbmc list, 18 February 2021: write, session E254h, offset 400000h, a chunk of 100000h bytes.
    const captured = [0x04, 0xd3, 0x27, 0x54, 0xe2, 0x00, 0x00, 0x40, 0x00, 0x00, 0x00, 0x10, 0x00];
    expect(await send(0x2e, 0x80, ...IANA, ...captured)).toEqual([0xff, ...IANA]);
    expect(
      await send(0x2e, 0x80, ...IANA, ...captured.map((byte, i) => (i === 5 ? byte ^ 1 : byte))),
    ).toEqual([0xff, ...IANA]);
  });

  test('frames and codes, byte by byte', async () => {
    const { send, bmc } = rig();
    bmc.blobs.register(notebook('/a'));
    const blob = (...data: number[]): Promise<number[]> => send(0x2e, 0x80, ...IANA, ...data);
    const crc = (...body: number[]): number[] => [
      blobCrc(Uint8Array.from(body)) & 0xff,
      blobCrc(Uint8Array.from(body)) >> 8,
    ];
    const framed = (sub: number, ...body: number[]): Promise<number[]> => blob(sub, ...crc(...body), ...body);
    expect(await blob(0)).toEqual([0, ...IANA, ...crc(1, 0, 0, 0), 1, 0, 0, 0]);
    expect(await blob(0x01, 0x10, 0x0e, 0, 0, 0, 0)).toEqual([
      0,
      ...IANA,
      ...crc(0x2f, 0x61, 0),
      0x2f,
      0x61,
      0,
    ]);
    expect(await framed(1, 1, 0, 0, 0)).toEqual([0xcc, ...IANA]);
    const opened = await framed(2, 2, 0, 0x2f, 0x61, 0);
    const [low, high] = opened.slice(6);
    expect(opened).toEqual([0, ...IANA, ...crc(low, high), low, high]);
    expect(await framed(4, low, high, 0, 0, 0, 0, 0x68, 0x69)).toEqual([0, ...IANA]);
    expect(await framed(3, low, high, 0, 0, 0, 0, 9, 0, 0, 0)).toEqual([
      0,
      ...IANA,
      ...crc(0x68, 0x69),
      0x68,
      0x69,
    ]);
    expect(await framed(3, low, high, 9, 0, 0, 0, 9, 0, 0, 0)).toEqual([0, ...IANA, ...crc()]);
    expect(await framed(9, low, high)).toEqual([
      0,
      ...IANA,
      ...crc(2, 0, 2, 0, 0, 0, 1, 7),
      2,
      0,
      2,
      0,
      0,
      0,
      1,
      7,
    ]);
    expect(await framed(5, low, high, 0)).toEqual([0xff, ...IANA]);
    expect(await framed(5, low, high, 3, 1, 2)).toEqual([0xc7, ...IANA]);
    expect(await framed(5, low, high, 1, 1)).toEqual([0, ...IANA]);
    expect(await framed(7, 0x2f, 0x61, 0)).toEqual([0xff, ...IANA]);
    expect(await framed(6, low, high)).toEqual([0, ...IANA]);
    // Its answer was lost, and it is sent again; another session was never there.
    expect(await framed(6, low, high)).toEqual([0, ...IANA]);
    expect(await framed(6, low, high ^ 0x40)).toEqual([0xff, ...IANA]);
    for (const short of [
      [1],
      [2, 0, 0],
      [2, ...crc(1, 0), 1, 0],
      [4, ...crc(1, 0, 0, 0, 0, 0), 1, 0, 0, 0, 0, 0],
      [6, 0, 0, 1],
      [9],
    ]) {
      expect(await blob(...short), short.join(' ')).toEqual([0xc7, ...IANA]);
    }
    expect(await framed(2, 2, 0, 0x2f, 0x61)).toEqual([0xc7, ...IANA]);
    expect(await framed(11, 1)).toEqual([0xcc, ...IANA]);
    expect(await blob(11)).toEqual([0xcc, ...IANA]);
    expect(await blob(8, 0, 0, 0x2f, 0x61, 0)).toEqual([0xff, ...IANA]);
    expect(await send(0x2e, 0x80, ...IANA)).toEqual([0xc7, ...IANA]);
  });

  test('an answer longer than the channel carries is CEh', async () => {
    const { bmc } = rig();
    const note = notebook();
    note.content = new Uint8Array(1000);
    bmc.blobs.register(note);
    const blobs = new BlobClient(loopback(bmc.router.dispatch, new Context(bmc, LAN, 4)));
    const session = await blobs.open('/note', OpenFlag.Read);
    expect((await blobs.read(session, 0, 242)).length).toBe(242);
    await expect(blobs.read(session, 0, 243)).rejects.toMatchObject({ cc: 0xce });
  });
});

describe('sessions and handlers', () => {
  test('a path that is taken is refused with both owners and the place', () => {
    const { bmc } = rig();
    bmc.blobs.register(notebook('/x/y'));
    const greedy = { ...notebook(), owner: 'greedy', claims: ['/x/', '/z'] };
    expect(() => bmc.blobs.register(greedy)).toThrow(RegistrationError);
    expect(() => bmc.blobs.register(greedy)).toThrow(
      /greedy cannot claim \/x\/: notebook \/x\/y has claimed \/x\/y, registered at .*blobs\.test\.ts:\d+/,
    );
    const registration = bmc.blobs.register(notebook('/z'));
    registration.unregister();
    expect(() => registration.unregister()).toThrow(/not registered/);
  });

  test('what is silent for a minute ends by itself, and by hand at once', async () => {
    const { bmc, world, client } = rig();
    const note = notebook();
    bmc.blobs.register(note);
    const blobs = new BlobClient(client);
    const session = await blobs.open('/note', OpenFlag.Write);
    await world.run(59_000);
    await blobs.write(session, 0, text('x'));
    await world.run(59_000);
    expect(note.expired).toBe(0);
    await world.run(2000);
    expect(note.expired).toBe(1);
    await expect(blobs.write(session, 0, text('x'))).rejects.toMatchObject({ cc: 0xff });
    await blobs.open('/note', OpenFlag.Write);
    expect(bmc.blobs.sessions).toMatchObject([{ path: '/note', owner: 'notebook /note' }]);
    expect(bmc.blobs.kill()).toBe(1);
    expect(note.expired).toBe(2);
  });

  test('an Open that is repeated before anything was done is the same session; sessions are bounded', async () => {
    const { bmc, client } = rig();
    bmc.blobs.register(notebook());
    const blobs = new BlobClient(client);
    const first = await blobs.open('/note', OpenFlag.Write);
    expect(await blobs.open('/note', OpenFlag.Write)).toBe(first);
    await blobs.write(first, 0, text('x'));
    const others = new Set<number>();
    for (let i = 0; i < 15; i++) {
      const id = await blobs.open('/note', OpenFlag.Write);
      await blobs.write(id, 0, text('x'));
      others.add(id);
    }
    expect(others.size).toBe(15);
    await expect(blobs.open('/note', OpenFlag.Write)).rejects.toMatchObject({ cc: 0xc0 });
  });
});

/** Sends an image and its hash, to the point at which they can be verified. */
async function uploaded(
  blobs: BlobClient,
  data: Uint8Array = IMAGE,
  digest: Uint8Array = hash('sha256', data),
): Promise<void> {
  const session = await blobs.open('/flash/bios', WRITE_IPMI);
  for (let at = 0; at < data.length; at += 50_000)
    await blobs.write(session, at, data.subarray(at, at + 50_000));
  await blobs.close(session);
  const second = await blobs.open('/flash/hash', WRITE_IPMI);
  await blobs.write(second, 0, digest);
  await blobs.close(second);
}

describe('the flash handler', () => {
  test('paths come and go with the state; a whole update by hand', async () => {
    const { blobs, opened, world, version, bmc } = flashRig();
    await opened;
    const always = [
      '/flash/image',
      '/flash/bios',
      '/flash/hash',
      '/flash/cleanup',
      '/version/image',
      '/version/bios',
    ];
    const now = async (): Promise<string[]> => (await blobs.list()).filter((path) => !always.includes(path));
    expect(await blobs.list()).toEqual(expect.arrayContaining(always));
    expect(await now()).toEqual([]);
    expect(await blobs.stat('/flash/bios')).toMatchObject({
      state: DataPath.Ipmi,
      size: 0,
      metadataLength: 0,
    });
    const image = await blobs.open('/flash/bios', WRITE_IPMI);
    expect(await now()).toEqual(['/flash/active/image']);
    await expect(blobs.open('/flash/hash', WRITE_IPMI)).rejects.toMatchObject({ cc: 0xff });
    await blobs.write(image, 0, IMAGE.subarray(0, 100));
    await blobs.write(image, 0, IMAGE.subarray(0, 100));
    expect(await blobs.sessionStat(image)).toMatchObject({ state: WRITE_IPMI, size: 100, metadataLength: 0 });
    await expect(blobs.writeMeta(image, 0, text('x'))).rejects.toMatchObject({ cc: 0xff });
    await expect(blobs.commit(image)).rejects.toMatchObject({ cc: 0xff });
    await blobs.close(image);
    expect(await now()).toEqual(['/flash/active/image', '/flash/verify']);
    await expect(blobs.open('/flash/image', WRITE_IPMI)).rejects.toMatchObject({ cc: 0xff });
    await expect(blobs.stat('/flash/verify')).rejects.toMatchObject({ cc: 0xff });
    const again = await blobs.open('/flash/hash', WRITE_IPMI);
    await blobs.write(
      again,
      0,
      text(`${Buffer.from(hash('sha256', IMAGE.subarray(0, 100))).toString('hex')}  bios.bin\n`),
    );
    await blobs.close(again);
    const verify = await blobs.open('/flash/verify', OpenFlag.Write);
    expect((await blobs.sessionStat(verify)).metadata).toEqual(Uint8Array.of(ActionStatus.Unknown));
    await blobs.commit(verify);
    await blobs.commit(verify);
    await world.run(10);
    expect(await blobs.sessionStat(verify)).toMatchObject({
      state: OpenFlag.Write | BlobState.Committed,
      metadata: Uint8Array.of(ActionStatus.Success),
    });
    await expect(blobs.commit(verify)).rejects.toMatchObject({ cc: 0xff });
    await blobs.close(verify);
    expect(await now()).toEqual(['/flash/active/image', '/flash/active/hash', '/flash/update']);
    const update = await blobs.open('/flash/update', OpenFlag.Write);
    await blobs.commit(update);
    await world.run(10_000);
    expect((await blobs.sessionStat(update)).metadata).toEqual(Uint8Array.of(ActionStatus.Success));
    await blobs.close(update);
    expect(await now()).toEqual([]);
    expect(version()).toBe('2.10');
    const read = await blobs.open('/version/bios', OpenFlag.Read);
    expect(Buffer.from(await blobs.read(read, 0, 100)).toString()).toBe('2.10');
    await blobs.close(read);
    expect(bmc.blobs.sessions).toEqual([]);
  });

  test('a hash that is another one fails the verification, and everything begins anew', async () => {
    const { blobs, opened, world } = flashRig();
    await opened;
    await uploaded(blobs, IMAGE, hash('sha256', text('other')));
    const verify = await blobs.open('/flash/verify', OpenFlag.Write);
    await blobs.commit(verify);
    await world.run(10);
    expect(await blobs.sessionStat(verify)).toMatchObject({
      state: OpenFlag.Write | BlobState.CommitError,
      metadata: Uint8Array.of(ActionStatus.Failed),
    });
    await blobs.close(verify);
    expect((await blobs.list()).some((path) => path.startsWith('/flash/active'))).toBe(false);
  });

  test('P1: an upload whose host is gone ends by itself; a delete or a cleanup ends what waits', async () => {
    const { blobs, opened, world, bmc } = flashRig();
    await opened;
    await blobs.open('/flash/bios', WRITE_IPMI);
    await expect(blobs.open('/flash/bios', WRITE_IPMI | 4)).rejects.toMatchObject({ cc: 0xff });
    await world.run(61_000);
    expect(bmc.update!.info).toBeUndefined();
    await uploaded(blobs);
    await blobs.delete('/flash/active/image');
    await uploaded(blobs);
    const cleanup = await blobs.open('/flash/cleanup', OpenFlag.Write);
    await blobs.commit(cleanup);
    await blobs.close(cleanup);
    expect(bmc.update!.info).toBeUndefined();
    await expect(blobs.delete('/flash/bios')).rejects.toMatchObject({ cc: 0xff });
  });

  test('who may not update is told so', async () => {
    const { bmc, opened } = flashRig({ channels: ['host'] });
    await opened;
    const over = (channel: typeof LAN, privilege: number) =>
      new BlobClient(loopback(bmc.router.dispatch, new Context(bmc, channel, privilege)));
    await expect(over(LAN, 4).open('/flash/bios', WRITE_IPMI)).rejects.toMatchObject({ cc: 0xd4 });
    await expect(over(HOST, 3).open('/flash/bios', WRITE_IPMI)).rejects.toMatchObject({ cc: 0xd4 });
    expect(await over(HOST, 4).open('/flash/bios', WRITE_IPMI)).toBeTypeOf('number');
  });

  test('the client updates a component, and says what went wrong', async () => {
    const { flash, version, opened, log } = flashRig();
    await opened;
    const stages = new Set<string>();
    expect(await flash({ progress: ({ step }) => stages.add(step) })).toBe('2.00 -> 2.10');
    expect(version()).toBe('2.10');
    expect([...stages]).toEqual(['checking', 'uploading', 'verifying', 'activating']);
    expect(log.join('\n')).toMatch(
      /the host on channel 15 has uploaded BIOS 2\.10, 300000 bytes, SHA-256 [\da-f]{64}/,
    );
    await expect(flash({ path: '/flash/cpld' })).rejects.toThrow(
      /the BMC has no \/flash\/cpld; it has \/flash\/image, /,
    );
    await expect(flash({ data: new Uint8Array(70 * 2 ** 20) })).rejects.toThrow(FlashError);
    expect(await flash({ activate: false })).toBe('2.10 -> undefined');
  });
});
