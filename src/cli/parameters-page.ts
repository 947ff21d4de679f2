import * as declared from '../commands/index.ts';
import { selectorsOf, type Parameter, type ParameterSet } from '../commands/parameters/parameter.ts';

const isSet = (value: unknown): value is ParameterSet =>
  typeof value === 'object' && value !== null && 'bySelector' in value;
const isParameter = (value: unknown): value is Parameter =>
  typeof value === 'object' && value !== null && 'selector' in value && 'layout' in value;

const TITLES: Readonly<Record<ParameterSet['table'], string>> = {
  LAN: 'LAN configuration parameters',
  serial: 'Serial/modem configuration parameters',
  SOL: 'SOL configuration parameters',
  PEF: 'PEF configuration parameters',
  boot: 'System boot options',
  'system info': 'System info parameters',
  DCMI: 'DCMI configuration parameters',
};

/**
 * docs/parameters.md: every declared parameter, what a program calls it, what its data are, how many there
 * are, who may do what.
 */
export function parametersPage(): string {
  const sets = Object.values(declared).filter(isSet);
  const lines = [
    '# Configuration parameters',
    '',
    'Written from the declarations by `npm run docs`. Sizes are bytes of data, selectors included. In a program:',
    '',
    '```ts',
    'const { address } = await client.get(LanParameter.Address, { channel: 1 });',
    "await client.set(LanParameter.Address, { address: '10.0.0.2' }, { channel: 1 });",
    '```',
    '',
  ];
  for (const set of sets) {
    const keys = keysOf(set);
    lines.push(
      `## ${TITLES[set.table]} (${set.spec})`,
      '',
      '| selector | name | in a program | values | size | sets, blocks | access | first value from |',
      '|---|---|---|---|---|---|---|---|',
      ...[...set.all]
        .sort((a, b) => a.selector - b.selector)
        .map((parameter) => row(parameter, keys.get(parameter) ?? '')),
      '',
    );
  }
  return lines.join('\n');
}

/** What programs call the parameters of a table. */
function keysOf({ all }: ParameterSet): ReadonlyMap<Parameter, string> {
  for (const [name, table] of Object.entries(declared)) {
    const entries =
      typeof table === 'object' ? Object.entries(table as Readonly<Record<string, unknown>>) : [];
    if (entries.some(([, value]) => isParameter(value) && value === all[0]))
      return new Map(
        entries.flatMap(([key, value]) => (isParameter(value) ? [[value, `${name}.${key}`]] : [])),
      );
  }
  return new Map();
}

function row(parameter: Parameter, key: string): string {
  const { selector, name, layout, sets, firstSet, blocks, firstBlock, access, secret, setting } = parameter;
  const before = selectorsOf(parameter);
  const [least, most] = [layout.min + before, layout.max + before];
  const places = [
    ...(sets === undefined ? [] : [sets === 0 ? 'no set' : `sets ${range(firstSet, sets)}`]),
    ...(blocks === undefined ? [] : [`blocks ${range(firstBlock, blocks)}`]),
  ];
  const cells = [
    selector,
    name,
    `\`${key}\``,
    layout.names.map((field) => `\`${field}\``).join(' '),
    least === most ? most : `${least}..${most}`,
    places.join(', '),
    `${access}${secret ? ', secret' : ''}`,
    setting === undefined ? '' : `setting \`${setting}\``,
  ];
  return `| ${cells.join(' | ')} |`;
}

const range = (first: number, count: number): string =>
  count === 1 ? String(first) : `${first}..${first + count - 1}`;
