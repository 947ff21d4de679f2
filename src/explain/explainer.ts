import { completionCodeName, hex2 } from '../codec/index.ts';
import { setUpText } from '../capture/set-up.ts';
import {
  ActivateSession,
  CloseSession,
  GetChannelAuthenticationCapabilities,
} from '../commands/app/sessions.ts';
import { NetFn, Privilege } from '../commands/command.ts';
import type { Answer, Message } from '../joint/message.ts';
import { answerFields, nameOf, requestFields, type Names } from '../taps/index.ts';
import { AuthType, parse15, PayloadType, rmcpClass, RmcpClass, type IpmiMessage } from '../wire/index.ts';
import type { Candidates } from './candidates.ts';
import { Conversations, type CapturedDatagram, type LogIn, type Seen } from './conversations.ts';
import { LogIn15 } from './log-in-15.ts';
import type { Explained } from './explained.ts';
import { codesText } from './codes-text.ts';
import { aboutLogIn, judge } from './verdict.ts';
import { withoutLogIn } from './without-log-in.ts';

/** A request to be answered by a BMC that nobody else has. */
export type Ask = (message: Message, level: number, isHost: boolean) => Promise<Answer>;

export interface ExplainerParts {
  /** What commands there are, and who answers them: a BMC's router. */
  readonly names: Names;
  /** What a BMC would answer. */
  readonly ask: Ask;
  readonly candidates?: Candidates;
}

const CHANNEL = 1;
const LEVELS = ['no session', 'Callback', 'User', 'Operator', 'Administrator', 'OEM'];
/** Requests of which the answer is awaited, and consoles that are remembered. */
const MOST = 4096;
/** Microseconds in which a console gives up; sequence numbers are used again. */
const REPEATED_WITHIN = 30_000_000;
/** Requests without an answer that are named one by one. */
const MOST_UNANSWERED = 20;

const OF_A_SESSION: ReadonlySet<number> = new Set([ActivateSession.cmd, CloseSession.cmd]);

/** A request, until its answer is seen. */
interface Asked {
  readonly message: Message;
  readonly level: number;
  readonly where: Pick<Explained, 'number' | 'time' | 'direction' | 'console' | 'bmc'>;
  isAnswered: boolean;
  /** Packets that asked the same before, as the console had no answer. */
  readonly before: readonly number[];
}

/** A console that has not begun to log in. */
interface Contact {
  readonly first: CapturedDatagram;
  answer: Uint8Array | undefined;
}

/**
 * Puts messages into words: fields by name, the section, what a BMC would answer and why; and log-ins: at
 * which step they failed, and what differed.
 */
export class Explainer {
  readonly #parts: ExplainerParts;
  readonly #conversations: Conversations;
  readonly #requests = new Map<string, Asked>();
  readonly #contacts = new Map<string, Contact>();
  /** The request that was asked last, by its key. */
  #latest = '';
  /** Datagrams of which the capture has the beginning alone. */
  #cut = 0;

  constructor(parts: ExplainerParts) {
    this.#parts = parts;
    this.#conversations = new Conversations(parts.candidates ?? {});
  }

  /**
   * A datagram of a capture, in its place among the others; `isAlone`: one of which nothing else is known.
   * Undefined: it is none of RMCP.
   */
  async datagram(datagram: CapturedDatagram, isAlone = false): Promise<Explained | undefined> {
    const seen = this.#conversations.take(datagram);
    if (seen === undefined) return undefined;
    const { direction, console, bmc, message } = seen;
    if (datagram.cut !== undefined) this.#cut++;
    const where = { number: datagram.number, time: datagram.time, direction, console, bmc };
    const notes = notesOf(seen);
    if (seen.logIn !== undefined) this.#contacts.delete(`${console} ${bmc}`);
    if (message === undefined) return { ...where, ...bare(seen), says: notes };
    this.#contact(seen, message);
    const level = seen.session?.privilege ?? Privilege.None;
    const key = `${console} ${bmc} ${seen.session?.id ?? 0} ${message.seq} ${message.netFn & ~1} ${message.cmd}`;
    if (message.netFn % 2 === 0) {
      const request = requestOf(message);
      if (isAlone) return { ...where, ...(await this.request(request, false)) };
      const before = this.#repeated(key, request, datagram);
      this.#latest = key;
      this.#requests.delete(key);
      this.#requests.set(key, {
        message: request,
        level,
        where,
        isAnswered: false,
        before: before.numbers,
      });
      forgetOldest(this.#requests);
      return { ...where, ...this.#words(request), says: [...notes, ...before.says] };
    }
    const asked = this.#requests.get(key);
    if (asked !== undefined) asked.isAnswered = true;
    // The privilege is the one that it was asked with: the answer may have changed it.
    const explained = this.#response(message, asked?.message, asked?.level ?? level);
    return { ...where, ...explained, says: [...notes, ...explained.says] };
  }

  /**
   * Whether the console asks the same again, as it does where no answer came: with the same sequence number
   * of the message, in a datagram of its own. These numbers begin anew after 64 requests.
   */
  #repeated(
    key: string,
    { lun, data }: Message,
    { time }: CapturedDatagram,
  ): { readonly numbers: readonly number[]; readonly says: readonly string[] } {
    const before = this.#requests.get(key);
    const { where, message, isAnswered } = before ?? {};
    const isSame = message?.lun === lun && Buffer.compare(message.data, data) === 0;
    const isLater = time - (where?.time ?? time) > REPEATED_WITHIN;
    if (!isSame || isLater || (isAnswered === true && this.#latest !== key)) return { numbers: [], says: [] };
    const numbers = [...(before?.before ?? []), where?.number ?? 0];
    const why =
      isAnswered === true ? 'the answer to that did not reach it' : 'no answer to that has come yet';
    return { numbers, says: [`a retry of packet ${numbers[0]}: ${why}`] };
  }

  /** A request that came without a session: what it is, and what a BMC answers to whom may send it. */
  async request(message: Message, isHost: boolean): Promise<Explained> {
    const { names } = this.#parts;
    const entry = names.find(message, CHANNEL);
    const who =
      entry === undefined
        ? "nobody's: no handler of ours claims it"
        : `answered by ${entry.owner}; ${needs(entry.systemInterfaceOnly, entry.handler.privilege)}`;
    const isLocal = isHost || entry?.systemInterfaceOnly === true;
    return {
      ...this.#words(message),
      says: [who, ...(await this.#answered(message, Privilege.Administrator, isLocal))],
    };
  }

  /** A response that came alone, or behind its request. */
  response(message: IpmiMessage, request?: Message): Explained {
    return this.#response(message, request, Privilege.Administrator);
  }

  /** A log-in that was put together from something else than datagrams. */
  logIn(logIn: LogIn): Explained {
    return logInExplained(logIn);
  }

  /**
   * Requests without an answer; each log-in that was seen, in order; consoles that did not even begin one.
   */
  async end(): Promise<Explained[]> {
    const unanswered: Explained[] = [];
    for (const { message, level, where, isAnswered, before } of this.#requests.values()) {
      if (isAnswered || unanswered.length >= MOST_UNANSWERED) continue;
      // What they say of a session, no other one can be asked.
      const would = OF_A_SESSION.has(message.cmd) ? [] : await this.#answered(message, level, false);
      const missing = this.#cut === 0 ? '' : `, in which ${this.#cut} datagram(s) are cut`;
      const times = before.length === 0 ? '' : `, asked ${before.length + 1} times`;
      const says = [`no answer in the capture${missing}${times}`, ...would];
      unanswered.push({ ...where, ...this.#words(message), says });
    }
    const logIns = this.#conversations.logIns.map(logInExplained);
    // Of one that is cut nobody knows what it was.
    const contacts = this.#cut > 0 ? [] : [...this.#contacts];
    const silent = contacts.map(([pair, { first, answer }]) => {
      const [console, bmc] = pair.split(' ');
      return withoutLogIn(console, bmc, first, answer);
    });
    const found = [...logIns, ...silent].sort((a, b) => (a.number ?? 0) - (b.number ?? 0));
    return [...unanswered, ...found];
  }

  #words(message: Message): Omit<Explained, 'says'> {
    const { names } = this.#parts;
    return {
      kind: 'request',
      name: nameOf(names, message, CHANNEL),
      section: names.find(message, CHANNEL)?.handler.command?.spec,
      fields: requestFields(names, message, CHANNEL),
    };
  }

  /** What a BMC answers, and why. */
  async #answered(message: Message, level: number, isHost: boolean): Promise<string[]> {
    const { names, ask } = this.#parts;
    const answer = await ask(message, level, isHost);
    const [cc] = answer;
    if (cc === undefined) return ['a BMC does not answer it'];
    const values = answerFields(names, message, CHANNEL, answer)
      .map(([name, value]) => (name === '' ? value : `${name}=${value}`))
      .join(' ');
    const own = names.find(message, CHANNEL)?.handler.command?.codes;
    return [
      `a BMC answers ${hex2(cc)}h, ${completionCodeName(cc, own)}${values ? `: ${values}` : ''}`,
      ...this.#why(message, cc, level),
    ];
  }

  #response(
    { netFn, cmd, toLun: lun, data }: IpmiMessage,
    request: Message | undefined,
    level: number,
  ): Explained {
    const { names } = this.#parts;
    const asked = request ?? { netFn: netFn & ~1, cmd, lun, data: data.subarray(1) };
    const [cc = 0xff] = data;
    const command = names.find(asked, CHANNEL)?.handler.command;
    return {
      kind: 'response',
      name: nameOf(names, asked, CHANNEL),
      section: command?.spec,
      cc,
      fields: data.length > 1 ? answerFields(names, asked, CHANNEL, data) : [],
      says:
        cc === 0
          ? []
          : [`${completionCodeName(cc, command?.codes)} (${hex2(cc)}h)`, ...this.#why(request, cc, level)],
    };
  }

  /** What mostly is behind a completion code, with what can be seen of the request. */
  #why(request: Message | undefined, cc: number, level: number): string[] {
    if (request === undefined) return [];
    const entry = this.#parts.names.find(request, CHANNEL);
    const command = entry?.handler.command;
    const length = request.data.length - (entry?.prefix.length ?? 0);
    if (cc === 0xd4 && entry !== undefined)
      return [
        `${needs(entry.systemInterfaceOnly, entry.handler.privilege)}, and was asked with ${levelOf(level)}`,
      ];
    if ((cc === 0xc7 || cc === 0xc6 || cc === 0xc8) && command !== undefined) {
      const { min, max } = command.request;
      const wanted = min === max ? `${min}` : max === Infinity ? `${min} or more` : `${min} to ${max}`;
      return [`it has ${length} byte(s) of data, ${command.name} takes ${wanted}`];
    }
    if (cc === 0xc1 && entry !== undefined) return ['ours serves it; this BMC does not'];
    return [];
  }

  #contact({ datagram, console, bmc }: Seen, { netFn, cmd, data }: IpmiMessage): void {
    const { cmd: asking } = GetChannelAuthenticationCapabilities;
    if (cmd !== asking || (netFn & ~1) !== NetFn.App) return;
    const key = `${console} ${bmc}`;
    const known = this.#contacts.get(key);
    if (netFn % 2 === 1) {
      if (known !== undefined) known.answer ??= data.slice();
    } else if (known === undefined) {
      this.#contacts.set(key, { first: datagram, answer: undefined });
      forgetOldest(this.#contacts);
    }
  }
}

/** What there is to say of a datagram besides what is in it. */
function notesOf({ problem, isAuthentic, logIn, datagram }: Seen): string[] {
  const notes: string[] = [];
  if (problem !== '') notes.push(problem);
  if (isAuthentic === false)
    notes.push(
      logIn instanceof LogIn15 || datagram.bytes[4] !== AuthType.RmcpPlus
        ? 'its code is not of a password given'
        : 'its signature is not of the keys of its session',
    );
  return notes;
}

/** What is no message. */
function bare({ what, type, payload, datagram, direction }: Seen): Omit<Explained, 'says'> {
  if (what === 'ping or pong')
    return {
      kind: 'ping',
      name: `RMCP presence ${direction === 'in' ? 'ping' : 'pong'}`,
      section: 'IPMI 2.0 §13.2.4',
    };
  if (what === 'set-up' && payload !== undefined) {
    const [text = '', section] = (setUpText(type, payload) ?? '').split('\n');
    return { kind: 'set-up', name: text, section };
  }
  if (what === 'payload') {
    const name =
      type === PayloadType.Sol
        ? `SOL${payload === undefined ? '' : `, ${Math.max(payload.length - 4, 0)} character(s)`}`
        : `payload type ${type}`;
    return { kind: 'payload', name, section: type === PayloadType.Sol ? 'IPMI 2.0 §15.9' : undefined };
  }
  const isEncrypted = what === 'message' && payload === undefined;
  return {
    kind: 'unreadable',
    name: isEncrypted ? 'a message, encrypted' : `${datagram.bytes.length} bytes`,
  };
}

const requestOf = ({ netFn, toLun: lun, cmd, data }: IpmiMessage): Message => ({
  netFn,
  lun,
  cmd,
  data: data.slice(),
});

const levelOf = (level: number): string => LEVELS[level] ?? `level ${level}`;
const needs = (isHostOnly: boolean, level: number): string =>
  isHostOnly
    ? 'for system interfaces alone'
    : level === Privilege.None
      ? 'needs no session'
      : `needs ${levelOf(level)}`;

function logInExplained(logIn: LogIn): Explained {
  const { first, console, bmc } = logIn;
  const verdict = judge(logIn);
  return {
    kind: 'log-in',
    number: first?.number,
    time: first?.time,
    console,
    bmc,
    name: aboutLogIn(logIn),
    verdict,
    says: codesText(logIn),
  };
}

function forgetOldest(map: Map<string, unknown>): void {
  if (map.size <= MOST) return;
  for (const [oldest] of map) return void map.delete(oldest);
}

/** What a datagram without a capture around it is: one of RMCP at all. */
export const isRmcp = (bytes: Uint8Array): boolean => {
  const cls = rmcpClass(bytes);
  if (cls === RmcpClass.Asf) return bytes.length >= 12;
  if (cls !== RmcpClass.Ipmi || bytes.length < 14) return false;
  return bytes[4] === AuthType.RmcpPlus || parse15(bytes) !== undefined;
};
