// What capturing costs a request: by itself, and as CPU of a process that serves through sockets and writes a file.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
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
const root = fileURLToPath(new URL('..', import.meta.url));

export async function run(args: readonly string[]): Promise<void> {
  compare([
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
  console.log('');
  if (args[0] !== '--alone') await throughSockets();
}

/** Turn by turn; ratios are those of a round. */
async function throughSockets(): Promise<void> {
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
    console.log('| server CPU, us | nothing looks on | `--pcap-on` | more | `--pcap` | more |');
    console.log('|---|---|---|---|---|---|');
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
      console.log(`| ${row.title} | ${us(0)} | ${us(1)} | ${more(1)} | ${us(2)} | ${more(2)} |`);
    }
  } finally {
    await Promise.all(servers.map(({ stop }) => stop()));
    rmSync(folder, { recursive: true });
  }
}
