// docs/config.md and schema/config.schema.json: every key of a config file from the schema that checks it,
// with what its type says of it.
import { readdirSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { fileSchema } from '../src/config/schema.ts';

/** A part of JSON Schema, as far as it occurs here. */
export interface JsonSchema {
  type?: string;
  description?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  prefixItems?: JsonSchema[];
  additionalProperties?: JsonSchema | boolean;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  allOf?: JsonSchema[];
  enum?: (string | number | boolean)[];
  const?: string | number | boolean;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  format?: string;
  $ref?: string;
  $defs?: Record<string, JsonSchema>;
  [other: string]: unknown;
}

/** A member of a type, and what stands above it. */
interface Member {
  readonly doc: string;
  readonly type: string;
}
type Members = ReadonlyMap<string, Member>;

const SOURCES = [
  'config/options',
  'config/audit-options',
  'config/control-options',
  'config/metrics-options',
  'config/cluster-options',
  'faults/rule',
  'records/fru-image',
  'records/fru-multirecord',
];

/**
 * Kinds have no type but that of their schema: the rooms where they are, by the type that all of a room are.
 */
const KINDS = {
  BackendOptions: 'backends',
  ConsoleOptions: 'consoles',
  sensorValue: 'sources',
  InterfaceOptions: 'interfaces',
} as const;

/** Settings whose type is that of their schema. */
const SECTIONS = ['access', 'chassis', 'firmware', 'identity', 'pef', 'sel', 'sensor', 'serving'];

/** The objects of the schemas in a file, with the comments in them, by the types and the constants that they are. */
function sectionsIn(text: string): (readonly [name: string, object: string])[] {
  const objects = [
    ...text.matchAll(/^(?:export )?const (\w+) = (?:\(kinds: Kinds\) =>\s*)?z\s*\.strictObject\(/gm),
  ].map(
    ({ 0: { length }, 1: name, index }) =>
      [name, text.slice(index + length, closing(text, index + length) + 1)] as const,
  );
  const types = [...text.matchAll(/^export type (\w+) = SettingsOf<(?:ReturnType<)?typeof (\w+)>/gm)].map(
    ([, type, name]) => [type, objects.find(([one]) => one === name)?.[1] ?? ''] as const,
  );
  return [...objects, ...types];
}

/** Where the keys of a schema begin. */
const KEYS = /^(?:export )?const \w+ = \(zod: Zod\) =>\s*(?:zod\s*\.strictObject)?\(\{/gm;
/** The objects in the schemas of the kinds of a room, with the comments in them. */
const kindsText = (room: string): string =>
  readdirSync(new URL(`../src/kinds/${room}/`, import.meta.url))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => readFileSync(new URL(`../src/kinds/${room}/${file}`, import.meta.url), 'utf8'))
    .flatMap((text) =>
      [...text.matchAll(KEYS)].map(({ 0: { length }, index }) => [text, index + length - 1] as const),
    )
    .map(([text, open]) => text.slice(open, closing(text, open) + 1))
    .join('\n');

/** The types of the settings by name: their text. */
function typesIn(): ReadonlyMap<string, string> {
  const types = new Map<string, string>(Object.entries(KINDS).map(([type, room]) => [type, kindsText(room)]));
  for (const section of SECTIONS)
    for (const [name, object] of sectionsIn(
      readFileSync(new URL(`../src/config/${section}-schema.ts`, import.meta.url), 'utf8'),
    ))
      types.set(name, object);
  for (const source of SOURCES) {
    let text: string;
    try {
      text = readFileSync(new URL(`../src/${source}.ts`, import.meta.url), 'utf8');
    } catch {
      continue;
    }
    for (const [, kind, name, parents = ''] of text.matchAll(
      /^(?:export )?(interface|type) (\w+)(?: extends ([\w, ]+))?(?: =)?/gm,
    )) {
      const start = text.search(new RegExp(`^(?:export )?${kind} ${name}\\b`, 'm'));
      const end =
        kind === 'interface' ? closing(text, text.indexOf('{', start)) : text.indexOf(';\n\n', start);
      types.set(
        name,
        `${parents} ${text.slice(text.indexOf(kind === 'interface' ? '{' : '=', start), end < 0 ? undefined : end + 1)}`,
      );
    }
  }
  return types;
}

/** Where the brace that opens at a place is closed. */
function closing(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === '{') depth++;
    else if (text[at] === '}' && --depth === 0) return at;
  }
  return text.length;
}

/** Members of the objects that stand in a type's text itself, not of those that it names. */
function membersOf(text: string): Members[] {
  const found: Members[] = [];
  for (let open = text.indexOf('{'); open >= 0; open = text.indexOf('{', open)) {
    const end = closing(text, open);
    const body = text.slice(open + 1, end);
    const members = new Map<string, Member>();
    for (let at = 0; at < body.length;) {
      const match = /(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*)?(?:readonly )?'?([\w-]+)'?(?:\??:\s*|(?=,\n))/g;
      match.lastIndex = at;
      const one = match.exec(body);
      if (!one) break;
      const start = one.index + one[0].length;
      const stop = endOfType(body, start);
      members.set(one[2], {
        doc: (one[1] ?? '').replace(/\s*\n\s*\* ?/g, ' ').trim(),
        type: body.slice(start, stop),
      });
      at = stop + 1;
    }
    found.push(members);
    open = end;
  }
  return found;
}

/** A type ends at the semicolon outside of braces, a schema at the comma. */
function endOfType(text: string, start: number): number {
  const separator = /\breadonly /.test(text) ? ';' : ',';
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    if ('{(['.includes(text[at])) depth++;
    else if ('})]'.includes(text[at])) depth--;
    else if (text[at] === separator && depth <= 0) return at;
  }
  return text.length;
}

/** The objects that a type can be: those in its text, and those of the types that it names. */
function objectsIn(
  text: string,
  types: ReadonlyMap<string, string>,
  seen: ReadonlySet<string> = new Set(),
): Members[] {
  const outside = text.replace(/\{[\s\S]*\}/g, '');
  const named = [...outside.matchAll(/\b[A-Za-z]\w+\b/g)]
    .map(([name]) => name)
    .filter((name) => types.has(name) && !seen.has(name));
  const own = membersOf(text);
  const parents = named.flatMap((name) => objectsIn(types.get(name) ?? '', types, new Set([...seen, name])));
  // An interface's parents lend it their members.
  if (own.length === 1 && parents.length > 0 && /^ ?\w/.test(text))
    return [new Map([...parents.flatMap((one) => [...one]), ...own[0]])];
  return [...own, ...parents];
}

/** Keys that a type makes of a list of names, and those that tell a kind. */
const MAPPED: Readonly<Record<string, string | undefined>> = {
  type: 'Which kind it is.',
  lnr: 'Lower non-recoverable.',
  lc: 'Lower critical.',
  lnc: 'Lower non-critical.',
  unc: 'Upper non-critical.',
  uc: 'Upper critical.',
  unr: 'Upper non-recoverable.',
  prepare: 'Before the first byte.',
  upload: 'When all bytes are there.',
  verify: 'When the image is looked at.',
  activate: 'When it is made the one that runs.',
  'self-test': 'After that.',
  rollback: 'When the one before comes back.',
  systemUrl: 'System management URL.',
  systemName: 'System name.',
  systemPing: 'Address at which the system answers a ping.',
  componentUrl: 'Component management URL.',
  componentName: 'Component name.',
  componentPing: 'Address at which the component answers a ping.',
};

/** Puts the words of the types into the schema. */
function describe(schema: JsonSchema, objects: readonly Members[], types: ReadonlyMap<string, string>): void {
  for (const one of [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])])
    describe(one, objects, types);
  if (schema.items) describe(schema.items, objects, types);
  for (const one of schema.prefixItems ?? []) describe(one, objects, types);
  if (typeof schema.additionalProperties === 'object') describe(schema.additionalProperties, objects, types);
  const kind = schema.properties?.type?.const;
  const meant =
    typeof kind === 'string' ? objects.filter((one) => one.get('type')?.type.includes(`'${kind}'`)) : objects;
  for (const [key, value] of Object.entries(schema.properties ?? {})) {
    const member = meant.map((one) => one.get(key)).find((one) => one !== undefined);
    if (!member) {
      value.description ??= MAPPED[key];
      continue;
    }
    value.description ??= member.doc === '' ? MAPPED[key] : member.doc;
    describe(value, objectsIn(member.type, types), types);
  }
}

const PLACEHOLDER: JsonSchema = {
  type: 'string',
  pattern: '\\{[^{}]*n[^{}]*\\}',
  description: 'With the number of the BMC put in: {n}.',
};

/** In an entry with a count, a text with a number in it can stand for anything that is no object. */
function withPlaceholders(schema: JsonSchema): JsonSchema {
  if (schema.properties) {
    const entries = Object.entries(schema.properties).map(([key, one]) => [
      key,
      key === 'type' || key === 'count' ? one : withPlaceholders(one),
    ]);
    return { ...schema, properties: Object.fromEntries(entries) as Record<string, JsonSchema> };
  }
  if (schema.items) return { ...schema, items: withPlaceholders(schema.items) };
  if (schema.oneOf) return { ...schema, oneOf: schema.oneOf.map(withPlaceholders) };
  if (schema.anyOf) return { ...schema, anyOf: [...schema.anyOf, PLACEHOLDER] };
  if (
    schema.type === undefined ||
    schema.type === 'boolean' ||
    schema.type === 'array' ||
    schema.type === 'object'
  )
    return schema;
  const { description, ...rest } = schema;
  return { description, anyOf: [rest, PLACEHOLDER] };
}

/** What editors check a config file with. */
export function configSchema(): JsonSchema {
  const schema = z.toJSONSchema(fileSchema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  const types = typesIn();
  const objects = [...objectsIn('BmcOptions', types), FILE];
  describe(schema, objects, types);
  const satellites = objectsIn('SatelliteOptions', types);
  for (const one of Object.values(schema.$defs ?? {})) describe(one, satellites, types);
  const { bmcs } = schema.properties ?? {};
  if (bmcs?.items) {
    describe(bmcs.items, objects, types);
    bmcs.items = withPlaceholders(bmcs.items);
  }
  const about = 'The config file of ipmi-bmc (docs/config.md): one BMC, or a list of them in bmcs.';
  return { $schema: schema.$schema, title: 'ipmi-bmc', description: about, ...schema };
}

/** The file that the package carries. */
export const configSchemaText = (): string => `${JSON.stringify(configSchema())}\n`;

/** Keys of a file that are not those of a BMC. */
const FILE: Members = new Map([
  [
    'bmcs',
    {
      doc: 'Many BMCs, in place of all keys but `state`, `control`, `console`, `audit`, `metrics`, `sleepAfter` and `cluster`: each entry has the keys of a BMC, and `count`.',
      type: '',
    },
  ],
  [
    'count',
    {
      doc: 'So many BMCs of this entry: in its texts and keys `{n}` is 0, 1, 2 ...; with `{ from, to }` these numbers. Also sums (`{9700+n}`, `{2*n}`), widths and hexadecimal (`{n:03}`, `{n:02x}`).',
      type: '{ /** The first number. */ readonly from: number; /** The last. */ readonly to: number; }',
    },
  ],
  [
    'state',
    {
      doc: 'Keeps what clients change ([durability](durability.md)).',
      type: "{ /** Made if it is not there. */ readonly directory: string; /** Holds the key that seals secrets. Default: the environment's IPMI_BMC_SEAL_KEY, or none. */ readonly sealKeyFile?: string; }",
    },
  ],
  [
    'control',
    {
      doc: 'Who may steer the process while it runs, and where ([control](control.md)).',
      type: 'ControlOptions',
    },
  ],
  [
    'console',
    {
      doc: 'A web console to look at the BMCs and work them ([console](console.md)).',
      type: 'WebConsoleOptions',
    },
  ],
  [
    'audit',
    {
      doc: 'Who changed what, written down ([audit](audit.md)).',
      type: 'AuditOptions',
    },
  ],
  [
    'metrics',
    {
      doc: 'Numbers for Prometheus, and where ([metrics](metrics.md)).',
      type: 'MetricsOptions',
    },
  ],
  [
    'sleepAfter',
    {
      doc: 'Seconds without a request after which a BMC sleeps, which nobody can tell but by memory ([sleeping](sleeping.md)); or `never`. Default 60.',
      type: '',
    },
  ],
  [
    'cluster',
    {
      doc: 'This process is one host of a cluster, in place of all keys of BMCs ([cluster](cluster.md)).',
      type: 'ClusterOptions',
    },
  ],
]);

/** docs/config.md: a section for each key of a BMC. */
export function configPage(): string {
  const schema = configSchema();
  const lines = [
    '# Every key of a config file',
    '',
    'Written from the schema by `npm run docs`. `ipmi-bmc init` writes a sample, `ipmi-bmc check FILE` says what is wrong with a file and where, and',
    '`ipmi-bmc schema > bmc.schema.json` gives editors what they complete and check keys with:',
    '`# yaml-language-server: $schema=bmc.schema.json` in the first line of the file. Relative paths begin where the file lies. Text that could be',
    "a number or a truth stands in quotes (`'3.10'`, `'no'`, `'0123'`).",
    '',
    'Keys in bold have to be there. A name in several parts (`value.base`) is a key within an object, `[]` an entry of a list.',
    '',
  ];
  const { properties = {}, $defs = {} } = schema;
  for (const [key, one] of Object.entries(properties)) {
    lines.push(`## ${key}`, '', one.description ?? '', '');
    if (key === 'bmcs') {
      lines.push('| key | value | meaning |', '|---|---|---|');
      const { count } = one.items?.properties ?? {};
      if (count) lines.push(...rowsOf({ properties: { count } }, '', $defs));
    } else {
      const rows = rowsOf({ properties: { [key]: one } }, '', $defs);
      lines.push('| key | value | meaning |', '|---|---|---|', ...rows);
    }
    lines.push('');
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

/** A row for each key; of kinds that share a key and mean the same by it, one. */
function rowsOf(schema: JsonSchema, base: string, defs: Readonly<Record<string, JsonSchema>>): string[] {
  const rows: string[] = [];
  for (const [key, one] of Object.entries(schema.properties ?? {})) {
    const path = base === '' ? key : `${base}.${key}`;
    const name = schema.required?.includes(key) ? `**\`${path}\`**` : `\`${path}\``;
    rows.push(
      `| ${name} | ${cell(valueOf(one))} | ${cell(one.description ?? '')} |`,
      ...below(one, path, defs),
    );
  }
  return [...new Set(rows)];
}

function below(one: JsonSchema, path: string, defs: Readonly<Record<string, JsonSchema>>): string[] {
  const name = /#\/\$defs\/(.*)$/.exec(one.$ref ?? one.items?.$ref ?? '')?.[1];
  // A satellite's satellites have the keys of satellites.
  if (name !== undefined) return path === 'satellites' ? rowsOf(defs[name], `${path}[]`, defs) : [];
  return [
    ...rowsOf(one, path, defs),
    ...(one.items ? below(one.items, `${path}[]`, defs) : []),
    ...[...(one.anyOf ?? []), ...(one.oneOf ?? [])].flatMap((kind) => {
      const type = kind.properties?.type?.const;
      return below(kind, typeof type === 'string' ? path.replace(/(\[\])?$/, `[${type}]`) : path, defs);
    }),
    ...(typeof one.additionalProperties === 'object'
      ? below(one.additionalProperties, `${path}.NAME`, defs)
      : []),
  ];
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

/** What may stand there, in a few words. */
function valueOf(one: JsonSchema): string {
  if (one.const !== undefined) return `\`${String(one.const)}\``;
  if (one.enum) return one.enum.map((value) => `\`${String(value)}\``).join(', ');
  const kinds = one.anyOf ?? one.oneOf;
  if (kinds) return [...new Set(kinds.map(valueOf))].join(' or ');
  if (one.prefixItems) return `[${one.prefixItems.map(valueOf).join(', ')}]`;
  switch (one.type) {
    case 'array':
      return `list of ${one.items && valueOf(one.items) !== '' ? valueOf(one.items) : 'values'}`;
    case 'object':
    case undefined:
      return one.type === undefined && !one.$ref ? 'text' : 'object';
    case 'integer':
    case 'number':
      return bounds(one);
    case 'boolean':
      return '`true`, `false`';
    default:
      return one.maxLength === undefined ? 'text' : `text, at most ${one.maxLength} characters`;
  }
}

function bounds({ type, minimum = -Infinity, maximum = Infinity, exclusiveMinimum }: JsonSchema): string {
  const kind = type === 'integer' ? 'whole number' : 'number';
  const least = Math.abs(minimum) >= Number.MAX_SAFE_INTEGER ? undefined : minimum;
  const most = Math.abs(maximum) >= Number.MAX_SAFE_INTEGER ? undefined : maximum;
  if (exclusiveMinimum !== undefined)
    return `${kind} above ${exclusiveMinimum}${most === undefined ? '' : `, at most ${most}`}`;
  if (least !== undefined && most !== undefined) return `${kind}, ${least} to ${most}`;
  return least === undefined
    ? most === undefined
      ? kind
      : `${kind}, at most ${most}`
    : `${kind}, ${least} or more`;
}
