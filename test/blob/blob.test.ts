import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { Bmc } from '../../src/bmc.ts';
import { versionText } from '../../src/images/firmware-version.ts';
import { nodeWorld } from '../../src/world/node.ts';
import { bin } from '../support/cli.ts';
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
    expect(
      Buffer.compare(await readFile(join(folder, 'firmware', 'component-0', `${slot}.img`)), IMAGE),
    ).toBe(0);
  }),
);

for (const by of ['ipmi', 'net'] as const) {
  toolTest(`ipmi-bmc flash --via blob updates the same component over LAN, by ${by}`, [], () =>
    atTheBmc(async (bmc, _socket, folder) => {
      const image = join(folder, 'image');
      await writeFile(image, IMAGE);
      const to = bmc.interfaces.find(({ type }) => type === 'lan')!.address;
      const flags = ['--via', 'blob', '--path', by, '--to', to, '-U', 'admin', '-P', 'AdminPass123'];
      const { code, out } = await runTool(process.execPath, [bin, 'flash', image, ...flags]);
      expect([code, out]).toEqual([
        0,
        expect.stringMatching(/^\/flash\/image: 1\.00 -> 3\.07 \(20011 bytes\)\nactivated in [\d.]+ s\n$/),
      ]);
      expect(versionText(bmc.update!.component(0).active.version)).toBe('3.07');
      const other = await runTool(process.execPath, [bin, 'flash', image, ...flags, '--blob', '/flash/none']);
      expect([other.code, other.out]).toEqual([
        1,
        expect.stringMatching(/preparation: the BMC has no \/flash\/none; it has \/flash\/image/),
      ]);
    }),
  );
}
