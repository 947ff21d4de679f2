// One socket for a whole prefix, with real clients: a network of its own, with the routes that the docs show.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { bin, firstLine, stopped } from './support/cli.ts';
import { runTool, toolTest, type Ran } from './support/tools.ts';

const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) await stopped(child);
});

const folder = (text: string): string => {
  const made = mkdtempSync(join(tmpdir(), 'prefix-'));
  writeFileSync(join(made, 'rack.yaml'), text);
  return made;
};
const fleet = (listen: string, count: number): string => `
  - count: ${count}
    name: 'node-{n}'
    interfaces: [{ type: lan, listen: '${listen}' }]
    users: [{ id: 2, name: admin, password: AdminPass123 }]
    identity: { deviceId: '{n}' }`;
const ASK = ['-I', 'lanplus', '-U', 'admin', '-P', 'AdminPass123'];

/** Makes a network namespace its process has alone, with its routes, and serves in it. */
async function inOwnNetwork(cwd: string, routes: readonly string[]) {
  const script = [
    'ip link set lo up',
    ...routes,
    `exec '${process.execPath}' '${bin}' run rack.yaml --json`,
  ].join(' && ');
  const child = spawn('unshare', ['-n', 'bash', '-c', script], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let log = '';
  child.stderr?.on('data', (data: Buffer) => (log += String(data)));
  const ready = JSON.parse(await firstLine(child)) as { engine: string; interfaces: { address: string }[] };
  const tool = (name: string, ...args: string[]): Promise<Ran> =>
    runTool('nsenter', ['-t', String(child.pid), '-n', name, ...args]);
  return { ready, tool, log: () => log, pid: child.pid };
}

toolTest(
  'I16: ipmitool asks any address of two prefixes on port 623: one socket each, and each answers for itself',
  ['ipmitool', 'unshare', 'nsenter', 'ip', 'root to capture packets'],
  async () => {
    const cwd = folder(
      `bmcs:${fleet('10.9.0.0/16:623', 200)}${fleet('[fd00:9::/64]:623', 40).replace('node-', 'six-')}`,
    );
    const { ready, tool, pid } = await inOwnNetwork(cwd, [
      'ip route add local 10.9.0.0/16 dev lo',
      'ip -6 route add local fd00:9::/64 dev lo',
      // ipmitool asks by IPv6 only where an interface has an address of it.
      'ip -6 addr add fd00:8::1/128 dev lo',
    ]);
    expect([ready.engine, ready.interfaces.length]).toEqual(['batch', 240]);
    expect(ready.interfaces.at(-1)?.address).toBe('[fd00:9::27]:623');
    for (const [host, id] of [
      ['10.9.0.0', 0],
      ['10.9.0.7', 7],
      ['10.9.0.199', 199],
      ['fd00:9::', 0],
      ['fd00:9::27', 39],
    ] as const) {
      const { out } = await tool('ipmitool', ...ASK, '-H', host, 'mc', 'info');
      expect(out).toMatch(new RegExp(`Device ID +: ${id}\\n`));
    }
    const lan = await tool('ipmitool', ...ASK, '-H', '10.9.0.7', 'lan', 'print', '1');
    expect(lan.out).toMatch(/IP Address +: 10\.9\.0\.7\n/);
    expect(lan.out).toMatch(/Subnet Mask +: 255\.255\.0\.0\n/);
    // An IPMI 1.5 session, whose client has a connected socket: another address of the answer would be silence.
    const old = await tool('ipmitool', '-I', 'lan', ...ASK.slice(2), '-H', '10.9.0.8', 'raw', '6', '1');
    expect(old.out.trim().split(' ')[0]).toBe('08');
    const open = await runTool('ls', ['-l', `/proc/${pid}/fd`]);
    // Two of UDP, and the control API.
    expect(open.out.match(/socket:/g)?.length).toBeLessThan(8);
  },
);

test('I16: without its route a prefix is refused with the command that makes it', async () => {
  const cwd = folder(`bmcs:${fleet('198.51.100.0/24:9623', 3)}`);
  const { code, out } = await runTool(process.execPath, [bin, 'run', join(cwd, 'rack.yaml'), '--no-control']);
  expect(out).toContain('listen: 198.51.100.0');
  expect(out).toContain(
    "no such address on this machine; make the whole prefix its own with 'ip route add local 198.51.100.0/24 dev lo'",
  );
  expect(code).not.toBe(0);
});

test('I16: with Node’s own sockets a prefix is refused with what it needs', async () => {
  const cwd = folder(`bmcs:${fleet('127.9.0.0/16:9623', 2)}`);
  const args = [bin, 'run', join(cwd, 'rack.yaml'), '--engine', 'dgram', '--no-control'];
  const { code, out } = await runTool(process.execPath, args);
  expect(out).toMatch(/rack\.yaml:\d+:\d+ .*listen: .*needs datagrams in batches/);
  expect(code).not.toBe(0);
});
