// Three machines (network namespaces), each a host of a cluster and a server of NATS, with clients that write all
// the time, and what happens to machines: killed, stopped, cut off. Afterwards everything that was acknowledged has
// to be there, nobody may have been served twice at once, and everything has to be served again in time.
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { bin, root } from '../../support/cli.ts';
import { natsServer } from '../../support/nats.ts';
import { addressOf, Machines, ROW } from './machines.ts';
import { Seen } from './seen.ts';
import { recordOf, type Found } from './written.ts';

export const TROUBLES = ['kill host', 'stop host', 'cut machine', 'kill nats', 'stop nats'] as const;
export type Trouble = (typeof TROUBLES)[number];

export interface StoryOptions {
  readonly count: number;
  readonly troubles: readonly Trouble[];
  /** Seconds that what is stopped or cut off stays so. */
  readonly seconds: number;
  readonly writers: number;
  /** Of the load generator; undefined: it is left out. */
  readonly loadgen?: string;
  /** Told of each step. */
  readonly tell: (line: string) => void;
}

/** How long BMCs were away, in milliseconds. */
export interface Away {
  readonly trouble: Trouble;
  /** How many had to move, or all of them where a server of NATS was in trouble. */
  readonly bmcs: number;
  readonly median: number;
  readonly longest: number;
  /** How many were away at all, longer than the probers take to look. */
  readonly missed: number;
}

export interface StoryResult {
  readonly count: number;
  /** Milliseconds until all BMCs were served first. */
  readonly started: number;
  readonly away: readonly Away[];
  readonly found: Found;
  readonly twice: readonly string[];
  /** Requests per second that the load generator had answered, at most. */
  readonly load: number;
  readonly ipmitool: number;
}

const SWEEP = 1000;
/** A host that comes back gets its BMCs no sooner. */
const TURN = 3000;
const PATIENCE = 120_000;
/** Serial numbers of ipmitool's entries: the other writer's are lower. */
const FIRST_OF_IPMITOOL = 0x80_0000;
const PASSWORD = 'secret-enough';

class Story {
  readonly options: StoryOptions;
  readonly folder = mkdtempSync(join(tmpdir(), 'ipmi-bmc-cluster-'));
  readonly machines = new Machines(3);
  readonly seen: Seen;
  readonly hosts = new Map<string, ChildProcess>();
  readonly nats = new Map<string, ChildProcess>();
  readonly urls: readonly string[];
  /** What ipmitool was told is written. */
  readonly byIpmitool = new Map<number, number[]>();
  isOver = false;
  load = 0;
  #said = '';

  constructor(options: StoryOptions) {
    this.options = options;
    this.seen = new Seen(options.count, SWEEP);
    this.urls = this.machines.names.map((name) => `nats://${this.machines.address(name)}:4222`);
  }

  get said(): string {
    return this.#said;
  }

  startNats(name: string): void {
    const { machines, folder } = this;
    const file = join(folder, `nats-${name}.conf`);
    const { NATS_LOGS } = process.env;
    const logs = NATS_LOGS ? `logtime: true\nlog_file: "${NATS_LOGS}/n${name}.log"\n` : '';
    const routes = machines.names.map((other) => `"nats://${machines.address(other)}:6222"`).join(', ');
    writeFileSync(
      file,
      `${logs}server_name: n${name}\nlisten: "${machines.address(name)}:4222"\njetstream { store_dir: "${join(folder, `js-${name}`)}" }\n` +
        `cluster { name: c, listen: "${machines.address(name)}:6222", routes: [${routes}], ping_interval: "1s", ping_max: 2 }\n`,
    );
    this.nats.set(name, machines.run(name, natsServer, ['-c', file], 'ignore'));
  }

  startHost(name: string): void {
    const { machines, folder } = this;
    const file = join(folder, `${name}.yaml`);
    const hooks = { own: machines.hook(name, folder) };
    const cluster = { servers: this.urls, host: name, replicas: 3, hooks };
    writeFileSync(file, JSON.stringify({ cluster }));
    const args = [bin, 'run', file, '--log-level', 'warn', '--no-control'];
    const child = machines.run(name, process.execPath, args, ['ignore', 'ignore', 'pipe']);
    child.stderr!.on('data', (data: Buffer) => {
      this.#said = `${this.#said}${name}: ${data.toString('latin1')}`.slice(-20_000);
      if (process.env.DEBUG) process.stderr.write(`${name}: ${data.toString('latin1')}`);
    });
    this.hosts.set(name, child);
  }

  async apply(): Promise<void> {
    const { count } = this.options;
    const bmcs = Array.from({ length: Math.ceil(count / ROW) }, (_, row) => ({
      name: 'node-{n}',
      count: { from: row * ROW, to: Math.min(count, (row + 1) * ROW) - 1 },
      interfaces: [{ type: 'lan', listen: `198.18.${row}.{n-${row * ROW}}:623` }],
      users: [{ id: 2, name: 'admin', password: PASSWORD }],
      sel: { bootEvents: false },
    }));
    const file = join(this.folder, 'fleet.yaml');
    writeFileSync(file, JSON.stringify({ bmcs }));
    await this.client([bin, 'cluster', 'apply', file, '--cluster', this.urls.join(',')], 60);
  }

  probe(): void {
    const { count } = this.options;
    const args = [
      '--import',
      'tsx',
      join(root, 'test/torture/cluster/probe.ts'),
      String(count),
      String(SWEEP),
    ];
    for (const name of this.machines.names) {
      const child = this.machines.run(name, process.execPath, args, ['ignore', 'pipe', 'inherit']);
      createInterface(child.stdout!).on('line', (line) => {
        this.seen.add(name, JSON.parse(line) as [number, number][]);
      });
    }
  }

  writer(): ChildProcess {
    const { count, writers } = this.options;
    const args = [
      '--import',
      'tsx',
      join(root, 'test/torture/cluster/writer.ts'),
      String(count),
      String(writers),
    ];
    return this.machines.run(undefined, process.execPath, args, ['pipe', 'pipe', 'inherit']);
  }

  /** One BMC after the other gets an entry; which of them were acknowledged is kept. */
  async ipmitool(): Promise<void> {
    for (let serial = FIRST_OF_IPMITOOL; !this.isOver; serial++) {
      const bmc = (serial * 37) % this.options.count;
      const bytes = Array.from(recordOf(serial), (byte) => `0x${byte.toString(16)}`);
      const login = ['-I', 'lanplus', '-C', '3', '-H', addressOf(bmc), '-U', 'admin', '-P', PASSWORD];
      const args = [...login, '-N', '1', '-R', '2', 'raw', '0x0a', '0x44', ...bytes];
      const child = this.machines.run(undefined, 'ipmitool', args, 'ignore');
      const code = await new Promise((resolve) => child.once('exit', resolve));
      if (code === 0) this.byIpmitool.set(bmc, [...(this.byIpmitool.get(bmc) ?? []), serial]);
      await sleep(100);
    }
  }

  /** The load generator logs in and out, a second of each five: hosts are to be busy, not the machine to be full. */
  async loads(loadgen: string): Promise<void> {
    const rows = Math.max(0, Math.floor(this.options.count / ROW) - 1);
    const targets = `198.18.0-${rows}.0-${Math.min(ROW, this.options.count) - 1}`;
    const args = ['-n', '19', loadgen, '-t', targets, '-U', 'admin', '-P', PASSWORD];
    const how = [
      '-m',
      'setup',
      '-n',
      '1',
      '-d',
      '1',
      '--warmup',
      '0',
      '--timeout',
      '0.5',
      '--setup-par',
      '4',
    ];
    while (!this.isOver) {
      const child = this.machines.run(undefined, 'nice', [...args, ...how], ['ignore', 'pipe', 'ignore']);
      let out = '';
      child.stdout!.on('data', (data: Buffer) => (out += data.toString('latin1')));
      await new Promise((resolve) => child.once('close', resolve));
      const rate = Number(/"per_s":\s*([\d.]+)/.exec(out)?.[1] ?? 0);
      this.load = Math.max(this.load, rate);
      await sleep(4000);
    }
  }

  async until(isSo: () => boolean, what: () => string): Promise<void> {
    for (const end = Date.now() + PATIENCE; !isSo(); await sleep(250))
      if (Date.now() > end) throw new Error(`${what()}\n${this.said}`);
  }

  /** Each BMC is answered for, and each machine has some: since a moment. */
  async settled(): Promise<void> {
    let from = Date.now();
    let before = '';
    await this.until(
      () => {
        const now = this.machines.names.map((name) => this.seen.of(name).length).join(' ');
        if (now !== before || now.split(' ').includes('0')) [before, from] = [now, Date.now()];
        return Date.now() - from > 3 * SWEEP && this.seen.silent(from).length === 0;
      },
      () => `BMCs of each machine: ${before}; silent: ${this.seen.silent(from).slice(0, 10).join(' ')}`,
    );
  }

  /** A machine's server of NATS leads every stream. */
  async lead(name: string): Promise<void> {
    const args = ['--import', 'tsx', join(root, 'test/torture/cluster/lead.ts'), this.urls[0], `n${name}`];
    await this.client(args, 10);
  }

  /** A program at the client, that may fail a few times: servers of NATS agree a while after they have begun. */
  async client(args: readonly string[], tries: number): Promise<void> {
    const child = this.machines.run(undefined, process.execPath, args, ['ignore', 'ignore', 'pipe']);
    let said = '';
    child.stderr!.on('data', (data: Buffer) => (said += data.toString('latin1')));
    const code = await new Promise((resolve) => child.once('close', resolve));
    if (code === 0) return;
    if (tries === 0) throw new Error(`${args.join(' ')}: ${said}`);
    await sleep(500);
    await this.client(args, tries - 1);
  }

  async trouble(trouble: Trouble, name: string): Promise<Away> {
    const [what, whom] = trouble.split(' ');
    const isNats = whom === 'nats';
    if (isNats || whom === 'machine') await this.lead(name);
    const child = (isNats ? this.nats : this.hosts).get(name)!;
    const mine = isNats ? this.seen.of(name).concat(this.seen.silent(Infinity)) : this.seen.of(name);
    const from = Date.now();
    if (process.env.DEBUG) this.options.tell(`${new Date().toISOString()} ${trouble} ${name}`);
    if (what === 'kill') child.kill('SIGKILL');
    else if (what === 'stop') child.kill('SIGSTOP');
    else this.machines.cut(name);
    await sleep(trouble === 'kill host' ? 3000 : this.options.seconds * 1000);
    if (!isNats)
      await this.until(
        () => mine.every((bmc) => this.seen.back(bmc, from, name) < Infinity),
        () =>
          `${trouble} ${name}: ${mine.filter((bmc) => this.seen.back(bmc, from, name) === Infinity).length} are not back`,
      );
    if (what === 'stop') child.kill('SIGCONT');
    else if (what === 'cut') this.machines.heal(name);
    else if (isNats) this.startNats(name);
    else this.startHost(name);
    await this.settled();
    const until = Date.now();
    const all = isNats ? Array.from({ length: this.options.count }, (_, i) => i) : mine;
    const times = all
      .map((bmc) => (isNats ? this.seen.gap(bmc, from, until) : this.seen.back(bmc, from, name)))
      .toSorted((a, b) => a - b);
    return {
      trouble,
      bmcs: all.length,
      median: times[times.length >> 1] ?? 0,
      longest: times.at(-1) ?? 0,
      missed: times.filter((time) => time > 2.5 * SWEEP).length,
    };
  }

  async close(): Promise<void> {
    this.isOver = true;
    await this.machines.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Rejects where something does not become well again, with what hosts said. */
export async function clusterStory(options: StoryOptions): Promise<StoryResult> {
  const story = new Story(options);
  const { tell } = options;
  try {
    for (const name of story.machines.names) story.startNats(name);
    for (const name of story.machines.names) story.startHost(name);
    await story.apply();
    const from = Date.now();
    story.probe();
    await story.until(
      () => story.seen.silent(0).length === 0,
      () => `not served: ${story.seen.silent(0).length} BMCs`,
    );
    const started = Date.now() - from;
    tell(`${options.count} BMCs served after ${(started / 1000).toFixed(1)} s`);
    await story.settled();
    const writer = story.writer();
    let out = '';
    writer.stdout!.on('data', (data: Buffer) => (out += data.toString('utf8')));
    const others = [
      story.ipmitool(),
      ...(options.loadgen === undefined ? [] : [story.loads(options.loadgen)]),
    ];
    await sleep(3000);
    const away: Away[] = [];
    for (const [i, trouble] of options.troubles.entries()) {
      const one = await story.trouble(trouble, story.machines.names[i % 3]);
      away.push(one);
      tell(
        `${trouble}: ${one.bmcs} BMCs, away ${(one.median / 1000).toFixed(1)} s (median), ` +
          `${(one.longest / 1000).toFixed(1)} s at most; ${one.missed} longer than the probers take`,
      );
    }
    story.isOver = true;
    await Promise.all(others);
    writer.stdin!.write(`${JSON.stringify([...story.byIpmitool])}\n`);
    await new Promise((resolve) => writer.once('close', resolve));
    if (out === '') throw new Error('the writer said nothing');
    const found = JSON.parse(out) as Found;
    const ipmitool = [...story.byIpmitool.values()].reduce((sum, entries) => sum + entries.length, 0);
    const { count } = options;
    return { count, started, away, found, twice: story.seen.twice(TURN), load: story.load, ipmitool };
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${story.said}`, { cause: error });
  } finally {
    await story.close();
  }
}
