import { ActivateSession, GetSessionChallenge } from '../commands/app/sessions.ts';
import { AuthType, isAuthentic15, type IpmiMessage, type Packet15 } from '../wire/index.ts';
import { userKeys, type Candidates, type Key } from './candidates.ts';
import type { Step } from './log-in-20.ts';

/** Steps of a log-in of IPMI 1.5 that are messages: requests by their command, answers by it too. */
export interface MessageSteps {
  request: Step | undefined;
  answer: Step | undefined;
  /** Of the answer. */
  cc: number | undefined;
}

/** What became of the auth code of a packet. */
export interface AuthFinding {
  /** Undefined: there is no candidate, or what was signed is not in the file as it was sent. */
  readonly isRight: boolean | undefined;
  /** What it was made with instead: the password ... */
  readonly how: string;
}

/** Of a message: what stands before its data. */
const HEADER = 6;

/** A log-in of IPMI 1.5 that is watched (IPMI 2.0 §6.11.7). */
export class LogIn15 {
  readonly protocol = 'ipmi 1.5';
  readonly console: string;
  readonly bmc: string;
  repetitions = 0;
  packets = { in: 0, out: 0, unauthentic: 0 };
  readonly challenge: MessageSteps = { request: undefined, answer: undefined, cc: undefined };
  readonly activate: MessageSteps = { request: undefined, answer: undefined, cc: undefined };
  /** What was asked to be used, table 13-8. */
  authType = 0;
  /** What Activate Session wants at most. */
  maxPrivilege = 0;
  name: Uint8Array = new Uint8Array(0);
  temporaryId: number | undefined;
  sessionId: number | undefined;
  code: AuthFinding | undefined;
  /** Zeros stand in place of the challenge: whoever wrote the file has hidden it. */
  isMasked = false;
  readonly #keys: readonly Key[];
  #fitting: Key | undefined;

  constructor(console: string, bmc: string, candidates: Candidates) {
    this.console = console;
    this.bmc = bmc;
    this.#keys = userKeys(candidates);
  }

  get first(): Step | undefined {
    return this.challenge.request ?? this.activate.request;
  }

  asked(message: IpmiMessage, step: Step): void {
    const side = message.cmd === GetSessionChallenge.cmd ? this.challenge : this.activate;
    if (side.request !== undefined) this.repetitions++;
    side.request ??= step;
    try {
      if (side === this.challenge) {
        const { authType, userName } = GetSessionChallenge.request.decode(message.data);
        this.authType = authType;
        const end = userName.indexOf(0);
        this.name = end < 0 ? userName : userName.slice(0, end);
      } else {
        const { maxPrivilege, challenge } = ActivateSession.request.decode(message.data);
        this.maxPrivilege = maxPrivilege;
        this.isMasked = challenge.every((byte) => byte === 0);
      }
    } catch {
      // What cannot be read says nothing: the BMC will refuse it.
    }
  }

  answered(message: IpmiMessage, step: Step): void {
    const side = message.cmd === GetSessionChallenge.cmd ? this.challenge : this.activate;
    if (side.answer !== undefined) return;
    side.answer = step;
    side.cc = message.data[0];
    if (side.cc !== 0) return;
    try {
      if (side === this.challenge)
        this.temporaryId = GetSessionChallenge.response.decode(message.data, 1).temporarySessionId;
      else this.sessionId = ActivateSession.response.decode(message.data, 1).sessionId;
    } catch {
      // As above.
    }
  }

  /** The candidate that its packets were signed with, once one was. */
  get fitting(): Key | undefined {
    return this.#fitting;
  }

  /** Whether a packet of it was signed with a candidate. */
  check(datagram: Uint8Array, packet: Packet15): AuthFinding {
    if (packet.authType === AuthType.None) return { isRight: true, how: '' };
    const known = packet.authType === AuthType.Oem || this.#keys.length === 0;
    if (known) return { isRight: undefined, how: '' };
    const keys = this.#fitting === undefined ? this.#keys : [this.#fitting, ...this.#keys];
    const key = keys.find(({ bytes }) => isAuthentic15(datagram, packet, bytes));
    if (key === undefined)
      return { isRight: this.isMasked && isActivation(datagram, packet) ? undefined : false, how: '' };
    this.#fitting = key;
    // 16 bytes are all that IPMI 1.5 has: a longer password that was cut to them is as it should be.
    const isAsGiven = key.how === '' || key.how.startsWith('cut');
    return { isRight: isAsGiven, how: isAsGiven ? '' : key.how };
  }
}

const isActivation = (datagram: Uint8Array, { start }: Packet15): boolean =>
  datagram[start + HEADER - 1] === ActivateSession.cmd;
