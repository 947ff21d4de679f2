import { hexBytes } from '../codec/index.ts';
import { keyName, type Command, type Request } from '../commands/command.ts';
import { declaredCommands, parseSelector } from '../state/app/command-selector.ts';
import type { CommandSelector } from '../state/app/command-masks.ts';
import type { TestRequest } from './requests.ts';

/** What a field is to be: a value, words for it, or a question that is answered with true. */
export type Expected<V> = V | string | ((value: V) => boolean);

/** Fields of a command's request. */
export type Fields<C extends Command> = {
  readonly [K in keyof Request<C>]?: Expected<Request<C>[K]>;
} & {
  /** Of a configuration parameter that is set: its values by name. */
  readonly set?: Readonly<Record<string, unknown>>;
};

/** Of which requests something is said. */
export interface RequestFilter {
  /** By the user of its session. */
  readonly user?: string;
  /** By the completion code that it was answered with. */
  readonly cc?: number;
}

/** What a test expects of a request. */
export class Wanted {
  readonly #is: (request: TestRequest) => boolean;
  readonly #name: string;
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #filter: RequestFilter;

  /**
   * `command`: a declaration, or what settings name commands by (`chassis-control`, `chassis`, `0Ah 23h`).
   * Throws RangeError for what names no command, and for a field that the command does not have.
   */
  constructor(
    command: Command | string,
    fields: Readonly<Record<string, unknown>> = {},
    filter: RequestFilter = {},
  ) {
    const key = typeof command === 'string' ? parseSelector(command) : command;
    if (key === undefined)
      throw new RangeError(
        `'${typeof command === 'string' ? command : command.name}' names no command: expected Chassis Control, chassis-control, a group (chassis) or numbers (0Ah 23h)`,
      );
    this.#name = typeof command === 'string' ? command : command.name;
    this.#is = ({ command: own, message }) =>
      message.netFn === key.netFn &&
      (key.cmd === '*' || message.cmd === key.cmd) &&
      (key.body === undefined || own?.body === key.body);
    this.#fields = fields;
    this.#filter = filter;
    const declared = typeof command === 'string' ? declaredOf(key) : command;
    if (declared) checkFields(declared, fields);
  }

  /** What is wrong with a request; undefined: it is the one. */
  problem(request: TestRequest): string | undefined {
    if (!this.#is(request)) return `it is ${request.name}`;
    const { user, cc } = this.#filter;
    if (user !== undefined && request.user !== user)
      return `user is ${request.user ?? 'nobody'}, expected ${user}`;
    if (cc !== undefined && request.answer?.cc !== cc)
      return `the answer is ${request.answer?.name ?? 'none'}, expected completion code ${shown(cc)}`;
    const { set, ...own } = this.#fields;
    return (
      differing(own, request.values ?? {}, request) ??
      (set === undefined ? undefined : differing(set as object, request.parameter ?? {}, request))
    );
  }

  /** The command fits, whatever the rest does. */
  isNear(request: TestRequest): boolean {
    return this.#is(request);
  }

  get text(): string {
    const { user, cc } = this.#filter;
    const fields = Object.entries(this.#fields).map(([name, value]) => `${name} ${shown(value)}`);
    return [
      this.#name,
      ...(fields.length > 0 ? [`with ${fields.join(', ')}`] : []),
      ...(user === undefined ? [] : [`of ${user}`]),
      ...(cc === undefined ? [] : [`answered with ${shown(cc)}`]),
    ].join(' ');
  }
}

/** Of a command that has a declaration of the specifications'. */
const declaredOf = ({ netFn, cmd, body }: CommandSelector): Command | undefined =>
  declaredCommands.find(
    (declaredCommand) =>
      declaredCommand.netFn === netFn && declaredCommand.cmd === cmd && declaredCommand.body === body,
  );

function checkFields(command: Command, fields: Readonly<Record<string, unknown>>): void {
  const known = command.request.names;
  const unknown = Object.keys(fields).find((name) => !known.includes(name) && name !== 'set');
  if (unknown === undefined) return;
  throw new RangeError(
    `${command.name} (${keyName(command)}) has no field '${unknown}': ${known.length > 0 ? `it has ${known.join(', ')}` : 'its request has none'}`,
  );
}

function differing(wanted: object, values: Readonly<Record<string, unknown>>, request: TestRequest) {
  for (const [name, expected] of Object.entries(wanted)) {
    const value = values[name];
    if (fits(expected, value, wordsOf(name, request))) continue;
    const words = wordsOf(name, request);
    return `${name} is ${shown(value)}${words === undefined ? '' : ` (${words})`}, expected ${shown(expected)}`;
  }
  return undefined;
}

/** What a value of this field is called, where the specification has words for it. */
function wordsOf(name: string, { command, values, chosen }: TestRequest): string | undefined {
  if (name === command?.subFunctions?.field) return chosen;
  if (name === 'parameter') return command?.parameters?.bySelector[Number(values?.parameter)]?.name;
  return undefined;
}

function fits(expected: unknown, value: unknown, words: string | undefined): boolean {
  if (typeof expected === 'function') return (expected as (value: unknown) => boolean)(value);
  if (value instanceof Uint8Array) return sameBytes(value, expected);
  if (typeof expected === 'string' && typeof value === 'number') return areWords(expected, words);
  if (typeof expected !== 'object' || expected === null || typeof value !== 'object' || value === null)
    return Object.is(expected, value);
  return Object.entries(expected).every(([key, field]) =>
    fits(field, (value as Readonly<Record<string, unknown>>)[key], undefined),
  );
}

function sameBytes(value: Uint8Array, expected: unknown): boolean {
  const bytes =
    typeof expected === 'string'
      ? hexBytes(expected.replace(/[\s:]/g, ''))
      : expected instanceof Uint8Array
        ? expected
        : Array.isArray(expected)
          ? Uint8Array.from(expected as number[])
          : undefined;
  return bytes?.length === value.length && value.every((byte, i) => byte === bytes[i]);
}

/** What clients call the actions of Chassis Control, where the specification has other words. */
const ALIASES: Readonly<Record<string, string>> = { on: 'up', off: 'down' };

/** Each word begins one of the name's: `cycle` and `power cycle`, `diag` and `pulse diagnostic interrupt`. */
function areWords(expected: string, name: string | undefined): boolean {
  if (name === undefined) return false;
  const words = name.toLowerCase().split(/[^a-z0-9]+/);
  return expected
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .every((word) => word !== '' && words.some((spoken) => spoken.startsWith(ALIASES[word] ?? word)));
}

function shown(value: unknown): string {
  if (value instanceof Uint8Array) return `[${Array.from(value, hex).join(' ')}]`;
  if (typeof value === 'function') return 'what the test asks for';
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'absent');
}

const hex = (byte: number): string => byte.toString(16).padStart(2, '0');
