// LAN under load: this BMC beside OpenIPMI's ipmi_sim, or beside another build of itself, in turns.
// `--help` tells the rest.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { root, stopped } from '../test/support/cli.ts';
import { ConsoleFeed } from './lan/console-feed.ts';
import { buildLoadgen, measure, NEEDED, type Load } from './lan/measure.ts';
import { keep, resultsText, writePerformancePage } from './lan/page.ts';
import { allowedCores, cpuTime, found, pin } from './lan/processes.ts';
import { profiled, type Share } from './lan/profile.ts';
import { rowResult, type Results, type RowResult, type Trial } from './lan/results.ts';
import { chosen, rows, START, type Row } from './lan/rows.ts';
import {
  fillSel,
  firstAnswer,
  ipmiSim,
  ours,
  startOurs,
  startSim,
  type Build,
  type Server,
  type Starting,
} from './lan/servers.ts';
import { cpuTable, othersLine, rateTable, startTable, suiteLines } from './lan/table.ts';

const HELP = `npm run bench -- lan [options]

LAN under load, from one core; the servers on another; round by round, server by server. With everything it takes
about four minutes. Needs Linux, gcc, make, libssl-dev; ipmi_sim (Debian: openipmi) to compare with.

  --rows LIST       ids, or what they begin with: devid,setup (default: all)
                    ${[...rows.map(({ id }) => id), START].join(' ')}
  --rounds N        default 5
  --seconds T       measured in each trial, default 0.5
  --json FILE       all trials, machine and versions; - is standard output
  --against FOLDER  beside another build of this project (a folder with bin/ and dist/) in place of ipmi_sim
  --profile FOLDER  nothing is compared: a .cpuprofile, a flame graph (.svg) and the hottest functions of each row
  --docs            keeps the results in bench/lan/results.json and writes docs/performance.md's LAN section from them

Ratios are ours over the other server's, round by round: the median, and the middle half of the rounds.`;

const SENSORS = 100;
/** A BMC of a fleet has fewer. */
const FLEET_SENSORS = 10;
/** Not measured: sessions, and functions that are compiled when they are warm. */
const WARM_UP = 0.15;
const OURS = 'ipmi-bmc';
/** The same, each datagram by itself. */
const DGRAM = 'ipmi-bmc, dgram';
const SIM = 'ipmi_sim';

interface Options {
  readonly rows: ReadonlySet<string>;
  readonly rounds: number;
  readonly seconds: number;
  readonly against: string | undefined;
}

interface Place {
  readonly folder: string;
  readonly loadgen: string;
  readonly cores: { readonly load: number; readonly server: number };
}

/** A way to have a server; the first is ours. */
interface Kind {
  readonly name: string;
  readonly serve: (count: number, feed?: ConsoleFeed) => Promise<Server>;
  readonly start: () => Promise<Starting>;
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name}: expected a number above 0, received '${text}'`);
  return value;
}

function kinds(place: Place, { against }: Options): Kind[] {
  const core = place.cores.server;
  const sensors = (count: number): number => (count === 1 ? SENSORS : FLEET_SENSORS);
  const build = (one: Build): Kind => ({
    name: one.name,
    serve: (count, feed) => ours(one, { folder: place.folder, core, count, sensors: sensors(count), feed }),
    start: () => startOurs(one, { folder: place.folder, core, sensors: SENSORS }),
  });
  const mine = build({ name: OURS, folder: root });
  if (against !== undefined) {
    if (!existsSync(join(against, 'bin', 'ipmi-bmc')))
      throw new Error(`--against ${against}: no bin/ipmi-bmc in it`);
    return [mine, build({ name: 'before', folder: resolve(against) })];
  }
  const singly = build({ name: DGRAM, folder: root, engine: 'dgram' });
  if (!found('ipmi_sim')) {
    console.error('ipmi_sim is not installed (apt-get install openipmi): ours alone');
    return [mine, singly];
  }
  const sim: Kind = {
    name: SIM,
    serve: (count, feed) => ipmiSim({ folder: place.folder, core, count, sensors: sensors(count), feed }),
    start: () => startSim({ folder: place.folder, core, sensors: SENSORS }),
  };
  return [mine, sim, singly];
}

/** What a row is measured at: ipmi_sim has not everything. */
const takes = (row: Row, name: string): boolean => name !== SIM || row.alone === undefined;

type TrialsByServer = Record<string, Trial[]>;

/** Round by round, row by row, server by server, each round beginning with another one. */
async function inTurns(
  these: readonly Row[],
  servers: readonly Server[],
  load: Load,
  rounds: number,
): Promise<TrialsByServer[]> {
  const at = (row: Row): Server[] => servers.filter(({ name }) => takes(row, name));
  const trials = these.map((row): TrialsByServer =>
    Object.fromEntries(at(row).map(({ name }) => [name, []])),
  );
  // One round that nobody sees: code that is compiled when it is warm.
  for (let round = -1; round < rounds; round++) {
    for (const [i, row] of these.entries()) {
      const here = at(row);
      for (let n = 0; n < here.length; n++) {
        const server = here[(n + round + here.length) % here.length];
        step(`round ${round + 1} of ${rounds}, ${row.id}, ${server.name}`);
        const trial = await twice(() => measure(row, server, load));
        if (round >= 0) trials[i][server.name].push(trial);
      }
    }
  }
  return trials;
}

/** Minutes of measuring are not lost to one trial: a busy machine may keep a log-in waiting too long. */
async function twice<T>(attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    tell('');
    console.error(`${(error as Error).message}; once more`);
    return attempt();
  }
}

/** Starts the servers of these rows, measures, and ends them. */
async function underLoad(
  all: readonly Kind[],
  these: readonly Row[],
  load: Load,
  rounds: number,
): Promise<RowResult[]> {
  if (these.length === 0) return [];
  const [{ fleet = 1 }] = these;
  const servers: Server[] = [];
  const feeds: ConsoleFeed[] = [];
  try {
    for (const kind of all.filter(({ name }) => these.some((row) => takes(row, name)))) {
      step(`${fleet > 1 ? `${fleet} of ` : ''}${kind.name} start`);
      const feed = these.some(({ unit }) => unit === 'KiB') ? await ConsoleFeed.open() : undefined;
      if (feed) feeds.push(feed);
      const server = await kind.serve(fleet, feed);
      servers.push(server);
      if (these.some(({ id }) => id.startsWith('sel-'))) await fillSel(server);
    }
    const trials = await inTurns(these, servers, load, rounds);
    const beside = all.some(({ name }) => name === SIM);
    return these.map(({ id, title, unit, alone }, i) =>
      rowResult(id, title, unit, trials[i], beside ? alone : undefined),
    );
  } finally {
    await Promise.all(servers.map(({ stop }) => stop()));
    for (const feed of feeds) feed.close();
  }
}

async function starts(all: readonly Kind[], rounds: number): Promise<RowResult> {
  const trials = Object.fromEntries(all.map(({ name }) => [name, [] as Trial[]]));
  for (let round = 0; round < rounds; round++) {
    for (let n = 0; n < all.length; n++) {
      const { name, start } = all[(n + round) % all.length];
      step(`round ${round + 1} of ${rounds}, ${START}, ${name}`);
      const { child, port } = await start();
      const began = performance.now();
      try {
        await firstAnswer('127.0.0.1', port);
        const wall = (performance.now() - began) * 1000;
        trials[name].push({
          cpu: cpuTime(child.pid!) / 1000,
          perSecond: 1e6 / wall,
          p50: wall,
          p99: wall,
          others: 0,
          problems: 0,
        });
      } finally {
        await stopped(child, 'SIGKILL');
      }
    }
  }
  return rowResult(START, 'from start to first answer', 'start', trials);
}

function versions(all: readonly Kind[]): Record<string, string> {
  const said = (program: string, ...args: string[]): string => {
    try {
      return execFileSync(program, args, {
        encoding: 'utf8',
        cwd: root,
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim();
    } catch {
      return ''; // No checkout, no Debian: then it is not told.
    }
  };
  const commit = said('git', 'rev-parse', '--short', 'HEAD');
  const sim = all.some(({ name }) => name === SIM)
    ? said('dpkg-query', '-W', '-f', '${Version}', 'openipmi')
    : '';
  return {
    ...(commit && { commit: said('git', 'status', '--porcelain', 'src') ? `${commit} and changes` : commit }),
    node: process.version,
    ...(sim && { openipmi: sim }),
  };
}

async function compare(place: Place, options: Options): Promise<Results> {
  const began = performance.now();
  const all = kinds(place, options);
  const load = { loadgen: place.loadgen, core: place.cores.load, seconds: options.seconds, warmUp: WARM_UP };
  const wanted = rows.filter(({ id }) => options.rows.has(id));
  const results = await underLoad(
    all,
    wanted.filter(({ fleet }) => fleet === undefined),
    load,
    options.rounds,
  );
  for (const row of wanted.filter(({ fleet }) => fleet !== undefined))
    results.push(...(await underLoad(all, [row], load, options.rounds)));
  if (options.rows.has(START)) results.push(await starts(all, options.rounds));
  const [{ model }] = cpus();
  return {
    taken: new Date().toISOString(),
    took: (performance.now() - began) / 1000,
    rounds: options.rounds,
    seconds: options.seconds,
    machine: {
      cpu: model.trim(),
      cores: cpus().length,
      memory: Math.round(totalmem() / 2 ** 30),
      kernel: release(),
    },
    versions: versions(all),
    servers: all.map(({ name }) => name),
    rows: results,
  };
}

/** A process of ours for each row, with Node's sampling profiler. */
async function profile(place: Place, options: Options, into: string): Promise<void> {
  mkdirSync(into, { recursive: true });
  const load = { loadgen: place.loadgen, core: place.cores.load, seconds: options.seconds, warmUp: WARM_UP };
  const hot: Record<string, Share[]> = {};
  for (const row of rows.filter(({ id }) => options.rows.has(id))) {
    step(`profile of ${row.id}`);
    const feed = row.unit === 'KiB' ? await ConsoleFeed.open() : undefined;
    const flags = ['--cpu-prof', '--cpu-prof-dir', into, '--cpu-prof-name', `${row.id}.cpuprofile`];
    const make = {
      folder: place.folder,
      core: place.cores.server,
      count: row.fleet,
      sensors: row.fleet ? FLEET_SENSORS : SENSORS,
      feed,
    };
    const server = await ours({ name: OURS, folder: root }, make, flags);
    let from = Infinity;
    try {
      if (row.id.startsWith('sel-')) await fillSel(server);
      await measure(row, server, { ...load, seconds: 0.2 });
      from = Number(process.hrtime.bigint() / 1000n);
      await measure(row, server, load);
    } finally {
      await server.stop();
      feed?.close();
    }
    hot[row.id] = profiled(join(into, `${row.id}.cpuprofile`), row.title, from);
  }
  tell('');
  for (const [id, shares] of Object.entries(hot)) {
    console.log(`\n${id}`);
    for (const { name, share } of shares) console.log(`  ${(share * 100).toFixed(1).padStart(5)} %  ${name}`);
  }
  writeFileSync(join(into, 'hottest.json'), `${JSON.stringify(hot, undefined, 1)}\n`);
}

const parent = process.ppid;

/**
 * What is under way. Throws where nobody waits for it: npm and its script were killed, which passes no signal
 * on.
 */
function step(what: string): void {
  if (process.ppid !== parent) throw new Error('whoever started this is gone');
  tell(what);
}

/** On a terminal alone. */
function tell(what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what}`);
}

export async function run(args: readonly string[]): Promise<void> {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: text,
      rounds: text,
      seconds: text,
      json: text,
      against: text,
      profile: text,
      docs: flag,
      help: flag,
    },
  });
  if (values.help) return console.log(HELP);
  const missing = process.platform === 'linux' ? NEEDED.filter((program) => !found(program)) : ['Linux'];
  if (missing.length > 0) return console.log(`skipped: missing ${missing.join(', ')}`);
  const options: Options = {
    rows: chosen(values.rows),
    rounds: Math.ceil(positive('rounds', values.rounds ?? '5')),
    seconds: positive('seconds', values.seconds ?? (values.profile === undefined ? '0.5' : '3')),
    against: values.against,
  };
  // ipmi_sim rewrites its files with each SEL entry: not on a disk, if there is another place.
  const folder = mkdtempSync(
    join(process.env.BENCH_DIR ?? (existsSync('/dev/shm') ? '/dev/shm' : tmpdir()), 'ipmi-bmc-bench-'),
  );
  const leave = (): void => {
    rmSync(folder, { recursive: true, force: true });
    process.exit(130);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, leave);
  try {
    const [load, server = load] = allowedCores();
    pin(load);
    const place = { folder, loadgen: buildLoadgen(folder), cores: { load, server } };
    if (values.profile !== undefined) return await profile(place, options, resolve(values.profile));
    const results = await compare(place, options);
    tell('');
    if (values.json !== '-') print(results);
    if (values.json !== undefined) writeFileSync(values.json === '-' ? 1 : values.json, resultsText(results));
    if (!values.docs) return;
    keep(results);
    writePerformancePage();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function print(results: Results): void {
  const suites = suiteLines(results);
  console.log(
    `${results.rounds} rounds of ${results.seconds} s, ${Math.round(results.took)} s in all. ${othersLine(results)}\n`,
  );
  const suite17 = suites.length > 0 ? `suite 17 over suite 3, CPU: ${suites.join(', ')}\n` : '';
  for (const part of [cpuTable(results), suite17, rateTable(results), startTable(results)])
    if (part !== '') console.log(part);
}
