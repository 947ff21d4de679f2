// What capturing costs a request: by itself, and as CPU of a process that serves through sockets and writes a file.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Capture, PacketRing } from '../src/capture/index.ts';
import { buildLoadgen, measure } from './lan/measure.ts';
import { rows } from './lan/rows.ts';
import { ours, type Server } from './lan/servers.ts';
import { compare, median, subject } from './request.ts';

const ROUNDS = 7;
/**
 * Seconds before the first round: until everything is compiled, the compiler's CPU is the process's as well, and
 * more so where there is more to compile.
 */
const SETTLING = 4;
const ROWS = ['devid-1x1', 'devid-1x8', 'devid-16x4', 'sensor-16x4'];
const HELP = `npm run bench -- capture [--alone] [--docs]

  --alone   without sockets only
  --docs    writes the tables of docs/performance.md`;
const BEGIN = '<!-- by `npm run bench -- capture --docs`: begin -->\n';
const END = '<!-- end -->\n';
const page = new URL('../docs/performance.md', import.meta.url);
const root = fileURLToPath(new URL('..', import.meta.url));

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { alone: { type: 'boolean' }, docs: { type: 'boolean' }, help: { type: 'boolean' } },
  });
  if (values.help) return console.log(HELP);
  if (values.alone && values.docs) throw new Error('--docs: not without sockets');
  const alone = compare([
    await subject({ name: 'nothing looks on' }),
    await subject({
      name: 'one was on, and was taken off',
      prepare({ taps, router }, { clock }) {
        taps.add(new Capture({ router, clock }, new PacketRing(1 << 20)))();
      },
    }),
    await subject({
      name: 'packets into a ring',
      prepare({ taps, router }, { clock }) {
        taps.add(new Capture({ router, clock }, new PacketRing(1 << 20)));
      },
    }),
    await subject({
      name: 'each packet given to a function',
      prepare({ taps, router }, { clock }) {
        taps.add(new Capture({ router, clock }, () => undefined));
      },
    }),
  ]);
  console.log(alone);
  if (values.alone) return;
  const table = await throughSockets();
  console.log(table);
  if (!values.docs) return;
  const [before, rest] = readFileSync(page, 'utf8').split(BEGIN);
  const date = new Date().toISOString().slice(0, 10);
  const section = `${date}, Node ${process.versions.node}.\n\n${alone}\n${table}`;
  writeFileSync(page, `${before}${BEGIN}${section}${rest.slice(rest.indexOf(END))}`);
}

/** Turn by turn; ratios are those of a round. A table of Markdown. */
async function throughSockets(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'ipmi-bmc-bench-'));
  const servers: Server[] = [];
  try {
    const load = { loadgen: buildLoadgen(folder), core: 1, seconds: 0.5, warmUp: 0.15 };
    const make = { folder, core: 0, sensors: 100 };
    const pcap = ['--pcap', join(folder, 'one.pcapng')];
    for (const build of [
      { name: 'nothing', folder: root },
      { name: 'ring', folder: root, flags: [...pcap, '--pcap-on', 'fault'] },
      { name: 'file', folder: root, flags: ['--pcap', join(folder, 'all.pcapng')] },
    ])
      servers.push(await ours(build, make));
    let table =
      '| server CPU, us | nothing looks on | `--pcap-on` | more | `--pcap` | more |\n|---|---|---|---|---|---|\n';
    for (const row of rows.filter(({ id }) => ROWS.includes(id))) {
      const cpu = servers.map((): number[] => []);
      for (let round = -1; round < ROUNDS; round++)
        for (let turn = 0; turn < servers.length; turn++) {
          const i = (turn + round + servers.length) % servers.length;
          const seconds = round < 0 ? SETTLING : load.seconds;
          const trial = await measure(row, servers[i], { ...load, seconds });
          if (round >= 0) cpu[i].push(trial.cpu);
        }
      const more = (i: number): string =>
        `${(100 * median(cpu[i].map((one, round) => one / cpu[0][round] - 1))).toFixed(0)} %`;
      const us = (i: number): string => median(cpu[i]).toFixed(1);
      table += `| ${row.title} | ${us(0)} | ${us(1)} | ${more(1)} | ${us(2)} | ${more(2)} |\n`;
    }
    return table;
  } finally {
    await Promise.all(servers.map(({ stop }) => stop()));
    rmSync(folder, { recursive: true });
  }
}
