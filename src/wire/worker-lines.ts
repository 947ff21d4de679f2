import { fromHex, PRIVILEGES, type FromWorker, type PrivilegeName, type WireClaim } from './userland.ts';

/** A line of a worker whose every field was looked at: what is behind it need not look again. */
export type WorkerLine =
  | Exclude<FromWorker, { readonly type: 'register' | 'answer' | 'next' }>
  | {
      readonly type: 'register';
      readonly id: number;
      readonly owner: string;
      readonly handlers: readonly WireClaim[] | 'default';
    }
  /** `answer`: completion code and data; undefined: there is none in the line. */
  | { readonly type: 'answer'; readonly token: number; readonly answer: Uint8Array | undefined }
  | { readonly type: 'next'; readonly token: number; readonly data: Uint8Array };

/** What is wrong with a line; `id`: of the registration that it would have been. */
export interface BadLine {
  readonly type: 'bad';
  readonly problem: string;
  readonly id?: number;
}

/** Most bytes of response data; BT and IPMI 1.5 carry no more. */
export const MOST_DATA = 252;
/** Most characters of a name: it stands in logs and in answers. */
const LONGEST_NAME = 128;

type Fields = Readonly<Record<string, unknown>>;

/** Checks the types of every field. Never throws, whatever JSON can say. */
export function workerLine(line: Fields): WorkerLine | BadLine {
  const { type } = line;
  switch (type) {
    case 'hello':
      return isNumber(line.protocol)
        ? { type, protocol: line.protocol }
        : bad('hello: expected protocol (a number)');
    case 'register':
    case 'unregister':
      return registrationLine(type, line);
    case 'answer':
      return isCount(line.token)
        ? { type, token: line.token, answer: answerIn(line) }
        : bad('answer: expected token (a number)');
    case 'next': {
      const data = fromHex(line.data);
      return isCount(line.token) && data
        ? { type, token: line.token, data }
        : bad('next: expected token (a number) and data (hex)');
    }
    case 'sensor': {
      const { name, value } = line;
      if (isText(name) && (value === null || isNumber(value))) return { type, name, value };
      return bad('sensor: expected name (text) and value (a number, or null)');
    }
    case 'press': {
      const { id, button } = line;
      if (isNumber(id) && isText(button)) return { type, id, button };
      return bad('press: expected id (a number) and button (text)');
    }
    case 'ping':
    case 'pong':
      return isNumber(line.id) ? { type, id: line.id } : bad(`${type}: expected id (a number)`);
    default:
      return bad(`unknown type ${shown(type)}`);
  }
}

/** Text of a worker in a message of ours: short, and nothing but text. */
export function shown(value: unknown): string {
  if (typeof value === 'string')
    return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}...` : value);
  const isPlain = ['number', 'boolean', 'undefined'].includes(typeof value) || value === null;
  return isPlain ? String(value) : `(${typeof value})`;
}

function registrationLine(
  type: 'register' | 'unregister',
  { id, owner, handlers, default: all }: Fields,
): WorkerLine | BadLine {
  if (!isNumber(id)) return bad(`${type}: expected id (a number)`);
  if (!isText(owner) || owner === '') return { ...bad('owner: expected a name'), id };
  if (!isName(owner))
    return { ...bad(`owner: expected a name of at most ${LONGEST_NAME} characters on one line`), id };
  if (type === 'unregister') return { type, id, owner };
  if (all === true) return { type, id, owner, handlers: 'default' };
  if (!Array.isArray(handlers) || handlers.length === 0)
    return { ...bad('handlers: expected a list of claims'), id };
  const claims: WireClaim[] = [];
  for (const [i, handler] of handlers.entries()) {
    const claim = claimOf(handler, `handlers.${i}`);
    if (typeof claim === 'string') return { ...bad(claim), id };
    claims.push(claim);
  }
  return { type, id, owner, handlers: claims };
}

/** A claim of known fields, or what is wrong with it. */
function claimOf(value: unknown, place: string): WireClaim | string {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return `${place}: expected an object`;
  const { netFn, cmd, body, channel, lun, manufacturer, name, override, privilege } = value as Fields;
  if (!isCount(netFn) || !(cmd === '*' || isCount(cmd)))
    return `${place}: expected netFn (number) and cmd (number or "*")`;
  for (const [key, value] of Object.entries({ body, channel, lun, manufacturer }))
    if (value !== undefined && !isCount(value))
      return `${place}.${key}: expected a number, received ${shown(value)}`;
  for (const [key, value] of Object.entries({ name, override }))
    if (value !== undefined && !isName(value))
      return `${place}.${key}: expected text of 1 to ${LONGEST_NAME} characters`;
  if (privilege !== undefined && !isPrivilege(privilege))
    return `privilege: expected one of ${PRIVILEGES.join(', ')}, received ${shown(privilege)}`;
  const numbers = { body, channel, lun, manufacturer } as Pick<
    WireClaim,
    'body' | 'channel' | 'lun' | 'manufacturer'
  >;
  const names = { name, override } as Pick<WireClaim, 'name' | 'override'>;
  return { netFn, cmd, ...numbers, ...names, privilege };
}

/** Completion code and data; undefined: they are none. */
function answerIn({ cc, data = '' }: Fields): Uint8Array | undefined {
  const bytes = fromHex(data);
  if (!isCount(cc) || cc > 0xff || !bytes || bytes.length > MOST_DATA) return undefined;
  const answer = new Uint8Array(1 + bytes.length);
  answer[0] = cc;
  answer.set(bytes, 1);
  return answer;
}

const bad = (problem: string): BadLine => ({ type: 'bad', problem });
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isText = (value: unknown): value is string => typeof value === 'string';
// A name with a line feed would write lines of its own into a log.
const isName = (value: unknown): value is string =>
  isText(value) && value !== '' && value.length <= LONGEST_NAME && !/\p{Cc}/u.test(value);
const isPrivilege = (value: unknown): value is PrivilegeName =>
  PRIVILEGES.some((privilege) => privilege === value);
