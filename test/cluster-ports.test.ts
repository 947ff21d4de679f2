// Addresses across hosts as ports of one address: a gateway leads each port to the host that has its BMC, as
// docs/cluster.md has it. Two machines in network namespaces, and the client's, which is the gateway too.
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { bin, root } from './support/cli.ts';
import { hasNats, natsServer } from './support/nats.ts';
import { toolTest } from './support/tools.ts';
import { Machines, missingForMachines } from './torture/cluster/machines.ts';

const missing = missingForMachines();
const COUNT = 6;
const FIRST = 9000;
/** Nobody's but for the gateway's rules. */
const SERVICE = '10.77.0.200';
const PATIENCE = { timeout: 40_000, interval: 300 };

/** An indented part of docs/cluster.md that begins with a line, as it stands. */
function documented(begin: string): string {
  const lines = readFileSync(join(root, 'docs/cluster.md'), 'utf8').split('\n');
  const from = lines.indexOf(`    ${begin}`);
  const to = lines.findIndex((line, i) => i > from && !line.startsWith('    '));
  return `${lines
    .slice(from, to)
    .map((line) => line.slice(4))
    .join('\n')}\n`;
}

if (hasNats)
  toolTest(
    '23.6: BMCs are ports of one address: the gateway that a hook tells leads each to its host, and to the next one when that dies',
    ['ipmitool', 'nft', ...(missing === undefined ? [] : [missing])],
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'ports-'));
      const machines = new Machines(2);
      const atGateway = (program: string, ...args: string[]): ChildProcess =>
        machines.run(undefined, program, args, ['ignore', 'pipe', 'pipe']);
      const result = async (child: ChildProcess): Promise<{ code: number | null; out: string }> => {
        let out = '';
        for (const stream of [child.stdout!, child.stderr!])
          stream.on('data', (data: Buffer) => (out += data.toString('latin1')));
        const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
        return { code, out };
      };
      try {
        // The page's rules; a client on the gateway itself passes the chain of what goes out.
        const rules = join(folder, 'gateway.nft');
        const both = documented('table ip bmcs {').replace(
          /chain (\w+) \{ type nat hook prerouting[^}]*\}/,
          (chain: string, name: string) =>
            `${chain}\n  ${chain.replace(name, 'here').replace('prerouting priority dstnat', 'output priority -100')}`,
        );
        writeFileSync(rules, both);
        expect(await result(atGateway('nft', '-f', rules))).toEqual({ code: 0, out: '' });
        const url = `nats://${machines.address('client')}:4222`;
        mkdirSync(join(folder, 'js'));
        machines.run(undefined, natsServer, ['-js', '-sd', join(folder, 'js')], 'ignore');
        // What ssh is there, `ip netns exec` is here.
        const lead = join(folder, 'lead');
        const there = [...machines.within(), 'sh', '-c'].join(' ');
        const script = documented('#!/bin/sh -e').replace('ssh "$1"', there);
        writeFileSync(lead, script, { mode: 0o755 });
        const hosts = new Map<string, ChildProcess>();
        for (const name of machines.names) {
          const hooks = { own: [lead, 'gateway', machines.address(name)] };
          const file = join(folder, `${name}.yaml`);
          writeFileSync(file, JSON.stringify({ cluster: { servers: [url], host: name, hooks } }));
          const args = [bin, 'run', file, '--no-control'];
          hosts.set(name, machines.run(name, process.execPath, args, 'ignore'));
        }
        const fleet = join(folder, 'fleet.yaml');
        // A log-in says which one it is.
        const bmcs = {
          name: 'node-{n}',
          count: COUNT,
          interfaces: [{ type: 'lan', listen: `0.0.0.0:{${FIRST}+n}` }],
          users: [{ id: 2, name: 'admin', password: 'secret-of-{n}' }],
        };
        writeFileSync(fleet, JSON.stringify({ bmcs: [bmcs] }));
        const apply = [bin, 'cluster', 'apply', fleet, '--cluster', url];
        expect((await result(atGateway(process.execPath, ...apply))).code).toBe(0);
        const isThere = async (_: unknown, n: number): Promise<boolean> => {
          const login = [
            '-I',
            'lanplus',
            '-H',
            SERVICE,
            '-p',
            `${FIRST + n}`,
            '-U',
            'admin',
            '-P',
            `secret-of-${n}`,
          ];
          return (
            (await result(atGateway('ipmitool', ...login, '-N', '1', '-R', '1', 'mc', 'info'))).code === 0
          );
        };
        const answers = (): Promise<boolean[]> => Promise.all(Array.from({ length: COUNT }, isThere));
        await expect.poll(answers, PATIENCE).not.toContain(false);
        const owners = async (): Promise<string[]> => {
          const { out } = await result(atGateway('nft', 'list', 'map', 'ip', 'bmcs', 'owners'));
          return [...new Set([...out.matchAll(/: ([\d.]+)/g)].map(([, address]) => address))].sort();
        };
        expect(await owners()).toEqual(['10.77.0.11', '10.77.0.12']);
        hosts.get('a')!.kill('SIGKILL');
        await expect.poll(owners, PATIENCE).toEqual(['10.77.0.12']);
        await expect.poll(answers, PATIENCE).not.toContain(false);
      } finally {
        await machines.close();
      }
    },
    90_000,
  );
