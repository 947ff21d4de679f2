// Memory of a process under full load, for as long as it is told: 16 sessions with 4 requests outstanding each,
// and log-ins between.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../test/support/cli.ts';
import { buildLoadgen, measure, NEEDED, type Load } from './lan/measure.ts';
import { allowedCores, found, pin } from './lan/processes.ts';
import { rows } from './lan/rows.ts';
import { ours, type Server } from './lan/servers.ts';

const HELP = `npm run bench -- soak [options]
  --minutes N   default 10
  --engine E    batch or dgram (default: what run takes by itself)
  --docs        writes the section of docs/performance.md

Resident memory of one BMC under full load, ten times from beginning to end. It fails where the last half is more than
5 % above the first, the first tenth left out.`;

const SLICES = 10;
/** Most that the second half may lie above the first. */
const MOST = 1.05;
const BEGIN = '<!-- by `npm run bench -- soak --docs`: begin -->\n';
const END = '<!-- end -->\n';
const page = new URL('../docs/performance.md', import.meta.url);

interface Slice {
  /** Since the start. */
  readonly minutes: number;
  readonly requests: number;
  readonly logIns: number;
  /** MiB. */
  readonly resident: number;
}

const residentOf = (pid: number): number =>
  Number(/VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))![1]) / 1024;

const rowOf = (id: string): (typeof rows)[number] => rows.find((row) => row.id === id)!;

async function soaked(server: Server, load: Omit<Load, 'seconds'>, minutes: number): Promise<Slice[]> {
  const began = performance.now();
  const slices: Slice[] = [];
  let requests = 0;
  let logIns = 0;
  const seconds = (minutes * 60) / SLICES;
  for (let i = 0; i < SLICES; i++) {
    const many = await measure(rowOf('devid-16x4'), server, { ...load, seconds: seconds * 0.9 });
    const few = await measure(rowOf('setup-4'), server, { ...load, seconds: seconds * 0.1 });
    requests += many.perSecond * seconds * 0.9;
    logIns += few.perSecond * seconds * 0.1;
    const resident = residentOf(server.pids[0]);
    slices.push({ minutes: (performance.now() - began) / 60_000, requests, logIns, resident });
  }
  return slices;
}

const table = (slices: readonly Slice[]): string =>
  [
    '| minutes | requests | log-ins | resident MiB |\n|---|---|---|---|',
    ...slices.map(
      ({ minutes, requests, logIns, resident }) =>
        `| ${minutes.toFixed(1)} | ${Math.round(requests)} | ${Math.round(logIns)} | ${resident.toFixed(0)} |`,
    ),
    '',
  ].join('\n');

const mean = (all: readonly Slice[]): number =>
  all.reduce((sum, { resident }) => sum + resident, 0) / all.length;

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '10' },
      engine: { type: 'string' },
      docs: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return console.log(HELP);
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) throw new Error(`--minutes: expected a number above 0, received '${values.minutes}'`);
  const { engine } = values;
  if (engine !== undefined && engine !== 'batch' && engine !== 'dgram')
    throw new Error(`--engine: expected batch or dgram, received '${engine}'`);
  const missing = process.platform === 'linux' ? NEEDED.filter((program) => !found(program)) : ['Linux'];
  if (missing.length > 0) return console.log(`skipped: missing ${missing.join(', ')}`);
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'ipmi-bmc-soak-'));
  try {
    const [core, other = core] = allowedCores();
    pin(core);
    const loadgen = buildLoadgen(folder);
    const server = await ours(
      { name: 'ipmi-bmc', folder: root, engine },
      { folder, core: other, sensors: 100 },
    );
    let slices: Slice[];
    try {
      slices = await soaked(server, { loadgen, core, warmUp: 0.15 }, minutes);
    } finally {
      await server.stop();
    }
    console.log(table(slices));
    const [, ...after] = slices;
    const half = after.length >> 1;
    const grown = mean(after.slice(half)) / mean(after.slice(0, half));
    const text = `The second half is ${grown.toFixed(3)} times the first, the first tenth left out.\n`;
    console.log(text);
    if (values.docs) {
      const [before, rest] = readFileSync(page, 'utf8').split(BEGIN);
      const date = new Date().toISOString().slice(0, 10);
      const section = `${date}, Node ${process.versions.node}.\n\n${table(slices)}\n${text}`;
      writeFileSync(page, `${before}${BEGIN}${section}${rest.slice(rest.indexOf(END))}`);
    }
    if (grown > MOST) throw new Error(`memory grew: ${grown.toFixed(3)} times`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
