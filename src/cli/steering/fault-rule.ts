import { CliError } from '../errors.ts';
import { settingsIn } from './settings-file.ts';
import { all } from './words.ts';

/** A rule as options say it. */
export interface RuleFlags {
  readonly id?: string;
  /** `KEY=VALUE`, as `command=get-sdr`. */
  readonly when?: readonly string[];
  readonly then?: readonly string[];
  readonly chance?: string;
  readonly times?: number;
  readonly after?: string;
  readonly for?: string;
}

/** Whether any of the options is there. */
export const saysRule = ({ id, when, then, chance, times, after, for: lasts }: RuleFlags): boolean =>
  [id, when, then, chance, times, after, lasts].some((option) => option !== undefined);

/** The rule of a file, or of options. Rejects with CliError; whether the rule makes sense the daemon says. */
export async function ruleOf(rest: readonly string[], flags: RuleFlags): Promise<unknown> {
  if (!saysRule(flags)) {
    if (rest.length === 0) throw new CliError('expected FILE, or --then KEY=VALUE');
    const [file] = all(rest, 'FILE');
    return settingsIn(file);
  }
  if (rest.length > 0) throw new CliError(`${rest[0]}: a file, or --when and --then, not both`);
  const { id, when, then, chance, times, after, for: lasts } = flags;
  if (then === undefined) throw new CliError('--then is missing: what is to happen, as complete=C0h');
  return {
    ...(id !== undefined && { id }),
    ...(when !== undefined && { when: pairs('--when', when) }),
    then: pairs('--then', then),
    ...(chance !== undefined && { chance: valueOf(chance) }),
    ...(times !== undefined && { times }),
    ...(after !== undefined && { after: valueOf(after) }),
    ...(lasts !== undefined && { for: valueOf(lasts) }),
  };
}

/** Keys whose values are texts, though they may look like a number: bytes in hex digits, names. */
const TEXTS: readonly string[] = ['data', 'user', 'patch', 'name'];

/** `a=1` and `b.c=2` are `{ a: 1, b: { c: 2 } }`; a key that is said again is a list. */
function pairs(option: string, words: readonly string[]): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const word of words) {
    const [, path, text] = /^([a-z]+(?:\.[a-z]+)*)=(.*)$/is.exec(word) ?? [];
    if (path === undefined) throw new CliError(`${option} ${word}: expected KEY=VALUE, as command=get-sdr`);
    const keys = path.split('.');
    const last = keys.pop() ?? '';
    let inside = found;
    for (const key of keys) {
      const there = Object.hasOwn(inside, key) ? inside[key] : (inside[key] = {});
      if (typeof there !== 'object' || there === null)
        throw new CliError(`${option} ${word}: ${key} is said already`);
      inside = there as Record<string, unknown>;
    }
    const value = TEXTS.includes(last) ? text : valueOf(text);
    const before = Object.hasOwn(inside, last) ? inside[last] : undefined;
    inside[last] =
      before === undefined
        ? value
        : Array.isArray(before)
          ? [...(before as unknown[]), value]
          : [before, value];
  }
  return found;
}

function valueOf(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^(?:0x[\da-f]+|\d+(?:\.\d+)?)$/i.test(text) ? Number(text) : text;
}
