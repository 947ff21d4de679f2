// Handlers that other processes on the bus have, for real: the examples in Python, TypeScript, Go and shell on a
// nats-server, two hosts, and ipmitool at the LANs of their BMCs.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ControlClient } from '../src/control/client.ts';
import { bin, firstLine, root, stopped } from './support/cli.ts';
import { PASSWORD } from './support/daemon.ts';
import { hasNats, natsServer, startNats, type NatsCluster } from './support/nats.ts';
import { runTool, shortPort, toolTest, type Ran } from './support/tools.ts';

const examples = join(root, 'examples/cluster-handlers');
/** Python with nats-py, beside the server that came with it (scripts/setup.mjs). */
const python = join(dirname(natsServer), 'python');
const hasPython = hasNats && spawnSync(python, ['-c', 'import nats']).status === 0;
const go = ['/usr/local/go/bin/go', '/usr/bin/go'].find((path) => existsSync(path));

test('23.4: worker says what it needs, in a line', async () => {
  const run = (args: string) => runTool(process.execPath, [bin, 'worker', ...args.split(' ')]);
  expect((await run('/tmp/none.sock')).out).toMatch(/^ipmi-bmc: which program\? .*worker --cluster URL/);
  expect((await run('--shared /tmp/none.sock -- cat')).out).toContain(
    '--shared, --bmcs and --label are for --cluster',
  );
  expect((await run('--cluster nats://127.0.0.1:9 --label x -- cat')).out).toContain(
    '--label x: expected key=value',
  );
});

if (hasNats) {
  let nats: NatsCluster;
  let url: string;
  let folder: string;
  let base: number;
  const sockets: string[] = [];
  let hosts: ChildProcess[] = [];
  const workers: ChildProcess[] = [];

  const cli = (args: string, input?: string): Promise<Ran> =>
    runTool(process.execPath, [bin, ...args.split(' ')], {
      env: { IPMI_BMC_CLUSTER: url, NO_COLOR: '1' },
      input,
    });
  const raw = async (i: number, args: string): Promise<string> => {
    const at = `-I lanplus -H 127.0.0.1 -p ${base + i} -U admin -P ${PASSWORD} -N 1 -R 1`;
    return (await runTool('ipmitool', `${at} ${args}`.split(' '))).out.trim();
  };
  /** What the hosts have counted together, by series. */
  async function numbers(): Promise<Map<string, number>> {
    const all = new Map<string, number>();
    for (const socket of sockets)
      for (const line of (await new ControlClient({ socket }).get<string>('/metrics')).split('\n')) {
        const [, series, value] = /^ipmi_bmc_bus_handler_(\S+) (\S+)$/.exec(line) ?? [];
        if (series !== undefined) all.set(series, (all.get(series) ?? 0) + Number(value));
      }
    return all;
  }
  /** Runs until the test is over; resolves with what it has said by the line that has the text. */
  function work(program: string, args: readonly string[], text: string, cwd = root) {
    const child = spawn(program, args, {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, LOADAVG: join(folder, 'loadavg') },
    });
    workers.push(child);
    let told = '';
    const ready = new Promise<void>((resolve, reject) => {
      const hear = (data: Buffer): void => {
        told += String(data);
        if (told.includes(text)) resolve();
      };
      child.stdout.on('data', hear);
      child.stderr.on('data', hear);
      child.once('close', () => reject(new Error(`${program} has ended: ${told}`)));
    });
    // Looked at by who waits for it.
    ready.catch(() => undefined);
    return { child, ready, told: () => told };
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'bus-handlers-'));
    writeFileSync(join(folder, 'loadavg'), '5.12 0.40 0.30 1/100 4242\n');
    nats = await startNats();
    [url] = nats.urls;
    base = await shortPort();
    const env = { ...process.env, IPMI_BMC_RUNTIME_DIRECTORY: join(folder, 'run') };
    const begin = async (name: string): Promise<ChildProcess> => {
      const socket = join(folder, `${name}.sock`);
      sockets.push(socket);
      const args = [bin, 'run', '--cluster', url, '--host', name, '--json', '--control', socket];
      const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'ignore'] });
      await firstLine(child);
      return child;
    };
    hosts = await Promise.all(['a', 'b'].map(begin));
    const fleet = `bmcs:
  - name: node-{n}
    count: 4
    interfaces: [{ type: lan, listen: '127.0.0.1:{${base}+n}' }]
    users: [{ id: 2, name: admin, password: ${PASSWORD} }]
`;
    expect((await cli('cluster apply -', fleet)).code).toBe(0);
    while ((JSON.parse((await cli('cluster list --json')).out) as unknown[]).length < 4);
  }, 60_000);
  afterEach(() => Promise.all(workers.splice(0).map((child) => stopped(child))));
  afterAll(async () => {
    await Promise.all(hosts.map((child) => stopped(child)));
    await nats?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  if (hasPython)
    toolTest(
      '23.4: the Python example answers for the BMCs of all hosts; killed, nobody does; begun anew, it does at once',
      ['ipmitool'],
      async () => {
        const begin = () => work(python, [join(examples, 'handler.py'), url], 'serving');
        const first = begin();
        await first.ready;
        await expect.poll(() => raw(0, 'raw 0x2e 0x01 0xef 0xcd 0xab 60')).toBe('ef cd ab');
        for (const i of [1, 2, 3]) expect(await raw(i, 'raw 0x2e 0x02 0xef 0xcd 0xab')).toBe('ef cd ab 1e');
        expect(await raw(0, 'raw 0x2e 0x02 0xef 0xcd 0xab')).toBe('ef cd ab 3c');
        expect(await raw(0, 'raw 0x2e 0x01 0xef 0xcd 0xab 101')).toContain('rsp=0xc9');
        expect(await raw(0, '-L user raw 0x2e 0x01 0xef 0xcd 0xab 1')).toContain('rsp=0xd4');
        const second = begin();
        await expect(second.ready).rejects.toThrow(
          /acme-fan is registered already, by handler\.py on .*, pid \d+/,
        );
        const list = await cli('cluster handlers');
        expect(list.out).toMatch(/^OWNER +BMCS +REQUESTS +CLAIMS +FROM +PROBLEM\n/);
        expect(list.out).toMatch(
          /acme-fan +4 +6 +Acme Set Fan Duty, Acme Get Fan Duty +handler\.py on .*pid \d+ +acme-fan is registered already/,
        );
        const before = await numbers();
        expect(before.get('requests_total{owner="acme-fan"}')).toBe(6);
        expect(before.get('results_total{owner="acme-fan",result="answered"}')).toBe(6);
        await stopped(first.child, 'SIGKILL');
        expect(await raw(0, 'raw 0x2e 0x02 0xef 0xcd 0xab')).toContain('rsp=0xc1');
        const after = await numbers();
        expect(after.get('results_total{owner="acme-fan",result="no_responders"}')).toBe(1);
        expect(after.get('open_requests{owner="acme-fan"}')).toBe(0);
        const third = begin();
        await third.ready;
        expect(await raw(1, 'raw 0x2e 0x02 0xef 0xcd 0xab')).toBe('ef cd ab 1e');
        await stopped(third.child);
        const left = JSON.parse((await cli('cluster handlers --json')).out) as {
          owner: string;
          claims?: unknown;
        }[];
        expect(left.filter(({ claims }) => claims)).toEqual([]);
      },
      30_000,
    );

  toolTest(
    '23.4: the TypeScript example: two processes share its requests, and the BMC below is asked; one killed, the other has all',
    ['ipmitool'],
    async () => {
      const begin = () =>
        work(process.execPath, ['--import', 'tsx', join(examples, 'main.ts'), url], 'registered\n');
      const both = [begin(), begin()];
      await Promise.all(both.map(({ ready }) => ready));
      await expect.poll(() => raw(0, 'raw 0x2e 0x10 0xcd 0xab 0x00 1 60')).toBe('cd ab 00 3c');
      await Promise.all(
        [0, 1, 2, 3, 0, 1, 2, 3, 0, 1].map((i) => raw(i, 'raw 0x2e 0x10 0xcd 0xab 0x00 1 60')),
      );
      for (const { told } of both) expect(told()).toMatch(/zone 1: 60%, says admin at 127\.0\.0\.1:\d+/);
      expect(await raw(2, 'mc info')).toMatch(/Product ID +: 18193 /);
      await stopped(both[0].child, 'SIGKILL');
      for (let i = 0; i < 4; i++)
        expect(await raw(i, 'raw 0x2e 0x10 0xcd 0xab 0x00 1 70')).toBe('cd ab 00 46');
      await stopped(both[1].child, 'SIGKILL');
      expect(await raw(2, 'mc info')).not.toContain('18193');
    },
    30_000,
  );

  toolTest(
    '23.4: the shell example serves a cluster through `ipmi-bmc worker --cluster`, for the BMCs that are named',
    ['ipmitool'],
    async () => {
      const { child } = work(
        process.execPath,
        [
          bin,
          'worker',
          '--cluster',
          url,
          '--bmcs',
          'node-1,node-3',
          '--',
          join(root, 'examples/shell-handler/handler.sh'),
        ],
        'never',
      );
      child.once('error', () => undefined);
      await expect.poll(() => raw(1, 'raw 0x2e 0x10 0xef 0xcd 0xab')).toBe('ef cd ab 00 02');
      expect(await raw(3, 'raw 0x2e 0x10 0xef 0xcd 0xab')).toBe('ef cd ab 00 02');
      expect(await raw(0, 'raw 0x2e 0x10 0xef 0xcd 0xab')).toContain('rsp=0xc1');
      expect((await cli('cluster handlers')).out).toMatch(
        /acme-load +2 +\d+ +Acme Get Load +handler\.sh on /,
      );
      await stopped(child);
      expect(await raw(1, 'raw 0x2e 0x10 0xef 0xcd 0xab')).toContain('rsp=0xc1');
    },
    30_000,
  );

  if (
    go !== undefined &&
    spawnSync(go, ['mod', 'download'], { cwd: join(examples, 'go'), timeout: 60_000 }).status === 0
  )
    toolTest(
      '23.4: the Go example answers by the name of the BMC, and asks the BMC itself for what it overrides',
      ['ipmitool'],
      async () => {
        const program = join(folder, 'handler');
        const built = await runTool(go, ['build', '-C', join(examples, 'go'), '-o', program, '.']);
        expect(built.out).toBe('');
        const { ready, told } = work(program, [url], 'serving');
        await ready;
        await expect.poll(() => raw(2, 'raw 0x2e 0x20 0xef 0xcd 0xab')).toBe('ef cd ab 6e 6f 64 65 2d 32');
        expect(await raw(2, 'bmc selftest')).toContain('Selftest: passed');
        expect(told()).toContain('self test 1: node-2');
      },
      120_000,
    );
}
