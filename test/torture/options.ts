import { parseArgs } from 'node:util';

/** What is tried, how often unless it is said, and what it is. */
const OPTIONS = {
  rounds: [20, 'kills of a BMC that ipmitool writes to'],
  sim: [1000, 'simulated lives of a failing disk'],
  firmware: [20, 'updates that are killed'],
  settings: [1000, 'files made from the schema'],
  sleep: [200, 'fleets whose BMCs sleep'],
  datagrams: [100_000, 'requests in batches over a bad network'],
  kills: [3, 'kills of a fleet that is written to'],
  writers: [1000, 'BMCs of that fleet, with a writer each'],
  stories: [1000, 'simulated stories of a cluster'],
  cluster: [0, 'BMCs of a cluster of three machines in network namespaces (root)'],
  from: [1, 'the first seed'],
} as const;

export type TortureOptions = Readonly<Record<keyof typeof OPTIONS, number>>;

const NAMES = Object.keys(OPTIONS) as (keyof typeof OPTIONS)[];

const USAGE = `Usage: npm run torture -- [options]

${NAMES.map((name) => `  --${name.padEnd(10)} N  ${OPTIONS[name][1]} (default ${OPTIONS[name][0]})\n`).join('')}
Example, a failure of the simulated lives once more:
  npm run torture -- --sim 1 --from 4711 --rounds 0 --firmware 0 --settings 0 --sleep 0 --datagrams 0 --kills 0 --stories 0
`;

/** How often each is tried; or what to say instead of trying, and the exit code. */
export function tortureOptions(args: readonly string[]): TortureOptions | { say: string; code: 0 | 2 } {
  const mistake = (what: string) =>
    ({ say: `torture: ${what}; --help shows the options\n`, code: 2 }) as const;
  const options = Object.fromEntries(NAMES.map((name) => [name, { type: 'string' } as const]));
  const { tokens } = parseArgs({
    args: [...args],
    options: { ...options, help: { type: 'boolean', short: 'h' } },
    strict: false,
    tokens: true,
  });
  const found: Record<string, number> = Object.fromEntries(NAMES.map((name) => [name, OPTIONS[name][0]]));
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue;
    if (token.kind === 'positional') return mistake(`'${token.value}' is no option`);
    if (token.name === 'help') return { say: USAGE, code: 0 };
    if (!(token.name in OPTIONS)) return mistake(`there is no option ${token.rawName}`);
    if (!/^\d+$/.test(token.value ?? '')) return mistake(`${token.rawName} takes a whole number`);
    found[token.name] = Number(token.value);
  }
  return found as TortureOptions;
}
