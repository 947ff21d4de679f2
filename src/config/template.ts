import { parseUdpPlace, udpPlaceText } from '../world/endpoint-forms.ts';
import { addressAfter, networkOf } from '../world/ip-address.ts';
import type { SettingsPath } from '../settings/errors.ts';

/** A placeholder that says nothing: what is wrong, and where. */
export interface TemplateProblem {
  readonly path: SettingsPath;
  readonly message: string;
}

/** Braces that are meant for a number: `n` alone or in a sum. Others are text (`${HOME}`, a JSON object). */
const MEANT = /^(?:[\s\d+*-]|0x[\da-f]+)*n(?![a-z_])|^\s*(?:0x[\da-f]+|\d+)\s*[+*-]/i;
const PLACEHOLDER = /\{([^{}]*)\}/g;
const TERM = /^(?:(0x[\da-fA-F]+|\d+)(\*n)?|n(?:\*(0x[\da-fA-F]+|\d+))?)$/;
const FORMAT = /^(0?)(\d{0,2})([dxX]?)$/;
const EXPECTED =
  'expected {n}, a sum ({9700+n}, {n-1}, {2*n}), or either with width and base ({n:03}, {n+1:02x})';

/**
 * An entry of `bmcs` with a `count`: which of its keys differ from BMC to BMC, and what they are for one of
 * them.
 */
export class Template {
  readonly problems: readonly TemplateProblem[];
  /** The keys of the entry below which a number is put in. */
  readonly varying: readonly string[];
  readonly #entry: Readonly<Record<string, unknown>>;

  /** `last`: the highest number. */
  constructor(entry: Readonly<Record<string, unknown>>, last = 0) {
    this.#entry = entry;
    const problems: TemplateProblem[] = [...beyond(entry, last)];
    this.problems = problems;
    this.varying = Object.keys(entry).filter((key) => varies(entry[key], [key], problems));
  }

  /** What differs, for one number. `valueOf` makes the value of a text in which it was put. */
  at(n: number, valueOf: (text: string, path: SettingsPath) => unknown): Record<string, unknown> {
    return Object.fromEntries(this.varying.map((key) => [key, filled(this.#entry[key], [key], n, valueOf)]));
  }
}

/** The text with its numbers put in; undefined: there is no placeholder in it. */
export function putIn(text: string, n: number): string | undefined {
  if (!text.includes('{')) return undefined;
  let found = false;
  const whole = text.replace(PLACEHOLDER, (braces, inside: string) => {
    const value = MEANT.test(inside) ? valueOf(inside, n) : undefined;
    found ||= value !== undefined;
    return value ?? braces;
  });
  return found ? whole : undefined;
}

/** An address of a prefix, where a LAN interface listens: each number has the one so far behind it. */
function countedUp(text: string, path: SettingsPath, n: number): string | undefined {
  if (path.length !== 3 || path[0] !== 'interfaces' || path[2] !== 'listen' || !text.includes('/'))
    return undefined;
  const place = parseUdpPlace(text);
  if (place?.prefix === undefined) return undefined;
  return udpPlaceText({ ...place, host: addressAfter(place.host, n, place.prefix) ?? place.host });
}

/** Prefixes that have fewer addresses than there are numbers. */
function beyond({ interfaces }: Readonly<Record<string, unknown>>, last: number): TemplateProblem[] {
  if (!Array.isArray(interfaces)) return [];
  return interfaces.flatMap((entry: unknown, i): TemplateProblem[] => {
    const listen: unknown =
      typeof entry === 'object' && entry !== null && 'listen' in entry ? entry.listen : undefined;
    const place = typeof listen === 'string' ? parseUdpPlace(listen) : undefined;
    if (place?.prefix === undefined || addressAfter(place.host, last, place.prefix) !== undefined) return [];
    const network = `${networkOf(place.host, place.prefix) ?? place.host}/${place.prefix}`;
    const message = `expected a prefix with room for number ${last}: ${network} ends before it`;
    return [{ path: ['interfaces', i, 'listen'], message }];
  });
}

function varies(value: unknown, path: SettingsPath, problems: TemplateProblem[]): boolean {
  if (typeof value === 'string') {
    const wrong = [...value.matchAll(PLACEHOLDER)].some(
      ([, inside]) => MEANT.test(inside) && valueOf(inside, 0) === undefined,
    );
    if (wrong) problems.push({ path, message: EXPECTED });
    return !wrong && (putIn(value, 0) ?? countedUp(value, path, 0)) !== undefined;
  }
  if (typeof value !== 'object' || value === null) return false;
  // All of it is looked at: each placeholder that is wrong is told.
  const parts = Array.isArray(value)
    ? value.map((item, i) => varies(item, [...path, i], problems))
    : Object.entries(value).flatMap(([key, item]) => [
        varies(key, [...path, key], problems),
        varies(item, [...path, key], problems),
      ]);
  return parts.includes(true);
}

function filled(
  value: unknown,
  path: SettingsPath,
  n: number,
  valueOf: (text: string, path: SettingsPath) => unknown,
): unknown {
  if (typeof value === 'string') {
    const text = putIn(value, n) ?? countedUp(value, path, n);
    return text === undefined ? value : valueOf(text, path);
  }
  if (Array.isArray(value)) return value.map((item, i) => filled(item, [...path, i], n, valueOf));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      putIn(key, n) ?? key,
      filled(item, [...path, key], n, valueOf),
    ]),
  );
}

/** Undefined: it is none that is known. */
function valueOf(inside: string, n: number): string | undefined {
  const [sum, format = '', ...more] = inside.split(':');
  const [, zeros, width, base] = FORMAT.exec(format.trim()) ?? [];
  if (more.length > 0 || base === undefined || (zeros !== '' && width === '')) return undefined;
  const value = sumOf(sum, n);
  if (value === undefined) return undefined;
  const digits = Math.abs(value).toString(base.toLowerCase() === 'x' ? 16 : 10);
  const cased = base === 'X' ? digits.toUpperCase() : digits;
  const sign = value < 0 ? '-' : '';
  return zeros === ''
    ? `${sign}${cased}`.padStart(Number(width))
    : `${sign}${cased.padStart(Number(width), '0')}`;
}

function sumOf(text: string, n: number): number | undefined {
  const terms = text.replace(/\s/g, '').split(/(?=[+-])/);
  let sum = 0;
  let names = false;
  for (const term of terms) {
    const [, number, times, factor] = TERM.exec(term.replace(/^[+-]/, '')) ?? [];
    if (number === undefined && !/^[+-]?n(\*|$)/.test(term)) return undefined;
    const value =
      number === undefined
        ? n * Number(factor ?? 1)
        : times === undefined
          ? Number(number)
          : Number(number) * n;
    names ||= number === undefined || times !== undefined;
    sum += term.startsWith('-') ? -value : value;
  }
  return names && Number.isSafeInteger(sum) ? sum : undefined;
}
