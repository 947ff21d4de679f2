import { bodyBytes } from '../commands/body.ts';
import { spokenName, type Command } from '../commands/command.ts';
import { EncodeError, type Layout } from '../codec/index.ts';
import { nearest } from '../config/wording.ts';
import type { Bmc } from '../bmc.ts';
import { bytesOfHex } from './hex-text.ts';
import { refusal } from './problem.ts';
import { hexOf } from './sel-text.ts';

/** A command that this BMC answers, by its name in either spelling. Throws ControlError. */
export function findCommand({ router }: Pick<Bmc, 'router'>, name: string): Command {
  const wanted = spokenName(name);
  const known = new Map<string, Command>();
  for (const { handler } of router.claims()) {
    if (handler.command) known.set(spokenName(handler.command.name), handler.command);
  }
  const found = known.get(wanted);
  if (found) return found;
  const near = nearest(wanted, known.keys());
  throw refusal('bad-request', `command: there is no command '${name}' with fields`, {
    key: 'command',
    ...(near !== undefined && { nearest: near }),
    next: 'GET /v1/bmcs/NAME/handlers lists them; by numbers any can be sent',
  });
}

const isBytes = (kind: string): boolean => /^(bytes\(|rest)/.test(kind);

/** Data of a request with these values, its body or IANA number in front. Throws ControlError. */
export function requestData(command: Command, fields: Readonly<Record<string, unknown>>): Uint8Array {
  const data = encodedFields({ layout: command.request, name: command.name, key: 'fields' }, fields);
  return Uint8Array.from([...bodyBytes(command), ...data]);
}

/** What fields are of: its layout, its name, and the key of the body that has them. */
interface FieldsOf {
  // oxlint-disable-next-line typescript/no-explicit-any -- any layout: which values fit is its own to say
  readonly layout: Layout<any>;
  readonly name: string;
  readonly key: string;
  /** Values of what no field is said of. Default: none. */
  readonly otherwise?: Readonly<Record<string, unknown>>;
}

/** The bytes of a layout with these values, as JSON or a command line has them. Throws ControlError. */
export function encodedFields(
  { layout, name, key, otherwise }: FieldsOf,
  fields: Readonly<Record<string, unknown>>,
): Uint8Array {
  const { kinds } = layout;
  const values: Record<string, unknown> = { ...otherwise };
  for (const [field, value] of Object.entries(fields)) {
    const kind = kinds.get(field);
    const at = `${key}.${field}`;
    if (kind === undefined) {
      const near = nearest(field, kinds.keys());
      const known = [...kinds.keys()].join(', ');
      throw refusal(
        'bad-request',
        `${at}: ${name} has ${known === '' ? 'no fields' : `no such field; it has ${known}`}`,
        { key: at, ...(near !== undefined && { nearest: near }) },
      );
    }
    values[field] = typeof value === 'string' ? valueIn(value, kind, at) : value;
  }
  try {
    return layout.encode(values);
  } catch (error) {
    if (!(error instanceof EncodeError) && !(error instanceof TypeError) && !(error instanceof RangeError))
      throw error;
    const field = error instanceof EncodeError ? error.field : undefined;
    throw refusal('bad-request', `${key}: ${error.message}`, {
      key: field === undefined ? key : `${key}.${field}`,
      next: `fields of ${name}: ${[...kinds].map(([field, kind]) => `${field} (${kind})`).join(', ')}`,
    });
  }
}

/** Fields whose values are texts. */
const OF_TEXT = /^(text|utf8|ipv4|ipv6|mac)/;

/** A value as it is typed: a command line has texts only. */
function valueIn(text: string, kind: string, at: string): unknown {
  if (isBytes(kind)) return bytesIn(text, at);
  if (OF_TEXT.test(kind)) return text;
  if (/^(-?\d+|0x[\da-f]+)$/i.test(text)) return Number(text);
  return text === 'true' ? true : text === 'false' ? false : text;
}

function bytesIn(text: string, at: string): Uint8Array {
  if (!/^(\s*[\da-f]{2})*\s*$/i.test(text))
    throw refusal('bad-request', `${at}: expected hex digits, two a byte`, { key: at });
  return bytesOfHex(text);
}

/** The values of an answer; undefined: the bytes are none of the declaration's. */
export function responseValues(
  command: Command,
  answer: Uint8Array,
  start: number,
): Record<string, unknown> | undefined {
  try {
    return plain(command.response.decode(answer, start)) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** As JSON can have it: bytes as hex digits. */
export function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return hexOf(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, plain(field)]));
}
