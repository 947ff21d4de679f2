import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { Bmc } from '../../src/bmc.ts';
import { connectLan, flashByBlob } from '../../src/client/index.ts';
import { versionText } from '../../src/state/update/index.ts';
import { nodeWorld } from '../../src/world/node.ts';
import { runTool, toolTest } from '../support/tools.ts';

const CLIENT = fileURLToPath(new URL('client.py', import.meta.url));
const IMAGE = Uint8Array.from({ length: 20_011 }, (_, i) => (i * 131 + (i >> 7)) & 0xff);

async function atTheBmc(body: (bmc: Bmc, socket: string, folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'blob-'));
  const socket = join(folder, 'vm.sock');
  const bmc = new Bmc(
    {
      interfaces: [
        { type: 'vm', listen: socket },
        { type: 'lan', listen: '127.0.0.1:0' },
      ],
      users: [{ id: 2, name: 'admin', password: 'AdminPass123' }],
      firmware: {
        directory: join(folder, 'firmware'),
        components: [{ id: 0, name: 'BIOS', blob: '/flash/image', assumeVersion: '3.07' }],
        paths: { net: '127.0.0.1:0' },
      },
    },
    { world: nodeWorld() },
  );
  await bmc.open();
  try {
    await body(bmc, socket, folder);
  } finally {
    await bmc.close();
    await rm(folder, { recursive: true });
  }
}

toolTest('a client that shares no code with ours updates a component, in band', ['python3'], () =>
  atTheBmc(async (bmc, socket, folder) => {
    const image = join(folder, 'image');
    await writeFile(image, IMAGE);
    const { code, out } = await runTool('python3', [CLIENT, socket, image]);
    expect(out).toBe(
      [
        'blobs: /flash/image /flash/hash /flash/cleanup /version/image',
        `sent: ${IMAGE.length} bytes; now /flash/active/image`,
        'verified',
        'version: 3.07',
        '',
      ].join('\n'),
    );
    expect(code).toBe(0);
    const slot = bmc.update!.component(0).activeSlot;
    expect(Buffer.compare(await readFile(join(folder, 'firmware', 'component-0', `${slot}.img`)), IMAGE)).toBe(0);
  }),
);

for (const by of ['ipmi', 'net'] as const) {
  toolTest(`our client updates the same component over LAN, by ${by}`, [], () =>
    atTheBmc(async (bmc) => {
      const world = nodeWorld();
      const port = Number(/:(\d+)$/.exec(bmc.interfaces.find(({ type }) => type === 'lan')!.address)![1]);
      const connect = () => connectLan(world, { host: '127.0.0.1', port, user: 'admin', password: 'AdminPass123' });
      const image = { size: IMAGE.length, read: async (offset: number, length: number) => IMAGE.subarray(offset, offset + length) };
      const way = by === 'net' ? { kind: 'net' as const, stream: world.stream, at: (at: number) => ({ host: '127.0.0.1', port: at }) } : undefined;
      expect(await flashByBlob({ connect, image, clock: world.clock, way })).toBe('updated');
      expect(versionText(bmc.update!.component(0).active.version)).toBe('3.07');
    }),
  );
}
