import { hex2 } from '../codec/index.ts';
import { MasterWriteRead, SendMessage } from '../commands/app/bridging.ts';
import { GetMessage } from '../commands/app/global.ts';
import type { Command } from '../commands/command.ts';
import { BMC_ADDRESS, parseMessage, type IpmiMessage } from '../wire/message.ts';
import type { Answer, Context, Message } from '../joint/message.ts';
import type { Timers } from '../joint/timers.ts';
import { endpointName } from '../world/world.ts';
import { answerText, requestText, type Names } from './message-text.ts';
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
