// The cluster's section of docs/performance.md, written from results.json: nothing of it is written by hand.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { StoryResult } from '../../test/torture/cluster/story.ts';
import type { FleetResults } from '../fleet/page.ts';
import { resultsText } from '../fleet/page.ts';

/** What one of many costs. */
export interface Units {
  readonly count: number;
  /** Milliseconds of one renewal of a lease. */
  readonly renewal: number;
  /** BMCs per second: entries of owners; histories of 20 changes; histories that are taken over. */
  readonly claims: number;
  readonly writes: number;
  readonly takes: number;
  /** Bytes of memory of each server, for a BMC. */
  readonly server: number;
  /** Bytes of memory of each host, for a BMC of any host. */
  readonly entry: number;
  /** Milliseconds for a BMC to be heard of by a host that joins. */
  readonly view: number;
  /** Milliseconds to place a BMC on one of the hosts, for each of them. */
  readonly place: number;
}

export interface ClusterResults {
  readonly taken: string;
  readonly node: string;
  readonly cpu: string;
  readonly units: Units;
  readonly story?: StoryResult;
}

const BEGIN = '<!-- by `npm run bench -- cluster --docs`: begin -->\n';
const END = '<!-- end -->\n';
const pageFile = new URL('../../docs/performance.md', import.meta.url);
const resultsFile = new URL('results.json', import.meta.url);
const fleetFile = new URL('../fleet/results.json', import.meta.url);

/** Seconds of a lease, and of its renewals. */
const LEASE = 6;
const RENEWAL = 1;
/** BMCs over hosts. */
const SIZES = [
  [100_000, 10],
  [100_000, 40],
  [1_000_000, 40],
  [1_000_000, 200],
] as const;

const whole = (value: number): string => Math.round(value).toLocaleString('en');
const mib = (bytes: number): string => `${whole(bytes / 2 ** 20)} MiB`;
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

function unitTable({ renewal, claims, writes, takes, server, entry, view, place }: Units): string[] {
  return [
    '| of one | costs |',
    '|---|---|',
    `| renewal of a host's lease, each second | ${renewal.toFixed(2)} ms |`,
    `| BMC that is claimed | ${(1000 / claims).toFixed(2)} ms (${whole(claims)}/s) |`,
    `| BMC whose 20 changes are written | ${(1000 / writes).toFixed(2)} ms (${whole(writes)}/s) |`,
    `| BMC whose history is read and fenced by who takes it over | ${(1000 / takes).toFixed(2)} ms (${whole(takes)}/s) |`,
    `| BMC, in the memory of each server | ${whole(server)} bytes |`,
    `| BMC of any host, in the memory of each host | ${whole(entry)} bytes |`,
    `| BMC, until a host that joins has heard of it | ${(view * 1000).toFixed(0)} µs |`,
    `| BMC, placed on one of so many hosts, for each | ${(place * 1000).toFixed(2)} µs |`,
    '',
  ];
}

/** On paper: servers do what three did here, one after the other; hosts serve as one of the fleet's bench did. */
function paperTable(units: Units, { fleet, count }: FleetResults): string[] {
  const row = (bmcs: number, hosts: number): string => {
    const share = bmcs / hosts;
    // The servers are what all hosts share: they do it no faster for many.
    const storm = share / units.claims + share / units.takes;
    const placing = (units.place * bmcs * hosts) / 1000;
    const starting = ((fleet.cpu / count) * share) / (hosts - 1);
    const memory = (fleet.resident / count) * share + units.entry * bmcs;
    const cells = [
      whole(bmcs),
      whole(hosts),
      `${whole(hosts / RENEWAL)}/s`,
      mib(units.server * bmcs),
      mib(memory),
      `${placing.toFixed(1)} s`,
      `${(LEASE + storm + placing + starting).toFixed(0)} s`,
      `${(bmcs / units.claims + bmcs / units.takes).toFixed(0)} s`,
    ];
    return `| ${cells.join(' | ')} |`;
  };
  return [
    '| BMCs | hosts | renewals | memory of each server | of each host | to place all | a host dies: all are back after | all are taken first in |',
    '|---|---|---|---|---|---|---|---|',
    ...SIZES.map(([bmcs, hosts]) => row(bmcs, hosts)),
    '',
  ];
}

function storyTable({ count, started, away, found, twice, load, ipmitool }: StoryResult): string[] {
  return [
    `Three machines in network namespaces, ${whole(count)} BMCs, all served ${seconds(started)} after the fleet file was there. Meanwhile ${whole(found.acknowledged)} writes to ` +
      `${whole(found.bmcs)} BMCs were acknowledged (${whole(ipmitool)} of them ipmitool's), and ${whole(load)} log-ins/s answered: ` +
      `${found.lost.length} acknowledged writes lost, ${twice.length} BMCs for which two hosts answered.`,
    '',
    '| what happened to one of three | BMCs | away, median | at most | for longer than 2.5 s |',
    '|---|---|---|---|---|',
    ...away.map(
      ({ trouble, bmcs, median, longest, missed }) =>
        `| ${trouble} | ${whole(bmcs)} | ${seconds(median)} | ${seconds(longest)} | ${whole(missed)} |`,
    ),
    '',
  ];
}

export function clusterTables({ units, story }: ClusterResults): string {
  const fleet = JSON.parse(readFileSync(fleetFile, 'utf8')) as FleetResults;
  return [...(story ? storyTable(story) : []), ...unitTable(units), ...paperTable(units, fleet)].join('\n');
}

/** A page with the section as it has to be, given the results that are kept. */
export function withClusterSection(page: string): string {
  const [before, rest] = page.split(BEGIN);
  const at = rest?.indexOf(END) ?? -1;
  if (rest === undefined || at < 0)
    throw new Error('docs/performance.md: the marks around the cluster section are gone');
  if (!existsSync(resultsFile)) return page;
  const results = JSON.parse(readFileSync(resultsFile, 'utf8')) as ClusterResults;
  const head = `${results.taken.slice(0, 10)}, Node ${results.node.slice(1)}, ${results.cpu}.\n\n`;
  return `${before}${BEGIN}${head}${clusterTables(results)}${rest.slice(at)}`;
}

export function keep(results: ClusterResults): void {
  writeFileSync(resultsFile, resultsText(results));
  writeFileSync(pageFile, withClusterSection(readFileSync(pageFile, 'utf8')));
}
