// What a BMC leaves in a file system is this user's alone: whoever may open one of its sockets, or read its
// state, has its rights.
import { lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Bmc } from '../bmc.ts';
import { Storage } from '../storage/index.ts';
import { nodeWorld } from '../world/index.ts';
import { windowPath } from '../services/blobs/paths.ts';
import type { Owner } from '../services/update/index.ts';

const ANNA: Owner = { key: 'anna', label: 'anna on channel 1' };

let top: string;
beforeEach(() => void (top = mkdtempSync(join(tmpdir(), 'modes-'))));
afterEach(() => rmSync(top, { recursive: true, force: true }));

/** Every name below `top`, with the rights that others than its owner have: none is what we want. */
function openToOthers(): { names: string[]; open: string[] } {
  const names = readdirSync(top, { recursive: true, withFileTypes: true }).map((entry) =>
    join(entry.parentPath, entry.name),
  );
  const modes = names.map((name) => [relative(top, name), lstatSync(name).mode & 0o777] as const);
  return {
    names: modes.map(([name]) => name),
    open: modes.filter(([, mode]) => mode & 0o077).map(([name, mode]) => `${name} ${mode.toString(8)}`),
  };
}

test('sockets, state and firmware are open to nobody else', async () => {
  const world = nodeWorld();
  const storage = await Storage.open(world.files, join(top, 'state'), { warn: () => undefined });
  const path = (name: string): string => join(top, name);
  const bmc = new Bmc(
    {
      name: 'bmc',
      interfaces: [
        { type: 'vm', listen: path('vm.sock') },
        { type: 'ipmb', listen: path('ipmb.sock') },
        { type: 'serial', listen: path('serial.sock') },
      ],
      sockets: { handlers: { path: path('handlers.sock') }, bt: { path: path('bt.sock') } },
      sol: { console: { type: 'socket', listen: path('console.sock') } },
      firmware: { components: [{ id: 0, name: 'BMC', assumeVersion: '2.00' }] },
      users: [{ id: 2, name: 'admin', password: 'secret' }],
    },
    { world, journal: storage.journal('bmc'), firmwareDirectory: join(top, 'state', 'firmware', 'bmc') },
  );
  await bmc.open();
  try {
    await bmc.users.setPassword(2, new TextEncoder().encode('another secret..'));
    await bmc.users.setEnabled(2, false);
    const update = bmc.update!;
    await update.begin(0, ANNA);
    await update.write(ANNA, 0, new Uint8Array(1000));
    await update.finish(ANNA, 1000);
    await update.verify(ANNA);
    const { names, open } = openToOthers();
    expect(open).toEqual([]);
    const expected = ['vm', 'ipmb', 'serial', 'handlers', 'bt', 'console'].map((name) => `${name}.sock`);
    expect(names).toEqual(
      expect.arrayContaining([
        ...expected,
        'state',
        'state/state.journal',
        'state/secrets.journal',
        'state/firmware/bmc',
      ]),
    );
    for (const made of [/^state\/firmware\/bmc\/.*\.img$/, /^state\/firmware\/bmc\/.*boot\.json$/])
      expect(names.join('\n')).toMatch(new RegExp(made, 'm'));
  } finally {
    await bmc.close();
    await storage.close();
  }
});

test('the file that a host and its BMC share is open to nobody else', async () => {
  const { files } = nodeWorld();
  const window = windowPath({ files, file: join(top, 'window'), size: 4096, kind: 'lpc', address: 0 });
  const open = await window.open();
  expect(openToOthers()).toEqual({ names: ['window'], open: [] });
  await open.close();
});

test('a mode that is asked for is given', async () => {
  const { stream } = nodeWorld();
  const at = { path: join(top, 's.sock'), mode: 0o620 };
  const server = await stream.listen(at, (connection) => connection.destroy());
  expect(lstatSync(at.path).mode & 0o777).toBe(0o620);
  await server.close();
});
