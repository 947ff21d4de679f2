import { LineCounter, parseDocument, type Document, type YAMLMap } from 'yaml';
import type { ZodError, z } from 'zod';
import type { SettingsPath } from './errors.ts';
import type { BmcOptions } from './options.ts';
import { fileSchema } from './schema.ts';
import { keysAt, narrowed, unknownKey, wording } from './wording.ts';

/** Everything that is wrong with a config file, one `file:line:column key: problem` a line. */
export class ConfigError extends Error {
  override name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/** What a file says of the process, beside its BMCs. */
export interface FileOptions {
  readonly bmcs: BmcOptions[];
  /** Where what clients change is kept. */
  readonly state?: { readonly directory: string; readonly sealKeyFile?: string };
  /** `file:line:column key` of a setting of one of `bmcs`, or of the nearest that stands in the file. */
  readonly place: (bmc: number, path: SettingsPath) => string;
}

/** The BMCs of a YAML file: the file's own, or those of its list `bmcs`. Throws ConfigError. */
export const parseConfig = (text: string, file: string): BmcOptions[] => parseFile(text, file).bmcs;

/** Throws ConfigError. */
export function parseFile(text: string, file: string): FileOptions {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  if (document.errors.length > 0)
    throw new ConfigError(document.errors.map((error) => `${at(error.pos[0])} ${error.message.split('\n')[0].replace(/ at line .*$/, '')}`));
  const parsed = fileSchema.safeParse(document.toJS() ?? {});
  if (!parsed.success) throw new ConfigError(problemsOf(parsed.error, document, at));
  const { bmcs, state, ...one } = parsed.data;
  const entries = (bmcs ?? [one]).map(expand);
  const clashes = nameClashes(entries).map((i) => `${at(valueOffset(document, ['bmcs', i, 'name']))} bmcs.${i}.name: ${CLASH}`);
  if (clashes.length > 0) throw new ConfigError(clashes);
  const place = (bmc: number, path: SettingsPath): string => {
    const entry = entries.flatMap((made, i) => made.map(() => i))[bmc];
    const whole = bmcs === undefined ? path : ['bmcs', entry, ...path];
    return `${at(valueOffset(document, whole))} ${whole.join('.') || 'file'}`;
  };
  return { bmcs: entries.flat(), state, place };
}

const CLASH = 'expected a name that no other BMC of the file has (with count: one with {n} in it)';

/** Entries that give a name twice: by it the state directory, the log and the trace tell BMCs apart. */
function nameClashes(entries: readonly (readonly BmcOptions[])[]): number[] {
  const seen = new Set<string>();
  const isNew = ({ name = 'bmc' }: BmcOptions): boolean => seen.size < seen.add(name).size;
  return entries.flatMap((bmcs, i) => (bmcs.filter((bmc) => !isNew(bmc)).length > 0 ? [i] : []));
}

function problemsOf(error: ZodError, document: Document, at: (offset: number) => string): string[] {
  const problems = error.issues
    .flatMap((issue) => narrowed(issue))
    .flatMap(({ issue, path }): [number, string][] => {
      // Zod points at the parent of an unknown key; the key has a place of its own.
      if (issue.code === 'unrecognized_keys') {
        const known = keysAt(fileSchema, document.toJS(), path);
        return issue.keys.map((key) => [keyOffset(document, path, key), `${[...path, key].join('.')}: ${unknownKey(key, known)}`]);
      }
      return [
        [
          valueOffset(document, path) + within(issue, document, path),
          `${path.join('.') || 'file'}: ${wording(issue)}${received(issue, document, path)}`,
        ],
      ];
    });
  return problems.sort(([a], [b]) => a - b).map(([offset, problem]) => `${at(offset)} ${problem}`);
}

/** How far into a text its mistake is, where the check knows: behind the quote, if there is one. */
function within(issue: z.core.$ZodIssue, document: Document, path: readonly (string | number)[]): number {
  const at: unknown = issue.code === 'custom' ? issue.params?.at : undefined;
  if (typeof at !== 'number') return 0;
  const { type } = (document.getIn(path, true) ?? {}) as { type?: string };
  return at + (type === 'QUOTE_DOUBLE' || type === 'QUOTE_SINGLE' ? 1 : 0);
}

/** What stands in the file, except where it is a secret. */
function received(issue: z.core.$ZodIssue, document: Document, path: readonly (string | number)[]): string {
  const value: unknown = path.length === 0 ? document.toJS() : document.getIn(path);
  const isBare = typeof value === 'number' || typeof value === 'boolean';
  const quotes = isBare && issue.code === 'invalid_type' && issue.expected === 'string' ? ' (write it in quotes)' : '';
  if (path.some((key) => key === 'password' || key === 'kg')) return quotes;
  if (value === undefined || value === null) return ', received nothing';
  return typeof value === 'object' ? '' : `, received ${JSON.stringify(value)}${quotes}`;
}

/** Where the value at a path stands, or the nearest parent that is there. */
function valueOffset(document: Document, path: SettingsPath): number {
  for (let length = path.length; length >= 0; length--) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    const range = (node as { range?: [number, number, number] | null } | null | undefined)?.range;
    if (range) return range[0];
  }
  return 0;
}

function keyOffset(document: Document, path: readonly (string | number)[], key: string): number {
  const map = (path.length === 0 ? document.contents : document.getIn(path, true)) as YAMLMap | null;
  const pair = map?.items.find((item) => String((item.key as { value?: unknown }).value ?? item.key) === key);
  return (pair?.key as { range?: [number, number, number] } | undefined)?.range?.[0] ?? valueOffset(document, path);
}

/** `count: 3` makes three of one entry; in its texts `{n}` is the number from 0, and `{9700+n}` that sum. */
function expand({ count, ...bmc }: BmcOptions & { count?: number }): BmcOptions[] {
  if (count === undefined) return [bmc];
  return Array.from({ length: count }, (_, n) => substitute(bmc, n) as BmcOptions);
}

function substitute(value: unknown, n: number): unknown {
  if (typeof value === 'string') return value.replace(/\{(?:(\d+)\+)?n\}/g, (_, base?: string) => String(Number(base ?? 0) + n));
  if (Array.isArray(value)) return value.map((item) => substitute(item, n));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, substitute(item, n)]));
}
