import type { z } from 'zod';

type Path = readonly (string | number)[];

/** One problem, at its place below the root. */
export interface Problem {
  readonly issue: z.core.$ZodIssue;
  readonly path: Path;
}

/** What stands there is never shown. */
export const isSecret = (path: readonly (string | number)[]): boolean =>
  path.some((key) => SECRETS.includes(key));

const SECRETS: readonly (string | number)[] = ['password', 'kg', 'headers'];

/** A union's problem is that of the one kind that was meant, if it shows; else it is its own. */
export function narrowed(issue: z.core.$ZodIssue, base: Path = []): Problem[] {
  const path = [...base, ...(issue.path as Path)];
  if (issue.code !== 'invalid_union') return [{ issue, path }];
  const kinds = issue.errors.filter((issues) => issues.length > 0 && !issues.some(isOfAnotherType));
  const meant = kinds.length === 1 ? kinds[0] : kinds.find((issues) => !issues.some(lacksItsKey));
  return meant ? meant.flatMap((meaning) => narrowed(meaning, path)) : [{ issue, path }];
}

const isOfAnotherType = ({ code, path }: z.core.$ZodIssue): boolean =>
  path.length === 0 && (code === 'invalid_type' || code === 'invalid_value' || code === 'invalid_union');

/** The value lacks a key by which the kind is known. */
const lacksItsKey = (issue: z.core.$ZodIssue): boolean =>
  issue.path.length === 1 &&
  ((issue.code === 'invalid_type' && issue.message.endsWith('received undefined')) ||
    (issue.code === 'invalid_value' && issue.values.length === 1));

/** What was expected, in the words of whoever wrote the file. */
export function wording(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_union') return unionWording(issue);
  return issue.message
    .replace(/^[^:]*: (?=expected)/, '')
    .replace(/, received .*$/, '')
    .replace(/^expected tuple/, 'expected array')
    .replace(/^expected string to have >=1 characters?$/, 'expected a text that is not empty')
    .replace(/^expected string to have >=(\d+) characters?$/, 'expected at least $1 characters')
    .replace(/^expected string to have <=(\d+) characters?$/, 'expected at most $1 characters');
}

function unionWording(issue: z.core.$ZodIssueInvalidUnion): string {
  if (issue.message.startsWith('expected')) return issue.message;
  // Kinds by a key of theirs: `type`.
  if ('options' in issue && Array.isArray(issue.options))
    return `expected one of ${issue.options.map((option) => JSON.stringify(option)).join('|')}`;
  const kinds = issue.errors.flatMap(([first]) => (first === undefined ? [] : [first]));
  const values = kinds.flatMap((kind) =>
    kind.code === 'invalid_value' ? kind.values.map((value) => JSON.stringify(value)) : [],
  );
  const others = kinds
    .filter(({ code }) => code !== 'invalid_value')
    .map((other) => wording(other).replace(/^expected /, ''));
  const oneOf = values.length === 0 ? [] : [`one of ${values.join('|')}`];
  return `expected ${[...new Set([...others, ...oneOf])].join(', or ')}`;
}

/** What an unknown key was meant to be: the known one that is nearly the same, else all of them. */
export function unknownKey(key: string, known: readonly string[]): string {
  if (known.length === 0) return 'unknown key';
  // Known of another kind of the same thing.
  if (known.includes(key)) return 'does not go with the other keys here';
  if (key === '<<')
    return 'unknown key: YAML 1.2 has no merge keys; repeat what is meant, or use an alias for a whole value';
  const near = nearest(key, known);
  return near === undefined
    ? `unknown key; expected one of ${known.join(', ')}`
    : `unknown key; did you mean ${near}?`;
}

/** The known name that is nearly the same: a third of its letters differ at most. Undefined: none is. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  let least = Math.max(1, Math.floor(name.length / 3)) + 1;
  let near: string | undefined;
  for (const word of known) {
    if (Math.abs(word.length - name.length) >= least) continue;
    const far = distance(word.toLowerCase(), name.toLowerCase());
    if (far < least) [near, least] = [word, far];
  }
  return near;
}

/** Letters to insert, leave out or change (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length];
}
