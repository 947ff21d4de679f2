// `npm run torture -- [--rounds N] [--firmware N] [--sim N] [--settings N] [--sleep N] [--datagrams N]
// [--kills N] [--writers N] [--stories N] [--cluster BMCS] [--from SEED]`:
// real kills with ipmitool writing and updating, simulated lives of a failing disk, settings made from the schema,
// fleets whose BMCs sleep, kills of a fleet with a writer to each BMC, requests in batches over a bad network, and
// clusters: in the simulated world, and of three machines in network namespaces (root's; if it is asked for).
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeWorld } from '../../src/world/index.ts';
import { clusterSeed } from './cluster-stories.ts';
import { provenCluster, summaryOf } from './cluster/proven.ts';
import { datagramRounds } from './datagrams.ts';
import { fleetKills } from './fleet-kills.ts';
import { firmwareRounds } from './firmware.ts';
import { tortureOptions } from './options.ts';
import { realRounds } from './real.ts';
import { settingsCase } from './settings.ts';
import { simLife, type Tally } from './sim.ts';
import { fleetLife } from './sleep.ts';

const given = tortureOptions(process.argv.slice(2));
if ('say' in given) {
  (given.code === 0 ? process.stdout : process.stderr).write(given.say);
  process.exit(given.code);
}
const {
  rounds,
  sim: seeds,
  from,
  firmware: updates,
  settings: files,
  sleep: nights,
  datagrams,
  kills,
  writers,
  stories,
  cluster: machines,
} = given;

/** A bar on a terminal, nothing elsewhere. */
function bar(what: string, done: number, all: number): void {
  if (!process.stderr.isTTY) return;
  const width = 30;
  const filled = Math.round((width * done) / all);
  process.stderr.write(
    `\r${what} ${'#'.repeat(filled)}${'.'.repeat(width - filled)} ${done}/${all}${done === all ? '\n' : ''}`,
  );
}

if (datagrams > 0) {
  const before = process.memoryUsage().rss;
  const tally = await datagramRounds(datagrams, 'batch', (done) => bar('datagrams', done, datagrams));
  const grown = Math.round((process.memoryUsage().rss - before) / 1024 ** 2);
  console.log(
    `${datagrams} requests in batches: ${tally.carriedOut} carried out, ${tally.answered} answered, none twice and none wrongly; ` +
      `${tally.faults} faults of the network, ${tally.replays} replays and late ones refused, ${tally.again} sessions opened again; ${grown} MiB more`,
  );
}

if (stories > 0) {
  const tally = { acknowledged: 0, taken: 0, troubles: 0 };
  for (let seed = from; seed < from + stories; seed++) {
    await clusterSeed(seed, tally);
    if (seed % 50 === 0 || seed === from + stories - 1) bar('stories', seed - from + 1, stories);
  }
  console.log(
    `${stories} stories of a cluster: ${tally.troubles} troubles, BMCs taken ${tally.taken} times and never served twice, ` +
      `${tally.acknowledged} acknowledged changes all there, all served again in the end`,
  );
}

if (machines > 0) {
  const result = await provenCluster(machines, console.log);
  console.log(summaryOf(result));
}

const settings = { refused: 0, opened: 0, values: 0 };
for (let seed = from; seed < from + files; seed++) {
  const tally = await settingsCase(seed);
  for (const key of Object.keys(settings) as (keyof typeof settings)[]) settings[key] += tally[key];
  if (seed % 500 === 0 || seed === from + files - 1) bar('settings', seed - from + 1, files);
}
console.log(
  `${files} files of settings: ${settings.refused} refused with a place, ${settings.opened} BMCs opened, ${settings.values} values read back as they were written`,
);

const asleep = { slept: 0, late: 0, heard: 0, reasons: new Map<string, number>() };
for (let seed = from; seed < from + nights; seed++) {
  const one = await fleetLife(seed, true);
  const other = await fleetLife(seed, false);
  const at = one.heard.findIndex((line, i) => line !== other.heard[i]);
  if (at >= 0 || one.heard.length !== other.heard.length)
    throw new Error(`sleep, seed ${seed}: asleep ${one.heard[at]}, awake ${other.heard[at]}`);
  asleep.slept += one.slept;
  asleep.late += one.late;
  asleep.heard += one.heard.length;
  for (const [reason, count] of one.reasons)
    asleep.reasons.set(reason, (asleep.reasons.get(reason) ?? 0) + count);
  if (seed % 10 === 0 || seed === from + nights - 1) bar('sleeping', seed - from + 1, nights);
}
const reasons = Array.from(asleep.reasons, ([reason, count]) => `${reason} ${count}`).join(', ');
console.log(
  `${nights} fleets: BMCs slept ${asleep.slept} times and ${asleep.late} were made late, ${asleep.heard} lines of what was heard the same; awake, because ${reasons}`,
);

const total: Tally = { restarts: 0, acknowledged: 0, refused: 0, flips: 0 };
for (let seed = from; seed < from + seeds; seed++) {
  const tally = await simLife(seed);
  for (const key of Object.keys(total) as (keyof Tally)[]) total[key] += tally[key];
  if (seed % 50 === 0 || seed === from + seeds - 1) bar('simulated', seed - from + 1, seeds);
}
console.log(
  `${seeds} simulated lives: ${total.restarts} starts, ${total.acknowledged} acknowledged changes all there, ${total.refused} refused, ${total.flips} bits flipped`,
);

if (rounds > 0) {
  const directory = mkdtempSync(join(tmpdir(), 'ipmi-bmc-torture-'));
  const tally = await realRounds(rounds, directory, nodeWorld().random, (done) =>
    bar('killed', done, rounds),
  );
  rmSync(directory, { recursive: true, force: true });
  console.log(
    `${rounds} kills: ${tally.acknowledged} acknowledged writes all there, ${tally.cut} under way when the BMC died, every start served`,
  );
}

if (kills > 0) {
  const directory = mkdtempSync(join(tmpdir(), 'ipmi-bmc-torture-'));
  const tally = await fleetKills({ count: writers, rounds: kills }, directory, nodeWorld().random, (done) =>
    bar('fleet killed', done, kills),
  );
  rmSync(directory, { recursive: true, force: true });
  console.log(
    `${kills} kills of ${writers} BMCs with a writer each: ${tally.acknowledged} acknowledged writes to ${tally.written} of them all there, ${tally.cut} under way at a kill`,
  );
}

if (updates > 0) {
  const directory = mkdtempSync(join(tmpdir(), 'ipmi-bmc-torture-'));
  const tally = await firmwareRounds(updates, directory, nodeWorld().random, (done) =>
    bar('updates', done, updates),
  );
  rmSync(directory, { recursive: true, force: true });
  console.log(
    `${updates} updates killed: ${tally.old} components came back with the image before, ${tally.new} with the new one whole, ${tally.waiting} had one waiting`,
  );
}
