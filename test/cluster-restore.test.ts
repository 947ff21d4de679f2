// Backups of what NATS stores, restored under hosts that go on: a copy of a server's directory, and of one stream of it.
import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ControlClient } from '../src/control/client.ts';
import { bin, firstLine, stopped } from './support/cli.ts';
import { PASSWORD } from './support/daemon.ts';
import { hasNats, startNats } from './support/nats.ts';
import { runTool, shortPort } from './support/tools.ts';

const COUNT = 6;
const PATIENCE = 40_000;
const names = Array.from({ length: COUNT }, (_, i) => `node-${i}`);
const record = '0000020000000020000401010159ffff';

/** Of a stream, in the directory of a server. */
function streamIn(folder: string, stream: string): string {
  const found = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((path) =>
    path.endsWith(`streams/${stream}`),
  );
  if (found === undefined) throw new Error(`no ${stream} in ${folder}`);
  return join(folder, found);
}

if (hasNats)
  test('23.6: a directory of NATS, then one stream of it, is put back as it was: one host each, nothing is taken silently', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'restore-'));
    const nats = await startNats();
    const [server] = nats.servers;
    const base = await shortPort();
    const env = { IPMI_BMC_CLUSTER: nats.urls[0], IPMI_BMC_RUNTIME_DIRECTORY: folder, NO_COLOR: '1' };
    const hosts = new Map<string, { readonly child: ChildProcess; readonly control: ControlClient }>();
    const cluster = async (args: string, input?: string) =>
      (await runTool(process.execPath, [bin, 'cluster', ...args.split(' ')], { env, input })).out;
    const any = (): ControlClient => hosts.get('b')!.control;
    const total = async (bmc: string): Promise<number> =>
      (await any().get<{ total: number }>(`/v1/bmcs/${bmc}/sel?last=1`)).total;
    const totals = (): Promise<number[]> => Promise.all(names.map(total));
    const add = (bmc: string): Promise<boolean> =>
      any()
        .post(`/v1/bmcs/${bmc}/sel`, { record })
        .then(
          () => true,
          () => false,
        );
    const served = (): Promise<void> =>
      expect
        .poll(() => cluster('status'), { timeout: PATIENCE })
        .toContain(`${COUNT} of ${COUNT} BMC(s) are served, 0 stopped`);
    const isWritable = (): Promise<void> =>
      expect
        .poll(async () => (await Promise.all(names.map(add))).every(Boolean), { timeout: PATIENCE })
        .toBe(true);
    try {
      for (const name of ['a', 'b']) {
        const socket = join(folder, `${name}.sock`);
        const args = [bin, 'run', '--cluster', nats.urls[0], '--host', name, '--json', '--control', socket];
        const child = spawn(process.execPath, args, {
          env: { ...process.env, ...env },
          stdio: ['ignore', 'pipe', 'ignore'],
        });
        await firstLine(child);
        hosts.set(name, { child, control: new ControlClient({ socket }) });
      }
      const fleet = `bmcs:
  - name: node-{n}
    count: ${COUNT}
    interfaces: [{ type: lan, listen: '127.0.0.1:{${base}+n}' }]
    users: [{ id: 2, name: admin, password: ${PASSWORD} }]
    sel: { bootEvents: false }
`;
      await cluster('apply -', fleet);
      await served();
      expect(await Promise.all(names.map(add))).toEqual(names.map(() => true));
      await server.end();
      const backup = join(folder, 'backup');
      cpSync(server.store, backup, { recursive: true });
      await server.begin();
      await served();
      await isWritable();
      const before = await totals();
      expect(before.every((count) => count > 1)).toBe(true);
      // Other owners, by leases that the backup does not know.
      await cluster('drain a');
      await expect.poll(() => cluster('hosts'), { timeout: PATIENCE }).toMatch(/^a +0 /m);
      await cluster('drain a --undo');
      await server.end();
      rmSync(server.store, { recursive: true });
      cpSync(backup, server.store, { recursive: true });
      await server.begin();
      await served();
      // As the backup has them: what came later is gone for all, and nobody goes on behind it.
      await expect.poll(totals, { timeout: PATIENCE }).toEqual(names.map(() => 1));
      await isWritable();
      const since = await totals();
      // One stream alone: what clients stored, older than who has which BMC.
      await server.end();
      const [from, to] = [backup, server.store].map((path) => streamIn(path, 'ipmi_state'));
      rmSync(to, { recursive: true });
      cpSync(from, to, { recursive: true });
      await server.begin();
      await served();
      await isWritable();
      const after = await totals();
      expect(after.every((count, i) => count <= since[i] + 1)).toBe(true);
      await cluster('drain a');
      await expect.poll(() => cluster('hosts'), { timeout: PATIENCE }).toMatch(/^a +0 /m);
      await served();
      // What was acknowledged since is there for whoever has it next.
      await expect.poll(totals, { timeout: PATIENCE }).toEqual(after);
    } finally {
      await Promise.all([...hosts.values()].map(({ child }) => stopped(child)));
      await nats.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  }, 240_000);
