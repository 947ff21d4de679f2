import type { z } from 'zod';

type Def = z.core.$ZodTypes['_zod']['def'];
type Path = readonly (string | number)[];

/** One problem, at its place below the root. */
export interface Problem {
  readonly issue: z.core.$ZodIssue;
  readonly path: Path;
}

/** A union's problem is that of the one kind whose outside fits, if there is one; else it is its own. */
export function narrowed(issue: z.core.$ZodIssue, base: Path = []): Problem[] {
  const path = [...base, ...(issue.path as Path)];
  const kind =
    issue.code === 'invalid_union' ? issue.errors.find((issues) => issues.length > 0 && issues.every((one) => one.path.length > 0)) : undefined;
  return kind ? kind.flatMap((one) => narrowed(one, path)) : [{ issue, path }];
}

/** What was expected, in the words of whoever wrote the file. */
export function wording(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_union') return unionWording(issue);
  return issue.message
    .replace(/^[^:]*: (?=expected)/, '')
    .replace(/, received .*$/, '')
    .replace(/^expected tuple/, 'expected array');
}

function unionWording(issue: z.core.$ZodIssueInvalidUnion): string {
  // Kinds by a key of theirs: `type`.
  if ('options' in issue && Array.isArray(issue.options)) return `expected one of ${issue.options.map((one) => JSON.stringify(one)).join('|')}`;
  const kinds = issue.errors.flatMap(([first]) => (first === undefined ? [] : [first]));
  const values = kinds.flatMap((one) => (one.code === 'invalid_value' ? one.values.map((value) => JSON.stringify(value)) : []));
  const others = kinds.filter(({ code }) => code !== 'invalid_value').map((one) => wording(one).replace(/^expected /, ''));
  const one = values.length === 0 ? [] : [`one of ${values.join('|')}`];
  return `expected ${[...new Set([...others, ...one])].join(', or ')}`;
}

/** What an unknown key was meant to be: the known one that is nearly the same, else all of them. */
export function unknownKey(key: string, known: readonly string[]): string {
  if (known.length === 0) return 'unknown key';
  const [near] = known
    .map((one) => ({ one, far: distance(one.toLowerCase(), key.toLowerCase()) }))
    .filter(({ far }) => far <= Math.max(1, Math.floor(key.length / 3)))
    .sort((a, b) => a.far - b.far);
  return near ? `unknown key; did you mean ${near.one}?` : `unknown key; expected one of ${known.join(', ')}`;
}

/** Letters to insert, leave out or change (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length];
}

const defOf = (schema: z.core.$ZodType): Def => (schema as unknown as { readonly def: Def }).def;

/** The keys that an object may have: what the schema says of its place, and of the kind that its value says it is. */
export function keysAt(schema: z.core.$ZodType, value: unknown, path: Path): string[] {
  const def = defOf(schema);
  const [step, ...rest] = path;
  const inner = (value as Record<string | number, unknown> | undefined | null)?.[step];
  switch (def.type) {
    case 'optional':
      return keysAt(def.innerType, value, path);
    case 'union': {
      const { discriminator } = def as z.core.$ZodDiscriminatedUnionDef;
      return def.options.filter((one) => discriminator === undefined || isKind(one, discriminator, value)).flatMap((one) => keysAt(one, value, path));
    }
    case 'array':
      return step === undefined ? [] : keysAt(def.element, inner, rest);
    case 'record':
      return step === undefined ? [] : keysAt(def.valueType, inner, rest);
    case 'object': {
      if (step === undefined) return Object.keys(def.shape);
      const next = def.shape[step];
      return next === undefined ? [] : keysAt(next, inner, rest);
    }
    default:
      return [];
  }
}

function isKind(schema: z.core.$ZodType, key: string, value: unknown): boolean {
  const def = defOf(schema);
  const literal = def.type === 'object' && key in def.shape ? defOf(def.shape[key]) : undefined;
  const given = (value as Record<string, z.core.util.Literal> | null | undefined)?.[key];
  return literal?.type === 'literal' && literal.values.includes(given);
}
