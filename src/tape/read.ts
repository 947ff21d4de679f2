import { ERROR_CODES, hexBytes } from '../codec/index.ts';
import { TAPE_VERSION, type Tape, type TapeEntry, type TapeHeader } from './entry.ts';

/** A file that is no tape, or has a line that is none: `file:line: what`. */
export class TapeError extends Error {
  override name = 'TapeError';
  readonly code = ERROR_CODES.TapeError;
}

type Values = Readonly<Record<string, unknown>>;

/**
 * `file`: what messages call it. A last line without its end, as a recording that goes on or was killed has
 * it, is left out, and `isCut` says so. Throws TapeError.
 */
export function readTape(text: string, file: string): Tape {
  const lines = text.split('\n');
  const entries: TapeEntry[] = [];
  let header: TapeHeader | undefined;
  let isCut = false;
  for (const [i, line] of lines.entries()) {
    if (line.trim() === '') continue;
    if (i > 0 && i === lines.length - 1 && !isJson(line)) {
      isCut = true;
      continue;
    }
    try {
      const values = objectIn(line);
      if (header === undefined) header = headerOf(values);
      else entries.push(entryOf(values));
    } catch (error) {
      throw new TapeError(`${file}:${i + 1}: ${(error as Error).message}`, { cause: error });
    }
  }
  if (header === undefined) throw new TapeError(`${file}:1: is empty, expected a tape`);
  return { header, entries, ...(isCut ? { isCut } : {}) };
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

function objectIn(line: string): Values {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new TypeError('is not JSON', { cause: error });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TypeError('expected a JSON object');
  return value as Values;
}

function headerOf(values: Values): TapeHeader {
  const { tape, bmc = '', created = '', tool = '', redacted = [], clock = '' } = values;
  if (tape === undefined) throw new TypeError('expected the head of a tape, {"tape":1,...}');
  if (tape !== TAPE_VERSION)
    throw new RangeError(`a tape of version ${shown(tape)}; this program reads version ${TAPE_VERSION}`);
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  return {
    tape: TAPE_VERSION,
    bmc: text(bmc),
    created: text(created),
    tool: text(tool),
    redacted: Array.isArray(redacted) ? redacted.map(String) : [],
    clock: text(clock),
  };
}

function entryOf(values: Values): TapeEntry {
  const { kind = 'request' } = values;
  switch (kind) {
    case 'request':
      return requestOf(values);
    case 'sol': {
      const direction = values.dir;
      if (direction !== 'in' && direction !== 'out') throw new TypeError('dir: expected "in" or "out"');
      return {
        kind,
        t: time(values),
        channel: whole(values, 'ch', 0xf),
        session: maybe(values, 'sess', 0xff),
        direction,
        count: whole(values, 'count', 0xffff),
        data: values.data === undefined ? undefined : hex(values, 'data'),
      };
    }
    case 'event':
      return {
        kind,
        t: time(values),
        record: whole(values, 'record', 0xffff),
        generator: whole(values, 'generator', 0xff),
        sensorType: whole(values, 'sensorType', 0xff),
        sensorNumber: whole(values, 'sensorNumber', 0xff),
        eventType: whole(values, 'eventType', 0x7f),
        deassertion: values.deassertion === true,
        data: hex(values, 'data'),
      };
    case 'gap':
      return { kind, t: time(values), count: whole(values, 'count', Number.MAX_SAFE_INTEGER) };
    default:
      return { kind: 'other', value: values };
  }
}

function requestOf(values: Values): TapeEntry {
  const netFn = whole(values, 'netfn', 0x3e);
  if (netFn % 2 !== 0) throw new RangeError(`netfn: ${netFn} is a response's, expected an even number`);
  const message = {
    netFn,
    lun: maybe(values, 'lun', 3) ?? 0,
    cmd: whole(values, 'cmd', 0xff),
    data: hex(values, 'req'),
  };
  const cc = values.cc === null ? undefined : whole(values, 'cc', 0xff);
  const rsp = hex(values, 'rsp');
  const redacted: readonly unknown[] = Array.isArray(values.redacted) ? values.redacted : [];
  return {
    kind: 'request',
    t: time(values),
    channel: maybe(values, 'ch', 0xf) ?? 0,
    session: maybe(values, 'sess', 0xff),
    user: text(values, 'user'),
    privilege: maybe(values, 'priv', 5) ?? 0,
    message,
    answer: cc === undefined ? new Uint8Array(0) : Uint8Array.of(cc, ...rsp),
    bridged: values.bridged === undefined ? undefined : hex(values, 'bridged'),
    us: maybe(values, 'us', Number.MAX_SAFE_INTEGER),
    name: text(values, 'name'),
    hidesRequest: redacted.includes('req'),
    hidesAnswer: redacted.includes('rsp'),
  };
}

function time(values: Values): number {
  const { t = 0 } = values;
  if (typeof t !== 'number' || !Number.isFinite(t)) throw new TypeError('t: expected milliseconds');
  return t;
}

function whole(values: Values, key: string, most: number): number {
  const value = values[key];
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most) return value;
  throw new RangeError(`${key}: expected a whole number of 0 to ${most}, received ${shown(value)}`);
}

const maybe = (values: Values, key: string, most: number): number | undefined =>
  values[key] === undefined ? undefined : whole(values, key, most);

function text(values: Values, key: string): string | undefined {
  const value = values[key];
  if (value === undefined || typeof value === 'string') return value;
  throw new TypeError(`${key}: expected text, received ${shown(value)}`);
}

function hex(values: Values, key: string): Uint8Array {
  const value = values[key] ?? '';
  if (typeof value === 'string' && /^(?:[\da-f]{2})*$/i.test(value)) return hexBytes(value);
  throw new TypeError(`${key}: expected pairs of hex digits, received ${shown(value)}`);
}

const shown = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value));
