import type { ParameterSet } from './parameters/parameter.ts';
import {
  CC,
  IpmiError,
  layout,
  type IpmiErrorOptions,
  type Layout,
  type Shape,
  type Value,
  Privilege,
} from '../codec/index.ts';

/** Network function codes of requests, IPMI 2.0 §5.1 table 5-1; the response's is one more. */
export const NetFn = {
  Chassis: 0x00,
  Bridge: 0x02,
  SensorEvent: 0x04,
  App: 0x06,
  Firmware: 0x08,
  Storage: 0x0a,
  Transport: 0x0c,
  /** Group Extension: the first data byte is the defining body. */
  Group: 0x2c,
  /** OEM/Group: the first three data bytes are the IANA enterprise number. */
  OemGroup: 0x2e,
} as const;

/**
 * Is it one of the sensor device commands (IPMI 2.0 §35)? Those name a sensor by its number and the LUN of
 * the message; events and PEF come before them.
 */
export const isSensorDevice = (netFn: number, cmd: number): boolean =>
  netFn === NetFn.SensorEvent && cmd >= 0x20;

export { Privilege };

/** Defining bodies of Group Extension, IPMI 2.0 §5.1. */
export const Body = { Picmg: 0x00, Dmtf: 0x01, Ssi: 0x02, Vso: 0x03, Dcmi: 0xdc } as const;

/** A command as people write it in command lines, masks and filters: `Get SDR` is `get-sdr`. */
export const spokenName = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z\d]+/g, '-')
    .replaceAll(/^-|-$/g, '');

/** Which command a handler takes: data, never a predicate, so that it can cross a process boundary. */
export interface CommandKey {
  /** Even, 00h..3Eh. */
  readonly netFn: number;
  readonly cmd: number;
  /** Defining body (NetFn 2Ch) or IANA enterprise number (NetFn 2Eh); the router strips and restores it. */
  readonly body?: number;
}

/** Completion codes of a command by what this house calls them: the code and the specification's words. */
export type Codes<N extends string = string> = Readonly<Record<N, readonly [code: number, meaning: string]>>;

export interface CommandLiteral<
  Q extends Shape,
  R extends Shape,
  N extends string = string,
> extends CommandKey {
  /** The specification's name. */
  readonly name: string;
  /** Document and section, as in 'IPMI 2.0 §20.1'. */
  readonly spec: string;
  /** Least privilege, from appendix G. */
  readonly privilege: Privilege;
  /** Only from a system interface (appendix G, "s"): refused with D4h elsewhere. */
  readonly systemInterfaceOnly?: boolean;
  /** The command's own completion codes, 80h..BEh: `codes: { tooMany: [0x82, 'too many'] }`. */
  readonly codes?: Codes<N>;
  /**
   * The request field that chooses among functions which the firmware firewall can disable one by one (IPMI
   * 2.0 appendix H).
   */
  readonly subFunctions?: SubFunctions;
  /**
   * Fields of request and response that nobody shows or writes down. Default: those that are called
   * `password` and the like.
   */
  readonly secrets?: readonly string[];
  /** Fields that hold a message for somebody else, secrets and all. */
  readonly carried?: readonly string[];
  /**
   * It changes what the BMC keeps or what the machine does, and so has a line in the audit log; where that
   * depends on the request, whether this one does. Default: as its name says, see CHANGES_NOTHING.
   */
  readonly changes?: boolean | ((request: Value<Q>) => boolean);
  /**
   * The configuration parameters that it sets or gets: field `parameter` says which, `data` is as the
   * parameter's layout says.
   */
  readonly parameters?: ParameterSet;
  readonly request: Q;
  readonly response: R;
}

export interface SubFunctions {
  readonly field: string;
  /** By number, 0..31. */
  readonly names: Readonly<Record<number, string>>;
}

/** A declared command. The codecs carry the types: `Request<typeof GetDeviceId>`. */
// oxlint-disable-next-line typescript/no-explicit-any -- the default stands for any command
export interface Command<Q = any, R = any, N extends string = string> extends CommandKey {
  readonly name: string;
  readonly spec: string;
  readonly privilege: Privilege;
  readonly systemInterfaceOnly: boolean;
  /** Meanings of its own completion codes. */
  readonly codes: Readonly<Record<number, string>>;
  /**
   * The error that answers with a code of its own: `throw SetUserPassword.refuse('wrongSize')`. `message`:
   * why, for the log; default: the meaning.
   */
  refuse(name: N, message?: string, options?: IpmiErrorOptions): IpmiError;
  readonly subFunctions: SubFunctions | undefined;
  readonly secrets: readonly string[];
  readonly carried: readonly string[];
  /**
   * Such a request changes something. `data` begins with a body or IANA of `prefix` bytes; one that is no such
   * request is told as one that might have.
   */
  isChange(data: Uint8Array, prefix: number): boolean;
  readonly parameters: ParameterSet | undefined;
  readonly request: Layout<Q>;
  readonly response: Layout<R>;
}

export type Request<C extends Command> = ReturnType<C['request']['decode']>;
export type Response<C extends Command> = ReturnType<C['response']['decode']>;

const NOTHING: readonly never[] = [];
const NO_CODES: Readonly<Record<number, string>> = {};
/** What a field that holds a secret is called. */
const SECRET_NAMES: ReadonlySet<string> = new Set(['password', 'key', 'challenge', 'authCode']);

/** What commands are called that change nothing, unless they say so. */
const CHANGES_NOTHING = /^(Get|Read|Query|Reserve|Test)/;
const never = (): boolean => false;
const always = (): boolean => true;

/** The error that answers with one of `codes`. */
export function refused<N extends string>(
  codes: Codes<N> | undefined,
  name: N,
  message?: string,
  options?: IpmiErrorOptions,
): IpmiError {
  const [code, meaning] = codes?.[name] ?? [CC.Unspecified, name];
  return new IpmiError(code, message ?? meaning, options);
}

/** Declares a command from one literal: types, both codecs, privilege and documentation follow from it. */
/* @__NO_SIDE_EFFECTS__ */
export function command<const Q extends Shape, const R extends Shape, const N extends string = never>(
  literal: CommandLiteral<Q, R, N>,
): Command<Value<Q>, Value<R>, N> {
  const { netFn, cmd, body } = literal;
  const grouped = netFn === NetFn.Group || netFn === NetFn.OemGroup;
  if (
    netFn % 2 !== 0 ||
    netFn < 0 ||
    netFn > 0x3e ||
    cmd < 0 ||
    cmd > 0xff ||
    grouped !== (body !== undefined)
  ) {
    throw new RangeError(
      `bad command ${literal.name}: NetFn ${netFn.toString(16)}h, command ${cmd.toString(16)}h, body ${String(body)}`,
    );
  }
  const { codes, changes = !CHANGES_NOTHING.test(literal.name) } = literal;
  const request = layout(`${literal.name} request`, literal.request);
  const asks = (data: Uint8Array, prefix: number): boolean => {
    if (typeof changes === 'boolean') return changes;
    try {
      return changes(request.decode(data, prefix));
    } catch {
      return true;
    }
  };
  return {
    name: literal.name,
    spec: literal.spec,
    netFn,
    cmd,
    body,
    privilege: literal.privilege,
    systemInterfaceOnly: literal.systemInterfaceOnly ?? false,
    codes: codes ? Object.fromEntries(Object.values<Codes[string]>(codes)) : NO_CODES,
    refuse: (refusal, message, options) => refused(codes, refusal, message, options),
    subFunctions: literal.subFunctions,
    secrets:
      literal.secrets ??
      [...Object.keys(literal.request), ...Object.keys(literal.response)].filter((name) =>
        SECRET_NAMES.has(name),
      ),
    carried: literal.carried ?? NOTHING,
    isChange: typeof changes === 'function' ? asks : changes ? always : never,
    parameters: literal.parameters,
    request,
    response: layout(`${literal.name} response`, literal.response),
  };
}

const hex = (value: number, digits = 2): string =>
  `${value.toString(16).toUpperCase().padStart(digits, '0')}h`;

/** `06h 01h`, `2Ch/DCh 02h`, `2Eh/00ABCDh 10h`; a wildcard's command is `*`. */
export function keyName(key: { netFn: number; cmd: number | '*'; body?: number }): string {
  const body = key.body === undefined ? '' : `/${hex(key.body, key.netFn === NetFn.OemGroup ? 6 : 2)}`;
  return `${hex(key.netFn)}${body} ${key.cmd === '*' ? '*' : hex(key.cmd)}`;
}
