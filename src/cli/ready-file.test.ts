import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { announce, withdraw } from './ready-file.ts';

test('L: the ready file follows no link, and the umask says who may read it', () => {
  const directory = mkdtempSync(join(tmpdir(), 'ready-'));
  const [file, victim] = [join(directory, 'ready'), join(directory, 'victim')];
  writeFileSync(victim, 'mine');
  for (const name of [file, `${file}.new`]) symlinkSync(victim, name);
  announce(file, '{"ready":true}');
  expect(readFileSync(victim, 'utf8')).toBe('mine');
  expect(readFileSync(file, 'utf8')).toBe('{"ready":true}\n');
  expect([lstatSync(file).isFile(), lstatSync(file).mode & 0o777]).toEqual([true, 0o666 & ~process.umask()]);
  withdraw(file);
  expect([existsSync(file), readdirSync(directory).sort()]).toEqual([false, ['ready.new', 'victim']]);
});
