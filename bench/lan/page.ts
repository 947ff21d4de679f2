// The LAN section of docs/performance.md, written from results.json: nothing of it is written by hand.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Results } from './results.ts';
import { cpuTable, othersLine, rateTable, startTable, suiteLines } from './table.ts';

const BEGIN = '<!-- by `npm run bench -- lan --docs`: begin -->\n';
const END = '<!-- end -->\n';
const pageFile = new URL('../../docs/performance.md', import.meta.url);
const resultsFile = new URL('results.json', import.meta.url);

function section(results: Results): string {
  const { machine, versions, servers } = results;
  const suites = suiteLines(results);
  return [
    `${results.taken.slice(0, 10)}, ${results.rounds} rounds of ${results.seconds} s, ${Math.round(results.took)} s in all. ${machine.cpu}, ` +
      `${machine.cores} cores, ${machine.memory} GiB, Linux ${machine.kernel}; ` +
      `${Object.entries(versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', ')}. ${othersLine(results)}\n`,
    cpuTable(results),
    ...(suites.length > 0
      ? [`Suite 17 takes so many times the CPU of suite 3 (${servers[0]}): ${suites.join(', ')}.\n`]
      : []),
    rateTable(results),
    startTable(results),
  ]
    .filter((part) => part !== '')
    .join('\n');
}

/** The page as it has to be, given the one that is there and the results that are kept. */
export function performancePage(): string {
  const page = readFileSync(pageFile, 'utf8');
  const [before, rest] = page.split(BEGIN);
  const end = rest?.indexOf(END) ?? -1;
  if (rest === undefined || end < 0)
    throw new Error('docs/performance.md: the marks around the LAN section are gone');
  if (!existsSync(resultsFile)) return page;
  const results = JSON.parse(readFileSync(resultsFile, 'utf8')) as Results;
  return `${before}${BEGIN}${section(results)}${rest.slice(end)}`;
}

export const writePerformancePage = (): void => writeFileSync(pageFile, performancePage());

export function keep(results: Results): void {
  writeFileSync(resultsFile, resultsText(results));
}

/** Numbers of a measurement have no more than five digits that mean anything. */
export const resultsText = (results: Results): string =>
  `${JSON.stringify(results, (_key, value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(5)) : value), 1)}\n`;
