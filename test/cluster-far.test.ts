// Three hosts of a cluster as processes: what the commands, the web console and scrapers get of a BMC at a host that
// has it not, with the programs that people have for it.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { ControlClient } from '../src/control/client.ts';
import { bin, firstLine, stopped } from './support/cli.ts';
import { PASSWORD } from './support/daemon.ts';
import { hasNats, startNats, type NatsCluster } from './support/nats.ts';
import { runTool, shortPort, toolTest, type Ran } from './support/tools.ts';

const TOKEN = 't'.repeat(32);
const COUNT = 6;
const PATIENCE = 20_000;

interface Ready {
  readonly console: string;
  readonly metrics: string;
}

if (hasNats) {
  let nats: NatsCluster;
  let folder: string;
  let base: number;
  const hosts = new Map<
    string,
    { readonly child: ChildProcess; readonly socket: string; readonly ready: Ready }
  >();
  /** A BMC, its UDP port, the host that has it, and the socket of one that has it not. */
  let far: { readonly bmc: string; readonly port: number; readonly owner: string; readonly at: string };

  const environment = () => ({
    IPMI_BMC_CLUSTER: nats.urls[0],
    IPMI_BMC_RUNTIME_DIRECTORY: join(folder, 'run'),
    NO_COLOR: '1',
  });
  const cli = (args: readonly string[], input?: string): Promise<Ran> =>
    runTool(process.execPath, [bin, ...args], { env: environment(), input });
  const atFar = (...args: string[]): Promise<Ran> => cli([...args, '--socket', hosts.get(far.at)!.socket]);
  const ipmitool = (args: string): Promise<Ran> =>
    runTool('ipmitool', `-I lanplus -H 127.0.0.1 -p ${far.port} -U admin -P ${PASSWORD} ${args}`.split(' '));
  const fleet = (): string => `bmcs:
  - name: node-{n}
    count: ${COUNT}
    labels: { site: berlin }
    interfaces: [{ type: lan, listen: '127.0.0.1:{${base}+n}' }]
    users: [{ id: 2, name: admin, password: ${PASSWORD} }]
    sensors: [{ name: Processor 1 Temp, entity: '3.1', type: temperature, unit: degrees C, range: [0, 127], value: 41 }]
    sel: { bootEvents: false, capacity: 4000 }
    sol: { console: { type: simulated } }
`;
  async function start(name: string): Promise<void> {
    const socket = join(folder, `${name}.sock`);
    const file = join(folder, `${name}.yaml`);
    writeFileSync(
      file,
      `cluster: { servers: ['${nats.urls[0]}'], host: ${name} }\nconsole: { listen: '127.0.0.1:0', tokens: tokens }\nmetrics: { listen: '127.0.0.1:0' }\n`,
    );
    const child = spawn(process.execPath, [bin, 'run', file, '--json', '--control', socket], {
      env: { ...process.env, ...environment() },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    hosts.set(name, { child, socket, ready: JSON.parse(await firstLine(child)) as Ready });
  }
  const owners = async (): Promise<Map<string, string>> => {
    const { out } = await cli(['cluster', 'list', '--json']);
    return new Map((JSON.parse(out) as { bmc: string; host: string }[]).map(({ bmc, host }) => [bmc, host]));
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'far-'));
    writeFileSync(join(folder, 'tokens'), `ci admin ${TOKEN}\n`, { mode: 0o600 });
    nats = await startNats();
    base = await shortPort();
    await Promise.all(['a', 'b', 'c'].map(start));
    expect((await cli(['cluster', 'apply', '-'], fleet())).code).toBe(0);
    const all = `${COUNT} of ${COUNT} BMC(s) are served`;
    await vi.waitUntil(async () => (await cli(['cluster', 'status'])).out.includes(all), {
      timeout: PATIENCE,
    });
    const [[bmc, owner]] = await owners();
    const at = [...hosts.keys()].find((name) => name !== owner)!;
    far = { bmc, owner, at, port: base + Number(bmc.split('-')[1]) };
  }, 90_000);
  afterAll(async () => {
    await Promise.all([...hosts.values()].map(({ child }) => stopped(child)));
    await nats?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('23.5: the web console of any host: rows of all, its stream, and the serial console by WebSocket', async () => {
    const { console: url } = hosts.get(far.at)!.ready;
    const { origin, host } = new URL(url);
    const answer = await fetch(new URL('/login', url), {
      method: 'POST',
      headers: { origin, 'content-type': 'application/json' },
      body: JSON.stringify({ token: TOKEN }),
    });
    expect(answer.status).toBe(200);
    const cookie = answer.headers.getSetCookie()[0].split(';')[0];
    const { csrf } = (await answer.json()) as { csrf: string };
    const list = await fetch(new URL('/v1/bmcs', url), { headers: { cookie } });
    expect(await list.json()).toMatchObject({ total: COUNT });
    const socket = new WebSocket(
      `ws://${host}/v1/bmcs/${far.bmc}/console?history=true`,
      ['ipmi-bmc-console', `csrf.${csrf}`],
      { headers: { cookie, origin } },
    );
    let heard = '';
    socket.on('message', (data: Buffer) => (heard += data.toString()));
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    socket.send(Buffer.from('typed in a page'));
    await expect.poll(() => heard, { timeout: PATIENCE }).toContain('typed in a page');
    const watching = new AbortController();
    const watch = await fetch(new URL(`/v1/watch?bmc=${far.bmc}&sensors=true`, url), {
      headers: { cookie },
      signal: watching.signal,
    });
    let told = '';
    for await (const bytes of watch.body!) {
      told += new TextDecoder().decode(bytes);
      if (told.includes('event: sensors') && told.includes('event: row')) break;
    }
    expect(told).toContain('Processor 1 Temp');
    watching.abort();
    socket.close();
  }, 60_000);

  toolTest(
    '23.5: ipmi-bmc console of a BMC of another host on a terminal: types, shows, and is left by ~.',
    ['script', 'stty'],
    async () => {
      const command = `console ${far.bmc} --socket ${hosts.get(far.at)!.socket}`;
      const line = `'${process.execPath}' '${bin}' ${command}; echo "code $?"`;
      const terminal = spawn('script', ['-qec', line, '/dev/null'], {
        env: { ...process.env, ...environment() },
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      let shown = '';
      terminal.stdout.on('data', (data: Buffer) => (shown += data.toString()));
      await expect.poll(() => shown, { timeout: PATIENCE }).toContain('helps');
      terminal.stdin.write('hello far\r');
      await expect.poll(() => shown, { timeout: PATIENCE }).toContain('hello far');
      terminal.stdin.write('~.');
      await expect.poll(() => shown, { timeout: PATIENCE }).toMatch(/left\r+\ncode 0/);
      await stopped(terminal);
      const piped = await cli(['console', far.bmc, '--socket', hosts.get(far.at)!.socket], 'by a pipe\r');
      expect([piped.code, piped.out]).toEqual([0, expect.stringContaining('by a pipe')]);
      expect((await atFar('console', far.bmc, 'history')).out).toContain('hello far');
    },
    60_000,
  );

  toolTest(
    '23.5: capture -w and tape record of a BMC of another host are whole files that tshark and tape show read',
    ['ipmitool', 'tshark'],
    async () => {
      const { socket } = hosts.get(far.at)!;
      const [pcap, tape] = [join(folder, 'far.pcapng'), join(folder, 'far.tape')];
      const recording = [
        ['capture', far.bmc, '-w', pcap],
        ['record', far.bmc, '-w', tape],
      ].map((args) =>
        spawn(process.execPath, [bin, ...args, '--socket', socket], {
          env: { ...process.env, ...environment() },
          stdio: ['ignore', 'ignore', 'pipe'],
        }),
      );
      try {
        const size = (path: string): number => {
          try {
            return readFileSync(path).length;
          } catch {
            return 0;
          }
        };
        await expect.poll(() => size(pcap) > 0 && size(tape) > 0, { timeout: PATIENCE }).toBe(true);
        const [before, tapeBefore] = [size(pcap), size(tape)];
        expect((await ipmitool('mc info')).code).toBe(0);
        await expect
          .poll(() => size(pcap) > before + 2000 && size(tape) > tapeBefore + 200, { timeout: PATIENCE })
          .toBe(true);
      } finally {
        for (const child of recording) child.kill('SIGINT');
        await Promise.all(recording.map((child) => new Promise((resolve) => child.once('close', resolve))));
      }
      const read = await runTool('tshark', ['-o', 'ipmi.dissect_bus_commands:TRUE', '-r', pcap]);
      expect([read.code, read.out]).toEqual([0, expect.stringMatching(/Get Device ID/)]);
      expect(read.out).not.toMatch(/cut short|damaged/i);
      const shown = await cli(['tape', 'show', tape]);
      expect([shown.code, shown.out]).toEqual([0, expect.stringMatching(/Get Device ID/i)]);
    },
    60_000,
  );

  test('23.5: stop, start and reload by commands of another host; status says what is not served', async () => {
    expect((await atFar('stop', far.bmc)).out).toBe(`${far.bmc}: stopped\n`);
    expect((await atFar('list')).out).toMatch(new RegExp(`^${far.bmc} +stopped`, 'm'));
    expect((await cli(['cluster', 'status'])).out).toContain(
      `${COUNT - 1} of ${COUNT} BMC(s) are served, 1 stopped`,
    );
    const refused = await atFar('power', far.bmc, 'off');
    expect([refused.code, refused.out]).toEqual([1, expect.stringContaining(`ipmi-bmc start ${far.bmc}`)]);
    expect((await atFar('start', far.bmc)).out).toBe(`${far.bmc}: started\n`);
    expect((await atFar('power', far.bmc)).code).toBe(0);
    const again = await atFar('reload');
    expect([again.code, again.out]).toEqual([0, `nothing differs: ${COUNT} BMC(s)\n`]);
    const nowhere = `{ name: lost, interfaces: [{ type: lan, listen: '192.0.2.77:623' }], users: [{ id: 2, name: admin, password: ${PASSWORD} }] }`;
    const added = await cli(['add', '-', '--socket', hosts.get(far.at)!.socket], nowhere);
    expect(added.out).toContain('lost');
    const status = await cli(['cluster', 'status']);
    expect([status.code, status.out]).toEqual([1, expect.stringMatching(/^lost +[abc]: .*EADDRNOTAVAIL/m)]);
    expect((await atFar('list')).out).toMatch(/^lost +failed.*EADDRNOTAVAIL/m);
    const shown = await atFar('show', 'lost');
    expect([shown.code, shown.out]).toEqual([1, expect.stringMatching(/does not run.*EADDRNOTAVAIL/)]);
    expect((await atFar('remove', 'lost')).code).toBe(0);
  }, 90_000);

  test('23.5: numbers of a BMC by the metrics listener of another host, and an answer of more than 512 KiB', async () => {
    const { metrics } = hosts.get(far.at)!.ready;
    const numbers = await fetch(`http://${metrics}/metrics?target=${far.bmc}&collectors=chassis`);
    expect([numbers.status, await numbers.text()]).toEqual([200, expect.stringContaining('ipmi_up')]);
    const owner = new ControlClient({ socket: hosts.get((await owners()).get(far.bmc)!)!.socket });
    const record = '0000020000000020000401010159ffff';
    // As many as make a list that no message of NATS takes.
    for (let i = 0; i < 3000; i += 60)
      await Promise.all(Array.from({ length: 60 }, () => owner.post(`/v1/bmcs/${far.bmc}/sel`, { record })));
    const { code, out } = await atFar('sel', far.bmc, '--json');
    const { entries } = JSON.parse(out) as { entries: unknown[] };
    expect([code, entries.length, out.length > 512 * 1024]).toEqual([0, 3000, true]);
  }, 90_000);
}
