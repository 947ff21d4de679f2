// A thousand BMCs are read, checked and compared while others answer: in a real process, which has the thread that reads.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { connectLan } from '../src/client/index.ts';
import { ControlClient } from '../src/control/client.ts';
import type { ControlError } from '../src/control/problem.ts';
import { nodeWorld } from '../src/world/node.ts';
import { bin, firstLine, stopped } from './support/cli.ts';

const children: ChildProcess[] = [];
const folders: string[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) await stopped(child, 'SIGKILL');
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const user = 'users: [{ id: 2, name: admin, password: secret-enough }]';
const entry = (name: string, port: number, more = ''): string =>
  `  - name: ${name}\n    interfaces:\n      - type: lan\n        listen: 127.0.0.1:${port}\n    ${user}\n${more}`;
/** An entry for each, as programs write it. */
const thousand = (more = ''): string =>
  ['bmcs:', ...Array.from({ length: 1000 }, (_, n) => entry(`node-${n}`, 20_000 + n, more))].join('\n');

async function running() {
  const folder = mkdtempSync(join(tmpdir(), 'apply-'));
  folders.push(folder);
  const [file, socket] = [join(folder, 'bmc.yaml'), join(folder, 'control.sock')];
  writeFileSync(file, `bmcs:\n${entry('one', 0)}`);
  const args = ['run', file, '--json', '--control', socket, '--log-level', 'error'];
  const child = spawn(process.execPath, [bin, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const ready = JSON.parse(await firstLine(child)) as { interfaces: { address: string }[] };
  const port = Number(ready.interfaces[0].address.split(':')[1]);
  return { file, folder, port, control: new ControlClient({ socket }) };
}

const planned = (control: ControlClient, body: string): Promise<unknown> =>
  control.request('/v1/fleet/apply?plan=true', { method: 'POST', body, type: 'application/yaml' });

test('17.3: while a thousand BMCs are read, a session of another one has answer after answer', async () => {
  const { port, control } = await running();
  const client = await connectLan(nodeWorld(), {
    host: '127.0.0.1',
    port,
    user: 'admin',
    password: 'secret-enough',
  });
  const text = thousand();
  // The first loads what answers.
  await planned(control, text);
  let isOver = false;
  let answers = 0;
  const asking = (async () => {
    for (; !isOver; answers++) await client.raw(6, 1, new Uint8Array());
  })();
  await client.raw(6, 1, new Uint8Array());
  answers = 0;
  const plan = await planned(control, text);
  const meanwhile = answers;
  isOver = true;
  await asking;
  await client.close();
  expect(plan).toMatchObject({ plan: { removed: ['one'], unchanged: 0 } });
  // In one piece there would be two or three.
  expect(meanwhile).toBeGreaterThan(20);
});

test('17.3: mistakes of a long file are those of `ipmi-bmc check`, to the line and column', async () => {
  const { file, folder, control } = await running();
  for (const more of [
    '    sesions: 3\n',
    '    userSlots: 1o\n',
    '    labels: { a: yes }\n',
    '    sel: [\n',
  ]) {
    const text = thousand(more);
    const other = join(folder, 'other.yaml');
    writeFileSync(other, text);
    const { stdout } = spawnSync(process.execPath, [bin, 'check', '--json', other], { encoding: 'utf8' });
    const { problems } = JSON.parse(stdout) as { problems: string[] };
    expect(problems[0]).toMatch(/other\.yaml:\d+:\d+ /);
    const refused = await planned(control, text).catch((error: unknown) => error);
    const { problem } = refused as ControlError;
    expect(problem.problems ?? [problem.detail]).toEqual(problems.map((one) => one.replace(other, 'body')));
    writeFileSync(file, text);
    const again = (await control.post('/v1/fleet/reload').catch((error: unknown) => error)) as ControlError;
    expect(again.problem.detail).toBe(problems[0].replace(other, file));
  }
});
