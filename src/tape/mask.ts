import { declaredCommands } from '../state/app/command-selector.ts';
import { spokenName } from '../commands/command.ts';
import { answerNames } from './names.ts';
import type { Mask } from './difference.ts';

/**
 * Masks by name: `get-sel-info.free`, `get-sel-info` (all of its answer), `*.timestamp` (in every answer).
 * Throws RangeError for a command or a field that there is not: it would hide nothing.
 */
export function maskOf(patterns: readonly string[]): Mask {
  const masks = patterns.map(parsed);
  return {
    ignores: (command, field) =>
      masks.some((mask) => (mask.command ?? command) === command && (mask.field ?? field) === field),
  };
}

/** Undefined: every one. */
interface Parsed {
  readonly command: string | undefined;
  readonly field: string | undefined;
}

const wild = (word: string): string | undefined => (word === '*' || word === '' ? undefined : word);

function parsed(pattern: string): Parsed {
  const dot = pattern.lastIndexOf('.');
  const [command, field] = dot < 0 ? [pattern, '*'] : [pattern.slice(0, dot), pattern.slice(dot + 1)];
  const mask = { command: wild(command) && spokenName(command), field: wild(field) };
  if (mask.command === undefined && mask.field === undefined)
    throw new RangeError(`${pattern}: hides everything`);
  const known = declaredCommands.filter(
    ({ name }) => (mask.command ?? spokenName(name)) === spokenName(name),
  );
  if (known.length === 0 && !NUMBERS.test(command))
    throw new RangeError(`${pattern}: no command ${command}, expected one like get-sel-info or 30h-01h`);
  const fields = new Set(known.flatMap((command) => [...answerNames(command)]));
  // Of what nobody declared there is nothing but bytes.
  const names = known.length > 0 ? fields : new Set(['cc', 'data']);
  if (mask.field !== undefined && !names.has(mask.field))
    throw new RangeError(
      `${pattern}: no field ${mask.field}${mask.command === undefined ? '' : `, expected one of ${[...names].join(', ')}`}`,
    );
  return mask;
}

/** A command that nobody declared: NetFn, body or IANA, number. */
const NUMBERS = /^[\da-f]{2}h(?:-[\da-f]{2,6}h)?-[\da-f]{2}h$/i;
