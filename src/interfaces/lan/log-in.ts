import { latin1 } from '../../codec/index.ts';
import { Privilege } from '../../commands/command.ts';
import type { Channel } from '../../router/index.ts';
import type { BmcState } from '../../state/bmc-state.ts';
import type { Peer, Session } from '../../state/app/sessions.ts';
import {
  cipherSuites,
  equalBytes,
  OpenSessionRequest,
  OpenSessionResponse,
  PayloadType,
  Rakp1,
  Rakp2,
  Rakp3,
  Rakp4,
  RakpStatus,
  Refusal,
  rakp2Code,
  rakp3Code,
  rakp4Code,
  SessionCrypto,
  sessionKeys,
  type CipherSuite,
  type Exchange,
} from '../../wire/index.ts';

export interface LogInAnswer {
  readonly payloadType: number;
  readonly payload: Uint8Array;
}

/** A log-in between Open Session and the first message of its session. */
interface HalfOpen {
  readonly session: Session;
  readonly consoleId: number;
  readonly suite: CipherSuite;
  /** The highest level that Open Session asked for. */
  readonly maxPrivilege: number;
  readonly bmcRandom: Uint8Array;
  exchange: Exchange | undefined;
  userKey: Uint8Array;
}

const ZERO_KEY = new Uint8Array(20);

/** RMCP+ Open Session and RAKP messages 1 to 4 (IPMI 2.0 §13.17-13.23). Every refusal is answered with its status. */
export class LogIn {
  readonly #bmc: BmcState;
  readonly #channel: Channel;
  readonly #opened: (session: Session, consoleId: number, crypto: SessionCrypto) => void;
  readonly #halfOpen = new Map<number, HalfOpen>();

  constructor(bmc: BmcState, channel: Channel, opened: (session: Session, consoleId: number, crypto: SessionCrypto) => void) {
    this.#bmc = bmc;
    this.#channel = channel;
    this.#opened = opened;
  }

  forget(sessionId: number): void {
    this.#halfOpen.delete(sessionId);
  }

  receive(payloadType: number, payload: Uint8Array, peer: Peer): LogInAnswer | undefined {
    if (payloadType === PayloadType.OpenSessionRequest)
      return { payloadType: PayloadType.OpenSessionResponse, payload: this.#openSession(payload, peer) };
    if (payloadType === PayloadType.Rakp1) return { payloadType: PayloadType.Rakp2, payload: this.#rakp1(payload) };
    if (payloadType !== PayloadType.Rakp3) return undefined;
    const answer = this.#rakp3(payload);
    return answer && { payloadType: PayloadType.Rakp4, payload: answer };
  }

  #openSession(payload: Uint8Array, peer: Peer): Uint8Array {
    const tag = payload[0] ?? 0;
    if (payload.length !== OpenSessionRequest.min) return refusal(tag, RakpStatus.IllegalParameter, payload.length >= 8 ? consoleIdIn(payload) : 0);
    const request = OpenSessionRequest.decode(payload);
    const { consoleId } = request;
    const wanted = {
      authentication: wish(request.authentication),
      integrity: wish(request.integrity),
      confidentiality: wish(request.confidentiality),
    };
    const settings = this.#bmc.channels.lan(this.#channel.number);
    const known = (field: keyof typeof wanted): boolean =>
      wanted[field] === undefined || cipherSuites.some((suite) => suite[field] === wanted[field]);
    if (!known('authentication')) return refusal(tag, RakpStatus.InvalidAuthenticationAlgorithm, consoleId);
    if (!known('integrity')) return refusal(tag, RakpStatus.InvalidIntegrityAlgorithm, consoleId);
    if (!known('confidentiality')) return refusal(tag, RakpStatus.InvalidConfidentialityAlgorithm, consoleId);
    if (request.maxPrivilege > Privilege.Oem) return refusal(tag, RakpStatus.InvalidRole, consoleId);
    const fitting = cipherSuites.filter((suite) => settings.cipherSuites.includes(suite.id) && matches(suite, wanted));
    if (fitting.length === 0) return refusal(tag, RakpStatus.NoCipherSuiteMatch, consoleId);
    const cap = (suite: CipherSuite): number => settings.suiteCap(suite.id);
    const suite = fitting.findLast((one) => cap(one) >= Math.max(request.maxPrivilege, Privilege.Callback));
    if (!suite || !settings.available) return refusal(tag, suite ? RakpStatus.InsufficientResources : RakpStatus.UnauthorizedRole, consoleId);
    const session = this.#bmc.sessions.begin({ kind: 'rmcp+', channel: this.#channel, peer });
    if (!session) return refusal(tag, RakpStatus.InsufficientResources, consoleId);
    const maxPrivilege = Math.min(request.maxPrivilege || Privilege.Oem, cap(suite), settings.privilegeLimit);
    this.#halfOpen.set(session.id, {
      session,
      consoleId,
      suite,
      maxPrivilege,
      bmcRandom: this.#bmc.setup.random.bytes(16),
      exchange: undefined,
      userKey: ZERO_KEY,
    });
    const record = (type: number, algorithm: number) => ({ type, length: 8, algorithm });
    return OpenSessionResponse.encode({
      tag,
      status: RakpStatus.Ok,
      maxPrivilege,
      consoleId,
      bmcId: session.id,
      authentication: record(0, suite.authentication),
      integrity: record(1, suite.integrity),
      confidentiality: record(2, suite.confidentiality),
    });
  }

  #rakp1(payload: Uint8Array): Uint8Array {
    const tag = payload[0] ?? 0;
    if (payload.length < Rakp1.min) return refusal(tag, RakpStatus.IllegalParameter, 0);
    const request = Rakp1.decode(payload);
    const half = this.#halfOpen.get(request.bmcId);
    // No session, so no console's id to answer to but 0.
    if (!half || half.session.active) return refusal(tag, RakpStatus.InvalidSessionId, 0);
    const refuse = (status: number): Uint8Array => {
      this.#bmc.sessions.close(half.session, 'failed');
      return refusal(tag, status, half.consoleId);
    };
    if (request.nameLength > 16 || request.name.length < request.nameLength) return refuse(RakpStatus.InvalidNameLength);
    if (request.role < Privilege.Callback || request.role > Privilege.Oem) return refuse(RakpStatus.InvalidRole);
    const name = request.name.slice(0, request.nameLength);
    const user = this.#bmc.users.logIn(latin1(name), this.#channel.number, request.nameOnly ? undefined : request.role);
    if (!user) return refuse(RakpStatus.UnauthorizedName);
    const { maxPrivilege, session, consoleId, suite, bmcRandom } = half;
    if (request.role > user.privilegeLimit || request.role > maxPrivilege) return refuse(RakpStatus.UnauthorizedRole);
    if (user.sessionLimit > 0 && this.#bmc.sessions.count(this.#channel.number, user.id) >= user.sessionLimit)
      return refuse(RakpStatus.InsufficientResources);
    session.userId = user.id;
    session.userName = latin1(name);
    session.maxPrivilege = request.role;
    half.userKey = user.password;
    half.exchange = {
      authentication: suite.authentication,
      consoleId,
      bmcId: session.id,
      consoleRandom: request.consoleRandom,
      bmcRandom,
      bmcGuid: this.#bmc.identity.systemGuidBytes,
      role: request.role | (request.nameOnly ? 0x10 : 0),
      name,
    };
    const code = rakp2Code(half.exchange, half.userKey);
    return Rakp2.encode({ tag, status: RakpStatus.Ok, consoleId, bmcRandom, bmcGuid: half.exchange.bmcGuid, code });
  }

  #rakp3(payload: Uint8Array): Uint8Array | undefined {
    const tag = payload[0] ?? 0;
    if (payload.length < Rakp3.min) return refusal(tag, RakpStatus.IllegalParameter, 0);
    const request = Rakp3.decode(payload);
    const half = this.#halfOpen.get(request.bmcId);
    if (!half) return refusal(tag, RakpStatus.InvalidSessionId, 0);
    const { session, exchange, consoleId } = half;
    const refuse = (status: number): Uint8Array => {
      this.#bmc.sessions.close(session, 'failed');
      return refusal(tag, status, consoleId);
    };
    if (request.status !== RakpStatus.Ok) {
      // The console gave up (a wrong password makes it refuse RAKP 2): nothing is to be said to that.
      if (exchange && request.status === RakpStatus.InvalidIntegrityCheckValue) this.#guessed(session);
      this.#bmc.sessions.close(session, 'failed');
      return undefined;
    }
    if (!exchange) return refuse(RakpStatus.InactiveSessionId);
    const code = rakp3Code(exchange, half.userKey);
    if (request.code.length !== code.length || !equalBytes(request.code, 0, code, 0, code.length)) {
      if (!session.active) this.#guessed(session);
      return refuse(RakpStatus.InvalidIntegrityCheckValue);
    }
    this.#bmc.users.admitted(session.userId, this.#channel.number);
    const keys = sessionKeys(exchange, { user: half.userKey, bmc: this.#bmc.channels.lan(this.#channel.number).kg ?? half.userKey });
    if (!session.active) {
      this.#opened(session, consoleId, new SessionCrypto(half.suite, keys, half.userKey));
      this.#bmc.sessions.activate(session, Math.min(session.maxPrivilege, Privilege.User));
    }
    // Kept until the session's first message, for a console that lost this answer and asks again.
    return Rakp4.encode({ tag, status: RakpStatus.Ok, consoleId, code: rakp4Code(exchange, keys.sik) });
  }

  #guessed({ userId }: Session): void {
    const { number } = this.#channel;
    this.#bmc.users.refused(userId, number, this.#bmc.lan.badPasswordRule(number));
  }
}

const refusal = (tag: number, status: number, consoleId: number): Uint8Array => Refusal.encode({ tag, status, consoleId });
const consoleIdIn = (openSession: Uint8Array): number => Refusal.decode(openSession, 0, 8).consoleId;

/** The algorithm that a console asks for; undefined: the BMC may choose. */
const wish = ({ length, algorithm }: { length: number; algorithm: number }): number | undefined => (length === 0 ? undefined : algorithm);

type Wanted = Readonly<Record<'authentication' | 'integrity' | 'confidentiality', number | undefined>>;
const matches = (suite: CipherSuite, wanted: Wanted): boolean =>
  (['authentication', 'integrity', 'confidentiality'] as const).every((field) => wanted[field] === undefined || wanted[field] === suite[field]);
