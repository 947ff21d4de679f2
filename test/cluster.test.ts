// Three hosts and three NATS servers as processes: BMCs of one fleet file, served by whoever lives, with what clients
// stored in them; whatever host is asked, the one that has the BMC answers.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ControlClient } from '../src/control/client.ts';
import { bin, firstLine, stopped } from './support/cli.ts';
import { PASSWORD } from './support/daemon.ts';
import { hasNats, startNats, type NatsCluster } from './support/nats.ts';
import { runTool, shortPort, toolTest, type Ran } from './support/tools.ts';

const COUNT = 30;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

// What needs no server of NATS; all else is left out where none can be had (scripts/setup.mjs says so).
test('23: a command that does not know its cluster, or does not reach it, says so in a line', async () => {
  const env = { IPMI_BMC_CLUSTER: '' };
  const run = (args: string) => runTool(process.execPath, [bin, 'cluster', ...args.split(' ')], { env });
  const unknown = await run('hosts --cluster http://127.0.0.1');
  expect([unknown.code, unknown.out]).toEqual([2, expect.stringMatching(/^ipmi-bmc: --cluster http.*nats:/)]);
  const away = await run('list --cluster nats://127.0.0.1:9');
  expect([away.code, away.out]).toEqual([
    2,
    expect.stringMatching(/^ipmi-bmc: nats:\/\/127\.0\.0\.1:9: .*\n$/),
  ]);
});

if (hasNats) {
  let nats: NatsCluster;
  let folder: string;
  let base: number;
  const hosts = new Map<string, { child: ChildProcess; socket: string; said: () => string }>();

  const cli = (args: string, input?: string): Promise<Ran> =>
    runTool(process.execPath, [bin, ...args.split(' ')], {
      env: {
        IPMI_BMC_CLUSTER: nats.urls.join(','),
        IPMI_BMC_RUNTIME_DIRECTORY: join(folder, 'run'),
        NO_COLOR: '1',
      },
      input,
    });
  const fleet = (count: number): string => `bmcs:
  - name: node-{n}
    count: ${count}
    interfaces: [{ type: lan, listen: '127.0.0.1:{${base}+n}' }]
    users: [{ id: 2, name: admin, password: ${PASSWORD} }]
    sel: { bootEvents: false }
    sol: { console: { type: simulated } }
`;
  async function start(name: string): Promise<void> {
    const file = join(folder, `${name}.yaml`);
    const socket = join(folder, `${name}.sock`);
    writeFileSync(
      file,
      `cluster: { servers: [${nats.urls.map((url) => `'${url}'`).join(', ')}], host: ${name}, replicas: 3 }\n`,
    );
    const child = spawn(process.execPath, [bin, 'run', file, '--json', '--control', socket], {
      env: { ...process.env, IPMI_BMC_RUNTIME_DIRECTORY: join(folder, 'run') },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (data: Buffer) => {
      const lines = data.toString('latin1').split('\n');
      said = (said + lines.filter((line) => !/"log-(in|out)"/.test(line)).join('\n')).slice(-3000);
    });
    await firstLine(child).catch((error: unknown) => {
      throw new Error(said, { cause: error });
    });
    hosts.set(name, { child, socket, said: () => said });
  }
  const owners = async (): Promise<Map<string, string>> => {
    const { out } = await cli('cluster list --json');
    return new Map((JSON.parse(out) as { bmc: string; host: string }[]).map(({ bmc, host }) => [bmc, host]));
  };
  const until = async (what: () => Promise<boolean>, ms = 20_000): Promise<number> => {
    const began = performance.now();
    while (!(await what())) {
      if (performance.now() - began > ms) throw new Error('it does not become so');
      await sleep(200);
    }
    return performance.now() - began;
  };
  const ipmitool = (i: number, args: string): Promise<Ran> =>
    runTool(
      'ipmitool',
      `-I lanplus -H 127.0.0.1 -p ${base + i} -U admin -P ${PASSWORD} -N 1 -R 1 ${args}`.split(' '),
    );
  /** The process serves a BMC when its session is let in. */
  const serves = async (i: number): Promise<boolean> => (await ipmitool(i, 'mc info')).code === 0;
  const all = Array.from({ length: COUNT }, (_, i) => i);
  /** Until each of them serves. */
  const served = async (which: readonly number[]): Promise<void> => {
    const waiting = new Set(which);
    await until(async () => {
      const some = [...waiting].toSorted(() => Math.random() - 0.5).slice(0, 6);
      await Promise.all(some.map(async (i) => (await serves(i)) && waiting.delete(i)));
      return waiting.size === 0;
    }, 40_000).catch((error: unknown) => {
      const said = Array.from(hosts, ([name, one]) => `${name}: ${one.said()}`);
      throw new Error(`not served: ${[...waiting].join(' ')}\n${said.join('\n')}`, { cause: error });
    });
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cluster-'));
    nats = await startNats(3);
    base = await shortPort();
    let last = '';
    await until(async () => {
      const { code, out } = await cli('cluster hosts --json');
      last = out;
      return code === 0;
    }, 30_000).catch((error: unknown) => {
      throw new Error(last, { cause: error });
    });
    await Promise.all(['a', 'b', 'c'].map(start));
  }, 90_000);
  afterAll(async () => {
    await Promise.all([...hosts.values()].map(({ child }) => stopped(child)));
    await nats?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  toolTest(
    '23.1: hosts share the BMCs of what cluster apply was given; any of them lists and steers all',
    ['ipmitool'],
    async () => {
      const wrong = await cli('cluster apply -', 'bmcs:\n  - name: x\n    sensors: 7\n');
      expect([wrong.code, wrong.out]).toEqual([
        2,
        expect.stringContaining('standard input:3:14 bmcs.0.sensors'),
      ]);
      expect((await cli('cluster apply -', fleet(COUNT))).out).toContain(`${COUNT} BMC(s) are to be served`);
      await until(async () => (await owners()).size === COUNT);
      const found = await owners();
      expect(new Set(found.values())).toEqual(new Set(['a', 'b', 'c']));
      const { out } = await cli('cluster hosts');
      expect(out).toMatch(/^HOST +BMCS +STATE +VERSION\na +\d+ +serving +\d/);
      await served(all);
      const list = await cli(`list --socket ${hosts.get('a')!.socket} --json`);
      const names = (JSON.parse(list.out) as { bmcs: { name: string }[] }).bmcs.map(({ name }) => name);
      expect(names).toEqual(all.map((i) => `node-${i}`));
      const [others] = [...found].find(([, host]) => host !== 'a')!;
      const off = await cli(`power ${others} off --socket ${hosts.get('a')!.socket}`);
      expect([off.code, off.out]).toEqual([0, expect.any(String)]);
      expect((await ipmitool(Number(others.split('-')[1]), 'chassis power status')).out).toContain('is off');
      // Two hosts change which BMCs there are at once: both changes hold.
      const more = (name: string, at: number): string =>
        `{ name: ${name}, interfaces: [{ type: lan, listen: '127.0.0.1:${base + at}' }], users: [{ id: 2, name: admin, password: ${PASSWORD} }] }`;
      const at = (host: string): string => `--socket ${hosts.get(host)!.socket}`;
      const [one, two, gone] = await Promise.all([
        cli(`add - ${at('a')}`, more('more-1', COUNT)),
        cli(`add - ${at('b')}`, more('more-2', COUNT + 1)),
        cli(`remove node-29 ${at('c')}`),
      ]);
      expect([one.code, two.code, gone.code, one.out + two.out + gone.out]).toEqual([
        0,
        0,
        0,
        expect.any(String),
      ]);
      await served([COUNT, COUNT + 1]);
      const after = await owners();
      expect([after.has('more-1'), after.has('more-2'), after.has('node-29')]).toEqual([true, true, false]);
      const again = await cli(`add - ${at('c')}`, more('more-1', COUNT + 2));
      expect([again.code, again.out]).toEqual([1, expect.stringContaining('more-1')]);
      const file = join(folder, 'back.yaml');
      writeFileSync(file, fleet(COUNT));
      const back = await cli(`apply ${file} ${at('b')}`);
      expect([back.code, back.out]).toEqual([0, expect.any(String)]);
      await until(async () => (await owners()).size === COUNT);
    },
    90_000,
  );

  test('23.5: console, capture, tape and events of a BMC at a host that does not have it', async () => {
    const found = await owners();
    const [far] = [...found].findLast(([, host]) => host !== 'a')!;
    const { socket } = hosts.get('a')!;
    const control = new ControlClient({ socket });
    const attached = await control.attach(far);
    const said = attached[Symbol.asyncIterator]();
    attached.write(Buffer.from('hello'));
    let heard = '';
    // Its machine echoes.
    while (!heard.includes('hello')) heard += Buffer.from((await said.next()).value as Uint8Array).toString();
    const watching = new AbortController();
    const events = control.events({ kinds: ['power'], signal: watching.signal });
    const first = events.next();
    const capture = await control.open(`/v1/bmcs/${far}/capture`);
    const blocks = capture[Symbol.asyncIterator]();
    expect(Buffer.from((await blocks.next()).value as Uint8Array).readUInt32LE(0)).toBe(0x0a0d0d0a);
    let seen: Awaited<typeof first> | undefined;
    const heardOf = first.then((event) => (seen = event));
    // Nobody says from when on the stream hears.
    for (const to of ['off', 'on', 'off', 'on']) {
      expect((await cli(`power ${far} ${to} --socket ${socket}`)).code).toBe(0);
      await Promise.race([heardOf, sleep(300)]);
      if (seen) break;
    }
    expect(seen?.value?.event).toMatchObject({ kind: 'power', bmc: far });
    expect(await serves(Number(far.split('-')[1]))).toBe(true);
    expect((await blocks.next()).done).toBe(false);
    await blocks.return?.();
    watching.abort();
    const before = await cli(`events --bmc ${far} --last 5 --json --socket ${socket}`);
    expect(before.out).toContain('power');
    attached.close();
    // Where it goes to another host, who has attached is told.
    const again = await control.attach(far);
    const owner = found.get(far)!;
    await cli(`cluster drain ${owner}`);
    const rest = [];
    for await (const bytes of again) rest.push(bytes);
    await cli(`cluster drain ${owner} --undo`);
    await until(async () => new Set((await owners()).values()).size === 3, 30_000);
  }, 90_000);

  toolTest(
    '23.3: kill -9 of a host: its BMCs are served by the others within ten seconds, and have what was acknowledged',
    ['ipmitool'],
    async () => {
      const before = await owners();
      const lost = [...before].filter(([, host]) => host === 'b').map(([bmc]) => Number(bmc.split('-')[1]));
      expect(lost.length).toBeGreaterThan(2);
      for (const i of lost.slice(0, 4)) {
        expect((await ipmitool(i, 'user set name 5 kept')).code).toBe(0);
        expect((await ipmitool(i, 'event 1')).code).toBe(0);
      }
      const { child } = hosts.get('b')!;
      child.kill('SIGKILL');
      hosts.delete('b');
      await until(async () => {
        const now = await owners();
        return lost.every((i) => ['a', 'c'].includes(now.get(`node-${i}`) ?? ''));
      });
      await until(async () => (await Promise.all(lost.slice(0, 4).map(serves))).every(Boolean));
      for (const i of lost.slice(0, 4)) {
        expect((await ipmitool(i, 'user list')).out).toMatch(/^5 +kept/m);
        expect((await ipmitool(i, 'sel list')).out).toMatch(/Temperature/);
      }
      await start('b');
      await until(
        async () => [...(await owners()).values()].filter((host) => host === 'b').length === lost.length,
      );
    },
    120_000,
  );

  toolTest(
    '23.2: a host that is stopped for longer than its lease and goes on has nothing any more, and gets its share again',
    ['ipmitool'],
    async () => {
      const mine = [...(await owners())]
        .filter(([, host]) => host === 'c')
        .map(([bmc]) => Number(bmc.split('-')[1]));
      const { child } = hosts.get('c')!;
      child.kill('SIGSTOP');
      // The stopped process still has the sockets: who takes over waits for them, and has all else.
      await until(async () => {
        const now = await owners();
        return mine.every((i) => now.get(`node-${i}`) !== 'c');
      });
      child.kill('SIGCONT');
      await until(async () => (await owners()).size === COUNT);
      await served(mine);
      await until(
        async () => [...(await owners()).values()].filter((host) => host === 'c').length === mine.length,
        30_000,
      );
      await served(mine);
    },
    150_000,
  );

  toolTest(
    '23.2: cluster drain empties a host before it is stopped; a server of NATS may go meanwhile',
    ['ipmitool'],
    async () => {
      await nats.servers[0].end();
      expect((await cli('cluster drain a')).out).toContain('a gives its BMCs away');
      await until(async () => ![...(await owners()).values()].includes('a'), 30_000);
      expect((await cli('cluster hosts')).out).toMatch(/^a +0 +draining/m);
      await served(all);
      expect((await cli('cluster drain a --undo')).code).toBe(0);
      const unknown = await cli('cluster drain nobody');
      expect([unknown.code, unknown.out]).toEqual([
        2,
        expect.stringContaining("no host 'nobody' lives: a, b, c"),
      ]);
      await nats.servers[0].begin();
      await until(async () => [...(await owners()).values()].includes('a'), 30_000);
      expect((await cli('cluster apply -', fleet(3))).code).toBe(0);
      await until(async () => (await owners()).size === 3, 30_000);
    },
    150_000,
  );
}
