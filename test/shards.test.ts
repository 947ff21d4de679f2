// One file shared out over several processes: one to whoever steers it, each for itself where one dies.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { connectLan, type LanClient } from '../src/client/index.ts';
import { AddSelEntry, GetDeviceId, GetSelInfo } from '../src/commands/index.ts';
import { ControlClient, type BmcList, type FleetStatus } from '../src/control/client.ts';
import type { ShardList } from '../src/control/answers.ts';
import { nodeWorld } from '../src/world/node.ts';
import { bin, firstLine, stopped } from './support/cli.ts';
import { lanplus, runTool, shortPort, toolTest } from './support/tools.ts';

const PASSWORD = 'AdminPass123';
const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) await stopped(child);
});

interface Ready {
  readonly state: string | null;
  readonly shards: readonly { readonly shard: number; readonly pid: number }[];
  readonly interfaces: readonly { readonly bmc: string; readonly address: string }[];
}

const fleet = (count: number, port: number, more = ''): string => `
bmcs:
  - count: ${count}
    name: node-{n}
    labels: { half: "{n}" }
    interfaces: [{ type: lan, listen: "127.0.0.1:{${port}+n}" }]
    users: [{ id: 2, name: admin, password: ${PASSWORD} }]
${more}`;

interface Running {
  readonly child: ChildProcess;
  readonly ready: Ready;
  readonly folder: string;
  readonly control: ControlClient;
  readonly log: () => string;
  readonly port: (bmc: string) => number;
}

async function running(
  text: string,
  folder = mkdtempSync(join(tmpdir(), 'sh-')),
  ...flags: string[]
): Promise<Running> {
  writeFileSync(join(folder, 'rack.yaml'), text);
  const socket = join(folder, 'c.sock');
  const child = spawn(process.execPath, [bin, 'run', 'rack.yaml', '--json', '--control', socket, ...flags], {
    cwd: folder,
    env: { ...process.env, IPMI_BMC_RUNTIME_DIRECTORY: join(folder, 'run'), TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let log = '';
  child.stderr.on('data', (data: Buffer) => (log += String(data)));
  const ready = JSON.parse(await firstLine(child)) as Ready;
  const port = (bmc: string): number =>
    Number(ready.interfaces.find((one) => one.bmc === bmc)?.address.split(':')[1]);
  return { child, ready, folder, control: new ControlClient({ socket }), log: () => log, port };
}

const connect = (port: number): Promise<LanClient> =>
  connectLan(nodeWorld(), { host: '127.0.0.1', port, user: 'admin', password: PASSWORD });

/** Until it is so, or the test's time is over. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 50));
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

test('I16: three processes are one to whoever steers them', { timeout: 180_000 }, async () => {
  const base = await shortPort();
  const { child, ready, control, folder, log, port } = await running(
    fleet(12, base),
    undefined,
    '--workers',
    '3',
  );
  expect(ready.interfaces.map(({ bmc }) => bmc)).toEqual(Array.from({ length: 12 }, (_, n) => `node-${n}`));
  expect(new Set(ready.shards.map(({ pid }) => pid)).size).toBe(3);
  const { shards } = await control.get<ShardList>('/v1/shards');
  expect(shards.map(({ shard, pid, ready: isReady }) => ({ shard, pid, isReady }))).toEqual(
    ready.shards.map((one) => ({ ...one, isReady: true })),
  );
  expect(shards.map(({ bmcs }) => bmcs).reduce((a, b) => a + b)).toBe(12);
  expect(Math.min(...shards.map(({ bmcs }) => bmcs))).toBeGreaterThan(0);
  expect(await control.get<FleetStatus>('/v1/fleet')).toMatchObject({
    bmcs: 12,
    pid: child.pid,
    ready: true,
  });
  // Pages go from one to the next: each BMC is there once.
  for (const limit of [1, 5, 12, 100]) {
    const names: string[] = [];
    let cursor: string | undefined;
    do {
      const more = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const page: BmcList = await control.get(`/v1/bmcs?limit=${limit}${more}`);
      expect([page.total, page.bmcs.length <= limit]).toEqual([12, true]);
      names.push(...page.bmcs.map(({ name }) => name));
      cursor = page.next;
    } while (cursor !== undefined);
    expect(names.length).toBe(12);
    expect(new Set(names).size).toBe(12);
  }
  expect((await control.get<BmcList>('/v1/bmcs?label=half=7')).bmcs.map(({ name }) => name)).toEqual([
    'node-7',
  ]);
  // What is of one goes to its process, and what happens to any of them is told.
  const heard: string[] = [];
  const ended = new AbortController();
  const listening = (async () => {
    for await (const { event } of control.events({ kinds: ['power'], signal: ended.signal }))
      heard.push(event.bmc ?? '');
  })();
  // Whoever listens is told of what happens from then on, and not when that is.
  while (new Set(heard).size < 12)
    for (const action of ['on', 'off'])
      for (let n = 0; n < 12; n++) await control.post(`/v1/bmcs/node-${n}/power`, { action });
  ended.abort();
  await listening.catch(() => expect(ended.signal.aborted).toBe(true));
  expect((await control.get<BmcList>('/v1/bmcs?power=off')).bmcs).toHaveLength(12);
  await expect(control.get('/v1/bmcs/node-99')).rejects.toMatchObject({ problem: { status: 404 } });
  await expect(control.get('/v1/nothing')).rejects.toMatchObject({ problem: { status: 404 } });
  const numbers = await control.request<string>('/metrics');
  const families = numbers.match(/^# TYPE \S+/gm) ?? [];
  expect(families.length).toBeGreaterThan(3);
  // Each is declared once, whoever has samples of it.
  expect(new Set(families).size).toBe(families.length);
  for (const shard of [0, 1, 2]) expect(numbers).toContain(`shard="${shard}"`);
  // The file is read again: one line, and sessions of the others go on.
  const session = await connect(port('node-3'));
  writeFileSync(join(folder, 'rack.yaml'), fleet(14, base));
  child.kill('SIGHUP');
  await until(() => log().includes('is read again: 2 added (node-12, node-13), 12 unchanged'));
  expect(log().match(/is read again/g)).toHaveLength(1);
  expect((await session.send(GetDeviceId)).ipmiMajor).toBe(2);
  await session.close();
  expect((await control.get<FleetStatus>('/v1/fleet')).bmcs).toBe(14);
  writeFileSync(join(folder, 'rack.yaml'), `${fleet(14, base)}    nonsense: 1\n`);
  child.kill('SIGHUP');
  await until(() => log().includes('SIGHUP: nothing is changed'));
  // At its end nothing is left of any of them.
  child.kill('SIGTERM');
  await until(() => child.exitCode !== null);
  expect([child.exitCode, ready.shards.filter(({ pid }) => isAlive(pid))]).toEqual([0, []]);
  expect(readdirSync(folder).filter((name) => name.startsWith('shards-'))).toEqual([]);
  expect(existsSync(join(folder, 'c.sock'))).toBe(false);
});

const ENTRY = Uint8Array.of(0, 0, 2, 0, 0, 0, 0, 0x20, 0, 4, 1, 1, 0x57, 0x50, 0x55, 0);

test(
  'I16: a process that is killed under load is back; nothing acknowledged is lost, and nobody else notices',
  { timeout: 180_000 },
  async () => {
    const { ready, control, port, log } = await running(
      fleet(8, await shortPort()),
      undefined,
      '--workers',
      '2',
      '--state',
      'state',
    );
    const { shards } = await control.get<ShardList>('/v1/shards');
    const victim = shards[0].bmcs > 0 ? 0 : 1;
    const names = Array.from({ length: 8 }, (_, n) => `node-${n}`);
    const acknowledged = new Map<string, number>();
    let isOver = false;
    const broken = new Set<string>();
    const writers = names.map(async (name) => {
      const client = await connect(port(name));
      try {
        while (!isOver) {
          await client.send(AddSelEntry, { record: ENTRY });
          acknowledged.set(name, (acknowledged.get(name) ?? 0) + 1);
        }
        await client.close();
      } catch {
        broken.add(name);
      }
    });
    await until(() => names.every((name) => (acknowledged.get(name) ?? 0) > 5));
    process.kill(ready.shards[victim].pid, 'SIGKILL');
    await until(async () => {
      const now = await control.get<ShardList>('/v1/shards');
      return now.shards[victim].ready && now.shards[victim].pid !== ready.shards[victim].pid;
    });
    isOver = true;
    await Promise.all(writers);
    expect(broken.size).toBe(shards[victim].bmcs);
    for (const name of names) {
      const client = await connect(port(name));
      const { entries } = await client.send(GetSelInfo);
      expect(entries, name).toBeGreaterThanOrEqual(acknowledged.get(name) ?? 0);
      await client.close();
    }
    await expect
      .poll(log)
      .toMatch(new RegExp(`shard ${victim} \\(pid ${ready.shards[victim].pid}\\) has ended: SIGKILL`));
  },
);

toolTest(
  'I16: a BMC moves with its SEL, users and its place among those that were added or stopped',
  ['ipmitool'],
  async () => {
    const base = await shortPort();
    const { control, port, folder } = await running(
      fleet(4, base),
      undefined,
      '--workers',
      '3',
      '--state',
      'state',
    );
    const ask = (args: string, at = port('node-2')) =>
      runTool('ipmitool', [...lanplus(at, PASSWORD), ...args.split(' ')]);
    await ask('event 1');
    await ask('user set name 5 bob');
    await ask('user set password 5 BobsPassword1');
    const [sel, users] = [(await ask('sel list')).out, (await ask('user list 1')).out];
    expect(sel).toContain('Temperature');
    const { from } = await control.post<{ from: number }>('/v1/bmcs/node-2/move', { to: 0 });
    for (const to of [1, 2, from]) {
      const moved = await control.post<{ to: number }>('/v1/bmcs/node-2/move', { to });
      expect(moved.to).toBe(to);
      expect((await ask('sel list')).out).toBe(sel);
      expect((await ask('user list 1')).out).toBe(users);
    }
    const added = {
      name: 'extra',
      interfaces: [{ type: 'lan', listen: `127.0.0.1:${base + 50}` }],
      users: [{ id: 2, name: 'admin', password: PASSWORD }],
    };
    await control.post('/v1/bmcs', added);
    await ask('event 2', base + 50);
    for (const bmc of ['extra', 'node-1']) {
      if (bmc === 'node-1') await control.post('/v1/bmcs/node-1/stop');
      for (const to of [0, 1, 2]) await control.post(`/v1/bmcs/${bmc}/move`, { to });
    }
    expect((await ask('sel list', base + 50)).out).toContain('Voltage');
    const { bmcs } = await control.get<BmcList>('/v1/bmcs');
    expect(bmcs.map(({ name, origin, state }) => [name, origin, state].join(' ')).sort()).toEqual([
      'extra added running',
      'node-0 file running',
      'node-1 file stopped',
      'node-2 file running',
      'node-3 file running',
    ]);
    await expect(control.post('/v1/bmcs/node-9/move', { to: 1 })).rejects.toMatchObject({
      problem: { status: 404 },
    });
    await expect(control.post('/v1/bmcs/node-0/move', { to: 3 })).rejects.toMatchObject({
      problem: { status: 400, key: 'to' },
    });
    // In the next life everybody is where it was, and with another number of processes where its name says.
    const rows = async (one: ControlClient) =>
      (await one.get<BmcList>('/v1/bmcs')).bmcs
        .map(({ name, origin, state }) => [name, origin, state].join(' '))
        .sort();
    const before = await rows(control);
    for (const workers of ['3', '5', '1']) {
      await stopped(children.splice(0)[0]);
      const next = await running(fleet(4, base), folder, '--workers', workers, '--state', 'state');
      expect(await rows(next.control)).toEqual(before);
      expect((await ask('sel list')).out).toContain('Temperature');
      expect((await ask('sel list', base + 50)).out).toContain('Voltage');
      expect((await ask('user list 1')).out).toBe(users);
    }
    await stopped(children.splice(0)[0]);
    const plain = await runTool(process.execPath, [
      bin,
      'run',
      join(folder, 'rack.yaml'),
      '--state',
      join(folder, 'state'),
    ]);
    expect([plain.code, plain.out]).toEqual([2, expect.stringContaining('shared out: use --workers N')]);
  },
  180_000,
);

test(
  'I16: a directory that one process has served is shared out, with everything in it',
  { timeout: 180_000 },
  async () => {
    const base = await shortPort();
    const one = await running(fleet(6, base), undefined, '--state', 'state');
    for (let n = 0; n < 6; n++) {
      const client = await connect(base + n);
      for (let i = 0; i <= n; i++) await client.send(AddSelEntry, { record: ENTRY });
      await client.close();
    }
    const counts = async (): Promise<number[]> => {
      const found: number[] = [];
      for (let n = 0; n < 6; n++) {
        const client = await connect(base + n);
        found.push((await client.send(GetSelInfo)).entries);
        await client.close();
      }
      return found;
    };
    const before = await counts();
    await stopped(children.splice(0)[0]);
    await running(fleet(6, base), one.folder, '--workers', '3', '--state', 'state');
    // Each has what it had, and its own start at most.
    for (const [n, count] of (await counts()).entries()) expect(count).toBeGreaterThanOrEqual(before[n]);
  },
);

test(
  'I16: in memory nobody moves; who has started them is killed, and they end too',
  { timeout: 180_000 },
  async () => {
    const { child, ready, control } = await running(fleet(3, await shortPort()), undefined, '--workers', '2');
    const { shards } = await control.get<ShardList>('/v1/shards');
    const to = shards[0].bmcs === 3 ? 1 : 0;
    const moves = await Promise.allSettled(
      [0, 1, 2].map((n) => control.post(`/v1/bmcs/node-${n}/move`, { to })),
    );
    expect(moves.some((one) => one.status === 'rejected')).toBe(true);
    child.kill('SIGKILL');
    await until(() => ready.shards.every(({ pid }) => !isAlive(pid)));
  },
);

test('I16: mistakes are told once, before anybody is started', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sh-'));
  const file = join(folder, 'rack.yaml');
  const run = (...args: string[]) => runTool(process.execPath, [bin, 'run', ...args]);
  writeFileSync(file, fleet(2, 70_000));
  const wrong = await run(file, '--workers', '2');
  expect(wrong.code).toBe(2);
  expect(wrong.out.trim().split('\n')).toHaveLength(1);
  writeFileSync(file, fleet(2, await shortPort()).replace(/"127.0.0.1:[^"]*"/, '"127.9.0.0/16:9623"'));
  const prefix = await run(file, '--workers', '2');
  expect([prefix.code, prefix.out]).toEqual([
    2,
    expect.stringContaining('one process has the socket of a prefix'),
  ]);
  writeFileSync(
    file,
    `${fleet(2, await shortPort())}\ncontrol: { listen: "127.0.0.1:0", tokens: none.txt }\n`,
  );
  const named = await run(file, '--workers', '2');
  expect([named.code, named.out]).toEqual([
    2,
    expect.stringMatching(/rack\.yaml:\d+:\d+ control\.tokens: .*none\.txt/),
  ]);
  expect(named.out.trim().split('\n')).toHaveLength(1);
  expect((await run('--workers', '2')).out).toContain('--workers shares out the BMCs of a file');
  expect((await run(file, '--workers', '0')).out).toContain('a whole number of 1 to 256');
  expect((await run(file, '--workers', '2', '--record', 'x')).out).toContain('--record is for one process');
});
