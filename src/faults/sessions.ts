import { latin1 } from '../codec/index.ts';
import { ActivateSession } from '../commands/app/sessions.ts';
import type { SessionView } from '../joint/message.ts';
import type { Payload, SealedOtherwise, SetUpPayload, SetUpWrapper } from '../taps/index.ts';
import { AuthType, PayloadType, RakpStatus, Refusal } from '../wire/index.ts';
import { refuse, type Answer, type Context, type Message } from '../router/index.ts';
import type { Armed } from './armed.ts';
import { payloadOf } from './datagrams.ts';
import { SessionEnds, type SessionSurroundings } from './session-ends.ts';
import { hasData, isAbout, isPassing, RulesByUser, type Passing } from './fitting.ts';
import type { FaultEffect, FaultWhen } from './rule.ts';

const SEALED: readonly (keyof FaultEffect)[] = ['integrity', 'checksum', 'sequence', 'sessionId', 'padding'];
/** Log-ins whose consoles' session ids are known at once. */
const CONSOLES = 64;
/** Beyond every window of numbers (IPMI 2.0 §6.12.13). */
const FAR = 1000;
/** Of an RMCP+ packet (IPMI 2.0 table 13-8): flags with the payload type, its length, where it begins. */
const RMCP_PLUS = { type: 5, length: 14, payload: 16, authenticated: 0x40 } as const;
/** Of an IPMI 1.5 packet: authentication type, and its code of 16 bytes. */
const IPMI_15 = { type: 4, code: 13, codeLength: 16 } as const;

/** Answers of the BMC with this many bytes of the packet after the header can be known for their command. */
const RESPONSE_HEADER = 7;

const STEPS: Readonly<Record<number, NonNullable<FaultWhen['step']>>> = {
  [PayloadType.OpenSessionRequest]: 'open-session',
  [PayloadType.Rakp1]: 'rakp-1',
  [PayloadType.Rakp3]: 'rakp-3',
};

/** What goes wrong with the sessions of a BMC, on its LAN channels. */
export class SessionFaults {
  readonly #surroundings: SessionSurroundings;
  #sealed: readonly Armed[] = [];
  /** Those of a payload type and a user, filled as they come. */
  readonly #byType = new Map<number, RulesByUser>();
  #setUp: readonly Armed[] = [];
  #requests: readonly Armed[] = [];
  #undo: (() => void)[] = [];
  /** The number that is repeated, by session. */
  readonly #repeated = new WeakMap<SessionView, number>();
  /** Each log-in under way, by the BMC's id. */
  readonly #consoles = new Map<number, LogIn>();
  readonly #ends: SessionEnds;

  constructor(surroundings: SessionSurroundings) {
    this.#surroundings = surroundings;
    this.#ends = new SessionEnds(surroundings, (rule, session) =>
      isPassing(rule, () => this.passing({ channel: session.channel, session })),
    );
  }

  put(rules: readonly Armed[]): void {
    const { taps } = this.#surroundings.bmc;
    this.#sealed = rules.filter(({ then }) => SEALED.some((key) => then[key] !== undefined));
    this.#setUp = rules.filter(({ then }) => then.logIn !== undefined || then.sessions !== undefined);
    this.#requests = rules.filter(({ then }) => then.endSession !== undefined || then.sessions !== undefined);
    this.#byType.clear();
    this.#ends.put(rules);
    for (const undo of this.#undo.splice(0)) undo();
    if (this.#sealed.length > 0)
      this.#undo.push(taps.tamper(this.#tamper, (type, session) => this.#about(type, session).length > 0));
    if (this.#setUp.length > 0) this.#undo.push(taps.wrapSetUp(this.#step));
    else this.#consoles.clear();
  }

  /** Some of them wait for requests. */
  get wantRequests(): boolean {
    return this.#requests.length > 0;
  }

  /** An answer in place of the BMC's; undefined: nothing of the session is wrong. */
  request(message: Message, context: Context): Answer | undefined {
    const { bmc } = this.#surroundings;
    for (const rule of this.#requests) {
      if (!isAbout(rule, message) || !hasData(rule, message)) continue;
      if (!isPassing(rule, () => this.passing(context))) continue;
      const { endSession, sessions } = rule.then;
      if (sessions !== undefined) {
        const isActivation = message.netFn === ActivateSession.netFn && message.cmd === ActivateSession.cmd;
        if (!isActivation || bmc.sessions.active.length < sessions || !rule.strikes()) continue;
        this.#surroundings.hit(rule, `Activate Session refused: ${sessions} sessions are all there are`);
        return refuse(message, NO_SLOT);
      }
      const session =
        context.session && endSession ? bmc.sessions.byHandle(context.session.handle) : undefined;
      if (session === undefined || !this.#ends.isTooMany(rule, session) || !rule.strikes()) continue;
      this.#surroundings.hit(rule, `session of ${session.userName} ended`);
      bmc.sessions.close(session, 'reset');
      return new Uint8Array(0);
    }
    return undefined;
  }

  passing({ channel, session }: Pick<Context, 'channel' | 'session'>): Passing {
    const { bmc } = this.#surroundings;
    const began = session && bmc.sessions.byHandle(session.handle)?.began;
    const age = began === undefined ? undefined : bmc.setup.clock.monotonic() - began;
    return { channel, user: session?.userName, age, isOn: bmc.chassis.isOn };
  }

  readonly #tamper = (
    sealed: Uint8Array,
    payload: Payload,
    reseal: (otherwise: SealedOtherwise) => Uint8Array,
  ): Uint8Array => {
    for (const rule of this.#about(payload.type, payload.session)) {
      if (!answers(rule, payload) || !isPassing(rule, () => this.passing(payload))) continue;
      if (!rule.strikes()) continue;
      this.#surroundings.hit(
        rule,
        SEALED.filter((key) => rule.then[key] !== undefined)
          .map((key) => `${key} ${JSON.stringify(rule.then[key])}`)
          .join(', '),
      );
      return spoilt(rule.then, sealed, payload, this.#numberOf(rule.then.sequence, payload), reseal);
    }
    if (payload.session !== undefined) this.#repeated.delete(payload.session);
    return sealed;
  };

  #about(type: number, session: SessionView | undefined): readonly Armed[] {
    let rules = this.#byType.get(type);
    if (rules === undefined) {
      const kind = payloadOf(type);
      rules = new RulesByUser(
        this.#sealed.filter(({ when }) => when.payload === undefined || when.payload === kind),
      );
      this.#byType.set(type, rules);
    }
    return rules.of(session?.userName);
  }

  #numberOf(how: FaultEffect['sequence'], { session, sequence }: Payload): number | undefined {
    if (how === undefined || how === 'zero') return how && 0;
    if (how === 'skip') return (sequence + FAR) >>> 0;
    const last = (session && this.#repeated.get(session)) ?? Math.max(1, sequence - 1);
    if (session !== undefined) this.#repeated.set(session, last);
    return last;
  }

  readonly #step: SetUpWrapper = (step, serve) => {
    const { bmc } = this.#surroundings;
    const hit = (rule: Armed, effect: string): void => this.#surroundings.hit(rule, effect);
    const name = STEPS[step.payloadType];
    const logIn = this.#consoles.get(wordAt(step.payload, 4));
    if (name === 'rakp-1' && logIn !== undefined) logIn.user = userOf(step.payload);
    const passing = (): Passing => ({
      ...this.passing({ channel: step.channel, session: undefined }),
      user: name === 'open-session' ? undefined : logIn?.user,
    });
    for (const rule of this.#setUp) {
      const {
        rule: { when },
        then,
      } = rule;
      if (when?.step !== undefined && when.step !== name) continue;
      if (!isPassing(rule, passing)) continue;
      if (then.sessions !== undefined) {
        if (name !== 'open-session' || bmc.sessions.active.length < then.sessions) continue;
        if (!rule.strikes()) continue;
        hit(rule, `Open Session refused: ${then.sessions} sessions are all there are`);
        return this.#refusal(step, RakpStatus.InsufficientResources);
      }
      if (!rule.strikes()) continue;
      if (then.logIn === 'none') {
        hit(rule, `${name} not answered`);
        return undefined;
      }
      if (then.logIn === 'short') {
        hit(rule, `${name} answered short`);
        const answer = serve();
        return answer && { ...answer, payload: answer.payload.slice(0, answer.payload.length >> 1) };
      }
      hit(rule, `${name} refused with status ${then.logIn}`);
      return this.#refusal(step, then.logIn ?? RakpStatus.InsufficientResources);
    }
    const answer = serve();
    if (answer !== undefined && name === 'open-session') this.#remember(answer.payload);
    return answer;
  };

  #refusal({ payloadType, payload }: SetUpPayload, status: number): SetUpPayload {
    const consoleId =
      payloadType === PayloadType.OpenSessionRequest
        ? wordAt(payload, 4)
        : (this.#consoles.get(wordAt(payload, 4))?.consoleId ?? 0);
    const refusal = Refusal.encode({ tag: payload[0] ?? 0, status, consoleId });
    // Each step's answer has the next type.
    return { payloadType: payloadType + 1, payload: refusal };
  }

  #remember(opened: Uint8Array): void {
    if (opened[1] !== RakpStatus.Ok) return;
    for (const oldest of this.#consoles.keys()) {
      if (this.#consoles.size < CONSOLES) break;
      this.#consoles.delete(oldest);
    }
    this.#consoles.set(wordAt(opened, 8), { consoleId: wordAt(opened, 4), user: undefined });
  }
}

/** A log-in of RMCP+ under way. */
interface LogIn {
  readonly consoleId: number;
  /** Its name, once it has said it. */
  user: string | undefined;
}

/** The name in a RAKP message 1 (IPMI 2.0 §13.20). */
const userOf = (payload: Uint8Array): string => latin1(payload.subarray(28, 28 + (payload[27] ?? 0)));

/** Activate Session: no session slot (IPMI 2.0 §22.17). */
const NO_SLOT = 0x81;

const wordAt = (bytes: Uint8Array, at: number): number =>
  (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;

/** The packet carries an answer to one of the commands that the rule is about. */
function answers(rule: Armed, { type, bytes }: Payload): boolean {
  if (rule.selectors === undefined) return true;
  if (type !== PayloadType.Ipmi || bytes.length < RESPONSE_HEADER) return false;
  const message = {
    netFn: (bytes[1] >> 2) & ~1,
    lun: 0,
    cmd: bytes[5],
    data: bytes.subarray(RESPONSE_HEADER),
  };
  return isAbout(rule, message) && hasData(rule, message);
}

function spoilt(
  { integrity, checksum, sessionId, padding }: FaultEffect,
  sealed: Uint8Array,
  payload: Payload,
  number: number | undefined,
  reseal: (otherwise: SealedOtherwise) => Uint8Array,
): Uint8Array {
  let packet = sealed;
  if ((checksum ?? number ?? sessionId ?? padding) !== undefined) {
    packet = reseal({
      payload: checksum === undefined ? undefined : withWrongChecksum(payload.bytes),
      sequence: number,
      sessionId: sessionId === undefined ? undefined : sessionId === 'zero' ? 0 : 0x0bad_1d00,
      badPadding: padding !== undefined,
    });
  }
  if (integrity === undefined) return packet;
  return integrity === 'wrong' ? withWrongCode(packet) : withoutCode(packet);
}

function withWrongChecksum(message: Uint8Array): Uint8Array {
  const wrong = message.slice();
  if (wrong.length > 0) wrong[wrong.length - 1] ^= 0xff;
  return wrong;
}

const isRmcpPlus = (packet: Uint8Array): boolean => packet[IPMI_15.type] === AuthType.RmcpPlus;

function withWrongCode(packet: Uint8Array): Uint8Array {
  const wrong = packet.slice();
  if (!isRmcpPlus(packet)) {
    if (packet[IPMI_15.type] !== AuthType.None) wrong[IPMI_15.code] ^= 0xff;
  } else if (packet[RMCP_PLUS.type] & RMCP_PLUS.authenticated) wrong[wrong.length - 1] ^= 0xff;
  return wrong;
}

function withoutCode(packet: Uint8Array): Uint8Array {
  if (!isRmcpPlus(packet)) {
    if (packet[IPMI_15.type] === AuthType.None) return packet;
    const bare = Uint8Array.of(
      ...packet.subarray(0, IPMI_15.code),
      ...packet.subarray(IPMI_15.code + IPMI_15.codeLength),
    );
    bare[IPMI_15.type] = AuthType.None;
    return bare;
  }
  const length = packet[RMCP_PLUS.length] | (packet[RMCP_PLUS.length + 1] << 8);
  const bare = packet.slice(0, RMCP_PLUS.payload + length);
  bare[RMCP_PLUS.type] &= ~RMCP_PLUS.authenticated;
  return bare;
}
