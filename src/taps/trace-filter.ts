import { PRIVILEGES } from '../codec/index.ts';
import { spokenName } from '../commands/command.ts';
import { DROP_REASONS } from '../state/app/drops.ts';
import type { Traced } from './trace.ts';

/** What no trace shows and a capture has: a step of a log-in, characters of a console, another datagram. */
export interface FilteredDatagram {
  readonly kind: 'log-in' | 'sol' | 'datagram';
  readonly channel: number;
  readonly peer: string;
  /** Of the session, empty for the null user; undefined outside of any. */
  readonly user: string | undefined;
}

type Filtered = Traced | FilteredDatagram;

/** True for what is to be shown. What a request carried is shown with it. */
export type TraceFilter = (traced: Filtered) => boolean;

/** What is wrong with a filter; `column` counts from 1. */
export interface TraceFilterProblem {
  readonly column: number;
  readonly problem: string;
  /** A value that is none of those that there are. */
  readonly unknown?: { readonly key: string; readonly value: string; readonly known: readonly string[] };
}

/** Names that a BMC knows: a filter that asks for another one would wait for ever. Default: any. */
export interface FilterNames {
  /** Of commands, as the trace spells them. */
  readonly commands?: readonly string[];
  readonly users?: readonly string[];
}

type Value = string | number | undefined;

/** What a term can be about, by its name; of what is not in an entry, undefined. */
const KEYS: Readonly<Record<string, (traced: Filtered) => Value | readonly Value[]>> = {
  kind: ({ kind }) => kind,
  cmd: (traced) => (traced.kind === 'request' ? [spokenName(traced.name), traced.cmd] : undefined),
  netfn: (traced) => (traced.kind === 'request' ? traced.netFn : undefined),
  lun: (traced) => (traced.kind === 'request' ? traced.lun : undefined),
  cc: (traced) => (traced.kind === 'request' ? traced.cc : undefined),
  user: (traced) => ('user' in traced ? traced.user : undefined),
  privilege: (traced) =>
    traced.kind === 'request' ? [PRIVILEGES[traced.privilege], traced.privilege] : undefined,
  owner: (traced) => (traced.kind === 'request' ? traced.owner : undefined),
  us: (traced) => (traced.kind === 'request' ? traced.microseconds : undefined),
  id: (traced) => (traced.kind === 'request' || traced.kind === 'carried' ? traced.id : undefined),
  channel: (traced) => ('channel' in traced ? traced.channel : undefined),
  peer: (traced) => ('peer' in traced ? traced.peer : undefined),
  fault: (traced) =>
    traced.kind === 'request' ? traced.faults : traced.kind === 'fault' ? traced.rule : undefined,
  dropped: (traced) => (traced.kind === 'dropped' ? traced.reason : undefined),
};

/** Numbers that a term compares: the most that there is. */
const NUMBERS: Readonly<Record<string, number>> = {
  netfn: 0x3f,
  lun: 3,
  cc: 0xff,
  us: Number.MAX_SAFE_INTEGER,
  id: Number.MAX_SAFE_INTEGER,
  channel: 15,
};
const KINDS = ['request', 'carried', 'dropped', 'fault', 'log-in', 'sol', 'datagram'] as const;

/** Names that a value has to be one of; numbers may stand in their place. Undefined: any. */
function namesOf(key: string, { commands, users }: FilterNames): readonly string[] | undefined {
  if (key === 'cmd') return commands;
  if (key === 'user') return users;
  if (key === 'kind') return KINDS;
  if (key === 'privilege') return PRIVILEGES;
  return key === 'dropped' ? DROP_REASONS : undefined;
}

/** What keeps a value from ever fitting. */
function neverFits(
  key: string,
  value: string,
  names: FilterNames,
): Pick<TraceFilterProblem, 'problem' | 'unknown'> | undefined {
  const number = numberOf(value);
  if (Object.hasOwn(NUMBERS, key)) {
    const most = NUMBERS[key];
    if (number !== undefined && number <= most) return undefined;
    return { problem: `'${value}' is no number${most < 256 ? ` of 0 to ${most}` : ''}` };
  }
  const known = namesOf(key, names);
  if (known === undefined || known.some((name) => isSame(name, value))) return undefined;
  const most = key === 'cmd' ? 0xff : key === 'privilege' ? PRIVILEGES.length - 1 : -1;
  if (number !== undefined && number <= most) return undefined;
  if (key === 'cmd' && MAY_BE_UNHANDLED.test(value)) return undefined;
  return { problem: `there is no ${WORDS[key] ?? key} '${value}'`, unknown: { key, value, known } };
}

/** What may be the name of a command that nobody handles, `30h-77h`: whoever asks for it is looked for as well. */
const MAY_BE_UNHANDLED = /^(?=.*[\d*])[\da-f*]+h?(?:[-*][\da-fh*-]*)?$/i;

const WORDS: Readonly<Record<string, string>> = { cmd: 'command', dropped: 'reason' };

const OPERATORS = ['!=', '>=', '<=', '=', '>', '<'] as const;
type Operator = (typeof OPERATORS)[number];

interface Term {
  readonly of: (traced: Filtered) => Value | readonly Value[];
  readonly operator: Operator;
  readonly wanted: readonly string[];
}

/**
 * Terms that all have to hold, with blanks between them: `cmd=get-sdr user=admin cc!=0`. `=` and `!=` take
 * several values with commas between them, and `*` for any letters; `<`, `>`, `<=` and `>=` compare numbers.
 * Numbers are decimal, `0xC1` or `C1h`; text with blanks stands in quotes. A value that nothing can have, as
 * far as the names are known, is a problem.
 */
export function parseTraceFilter(text: string, names: FilterNames = {}): TraceFilter | TraceFilterProblem {
  const terms: Term[] = [];
  const word = /\s*([a-z]*)\s*(!=|>=|<=|=|>|<)?\s*((?:"[^"]*"|[^\s"])*)/giy;
  while (text.slice(word.lastIndex).trim() !== '') {
    const start = word.lastIndex + (/^\s*/.exec(text.slice(word.lastIndex))?.[0].length ?? 0);
    const [, key = '', operator, value = ''] = word.exec(text) ?? [];
    const at = (problem: string, ahead = 0): TraceFilterProblem => ({ column: start + ahead + 1, problem });
    if (key === '') return at(`expected one of ${Object.keys(KEYS).join(', ')}`);
    const of = Object.hasOwn(KEYS, key.toLowerCase()) ? KEYS[key.toLowerCase()] : undefined;
    if (of === undefined) return at(`'${key}' is none of ${Object.keys(KEYS).join(', ')}`);
    if (operator === undefined)
      return at(`expected one of ${OPERATORS.join(' ')} after '${key}'`, key.length);
    const behind = key.length + operator.length;
    if (value === '') return at(`expected a value after '${key}${operator}'`, behind);
    const wanted = value.split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/).map((text) => text.replaceAll('"', ''));
    if (/[<>]/.test(operator) && wanted.some((text) => numberOf(text) === undefined))
      return at(`'${value}' is no number, and ${operator} compares numbers`, behind);
    const never = wanted.map((text) => neverFits(key.toLowerCase(), text, names)).find(Boolean);
    if (never) return { column: start + behind + 1, ...never };
    terms.push({ of, operator: operator as Operator, wanted });
  }
  if (terms.length === 0) return { column: 1, problem: 'expected a term such as cc!=0' };
  // A tree belongs to its request, which was shown or not.
  const shown = new Set<number>();
  return (entry) => {
    if (entry.kind === 'carried') return shown.delete(entry.id);
    const holds = terms.every((term) => isFitting(term, entry));
    if (holds && entry.kind === 'request') {
      shown.add(entry.id);
      if (shown.size > MOST_SHOWN) for (const oldest of shown) if (shown.delete(oldest)) break;
    }
    return holds;
  };
}

/** Requests whose trees may still come. */
const MOST_SHOWN = 1024;

function isFitting({ of, operator, wanted }: Term, traced: Filtered): boolean {
  const has = of(traced);
  const values = Array.isArray(has) ? (has as readonly Value[]) : [has as Value];
  if (operator === '=') return values.some((value) => wanted.some((want) => isSame(value, want)));
  // What an entry does not have is not another value.
  if (operator === '!=')
    return (
      values.some((value) => value !== undefined) &&
      !values.some((value) => wanted.some((want) => isSame(value, want)))
    );
  return values.some(
    (value) =>
      typeof value === 'number' && wanted.some((want) => compare(value, operator, numberOf(want) ?? NaN)),
  );
}

function compare(value: number, operator: Operator, with_: number): boolean {
  if (operator === '>') return value > with_;
  if (operator === '<') return value < with_;
  return operator === '>=' ? value >= with_ : value <= with_;
}

function isSame(value: Value, wanted: string): boolean {
  if (value === undefined) return false;
  if (typeof value === 'number') return value === numberOf(wanted);
  const pattern = wanted
    .split('*')
    .map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
  return new RegExp(`^${pattern}$`, 'iu').test(value);
}

/** Undefined: it is none. */
function numberOf(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text);
  const [, digits] = /^0x([\da-f]+)$/i.exec(text) ?? /^([\da-f]+)h$/i.exec(text) ?? [];
  return digits === undefined ? undefined : parseInt(digits, 16);
}
