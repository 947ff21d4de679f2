import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { foundDaemons, ownRuntimeDirectory, runtimeDirectories } from './control-place.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'place-'));
  folders.push(folder);
  return folder;
}
/** Nobody has this number: the kernel gives out none so high. */
const DEAD = 2 ** 22 + 7;
const isRoot = process.getuid?.() === 0;

test('17.7: where daemons leave word: what is said, else the service, the user, the machine', () => {
  expect(runtimeDirectories({ IPMI_BMC_RUNTIME_DIRECTORY: '/told', XDG_RUNTIME_DIR: '/x' })).toEqual([
    '/told',
  ]);
  expect(runtimeDirectories({ XDG_RUNTIME_DIR: '/run/user/1000' })).toEqual([
    '/run/user/1000/ipmi-bmc',
    '/run/ipmi-bmc',
  ]);
  // Of a service of systemd with several directories, the first; the machine's own is named once.
  expect(
    runtimeDirectories({ RUNTIME_DIRECTORY: '/run/ipmi-bmc:/run/other', XDG_RUNTIME_DIR: '/x' }),
  ).toEqual(['/run/ipmi-bmc', '/x/ipmi-bmc']);
  const nothing = runtimeDirectories({ XDG_RUNTIME_DIR: '' });
  expect(nothing.at(-1)).toBe('/run/ipmi-bmc');
  expect(nothing.length).toBe(isRoot ? 1 : 2);
});

test('17.7: a directory of its own is made for its user alone, and one that others may write to is refused', () => {
  const told = join(temporary(), 'a', 'b');
  expect(ownRuntimeDirectory({ IPMI_BMC_RUNTIME_DIRECTORY: told })).toBe(told);
  expect(ownRuntimeDirectory({ IPMI_BMC_RUNTIME_DIRECTORY: told })).toBe(told);
  chmodSync(told, 0o777);
  expect(() => ownRuntimeDirectory({ IPMI_BMC_RUNTIME_DIRECTORY: told })).toThrow(
    `${told}: others could put a socket of theirs there`,
  );
  const link = join(temporary(), 'link');
  symlinkSync(temporary(), link);
  expect(() => ownRuntimeDirectory({ IPMI_BMC_RUNTIME_DIRECTORY: link })).toThrow('others could put');
});

test('17.7: daemons that live are found, once each, by the link or the socket; the dead and other files are not', () => {
  const place = temporary();
  const socket = join(place, 'elsewhere.sock');
  writeFileSync(socket, '');
  const env = { IPMI_BMC_RUNTIME_DIRECTORY: place };
  expect(foundDaemons(env)).toEqual([]);
  symlinkSync(socket, join(place, `${process.pid}.sock`));
  for (const name of [`${DEAD}.sock`, 'x.sock', `${process.pid}.sock.old`])
    writeFileSync(join(place, name), '');
  symlinkSync(join(place, 'gone'), join(place, `${process.ppid}.sock`));
  // Instances of a service have a directory each, and the same process in two is one.
  mkdirSync(join(place, 'rack-1'));
  writeFileSync(join(place, 'rack-1', `${process.pid}.sock`), '');
  expect(foundDaemons(env)).toEqual([{ pid: process.pid, socket }]);
  // Who comes next takes away what the dead have left, and nothing else.
  ownRuntimeDirectory(env);
  const left = readdirSync(place);
  expect(left).not.toContain(`${DEAD}.sock`);
  expect(left).toEqual(expect.arrayContaining(['x.sock', `${process.pid}.sock`]));
});
