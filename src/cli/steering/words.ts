import { nearest } from '../../config/wording.ts';
import { CliError } from '../errors.ts';

/** What stands behind the command: `[BMC] [VERB] [WORD ...]`. */
export interface Words<V extends string> {
  readonly bmc: string | undefined;
  readonly verb: V;
  readonly rest: readonly string[];
}

/**
 * Takes words apart. The first is the verb where it is one, so that a daemon with one BMC needs no name; a
 * BMC that is called like a verb is named before one. Throws CliError for a verb that is none.
 */
export function wordsOf<V extends string>(
  words: readonly string[],
  verbs: readonly V[],
  otherwise: V,
): Words<V> {
  const isVerb = (word: string | undefined): word is V => verbs.some((verb) => verb === word);
  const [first, second, ...rest] = words;
  if (isVerb(second)) return { bmc: first, verb: second, rest };
  if (isVerb(first)) return { bmc: undefined, verb: first, rest: words.slice(1) };
  if (second === undefined) return { bmc: first, verb: otherwise, rest: [] };
  throw new CliError(`${second}: ${noVerb(second, verbs)}`);
}

function noVerb(word: string, verbs: readonly string[]): string {
  const near = nearest(word, verbs);
  return `expected one of ${verbs.join(', ')}${near === undefined ? '' : `; did you mean ${near}?`}`;
}

/** No more words than are known. Throws CliError. */
export function only(rest: readonly string[], names: readonly string[]): readonly (string | undefined)[] {
  if (rest.length <= names.length) return rest;
  const expected = names.length === 0 ? 'nothing' : names.join(' ');
  throw new CliError(`${rest[names.length]}: too many words; expected ${expected}`);
}

/** Exactly these words. Throws CliError that names the first that is missing. */
export function all(rest: readonly string[], ...names: readonly string[]): readonly string[] {
  only(rest, names);
  if (rest.length < names.length) throw new CliError(`${names[rest.length]} is missing`);
  return rest;
}
