import type { Names } from '../capture/index.ts';
import { completionCodeName, hex2, hexText } from '../codec/index.ts';
import type { Answer } from '../joint/message.ts';
import { nameOf, type RequestEntry } from './entry.ts';
import type { Learnt } from './learnt.ts';
import { answerValues, commandOf, commandWord } from './names.ts';
import { isLearnt, natureOf } from './nature.ts';
import { recordedMessage } from './recorder.ts';

/** A value that is not what was recorded. */
export interface Difference {
  /** As masks say it: `get-sel-info`. */
  readonly command: string;
  /** `cc` is the completion code, `data` what nobody declared. */
  readonly field: string;
  readonly recorded: string;
  readonly now: string;
}

/** What differs and is nobody's concern. */
export interface Mask {
  ignores(command: string, field: string): boolean;
}

export interface Comparing {
  readonly names: Names;
  readonly mask: Mask;
  readonly learnt: Learnt;
  /** Clocks, counters and readings count, too. */
  readonly strict: boolean;
}

/** Compares an answer with the recorded one, field by field, and learns the ids that it says. */
export function differences(
  entry: RequestEntry,
  answer: Answer,
  { names, mask, learnt, strict }: Comparing,
): Difference[] {
  const { message, answer: recorded } = entry;
  const command = commandWord(names, message);
  const differ = (field: string, before: string, now: string): Difference[] =>
    mask.ignores(command, field) ? [] : [{ command, field, recorded: before, now }];
  if (recorded[0] !== answer[0])
    return differ('cc', codeText(names, entry, recorded), codeText(names, entry, answer));
  // What is secret is nobody's to read in a report, whichever of the two has it.
  const hidesNow = recordedMessage(names, message, entry.channel, answer).hidesAnswer;
  if (entry.hidesAnswer || hidesNow)
    return recorded.length === answer.length && entry.hidesAnswer === hidesNow
      ? []
      : differ('data', secretText(recorded, entry.hidesAnswer), secretText(answer, hidesNow));
  const before = recorded[0] === 0 ? answerValues(names, message, recorded) : undefined;
  const now = recorded[0] === 0 ? answerValues(names, message, answer) : undefined;
  if (before === undefined || now === undefined) {
    const [was, is] = [recorded.subarray(1), answer.subarray(1)].map(hexText);
    return was === is ? [] : differ('data', was || 'nothing', is || 'nothing');
  }
  return [...new Set([...Object.keys(before), ...Object.keys(now)])].flatMap((field) => {
    const [was, is] = [before[field], now[field]];
    const nature = natureOf(command, field);
    if (nature !== undefined && isLearnt(nature)) {
      const isOne = typeof was === 'number' && typeof is === 'number';
      if (isOne ? learnt.learn(command, nature, was, is) : nature === 'session') return [];
      const expected = isOne ? learnt.live(command, nature, was) : was;
      if (isOne && expected !== was) return differ(field, `${was} (${String(expected)} here)`, String(is));
    } else if (nature !== undefined && !strict && (was === undefined) === (is === undefined)) return [];
    const [old, fresh] = [valueText(was), valueText(is)];
    return old === fresh ? [] : differ(field, old, fresh);
  });
}

const secretText = (answer: Answer, hides: boolean): string =>
  `${answer.length - 1} bytes${hides ? ' with a secret' : ''}`;

function codeText(names: Names, { message }: RequestEntry, answer: Answer): string {
  const [cc] = answer;
  if (cc === undefined) return 'no answer';
  return `${hex2(cc)}h ${completionCodeName(cc, commandOf(names, message)?.command.codes)}`;
}

/** Bytes as pairs of hex digits, everything else as JSON has it. */
export function valueText(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value instanceof Uint8Array) return `[${Array.from(value, hex2).join(' ')}]`;
  return typeof value === 'string' ? value : JSON.stringify(value, (_, part: unknown) => plain(part));
}

const plain = (value: unknown): unknown => (value instanceof Uint8Array ? hexText(value) : value);

/** A line for people: `Get SEL Info: entries was 5, is 6`. */
export const differenceText = (
  entry: Pick<RequestEntry, 'name' | 'message'>,
  { field, recorded, now }: Difference,
): string => `${nameOf(entry)}: ${field === 'cc' ? 'completion code' : field} was ${recorded}, is ${now}`;
