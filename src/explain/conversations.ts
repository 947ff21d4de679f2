import { ActivateSession, GetSessionChallenge, SetSessionPrivilegeLevel } from '../commands/app/sessions.ts';
import { RMCP_PORT } from '../capture/carriers.ts';
import { NetFn, Privilege } from '../commands/command.ts';
import {
  AuthType,
  parse15,
  parse20,
  parseMessage,
  isSetUpPayload,
  PayloadType,
  rmcpClass,
  RmcpClass,
  type IpmiMessage,
} from '../wire/index.ts';
import { endpointName, type Endpoint } from '../world/world.ts';
import type { Candidates } from './candidates.ts';
import { LogIn15 } from './log-in-15.ts';
import { LogIn20, type Step } from './log-in-20.ts';

export type LogIn = LogIn15 | LogIn20;

/** A datagram of a capture. */
export interface CapturedDatagram {
  /** Of the packet in the file, as Wireshark counts. */
  readonly number: number;
  /** Microseconds since 1970. */
  readonly time: number;
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly bytes: Uint8Array;
  /** Bytes of it that the capture has not kept; default 0. */
  readonly cut?: number;
  /**
   * Name of the BMC that it came to or went from, where the capture tells: one of ours of several BMCs, which
   * all have the same port in it.
   */
  readonly owner?: string;
}

/** What its ends are called: a BMC by its name if that is told, else address and port. */
export function endsOf({ from, to, owner }: CapturedDatagram): readonly [source: string, target: string] {
  const source = endpointName(from);
  const target = endpointName(to);
  if (owner === undefined || (from.port === RMCP_PORT) === (to.port === RMCP_PORT)) return [source, target];
  return from.port === RMCP_PORT ? [owner, target] : [source, owner];
}

/** A session as its packets show it. */
export interface WatchedSession {
  readonly logIn: LogIn;
  /** The BMC's id. */
  readonly id: number;
  /** The user's name, empty for the null user. */
  readonly user: string;
  /** As Set Session Privilege Level has left it. */
  privilege: number;
}

/** What a datagram turned out to be. */
export interface Seen {
  readonly datagram: CapturedDatagram;
  readonly direction: 'in' | 'out';
  readonly bmc: string;
  readonly console: string;
  readonly what: 'ping or pong' | 'set-up' | 'message' | 'payload' | 'unreadable';
  readonly logIn: LogIn | undefined;
  readonly session: WatchedSession | undefined;
  /** Payload type of RMCP+, 0 for a message of IPMI 1.5. */
  readonly type: number;
  /** In the clear; undefined: no candidate opens it. */
  readonly payload: Uint8Array | undefined;
  readonly message: IpmiMessage | undefined;
  /** Undefined: it has no signature, or nothing tells. */
  readonly isAuthentic: boolean | undefined;
  /** Why it is unreadable, or what is odd about it; else empty. */
  readonly problem: string;
}

/** Log-ins and sessions that are kept; of more the oldest are forgotten. */
const MOST = 4096;
const RMCP_VERSION = 6;

/**
 * Reads datagrams in their order: finds log-ins and sessions, opens with the candidates what is encrypted,
 * and says of each what it is. What it keeps is bounded.
 */
export class Conversations {
  readonly #candidates: Candidates;
  /** By console and BMC: the log-in under way. */
  readonly #underWay = new Map<string, LogIn>();
  /** By who receives and the session's id of that side; of a console, by its BMC too. */
  readonly #sessions = new Map<string, WatchedSession>();
  readonly #logIns: LogIn[] = [];
  readonly #consoles = new Set<string>();

  constructor(candidates: Candidates) {
    this.#candidates = candidates;
  }

  /** In the order in which they began. */
  get logIns(): readonly LogIn[] {
    return this.#logIns;
  }

  /** Undefined: it is none of RMCP. */
  take(datagram: CapturedDatagram): Seen | undefined {
    const { bytes } = datagram;
    if (bytes[0] !== RMCP_VERSION || bytes.length < 4) return undefined;
    const [source, target] = endsOf(datagram);
    const cls = rmcpClass(bytes);
    if (cls === RmcpClass.Asf) {
      const isPong = bytes[8] === 0x40;
      return this.#seen(datagram, isPong ? 'out' : 'in', { what: 'ping or pong' });
    }
    if (cls !== RmcpClass.Ipmi) return undefined;
    if (bytes[4] !== AuthType.RmcpPlus) return this.#session15(datagram, source, target);
    const packet = parse20(bytes);
    if (packet === undefined)
      return this.#unreadable(datagram, `RMCP+ of ${bytes.length} bytes whose lengths do not fit`);
    const { payloadType, sessionId } = packet;
    if (isSetUpPayload(payloadType))
      return this.#setUp(datagram, payloadType, bytes.slice(packet.start, packet.end), source, target);
    if (sessionId === 0) {
      const payload = bytes.slice(packet.start, packet.end);
      return payloadType === PayloadType.Ipmi
        ? this.#outside(datagram, payload, source, target)
        : this.#unreadable(datagram, `payload type ${payloadType} outside of a session`);
    }
    const session =
      this.#sessions.get(keyOf(target, sessionId)) ??
      this.#sessions.get(keyOf(`${target} ${source}`, sessionId));
    if (session === undefined || !(session.logIn instanceof LogIn20))
      return this.#seen(datagram, this.#guess(datagram), {
        what: payloadType === PayloadType.Ipmi ? 'message' : 'payload',
        type: payloadType,
        payload: packet.encrypted ? undefined : bytes.slice(packet.start, packet.end),
        problem: `a session that began before the capture, or that is not there (id ${sessionId.toString(16)}h)`,
      });
    const direction = target === session.logIn.bmc ? 'in' : 'out';
    session.logIn.packets[direction]++;
    const { payload, isAuthentic } = session.logIn.open(bytes, packet);
    if (isAuthentic === false) session.logIn.packets.unauthentic++;
    return this.#inside(datagram, direction, session, payloadType, payload, isAuthentic);
  }

  #setUp(
    datagram: CapturedDatagram,
    type: number,
    payload: Uint8Array,
    source: string,
    target: string,
  ): Seen {
    // Requests have even types, answers odd ones.
    const direction = type % 2 === 0 ? 'in' : 'out';
    const [console, bmc] = direction === 'in' ? [source, target] : [target, source];
    const key = `${console} ${bmc}`;
    const hasStatus = type !== PayloadType.OpenSessionRequest && type !== PayloadType.Rakp1;
    const step: Step = {
      number: datagram.number,
      time: datagram.time,
      payload,
      status: hasStatus ? payload[1] : undefined,
    };
    let logIn = this.#underWay.get(key);
    if (!(logIn instanceof LogIn20) || !logIn.take(type, step)) {
      logIn = new LogIn20(console, bmc, this.#candidates);
      logIn.take(type, step);
      this.#begin(key, logIn);
    }
    // RAKP 4 may be missing in the file.
    const mayOpen = type === PayloadType.Rakp3 || type === PayloadType.Rakp4;
    if (mayOpen && step.status === 0) this.#opened20(logIn);
    return this.#seen(datagram, direction, { what: 'set-up', logIn, type, payload });
  }

  #opened20(logIn: LogIn20): void {
    const { response, identity } = logIn;
    if (response === undefined) return;
    if (this.#sessions.get(keyOf(logIn.bmc, response.bmcId))?.logIn === logIn) return;
    const session: WatchedSession = {
      logIn,
      id: response.bmcId,
      user: nameText(identity?.name),
      privilege: Math.min(identity?.role ?? Privilege.User, Privilege.User),
    };
    this.#put(keyOf(logIn.bmc, response.bmcId), session);
    // Consoles that ask many BMCs from one port may have one id for all.
    this.#put(keyOf(`${logIn.console} ${logIn.bmc}`, response.consoleId), session);
  }

  #session15(datagram: CapturedDatagram, source: string, target: string): Seen {
    const { bytes } = datagram;
    const packet = parse15(bytes);
    if (packet === undefined)
      return this.#unreadable(datagram, `IPMI 1.5 of ${bytes.length} bytes whose lengths do not fit`);
    const payload = bytes.slice(packet.start, packet.end);
    if (packet.sessionId === 0) return this.#outside(datagram, payload, source, target);
    const session =
      this.#sessions.get(keyOf(target, packet.sessionId)) ??
      this.#sessions.get(keyOf(source, packet.sessionId));
    if (session === undefined || !(session.logIn instanceof LogIn15)) {
      const message = parseMessage(payload);
      const logIn = this.#underWay.get(`${source} ${target}`) ?? this.#underWay.get(`${target} ${source}`);
      if (message?.cmd === ActivateSession.cmd && logIn instanceof LogIn15) {
        const finding = logIn.check(bytes, packet);
        const direction = message.netFn % 2 === 0 ? 'in' : 'out';
        const step: Step = { number: datagram.number, time: datagram.time, payload, status: undefined };
        if (direction === 'in') {
          logIn.asked(message, step);
          // What it signed is looked at again, now that it is known whether the challenge is there.
          logIn.code = finding.isRight === false ? logIn.check(bytes, packet) : finding;
        } else {
          logIn.answered(message, step);
          this.#opened15(logIn);
        }
        const isAuthentic = direction === 'in' ? logIn.code?.isRight : finding.isRight;
        return this.#seen(datagram, direction, { what: 'message', logIn, payload, message, isAuthentic });
      }
      return this.#seen(datagram, this.#guess(datagram, message), {
        what: 'message',
        payload,
        message,
        problem: message
          ? `a session that began before the capture, or that is not there (id ${packet.sessionId.toString(16)}h)`
          : 'no message: its checksums are wrong',
      });
    }
    const direction = target === session.logIn.bmc ? 'in' : 'out';
    session.logIn.packets[direction]++;
    const { isRight } = session.logIn.check(bytes, packet);
    if (isRight === false) session.logIn.packets.unauthentic++;
    return this.#inside(datagram, direction, session, PayloadType.Ipmi, payload, isRight);
  }

  #opened15(logIn: LogIn15): void {
    if (logIn.sessionId === undefined) return;
    this.#put(keyOf(logIn.bmc, logIn.sessionId), {
      logIn,
      id: logIn.sessionId,
      user: nameText(logIn.name),
      privilege: Math.min(logIn.maxPrivilege || Privilege.User, Privilege.User),
    });
  }

  /** Messages outside of any session: what a BMC tells anybody, and the challenge of IPMI 1.5. */
  #outside(datagram: CapturedDatagram, payload: Uint8Array, source: string, target: string): Seen {
    const message = parseMessage(payload);
    if (message === undefined) return this.#unreadable(datagram, 'no message: its checksums are wrong');
    const direction = message.netFn % 2 === 0 ? 'in' : 'out';
    const [console, bmc] = direction === 'in' ? [source, target] : [target, source];
    const key = `${console} ${bmc}`;
    let logIn: LogIn | undefined;
    if (message.cmd === GetSessionChallenge.cmd && (message.netFn & ~1) === NetFn.App) {
      const step: Step = { number: datagram.number, time: datagram.time, payload, status: undefined };
      logIn = this.#underWay.get(key);
      const isNext =
        !(logIn instanceof LogIn15) || (direction === 'in' && logIn.challenge.answer !== undefined);
      if (isNext) {
        logIn = new LogIn15(console, bmc, this.#candidates);
        this.#begin(key, logIn);
      }
      if (logIn instanceof LogIn15) {
        if (direction === 'in') logIn.asked(message, step);
        else logIn.answered(message, step);
      }
    }
    return this.#seen(datagram, direction, { what: 'message', logIn, payload, message });
  }

  #inside(
    datagram: CapturedDatagram,
    direction: 'in' | 'out',
    session: WatchedSession,
    type: number,
    payload: Uint8Array | undefined,
    isAuthentic: boolean | undefined,
  ): Seen {
    const isMessage = type === PayloadType.Ipmi;
    const message = isMessage && payload !== undefined ? parseMessage(payload) : undefined;
    if (message !== undefined) trackPrivilege(session, message);
    const problem =
      payload === undefined
        ? 'encrypted, and no candidate opens it'
        : isMessage && message === undefined
          ? 'no message: its checksums are wrong'
          : '';
    return this.#seen(datagram, direction, {
      what: isMessage ? 'message' : 'payload',
      logIn: session.logIn,
      session,
      type,
      payload,
      message,
      isAuthentic,
      problem,
    });
  }

  #unreadable(datagram: CapturedDatagram, problem: string): Seen {
    const { cut = 0, bytes } = datagram;
    const why = cut === 0 ? problem : `the capture has ${bytes.length} of its ${bytes.length + cut} bytes`;
    return this.#seen(datagram, this.#guess(datagram), { what: 'unreadable', problem: why });
  }

  #seen(
    datagram: CapturedDatagram,
    direction: 'in' | 'out',
    rest: Pick<Seen, 'what'> & Partial<Omit<Seen, 'datagram' | 'direction' | 'bmc' | 'console'>>,
  ): Seen {
    const [source, target] = endsOf(datagram);
    const [console, bmc] = direction === 'in' ? [source, target] : [target, source];
    if (this.#consoles.size < MOST) this.#consoles.add(console);
    return {
      datagram,
      direction,
      bmc,
      console,
      logIn: undefined,
      session: undefined,
      type: 0,
      payload: undefined,
      message: undefined,
      isAuthentic: undefined,
      problem: '',
      ...rest,
    };
  }

  /** Which way a datagram goes that does not say it. */
  #guess({ from, to }: CapturedDatagram, message?: IpmiMessage): 'in' | 'out' {
    if (message !== undefined) return message.netFn % 2 === 0 ? 'in' : 'out';
    if (this.#consoles.has(endpointName(to))) return 'out';
    return to.port <= from.port ? 'in' : 'out';
  }

  #begin(key: string, logIn: LogIn): void {
    this.#underWay.delete(key);
    this.#underWay.set(key, logIn);
    forgetOldest(this.#underWay);
    this.#logIns.push(logIn);
    if (this.#logIns.length > MOST) this.#logIns.shift();
  }

  #put(key: string, session: WatchedSession): void {
    this.#sessions.delete(key);
    this.#sessions.set(key, session);
    forgetOldest(this.#sessions);
  }
}

const keyOf = (receiver: string, id: number): string => `${receiver} ${id}`;

/** Set Session Privilege Level was answered: the session has the level that the answer says. */
function trackPrivilege(session: WatchedSession, { netFn, cmd, data }: IpmiMessage): void {
  if (netFn === (NetFn.App | 1) && cmd === SetSessionPrivilegeLevel.cmd && data[0] === 0 && data.length > 1)
    session.privilege = data[1] & 0x0f;
}

export const nameText = (name: Uint8Array | undefined): string => new TextDecoder().decode(name);

function forgetOldest(map: Map<string, unknown>): void {
  if (map.size <= MOST) return;
  for (const [oldest] of map) return void map.delete(oldest);
}
