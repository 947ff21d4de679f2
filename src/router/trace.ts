import { completionCodeName, hex2, type Layout } from '../codec/index.ts';
import { SendMessage } from '../commands/app/bridging.ts';
import { SetChannelSecurityKeys } from '../commands/app/channels.ts';
import { GetMessage } from '../commands/app/global.ts';
import { SetUserPassword } from '../commands/app/users.ts';
import { oemName } from '../commands/oem-registry.ts';
import { keyName, NetFn, type Command } from '../commands/command.ts';
import { BMC_ADDRESS, parseMessage, type IpmiMessage } from '../wire/message.ts';
import type { Answer, Context, Dispatch, Message } from './message.ts';
import type { Router } from './router.ts';
import type { Timers } from './timers.ts';

/** Fields whose values are secrets: named in a trace, never shown. */
const SECRET = new Set(['password', 'key', 'challenge', 'authCode']);

/**
 * A dispatch that says of each message who sent it, what it was, and how it ended; what a message carries for others stands
 * below it as a tree. Nothing is paid where it is not used.
 */
export function traced<B>(router: Router<B>, dispatch: Dispatch<B>, clock: Timers, print: (line: string) => void): Dispatch<B> {
  return (message, context) => {
    const began = clock.monotonic();
    const passed = (): string => `${((clock.monotonic() - began) * 1000).toFixed(0)} us`;
    // Copied: the tree may be printed when the request's bytes are somebody else's.
    const requests = is(SendMessage, message) ? encapsulated(message.data.slice(1)) : [];
    const finish = (answer: Answer): Answer => {
      print(`${traceLine(router, message, context, answer)}  ${passed()}${context.expired ? '  too late: dropped' : ''}`);
      const tree = (responses: readonly IpmiMessage[]): void => {
        for (const line of branches(router, requests, responses)) print(responses.length > 0 ? `${line}  ${passed()}` : line);
      };
      if (context.followUp) void context.followUp.then((response) => tree(response ? unfolded(response) : []));
      else if (answer[0] === 0 && requests.length > 0) tree(answer.length > 1 ? unfolded(answer.subarray(1)) : []);
      else if (answer[0] === 0 && is(GetMessage, message)) for (const line of branches(router, [], received(answer))) print(line);
      return answer;
    };
    const answer = dispatch(message, context);
    return answer instanceof Promise ? answer.then(finish) : finish(answer);
  };
}

const is = (command: Command, { netFn, cmd }: Message | IpmiMessage): boolean => netFn === command.netFn && cmd === command.cmd;

/** The request in a Send Message, and those in it where it is a Send Message itself. */
function encapsulated(bytes: Uint8Array): IpmiMessage[] {
  // A session handle or a broadcast's 00h may come first.
  const message = parseMessage(bytes) ?? parseMessage(bytes, 1);
  if (!message) return [];
  return [message, ...(is(SendMessage, message) && message.data.length > 1 ? encapsulated(message.data.subarray(1)) : [])];
}

/** A bridged response, and those that it carries. */
function unfolded(bytes: Uint8Array, start = 0): IpmiMessage[] {
  const message = parseMessage(bytes, start);
  if (!message) return [];
  return [message, ...(message.cmd === SendMessage.cmd && message.data.length > 1 ? unfolded(message.data, 1) : [])];
}

/** The message that Get Message took from the queue: without the BMC's address, or with a session handle. */
function received(answer: Answer): IpmiMessage[] {
  const data = answer.subarray(2);
  const message = parseMessage(Uint8Array.of(BMC_ADDRESS, ...data)) ?? parseMessage(data, 1);
  return message ? [message] : [];
}

/** One line a level: who was asked, what, and what came back. */
function branches<B>(router: Router<B>, requests: readonly IpmiMessage[], responses: readonly IpmiMessage[]): string[] {
  return Array.from({ length: Math.max(requests.length, responses.length) }, (_, depth) => {
    const [request, response] = [requests[depth], responses[depth]];
    const { netFn, cmd } = request ?? response;
    const key = { netFn: netFn & ~1, cmd, lun: 0, data: request?.data ?? new Uint8Array(0) };
    const who = request ? request.to : response.netFn % 2 === 1 ? response.from : response.to;
    const asked =
      request || response.netFn % 2 === 1
        ? requestText(router, key, 0, request !== undefined)
        : requestText(router, { ...key, data: response.data }, 0, true);
    const came = response && response.netFn % 2 === 1 ? `  ->  ${answerText(router, key, 0, response.data)}` : '';
    return `${'   '.repeat(depth)}└─ ${hex2(who)}h  ${asked}${came}`;
  });
}

function traceLine<B>(router: Router<B>, message: Message, context: Context<B>, answer: Answer): string {
  const { number } = context.channel;
  const who = context.session ? `${context.session.userName || 'null user'}@` : '';
  return `${who}channel ${number}  ${requestText(router, message, number, true)}  ->  ${answerText(router, message, number, answer)}`;
}

function requestText<B>(router: Router<B>, message: Message, channel: number, withData: boolean): string {
  const entry = router.find(message, channel);
  const key = { netFn: message.netFn, cmd: message.cmd, ...bodyOf(message) };
  const maker = oemName(key);
  const name = entry?.handler.name ?? `${keyName(key)} (${maker === undefined ? '' : `${maker}, `}nobody's)`;
  if (!withData) return name;
  const command = entry?.handler.command;
  const values = command ? fields(command.request, message.data, entry?.prefix.length ?? 0) : undeclared(message);
  return values ? `${name} ${values}` : name;
}

function answerText<B>(router: Router<B>, message: Message, channel: number, answer: Answer): string {
  const entry = router.find(message, channel);
  const command = entry?.handler.command;
  const cc = answer[0];
  if (cc !== 0) return `${completionCodeName(cc, command?.codes)} (${hex2(cc)}h)`;
  return (command ? fields(command.response, answer, 1 + (entry?.prefix.length ?? 0)) : bytes(answer.subarray(1))) || 'ok';
}

function bodyOf({ netFn, data }: Message): { body?: number } {
  if (netFn === NetFn.Group && data.length > 0) return { body: data[0] };
  return netFn === NetFn.OemGroup && data.length > 2 ? { body: data[0] | (data[1] << 8) | (data[2] << 16) } : {};
}

function fields(layout: Layout<Record<string, unknown>>, data: Uint8Array, start: number): string {
  let values: Record<string, unknown>;
  try {
    values = layout.decode(data, start);
  } catch {
    // What cannot be decoded may still hold a secret: only its length is shown.
    return `${data.length - start} byte(s)`;
  }
  return Object.entries(values)
    .filter(([name]) => !isCarried(layout, name))
    .map(
      ([name, value]) =>
        `${name}=${SECRET.has(name) && typeof value !== 'boolean' ? '...' : value instanceof Uint8Array ? bytes(value) : JSON.stringify(value)}`,
    )
    .join(' ');
}

/** A message for somebody else stands below, decoded: as bytes it would show the secrets that it may hold. */
const isCarried = (layout: unknown, name: string): boolean =>
  (name === 'message' && (layout === SendMessage.request || layout === SendMessage.response)) || (name === 'data' && layout === GetMessage.response);

/** A handler that takes bytes may have taken over a command that carries a secret. */
const undeclared = (message: Message): string =>
  [SetUserPassword, SetChannelSecurityKeys].some((one) => is(one, message)) ? `${message.data.length} byte(s)` : bytes(message.data);

const bytes = (data: Uint8Array): string => (data.length === 0 ? '' : `[${Array.from(data, hex2).join(' ')}]`);
