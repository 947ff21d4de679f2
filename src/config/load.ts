import { ERROR_CODES } from '../codec/index.ts';
import type { z } from 'zod';
import { atOnce } from '../world/pace.ts';
import { SettingsDocument } from './document.ts';
import type { SettingsPath } from '../settings/errors.ts';
import { fullNameOfSatellite } from './locators.ts';
import type {
  AuditOptions,
  BmcOptions,
  ClusterOptions,
  ControlOptions,
  MetricsOptions,
  WebConsoleOptions,
} from './options.ts';
import type { Kinds } from './kinds.ts';
import { bmcSchema, countSchema, fileSchema, processSchema, schemasWith } from './schema.ts';
import { defOf, isMarkedSecret, keysAt, schemasAt } from './schema-walk.ts';
import { Template } from './template.ts';
import { trapsIn } from './traps.ts';
import { isSecret, narrowed, unknownKey, wording, type Problem } from './wording.ts';
import type { Mistake, WrittenSettings } from './written-settings.ts';

/** Everything that is wrong with a config file, one `file:line:column key: problem` a line. */
export class ConfigError extends Error {
  override name = 'ConfigError';
  readonly code = ERROR_CODES.ConfigError;
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/** What a file says of the process, beside its BMCs. */
export interface ProcessOptions {
  /** Where what clients change is kept. */
  readonly state?: { readonly directory: string; readonly sealKeyFile?: string };
  /** Who may steer the process while it runs. */
  readonly control?: ControlOptions;
  /** Where the web console is. */
  readonly console?: WebConsoleOptions;
  /** Where changes are written down. */
  readonly audit?: AuditOptions;
  /** Where numbers are served. */
  readonly metrics?: MetricsOptions;
  /** Seconds without a request after which a BMC sleeps. */
  readonly sleepAfter?: number | 'never';
  /** It is one host of a cluster, and its BMCs stand elsewhere. */
  readonly cluster?: ClusterOptions;
}

/** The keys of those, as the schema has them. */
export const PROCESS_KEYS = Object.keys(processSchema.shape) as readonly (keyof ProcessOptions)[];

/** What a file says of the process, and the rest. */
function divided<V extends object>(value: V): [process: Pick<V, keyof V & keyof ProcessOptions>, rest: V] {
  const process: Partial<V> = {};
  const rest = { ...value };
  for (const key of PROCESS_KEYS as readonly (keyof V)[]) {
    if (value[key] !== undefined) process[key] = value[key];
    delete rest[key];
  }
  return [process as Pick<V, keyof V & keyof ProcessOptions>, rest];
}

/** Everything that a file says. */
export interface FileOptions extends ProcessOptions {
  readonly bmcs: BmcOptions[];
  /**
   * `file:line:column key` of a setting of one of `bmcs`, or of the nearest that stands in the file; without
   * a BMC of the file itself.
   */
  readonly place: (bmc: number | undefined, path: SettingsPath) => string;
  /** Those that its settings may name beside our own. */
  readonly kinds?: Kinds;
}

/**
 * The BMCs of a YAML file: the file's own, or those of its list `bmcs`. Its settings may name `kinds` too;
 * give them to the BMCs that are made of it. Throws ConfigError.
 */
export const parseConfig = (text: string, file: string, kinds?: Kinds): BmcOptions[] =>
  parseFile(text, file, kinds).bmcs;

/** Throws ConfigError. */
export const parseFile = (text: string, file: string, kinds?: Kinds): FileOptions =>
  atOnce(optionsIn(new SettingsDocument(text, file), kinds));

/** The same of settings that were read already, a step a BMC. */
export function* optionsIn(document: WrittenSettings, kinds?: Kinds): Generator<undefined, FileOptions> {
  const refuse = (mistakes: readonly Mistake[]): void => {
    if (mistakes.length === 0) return;
    const lines = [...mistakes]
      .sort((a, b) => a.offset - b.offset)
      .map(({ offset, message }) => `${document.at(offset)} ${message}`);
    throw new ConfigError([...new Set(lines)]);
  };
  refuse(document.mistakes);
  const loader = new Loader(document, kinds);
  const { bmcs: entries, ...ofProcess } = yield* loader.load();
  refuse(loader.mistakes);
  const isList = isObject(document.value) && document.value.bmcs !== undefined;
  const owner = entries.flatMap((bmcs, i) => bmcs.map(() => i));
  const pathOf = (bmc: number, path: SettingsPath): SettingsPath =>
    isList ? ['bmcs', owner[bmc], ...path] : path;
  refuse(
    nameClashes(entries.flat()).map((bmc) => {
      const path = pathOf(bmc, ['name']);
      return { offset: document.valueOffset(path), message: `${path.join('.')}: ${CLASH}` };
    }),
  );
  const place = (bmc: number | undefined, path: SettingsPath): string => {
    const whole = bmc === undefined ? path : pathOf(bmc, path);
    return `${document.at(document.valueOffset(whole))} ${whole.join('.') || 'file'}`;
  };
  return { bmcs: entries.flat(), ...ofProcess, place, kinds };
}

const CLASH = 'expected a name that no other BMC of the file has (with count: one with {n} in it)';

/**
 * BMCs that have a name of another one or of its satellites: by it the state directory, the log and the trace
 * tell BMCs apart.
 */
function nameClashes(bmcs: readonly BmcOptions[]): number[] {
  const satellites = new Set(bmcs.flatMap(({ name = 'bmc', satellites: own }) => satelliteNames(name, own)));
  const seen = new Set<string>();
  return bmcs.flatMap(({ name = 'bmc' }, i) =>
    seen.size < seen.add(name).size && !satellites.has(name) ? [] : [i],
  );
}

const satelliteNames = (parent: string, satellites: BmcOptions['satellites'] = []): string[] =>
  satellites.flatMap((satellite) => {
    const name = fullNameOfSatellite(parent, satellite.address);
    return [name, ...satelliteNames(name, satellite.satellites)];
  });

/** Numbers as a placeholder leaves them: as YAML has them, in hex too. */
const NUMBER = /^(-?(0|[1-9]\d*)(\.\d+)?|0x[\da-f]+)$/i;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Checks a document against the schema, entry by entry, with its numbers put in. */
class Loader {
  readonly mistakes: Mistake[] = [];
  readonly #document: WrittenSettings;
  readonly #schemas: ReturnType<typeof schemasWith>;
  /** Paths at which a mistake is told already. */
  readonly #told = new Set<string>();

  constructor(document: WrittenSettings, kinds: Kinds | undefined) {
    this.#document = document;
    this.#schemas = kinds === undefined ? { bmcSchema, fileSchema } : schemasWith(kinds);
    for (const trap of trapsIn(document, this.#schemas.fileSchema)) {
      this.#told.add(trap.path);
      this.mistakes.push(trap);
    }
  }

  /** What is in `mistakes` afterwards is wrong, and the result then worth nothing. */
  *load(): Generator<undefined, ProcessOptions & { readonly bmcs: BmcOptions[][] }> {
    const { value } = this.#document;
    if (!isObject(value)) {
      this.#tell(
        [],
        `file: expected object, received ${Array.isArray(value) ? 'array' : JSON.stringify(value)}`,
      );
      return { bmcs: [] };
    }
    if (value.cluster !== undefined) {
      const [process, others] = divided(value);
      for (const key of Object.keys(others))
        this.#tell([key], `${key}: expected no BMCs beside cluster: ipmi-bmc cluster apply FILE has them`);
      return { ...this.#parsed(processSchema, process, []), bmcs: [] };
    }
    if (value.bmcs === undefined) {
      const whole = this.#parsed(this.#schemas.bmcSchema.extend(processSchema.shape), value, []) ?? {};
      const [process, bmc] = divided(whole);
      return { ...process, bmcs: [[bmc]] };
    }
    const [process, { bmcs, ...others }] = divided(value);
    for (const key of Object.keys(others))
      this.#tellKey([], key, keysAt(this.#schemas.bmcSchema, value, []).includes(key) ? BESIDE : undefined);
    const ofProcess = this.#parsed(processSchema, process, []);
    if (!Array.isArray(bmcs) || bmcs.length === 0) {
      this.#tell(['bmcs'], 'bmcs: expected a list of BMCs');
      return { bmcs: [] };
    }
    const all: BmcOptions[][] = [];
    for (const [i, entry] of bmcs.entries()) all.push(yield* this.#entry(entry, ['bmcs', i]));
    return { ...ofProcess, bmcs: all };
  }

  *#entry(entry: unknown, path: SettingsPath): Generator<undefined, BmcOptions[]> {
    yield;
    if (!isObject(entry) || entry.count === undefined)
      return this.#checked(this.#schemas.bmcSchema, entry, path);
    const { count: written, ...rest } = entry;
    const count = this.#parsed(countSchema, written, [...path, 'count']);
    const { from, to } =
      typeof count === 'number' ? { from: 0, to: count - 1 } : (count ?? { from: 0, to: 0 });
    const template = new Template(rest, to);
    for (const problem of template.problems)
      this.#tell([...path, ...problem.path], `${[...path, ...problem.path].join('.')}: ${problem.message}`);
    if (count === undefined || template.problems.length > 0) return [];
    const numbered = (n: number): Record<string, unknown> =>
      template.at(n, (text, at) => valueOf(this.#schemas.bmcSchema, text, rest, at));
    const [first] = this.#checked(
      this.#schemas.bmcSchema,
      { ...rest, ...numbered(from) },
      path,
      template.varying.length > 0 ? from : undefined,
    );
    if (first === undefined) return [];
    // What has no number in it is checked once, and is the same object in all of them.
    const varying: { [K in keyof BmcOptions]?: true } = Object.fromEntries(
      template.varying.map((key) => [key, true]),
    );
    const schema = this.#schemas.bmcSchema.pick(varying);
    const all = [first];
    for (let n = from + 1; n <= to; n++) {
      yield;
      const [different] = this.#checked(schema, numbered(n), path, n);
      // One that is wrong stands for all others that are.
      if (different === undefined) return [];
      all.push({ ...first, ...different });
    }
    return all;
  }

  #checked<T extends object>(schema: z.ZodType<T>, value: unknown, path: SettingsPath, n?: number): T[] {
    const parsed = this.#parsed(schema, value, path, n);
    return parsed === undefined ? [] : [parsed];
  }

  #parsed<T>(schema: z.ZodType<T>, value: unknown, base: SettingsPath, n?: number): T | undefined {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    for (const problem of parsed.error.issues.flatMap((issue) => narrowed(issue)))
      this.#tellProblem(problem, value, base, n, schema);
    return undefined;
  }

  #tellProblem(
    { issue, path }: Problem,
    value: unknown,
    base: SettingsPath,
    n: number | undefined,
    schema: z.ZodType,
  ): void {
    const whole = [...base, ...path];
    if (issue.code === 'unrecognized_keys') {
      // Zod points at the parent of an unknown key; the key has a place of its own.
      for (const key of issue.keys) this.#tellKey(whole, key);
      return;
    }
    const where = n === undefined ? '' : ` (n = ${n})`;
    const scalar = this.#document.scalar(whole);
    const found = path.reduce<unknown>(
      (inner, step) => (inner as Record<string | number, unknown> | null | undefined)?.[step],
      value,
    );
    this.#tell(
      whole,
      `${whole.join('.') || 'file'}: ${wording(issue)}${received(issue, isSecret(whole) || isMarkedSecret(schema, path), found, scalar?.source)}${where}`,
      within(issue, scalar?.type),
    );
  }

  #tell(path: SettingsPath, message: string, within = 0): void {
    if (!this.#told.has(path.join('.')))
      this.mistakes.push({ offset: this.#document.valueOffset(path) + within, message });
  }

  #tellKey(
    path: SettingsPath,
    key: string,
    problem = unknownKey(key, keysAt(this.#schemas.fileSchema, this.#document.value, path)),
  ): void {
    this.mistakes.push({
      offset: this.#document.keyOffset(path, key),
      message: `${[...path, key].join('.')}: ${problem}`,
    });
  }
}

const BESIDE = 'expected in the entries of bmcs, and not beside them';

/** A text in which a number was put is a number where only one can stand. */
function valueOf(schema: z.ZodType, text: string, entry: unknown, path: SettingsPath): string | number {
  if (!NUMBER.test(text)) return text;
  const kinds = schemasAt(schema, entry, path);
  return kinds.some((kind) => defOf(kind).type === 'number') &&
    !kinds.some((kind) => (kind as z.ZodType).safeParse(text).success)
    ? Number(text)
    : text;
}

/** How far into a text its mistake is, where the check knows: behind the quote, if there is one. */
function within(issue: z.core.$ZodIssue, type: string | undefined): number {
  const at: unknown = issue.code === 'custom' ? issue.params?.at : undefined;
  if (typeof at !== 'number') return 0;
  return at + (type === 'QUOTE_DOUBLE' || type === 'QUOTE_SINGLE' ? 1 : 0);
}

/** What stands in the file, except where it is a secret. */
function received(
  issue: z.core.$ZodIssue,
  isHidden: boolean,
  value: unknown,
  source: string | undefined,
): string {
  const expected = issue.code === 'invalid_type' ? issue.expected : undefined;
  const isBare =
    typeof value === 'number' ||
    typeof value === 'boolean' ||
    (value === null && source !== undefined && source !== '');
  const quotes = isBare && expected === 'string' ? ' (write it in quotes)' : '';
  if (isHidden) return quotes;
  if (value === undefined || (value === null && quotes === '')) return ', received nothing';
  if (typeof value === 'object' && value !== null) return '';
  const hint =
    expected === 'boolean' && typeof value === 'string' && /^(y|n|yes|no|on|off)$/i.test(value)
      ? ' (write true or false)'
      : '';
  if (typeof value === 'number' && !Number.isFinite(value)) return `, received ${source ?? value}`;
  return `, received ${isBare && expected === 'string' && source !== undefined ? source : JSON.stringify(value)}${quotes}${hint}`;
}
