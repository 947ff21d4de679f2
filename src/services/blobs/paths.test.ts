import { describe, expect, test } from 'vitest';
import { flashRig, IMAGE } from '../../../test/support/flash-rig.ts';
import type { Way } from '../../client/index.ts';
import { ActionStatus, DataPath, ExternalChunk, OpenFlag, WindowRequest } from '../../commands/oem/blob.ts';
import { hash } from '../../crypto/hash.ts';
import { simWorld } from '../../world/index.ts';

const WRITE_IPMI = OpenFlag.Write | DataPath.Ipmi;

describe('data paths', () => {
  test('over the network: whoever has no token is not heard', async () => {
    const { flash, version, opened, world, blobs } = flashRig({ paths: { net: '10.0.0.1:0' } });
    await opened;
    const session = await blobs.open('/flash/bios', OpenFlag.Write | DataPath.Net);
    const { metadata } = await blobs.sessionStat(session);
    expect(metadata.length).toBe(18);
    const port = metadata[0] | (metadata[1] << 8);
    const stranger = await world.until(world.stream.connect({ host: '10.0.0.1', port }));
    const turnedAway = new Promise<void>((resolve) => (stranger.onClose = () => resolve()));
    stranger.onData = () => undefined;
    stranger.write(metadata.slice(2).map((byte) => byte ^ 1));
    await world.until(turnedAway);
    // Nothing comes: the write fails in time.
    await expect(
      world.until(blobs.write(session, 0, ExternalChunk.encode({ length: 10 }))),
    ).rejects.toMatchObject({ cc: 0xff });
    expect((await blobs.stat('/flash/bios')).state).toBe(DataPath.Ipmi | DataPath.Net);
    await world.run(61_000);
    await expect(world.until(world.stream.connect({ host: '10.0.0.1', port }))).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    });
    const way: Way = { kind: 'net', stream: world.stream, at: (at) => ({ host: '10.0.0.1', port: at }) };
    expect(await flash({ way })).toBe('2.00 -> 2.10');
    expect(version()).toBe('2.10');
  });

  test('over the network: the token is new each time, and each byte of it counts', async () => {
    const { opened, world, blobs } = flashRig({ paths: { net: '10.0.0.1:0' } });
    await opened;
    const seen: string[] = [];
    for (let round = 0; round < 16; round++) {
      const session = await blobs.open('/flash/bios', OpenFlag.Write | DataPath.Net);
      const { metadata } = await blobs.sessionStat(session);
      const token = metadata.slice(2);
      seen.push(Buffer.from(token).toString('hex'));
      const port = metadata[0] | (metadata[1] << 8);
      const stranger = await world.until(world.stream.connect({ host: '10.0.0.1', port }));
      const turnedAway = new Promise<void>((resolve) => (stranger.onClose = () => resolve()));
      stranger.onData = () => undefined;
      stranger.write(token.with(round, token[round] ^ 1));
      await world.until(turnedAway);
      await blobs.close(session);
    }
    expect(new Set(seen).size).toBe(16);
    for (let at = 0; at < 32; at += 2)
      expect(new Set(seen.map((token) => token.slice(at, at + 2))).size, `byte ${at / 2}`).toBeGreaterThan(8);
  });

  test('over the network: a second connection begins with what was not announced', async () => {
    const { opened, world, blobs } = flashRig({ paths: { net: '10.0.0.1:0' } });
    await opened;
    const session = await blobs.open('/flash/bios', OpenFlag.Write | DataPath.Net);
    const { metadata } = await blobs.sessionStat(session);
    const connected = async (data: Uint8Array) => {
      const stream = await world.until(
        world.stream.connect({ host: '10.0.0.1', port: metadata[0] | (metadata[1] << 8) }),
      );
      stream.onData = () => undefined;
      stream.write(metadata.slice(2));
      stream.write(data);
      await world.run(100);
      return stream;
    };
    const first = await connected(IMAGE.subarray(0, 500));
    await blobs.write(session, 0, ExternalChunk.encode({ length: 300 }));
    first.destroy();
    await world.run(100);
    await connected(IMAGE.subarray(300, 1000));
    await blobs.write(session, 300, ExternalChunk.encode({ length: 700 }));
    await blobs.close(session);
    const second = await blobs.open('/flash/hash', WRITE_IPMI);
    await blobs.write(second, 0, hash('sha256', IMAGE.subarray(0, 1000)));
    await blobs.close(second);
    const verify = await blobs.open('/flash/verify', OpenFlag.Write);
    await blobs.commit(verify);
    await world.run(10);
    expect((await blobs.sessionStat(verify)).metadata).toEqual(Uint8Array.of(ActionStatus.Success));
  });

  test('a data path that cannot be opened leaves no update behind', async () => {
    const { opened, world, blobs, bmc } = flashRig({
      paths: { window: { file: '/none/window', size: 4096, kind: 'p2a', address: 0 } },
    });
    await opened;
    await expect(world.until(blobs.open('/flash/bios', OpenFlag.Write | DataPath.P2a))).rejects.toMatchObject(
      { cc: 0xff },
    );
    expect(bmc.update!.info).toBeUndefined();
    expect(await world.until(blobs.open('/flash/image', WRITE_IPMI))).toBeTypeOf('number');
  });

  test('a client whose data path closes while it is full goes on by a new one', async () => {
    const { flash, version, opened, world } = flashRig({ paths: { net: '10.0.0.1:0' } });
    await opened;
    let connections = 0;
    const stream: typeof world.stream = {
      listen: (...how) => world.stream.listen(...how),
      async connect(to) {
        const real = await world.stream.connect(to);
        if (connections++ > 0) return real;
        const write = real.write.bind(real);
        let writes = 0;
        real.write = (data) => {
          if (++writes < 3) return write(data);
          world.clock.after(10, () => real.onClose?.());
          real.destroy();
          return false;
        };
        return real;
      },
    };
    expect(await flash({ way: { kind: 'net', stream, at: (port) => ({ host: '10.0.0.1', port }) } })).toBe(
      '2.00 -> 2.10',
    );
    expect([version(), connections]).toEqual(['2.10', 2]);
  });

  test.each(['lpc', 'p2a'] as const)('through a window file, as %s', async (kind) => {
    const world = simWorld(6);
    const window = { file: '/window', size: 4096, kind, address: 0x8000 };
    const { flash, version, opened, blobs } = flashRig({ paths: { window } }, world);
    await opened;
    const flag = kind === 'lpc' ? DataPath.Lpc : DataPath.P2a;
    const session = await world.until(blobs.open('/flash/bios', OpenFlag.Write | flag));
    if (kind === 'lpc') {
      await blobs.writeMeta(session, 0, WindowRequest.encode({ address: 0x8800, length: 4096 }));
      expect((await blobs.sessionStat(session)).metadata).toEqual(Uint8Array.of(27, 0, 0, 0, 0, 0, 8, 0, 0));
      await expect(
        blobs.writeMeta(session, 0, WindowRequest.encode({ address: 0x100, length: 1 })),
      ).rejects.toMatchObject({ cc: 0xff });
    } else {
      expect((await blobs.sessionStat(session)).metadata).toEqual(Uint8Array.of(0, 0x80, 0, 0));
    }
    await world.until(blobs.close(session));
    await world.until(blobs.delete('/flash/active/image'));
    const file = await world.until(world.files.open('/window', 'write'));
    expect(await flash({ way: { kind, file, address: 0x8000, size: 4096 } })).toBe('2.00 -> 2.10');
    expect(version()).toBe('2.10');
  });
});

test('P8: a client whose upload is refused says so at once: a refusal is no lost connection', async () => {
  const rig = flashRig();
  await rig.opened;
  const steps: string[] = [];
  const progress = ({ step }: { readonly step: string }): void => void steps.push(step);
  await expect(rig.flash({ path: '/flash/none', progress })).rejects.toMatchObject({
    code: 'IPMI_BMC_FLASH',
  });
  expect(steps).toContain('checking');
  expect(steps).not.toContain('reconnecting');
});
