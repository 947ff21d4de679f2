import { bodyOf } from '../commands/body.ts';
import { completionCodeName, hex2, type Layout } from '../codec/index.ts';
import { MasterWriteRead, SendMessage } from '../commands/app/bridging.ts';
import { GetMessage } from '../commands/app/global.ts';
import { oemName } from '../commands/oem-registry.ts';
import { keyName, type Command } from '../commands/command.ts';
import { parameterText } from '../commands/parameters/parameter-text.ts';
import { BMC_ADDRESS, parseMessage, type IpmiMessage } from '../wire/message.ts';
import type { Answer, Context, Message } from '../joint/message.ts';
import type { Entry, Router } from '../router/index.ts';
import type { Timers } from '../joint/timers.ts';
import { endpointName } from '../world/world.ts';
import type { Tap } from './tap.ts';

interface Begun {
  /** Monotonic milliseconds. */
  readonly at: number;
  /**
   * The requests that it carries for others. Copied: the tree may be printed when the request's bytes are
   * somebody else's.
   */
  readonly carried: readonly IpmiMessage[];
}

/**
 * A tap that says of each message who sent it, what it was, and how it ended, and of each datagram without an
 * answer, why; what a message carries for others stands below it as a tree. No secret is in any line.
 */
export function trace(router: Names, clock: Timers, print: (line: string) => void): Tap {
  const begun = new Map<number, Begun>();
  return {
    message: ({ id, message }) => void begun.set(id, { at: clock.monotonic(), carried: carriedIn(message) }),
    answer: ({ id, message, context }, answer) => {
      const began = begun.get(id);
      // Added while the request was under way: how long it took is not known.
      if (began === undefined) return;
      begun.delete(id);
      const { at, carried } = began;
      const passed = (): string => `${((clock.monotonic() - at) * 1000).toFixed(0)} us`;
      print(
        `${traceLine(router, message, context, answer)}  ${passed()}${context.expired ? '  too late: dropped' : ''}`,
      );
      const tree = (responses: readonly IpmiMessage[]): void => {
        for (const line of branches(router, carried, responses))
          print(responses.length > 0 ? `${line}  ${passed()}` : line);
      };
      if (context.followUp)
        void context.followUp.then((response) => tree(response ? unfolded(response) : []));
      else if (answer[0] === 0 && carried.length > 0)
        tree(answer.length > 1 ? unfolded(answer.subarray(1)) : []);
      else if (answer[0] === 0 && is(GetMessage, message))
        for (const line of branches(router, [], received(answer))) print(line);
    },
    dropped: ({ reason, channel, peer: { address: host, port } }) =>
      print(`channel ${channel}  ${endpointName({ host, port })}  datagram dropped: ${reason}`),
    fault: ({ rule, count, what }) => print(`fault ${rule} (${count})  ${what}`),
  };
}

/** What the trace asks a router. */
type Names = Pick<Router, 'find' | 'claims'>;

const is = (command: Command, { netFn, cmd }: Message | IpmiMessage): boolean =>
  netFn === command.netFn && cmd === command.cmd;

/** The request in a Send Message, and those in it where it is a Send Message itself. */
function encapsulated(bytes: Uint8Array): IpmiMessage[] {
  // A session handle or a broadcast's 00h may come first.
  const message = parseMessage(bytes) ?? parseMessage(bytes, 1);
  if (!message) return [];
  return [message, ...carriedIn(message)];
}

/** The requests that a Send Message or a Master Write-Read carries. */
function carriedIn(message: Message | IpmiMessage): IpmiMessage[] {
  const { data } = message;
  if (is(SendMessage, message) && data.length > 1) return encapsulated(data.slice(1));
  // Bus, address, bytes to read; then what is written. With the address it is a frame, where it is one.
  return is(MasterWriteRead, message) && data.length > 3
    ? encapsulated(Uint8Array.of(data[1], ...data.subarray(3)))
    : [];
}

/** A bridged response, and those that it carries. */
function unfolded(bytes: Uint8Array, start = 0): IpmiMessage[] {
  const message = parseMessage(bytes, start);
  if (!message) return [];
  return [
    message,
    ...(message.cmd === SendMessage.cmd && message.data.length > 1 ? unfolded(message.data, 1) : []),
  ];
}

/** The message that Get Message took from the queue: without the BMC's address, or with a session handle. */
function received(answer: Answer): IpmiMessage[] {
  const data = answer.subarray(2);
  const message = parseMessage(Uint8Array.of(BMC_ADDRESS, ...data)) ?? parseMessage(data, 1);
  return message ? [message] : [];
}

/** One line a level: who was asked, what, and what came back. */
function branches(
  router: Names,
  requests: readonly IpmiMessage[],
  responses: readonly IpmiMessage[],
): string[] {
  return Array.from({ length: Math.max(requests.length, responses.length) }, (_, depth) => {
    const [request, response] = [requests[depth], responses[depth]];
    const { netFn, cmd } = request ?? response;
    const key = { netFn: netFn & ~1, cmd, lun: 0, data: request?.data ?? new Uint8Array(0) };
    const who = request ? request.to : response.netFn % 2 === 1 ? response.from : response.to;
    const asked =
      request || response.netFn % 2 === 1
        ? requestText(router, key, 0, request !== undefined)
        : requestText(router, { ...key, data: response.data }, 0, true);
    const came =
      response && response.netFn % 2 === 1 ? `  ->  ${answerText(router, key, 0, response.data)}` : '';
    return `${'   '.repeat(depth)}└─ ${hex2(who)}h  ${asked}${came}`;
  });
}

function traceLine(router: Names, message: Message, context: Context, answer: Answer): string {
  const { number } = context.channel;
  const who = context.session ? `${context.session.userName || 'null user'}@` : '';
  return `${who}channel ${number}  ${requestText(router, message, number, true)}  ->  ${answerText(router, message, number, answer)}`;
}

/** What was asked, by name, with its values; no secret is in it. */
export function requestText(router: Names, message: Message, channel: number, withData: boolean): string {
  const entry = router.find(message, channel);
  const key = { netFn: message.netFn, cmd: message.cmd, body: bodyOf(message) };
  const maker = oemName(key);
  const name = entry?.handler.name ?? `${keyName(key)} (${maker === undefined ? '' : `${maker}, `}nobody's)`;
  if (!withData) return name;
  const command = entry?.handler.command;
  const values = command
    ? fields(command, command.request, message.data, entry?.prefix.length ?? 0)
    : undeclared(router, message);
  return values ? `${name} ${values}` : name;
}

/** How it ended: the completion code by name, or the values of the answer; no secret is in it. */
export function answerText(router: Names, message: Message, channel: number, answer: Answer): string {
  const entry = router.find(message, channel);
  const command = entry?.handler.command;
  const cc = answer[0];
  if (cc === undefined) return 'no answer';
  if (cc !== 0) return `${completionCodeName(cc, command?.codes)} (${hex2(cc)}h)`;
  const data = command
    ? fields(
        command,
        command.response,
        answer,
        1 + (entry?.prefix.length ?? 0),
        selectorIn(command, message, entry?.prefix.length ?? 0),
      )
    : isSecret(router, message)
      ? `${answer.length - 1} byte(s)`
      : bytes(answer.subarray(1));
  return data || 'ok';
}

/** The parameter that a request is about; undefined: of none, or nobody can tell. */
function selectorIn({ parameters, request }: Command, { data }: Message, start: number): number | undefined {
  if (!parameters) return undefined;
  try {
    return (request.decode(data, start) as { parameter?: number }).parameter;
  } catch {
    return undefined;
  }
}

/** `selector`: the configuration parameter that a response is about, where only its request says so. */
function fields(
  command: Command,
  layout: Layout<Record<string, unknown>>,
  data: Uint8Array,
  start: number,
  selector?: number,
): string {
  let values: Record<string, unknown>;
  try {
    values = layout.decode(data, start);
  } catch {
    // What cannot be decoded may still hold a secret: only its length is shown.
    return `${data.length - start} byte(s)`;
  }
  const { carried, secrets, parameters } = command;
  const parameter = parameters?.bySelector[(values.parameter as number | undefined) ?? selector ?? -1];
  const shown = (name: string, value: unknown): string => {
    if (secrets.includes(name) && typeof value !== 'boolean') return `${name}=...`;
    if (name === 'parameter' && parameter) return `parameter=${parameter.selector} (${parameter.name})`;
    if (!(value instanceof Uint8Array)) return `${name}=${JSON.stringify(value)}`;
    const text =
      name === 'data' && parameter && (value.length > 0 || parameter.secret)
        ? parameterText(parameter, value)
        : undefined;
    return text ?? `${name}=${bytes(value)}`;
  };
  return (
    Object.entries(values)
      // A message for somebody else stands below, decoded: as bytes it would show the secrets that it may
      // hold.
      .filter(([name]) => !carried.includes(name))
      .map(([name, value]) => shown(name, value))
      .join(' ')
  );
}

/**
 * A handler that takes bytes may have taken over a command that carries a secret, or be told of it on one
 * channel.
 */
const undeclared = (router: Names, message: Message): string =>
  isSecret(router, message) ? `${message.data.length} byte(s)` : bytes(message.data);

function isSecret(router: Names, { netFn, cmd }: Message): boolean {
  for (const entry of router.claims()) {
    if (entry.handler.claim.netFn !== netFn || entry.handler.claim.cmd !== cmd) continue;
    for (let layer: Entry | undefined = entry; layer; layer = layer.below) {
      const { command } = layer.handler;
      if (command && isGuarded(command)) return true;
    }
  }
  return false;
}

/** It may carry a secret. */
const isGuarded = ({ secrets, carried, parameters }: Command): boolean =>
  secrets.length + carried.length > 0 || (parameters?.all.some(({ secret }) => secret) ?? false);

const bytes = (data: Uint8Array): string =>
  data.length === 0 ? '' : `[${Array.from(data, hex2).join(' ')}]`;
