import { NetFn, Privilege, keyName, type Command, type Request, type Response } from '../commands/command.ts';
import type { Answer, Context, Dispatch, Message } from '../joint/message.ts';

/**
 * What a handler takes. The more specific claim wins: channel and LUN, then channel, then LUN, then neither;
 * a command before a wildcard.
 */
export interface Claim {
  readonly netFn: number;
  /** '*': every command of the NetFn (or of the body) that has no claim of its own. */
  readonly cmd: number | '*';
  readonly body?: number;
  readonly channel?: number;
  readonly lun?: number;
}

export interface HandleOptions {
  /** Only for requests from this channel. */
  readonly channel?: number;
  /** Only for requests to this LUN. */
  readonly lun?: number;
  /** Take over the claim of this owner; the handler's `next` is then the one below. */
  readonly override?: string;
  /** Least privilege, where it is to differ from the declaration. */
  readonly privilege?: Privilege;
  /**
   * The IANA enterprise number of the maker who gave a command on NetFn 30h-3Eh its meaning. A BMC of another
   * maker refuses the registration: the same numbers mean something else there.
   */
  readonly manufacturer?: number;
}

type Result<R> = R | (Record<string, never> extends R ? void : never);

/** Decoded values in, values out; the router decodes and encodes. Failures are thrown as IpmiError. */
export type HandlerFunction<C extends Command, B> = (
  request: Request<C>,
  context: Context<B>,
  next: (request: Request<C>) => Response<C> | Promise<Response<C>>,
) => Result<Response<C>> | Promise<Result<Response<C>>>;

interface Claiming {
  readonly claim: Claim;
  readonly name: string;
  readonly privilege: Privilege;
  readonly systemInterfaceOnly: boolean;
  readonly override: string | undefined;
  readonly manufacturer: number | undefined;
}

/** What answers a declared command. */
export interface CommandHandler<B> extends Claiming {
  readonly command: Command;
  /** Values of `command`: whoever calls it has them from that layout. */
  run(...call: Parameters<HandlerFunction<Command, B>>): ReturnType<HandlerFunction<Command, B>>;
  readonly raw: undefined;
}

/** What answers messages in bytes. */
export interface MessageHandler<B> extends Claiming {
  readonly command: undefined;
  readonly run: undefined;
  /**
   * Sees the message as it came, with body or IANA removed, and returns completion code + data without them.
   */
  readonly raw: RawHandler<B>;
}

/** One claim and what answers it. */
// oxlint-disable-next-line typescript/no-explicit-any -- a set may be made before its BMC's type is known
export type Handler<B = any> = CommandHandler<B> | MessageHandler<B>;

export type RawHandler<B> = (
  message: Message,
  context: Context<B>,
  next: Dispatch<B>,
) => Answer | Promise<Answer>;

/** One owner's handlers, registered and removed as one. */
// oxlint-disable-next-line typescript/no-explicit-any -- as Handler
export interface HandlerSet<B = any> {
  readonly owner: string;
  readonly handlers: readonly Handler<B>[];
  /** Where it comes from, for messages about clashes. Default: the line that registers it. */
  readonly site?: string;
}

/** A handler of a declared command. */
/* @__NO_SIDE_EFFECTS__ */
export function handle<C extends Command, B = unknown>(
  command: C,
  run: HandlerFunction<C, B>,
  options: HandleOptions = {},
): Handler<B> {
  const { netFn, cmd, body } = command;
  return {
    claim: checked({ netFn, cmd, body, channel: options.channel, lun: options.lun }),
    name: command.name,
    privilege: options.privilege ?? command.privilege,
    systemInterfaceOnly: command.systemInterfaceOnly,
    override: options.override,
    manufacturer: options.manufacturer,
    command,
    run,
    raw: undefined,
  };
}

/**
 * A handler of raw messages: a wildcard, a forwarder, a command whose layout nobody declared. Administrator
 * unless it says otherwise.
 */
/* @__NO_SIDE_EFFECTS__ */
export function handleRaw<B = unknown>(
  claim: Claim,
  raw: RawHandler<B>,
  options: HandleOptions & { readonly name?: string } = {},
): Handler<B> {
  return {
    claim: checked({ channel: options.channel, lun: options.lun, ...claim }),
    name: options.name ?? keyName(claim),
    privilege: options.privilege ?? Privilege.Administrator,
    systemInterfaceOnly: false,
    override: options.override,
    manufacturer: options.manufacturer,
    command: undefined,
    run: undefined,
    raw,
  };
}

function checked(claim: Claim): Claim {
  const { netFn, cmd, body, channel, lun } = claim;
  const isGroup = netFn === NetFn.Group;
  const isOem = netFn === NetFn.OemGroup;
  const inRange = (value: number | undefined, high: number): boolean =>
    value === undefined || (Number.isInteger(value) && value >= 0 && value <= high);
  if (!inRange(netFn, 0x3e) || netFn % 2 !== 0)
    throw new RangeError(`bad claim: NetFn ${netFn} is not an even number from 00h to 3Eh`);
  if (cmd !== '*' && !inRange(cmd, 0xff))
    throw new RangeError(`bad claim: command ${cmd} is not 00h..FFh or '*'`);
  if (
    (body !== undefined && !(isGroup || isOem)) ||
    (body === undefined && cmd !== '*' && (isGroup || isOem)) ||
    !inRange(body, isOem ? 0xffffff : 0xff)
  ) {
    throw new RangeError(
      `bad claim ${keyName(claim)}: NetFn 2Ch needs a defining body, 2Eh an IANA number, others have none`,
    );
  }
  if (!inRange(channel, 0xf) || !inRange(lun, 3))
    throw new RangeError(`bad claim ${keyName(claim)}: channel ${channel}, LUN ${lun}`);
  return claim;
}

/** `Get Device ID (06h 01h)`, with channel and LUN where the claim names them. */
export function claimName(handler: Handler): string {
  const { claim, name } = handler;
  const narrow = [
    claim.channel === undefined ? '' : `channel ${claim.channel}`,
    claim.lun === undefined ? '' : `LUN ${claim.lun}`,
  ]
    .filter(Boolean)
    .join(', ');
  const key = keyName(claim) + (narrow && `, ${narrow}`);
  return name === keyName(claim) ? key : `${name} (${key})`;
}
