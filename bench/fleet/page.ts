// The fleet's section of docs/performance.md, written from results.json: nothing of it is written by hand.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/** How a process of BMCs starts. */
export interface Start {
  /** Milliseconds until the last one answers. */
  readonly ms: number;
  /** Seconds of processor time until then: what others do on the machine does not count. */
  readonly cpu: number;
  /** Bytes, then. */
  readonly resident: number;
  /** Processors that it takes while nobody asks anything. */
  readonly idle: number;
}

/** Bytes of one of many. */
interface Weight {
  readonly heap: number;
  readonly resident: number;
}

/** How one process answers requests. */
export interface Asked {
  /** A second. */
  readonly rate: number;
  /** Seconds of the server's processor time for one. */
  readonly cpu: number;
}

/** Milliseconds in the middle, and of processor time in the mean: others on the machine do not count. */
interface Took {
  readonly middle: number;
  readonly cpu: number;
}

export interface FleetResults {
  readonly taken: string;
  readonly node: string;
  readonly count: number;
  /** Of the SEL of a BMC. */
  readonly entries: number;
  readonly sensors: number;
  readonly bare: Weight;
  readonly server: Weight;
  /** With 100 sensors, 1,000 SEL entries, 3 FRU devices. */
  readonly full: Weight;
  /** The server, when it sleeps again. */
  readonly asleep: Weight;
  readonly single: Start;
  readonly fleet: Start;
  /** How many have an address each of one prefix. */
  readonly onPrefix: number;
  readonly prefix: Start;
  /** Bytes. */
  readonly journal: number;
  readonly journalled: Start;
  /** Wake-ups: the first one, with what is stored, and another one. Of earlier results: not taken. */
  readonly wake?: { readonly stored: Took; readonly again: Took };
  readonly requests?: { readonly one: Asked; readonly many: Asked };
  /** Milliseconds, and seconds of processor time. */
  readonly check: { readonly ms: number; readonly cpu: number };
}

const BEGIN = '<!-- by `npm run bench -- fleet --docs`: begin -->\n';
const END = '<!-- end -->\n';
const pageFile = new URL('../../docs/performance.md', import.meta.url);
const resultsFile = new URL('results.json', import.meta.url);

const kib = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KiB`;
const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
const took = ({ middle, cpu }: Took): string =>
  `${middle.toFixed(2)} ms (${cpu.toFixed(2)} of CPU in the mean)`;
const micro = ({ cpu }: Asked): string => `${(cpu * 1e6).toFixed(0)} µs`;
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

export function fleetTable(results: FleetResults): string {
  const {
    bare,
    server,
    full,
    asleep,
    onPrefix,
    prefix,
    single,
    fleet,
    journalled,
    count,
    sensors,
    entries,
    journal,
    check,
    wake,
    requests,
  } = results;
  const more = ({ resident }: Start, of = count): string => kib((resident - single.resident) / (of - 1));
  const many = count.toLocaleString('en');
  return [
    '| of one of many BMCs, its LAN socket bound | heap | resident |',
    '|---|---|---|',
    `| bare: a LAN and nothing else | ${kib(bare.heap)} | ${kib(bare.resident)} |`,
    `| two-socket server: ${sensors} sensors, FRUs, firmware, own user, boot events; each sensor read once | ${kib(server.heap)} | ${kib(server.resident)} |`,
    `| the same, asleep again after it was asked | ${kib(asleep.heap)} | ${kib(asleep.resident)} |`,
    `| 100 sensors, 1,000 SEL entries, 3 FRUs | ${kib(full.heap)} | ${kib(full.resident)} |`,
    '',
    '| `ipmi-bmc run`, two-socket servers | until the last one answers | CPU | resident | a BMC more | idle CPU |',
    '|---|---|---|---|---|---|',
    ...(
      [
        ['one', single, ''],
        [`${many}, asleep but for the first ones`, fleet, more(fleet)],
        [
          `${onPrefix.toLocaleString('en')} on one prefix, asleep but for the first ones`,
          prefix,
          more(prefix, onPrefix),
        ],
        [`${many}, journalled, ${entries} SEL entries each (${mib(journal)})`, journalled, more(journalled)],
      ] as const
    ).map(
      ([what, start, each]) =>
        `| ${what} | ${seconds(start.ms)} | ${start.cpu.toFixed(1)} s | ${mib(start.resident)} | ${each} | ${(start.idle * 100).toFixed(1)} % |`,
    ),
    '',
    ...(wake
      ? [
          `Waking up, with ${entries} stored SEL entries that are read then: ${took(wake.stored)}; one that slept before: ${took(wake.again)}.`,
          '',
        ]
      : []),
    ...(requests
      ? [
          `Get Device ID, 64 under way, over 1,000 BMCs with a session each: ${micro(requests.many)} of the server's processor, ` +
            `${(requests.many.rate / requests.one.rate).toFixed(2)} of the rate of one BMC with 120 sessions (${micro(requests.one)}).`,
          '',
        ]
      : []),
    `\`ipmi-bmc check\` of an entry with \`count: ${count}\`: ${seconds(check.ms)}, ${check.cpu.toFixed(1)} s of CPU.`,
    '',
  ].join('\n');
}

/** A page with the section as it has to be, given the results that are kept. */
export function withFleetSection(page: string): string {
  const [before, rest] = page.split(BEGIN);
  const at = rest?.indexOf(END) ?? -1;
  if (rest === undefined || at < 0)
    throw new Error('docs/performance.md: the marks around the fleet section are gone');
  if (!existsSync(resultsFile)) return page;
  const results = JSON.parse(readFileSync(resultsFile, 'utf8')) as FleetResults;
  const head = `${results.taken.slice(0, 10)}, Node ${results.node.slice(1)}.\n\n`;
  return `${before}${BEGIN}${head}${fleetTable(results)}${rest.slice(at)}`;
}

export function keep(results: FleetResults): void {
  writeFileSync(resultsFile, resultsText(results));
  writeFileSync(pageFile, withFleetSection(readFileSync(pageFile, 'utf8')));
}

/** Numbers of a measurement have no more than five digits that mean anything. */
export const resultsText = (results: object): string =>
  `${JSON.stringify(results, (_key, value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(5)) : value), 2)}\n`;
