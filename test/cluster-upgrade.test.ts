// A rolling upgrade as docs/cluster.md has it: hosts of two versions of the package in one cluster, one after the other.
import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { bin, firstLine, root, stopped } from './support/cli.ts';
import { PASSWORD } from './support/daemon.ts';
import { hasNats, startNats } from './support/nats.ts';
import { runTool, shortPort, toolTest } from './support/tools.ts';

const COUNT = 6;
const PATIENCE = 40_000;
const LATER = '9.8.7';

/** The package in a folder of its own, with another version. */
function otherPackage(folder: string): string {
  for (const part of ['bin', 'dist', 'schema', 'package.json', 'openapi.json'])
    cpSync(join(root, part), join(folder, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const file = join(folder, 'package.json');
  const written = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  writeFileSync(file, JSON.stringify({ ...written, version: LATER }));
  return join(folder, 'bin/ipmi-bmc');
}

if (hasNats)
  toolTest(
    '23.6: hosts of two versions serve one fleet; drain, stop, upgrade, start, one after the other, and nothing is lost',
    ['ipmitool'],
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'upgrade-'));
      const later = otherPackage(join(folder, 'later'));
      const nats = await startNats();
      const base = await shortPort();
      const env = { IPMI_BMC_CLUSTER: nats.urls[0], IPMI_BMC_RUNTIME_DIRECTORY: folder, NO_COLOR: '1' };
      const hosts = new Map<string, ChildProcess>();
      const begin = async (name: string, program: string): Promise<void> => {
        const args = [program, 'run', '--cluster', nats.urls[0], '--host', name, '--json', '--no-control'];
        const child = spawn(process.execPath, args, {
          env: { ...process.env, ...env },
          stdio: ['ignore', 'pipe', 'ignore'],
        });
        hosts.set(name, child);
        await firstLine(child);
      };
      const cluster = async (args: string, input?: string) =>
        (await runTool(process.execPath, [bin, 'cluster', ...args.split(' ')], { env, input })).out;
      const ipmitool = (i: number, args: string) =>
        runTool(
          'ipmitool',
          `-I lanplus -H 127.0.0.1 -p ${base + i} -U admin -P ${PASSWORD} ${args}`.split(' '),
        );
      const served = (): Promise<void> =>
        expect
          .poll(() => cluster('status'), { timeout: PATIENCE })
          .toContain(`2 host(s); ${COUNT} of ${COUNT} BMC(s) are served`);
      const has = (name: string, pattern: string): Promise<void> =>
        expect
          .poll(() => cluster('hosts'), { timeout: PATIENCE })
          .toMatch(new RegExp(`^${name} +${pattern}`, 'm'));
      try {
        await Promise.all(['a', 'b'].map((name) => begin(name, bin)));
        await cluster(
          'apply -',
          `bmcs:\n  - name: node-{n}\n    count: ${COUNT}\n    interfaces: [{ type: lan, listen: '127.0.0.1:{${base}+n}' }]\n    users: [{ id: 2, name: admin, password: ${PASSWORD} }]\n`,
        );
        await served();
        for (let i = 0; i < COUNT; i++)
          expect((await ipmitool(i, 'user set name 5 kept')).out).not.toMatch(/error/i);
        for (const name of ['a', 'b']) {
          await cluster(`drain ${name}`);
          await has(name, '0 +draining');
          await stopped(hosts.get(name)!);
          await begin(name, later);
          await has(name, `[1-9]\\d* +serving +${LATER.replaceAll('.', '\\.')}`);
          await served();
        }
        for (let i = 0; i < COUNT; i++) expect((await ipmitool(i, 'user list')).out).toMatch(/^5 +kept/m);
      } finally {
        await Promise.all([...hosts.values()].map((child) => stopped(child)));
        await nats.stop();
        rmSync(folder, { recursive: true, force: true });
      }
    },
    180_000,
  );
