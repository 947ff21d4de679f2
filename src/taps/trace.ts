import { hex2 } from '../codec/index.ts';
import { MasterWriteRead, SendMessage } from '../commands/app/bridging.ts';
import { GetMessage } from '../commands/app/global.ts';
import type { Command } from '../commands/command.ts';
import { BMC_ADDRESS, parseMessage, type IpmiMessage } from '../wire/message.ts';
import type { Answer, Message } from '../joint/message.ts';
import type { Timers } from '../joint/timers.ts';
import { endpointName } from '../world/world.ts';
import { answerText, nameOf, requestText, type Names } from './message-text.ts';
import type { Asked, Tap } from './tap.ts';

interface Begun {
  /** Monotonic milliseconds. */
  readonly at: number;
  /**
   * The requests that it carries for others. Copied: the tree may be printed when the request's bytes are
   * somebody else's.
   */
  readonly carried: readonly IpmiMessage[];
  /** Rules of faults that did something to it. */
  readonly faults: string[];
}

/** A request and its answer, without a secret. */
export interface TracedRequest {
  readonly kind: 'request';
  /** Monotonic milliseconds, of its arrival. */
  readonly at: number;
  /** What log, audit and events call it. */
  readonly id: number;
  readonly channel: number;
  /** Of the session, empty for the null user; undefined outside of any. */
  readonly user: string | undefined;
  /** The level that it had, 0..5. */
  readonly privilege: number;
  /** As the interface names it: address and port, `20h`; empty where it has no name for anybody. */
  readonly peer: string;
  readonly netFn: number;
  readonly lun: number;
  readonly cmd: number;
  readonly name: string;
  /** The name with its values. */
  readonly request: string;
  /** Undefined: no answer was given. */
  readonly cc: number | undefined;
  /** The completion code by name, or the values of the answer. */
  readonly answer: string;
  /** Of the handler; undefined: nobody's command. */
  readonly owner: string | undefined;
  readonly microseconds: number;
  /** The deadline had passed: nobody got the answer. */
  readonly late: boolean;
  readonly faults: readonly string[];
}

/** What a request carried for others, or took from a queue: a line a level, as a tree. */
export interface TracedTree {
  readonly kind: 'carried';
  readonly at: number;
  /** Of the request. */
  readonly id: number;
  readonly lines: readonly string[];
}

/** A datagram that got no answer. */
export interface TracedDrop {
  readonly kind: 'dropped';
  readonly at: number;
  readonly channel: number;
  readonly peer: string;
  readonly reason: string;
}

/** A rule of faults did what it says. */
export interface TracedFault {
  readonly kind: 'fault';
  readonly at: number;
  readonly rule: string;
  readonly count: number;
  readonly what: string;
}

export type Traced = TracedRequest | TracedTree | TracedDrop | TracedFault;

/** Requests under way of which the answer is awaited; more are forgotten, the oldest first. */
const AWAITED = 4096;

/**
 * A tap that says of each message who sent it, what it was, and how it ended, and of each datagram without an
 * answer, why; what a message carries for others stands below it as a tree. No secret is in any line.
 */
export const trace = (router: Names, clock: Timers, print: (line: string) => void): Tap =>
  traced(router, clock, (entry) => {
    for (const line of traceLines(entry)) print(line);
  });

/** The same as values, for who filters or writes it otherwise. */
export function traced(router: Names, clock: Timers, tell: (entry: Traced) => void): Tap {
  const begun = new Map<number, Begun>();
  let latest: number | undefined;
  // Of what stands before the taps: it is said of the request that comes next.
  let early: string[] = [];
  return {
    message({ id, message }) {
      begun.set(id, { at: clock.monotonic(), carried: carriedIn(message), faults: early });
      early = [];
      latest = id;
      if (begun.size > AWAITED) forgetOldest(begun);
    },
    answer({ id, message, context }, answer) {
      const began = begun.get(id);
      // Added while the request was under way: how long it took is not known.
      if (began === undefined) return;
      begun.delete(id);
      const { at, carried } = began;
      tell(tracedRequest(router, { id, message, context }, answer, began, clock.monotonic()));
      const tree = (responses: readonly IpmiMessage[], isTimed: boolean): void => {
        const now = clock.monotonic();
        const took = responses.length > 0 && isTimed ? `  ${microseconds(at, now)} us` : '';
        const lines = branches(router, carried, responses).map((line) => `${line}${took}`);
        if (lines.length > 0) tell({ kind: 'carried', at: now, id, lines });
      };
      if (context.followUp)
        void context.followUp.then((response) => tree(response ? unfolded(response) : [], true));
      else if (answer[0] === 0 && carried.length > 0)
        tree(answer.length > 1 ? unfolded(answer.subarray(1)) : [], true);
      else if (answer[0] === 0 && is(GetMessage, message)) tree(received(answer), false);
    },
    dropped({ reason, channel, peer: { address: host, port } }) {
      const peer = endpointName({ host, port });
      tell({ kind: 'dropped', at: clock.monotonic(), channel, peer, reason });
    },
    fault({ rule, count, what: effect, layer }) {
      if (layer === 'command')
        ((latest === undefined ? undefined : begun.get(latest))?.faults ?? early).push(rule);
      tell({ kind: 'fault', at: clock.monotonic(), rule, count, what: effect });
    },
  };
}

/** What is traced as text: mostly one line. */
export function traceLines(entry: Traced): readonly string[] {
  switch (entry.kind) {
    case 'request': {
      const who = entry.user === undefined ? '' : `${entry.user || 'null user'}@`;
      const late = entry.late ? '  too late: dropped' : '';
      return [
        `${who}channel ${entry.channel}  ${entry.request}  ->  ${entry.answer}  ${entry.microseconds} us${late}`,
      ];
    }
    case 'carried':
      return entry.lines;
    case 'dropped':
      return [`channel ${entry.channel}  ${entry.peer}  datagram dropped: ${entry.reason}`];
    default:
      return [`fault ${entry.rule} (${entry.count})  ${entry.what}`];
  }
}

/**
 * A request and its answer; `at` and `now`: when it came, and when it was answered, monotonic milliseconds.
 */
export function tracedRequest(
  router: Names,
  { id, message, context }: Pick<Asked, 'id' | 'message' | 'context'>,
  answer: Answer,
  { at, faults }: Pick<TracedRequest, 'at' | 'faults'>,
  now: number,
): TracedRequest {
  const { netFn, lun, cmd } = message;
  const { number } = context.channel;
  return {
    kind: 'request',
    at,
    id,
    channel: number,
    user: context.session?.userName,
    privilege: context.privilege,
    peer: context.requester,
    netFn,
    lun,
    cmd,
    name: nameOf(router, message, number),
    request: requestText(router, message, number, true),
    cc: answer[0],
    answer: answerText(router, message, number, answer),
    owner: router.find(message, number)?.owner,
    microseconds: microseconds(at, now),
    late: context.expired,
    faults,
  };
}

const microseconds = (from: number, to: number): number => Math.round((to - from) * 1000);

function forgetOldest(begun: Map<number, Begun>): void {
  for (const [oldest] of begun) return void begun.delete(oldest);
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
