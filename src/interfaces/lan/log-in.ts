import { hex2, utf8Text } from '../../codec/index.ts';
import { Privilege } from '../../commands/command.ts';
import type { Channel } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import { equalPeers, HalfOpen, sourceOf, type Peer } from '../../state/app/half-open.ts';
import type { LogInProblem } from '../../state/app/log-ins.ts';
import type { DropReason } from '../../state/app/drops.ts';
import type { Session } from '../../state/app/sessions.ts';
import {
  Authentication,
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
  rakp2Code,
  rakp3Code,
  rakp4Code,
  preparedKey,
  SessionCrypto,
  sessionKeys,
  type CipherSuite,
  type Exchange,
  type Packet20,
} from '../../wire/index.ts';
import type { Endpoint } from '../../world/world.ts';
import { consoleIdIn, refusal, STATUS, UNKNOWN } from './refusals.ts';
import type { UnderWay20 } from './under-way.ts';
import { matches, RECORD_SIZE, RECORDS, wish, type Wanted } from './wanted-suite.ts';

/** Where what was logged in to goes on. */
export interface LogInLinks {
  opened(session: Session, consoleId: number, crypto: SessionCrypto): void;
}

export interface LogInAnswer {
  readonly payloadType: number;
  readonly payload: Uint8Array;
}

/**
 * Log-ins whose console has not yet shown, by RAKP 1, that it reads what is sent to its address; and those
 * whose has.
 */
const PLACES = { unshown: 2048, shown: 256 };
/** Milliseconds after RAKP 2 when a console that sent no RAKP 3 is taken to have found its password wrong. */
const GIVEN_UP = 3000;

/**
 * RMCP+ Open Session and RAKP messages 1 to 4 (IPMI 2.0 §13.17-13.23). Every refusal is answered with its
 * status.
 */
export class LogIn {
  readonly #bmc: BmcState;
  readonly #channel: Channel;
  readonly #links: LogInLinks;
  // Made with the first log-in.
  #unshown: HalfOpen<UnderWay20> | undefined = undefined;
  #shown: HalfOpen<UnderWay20> | undefined = undefined;
  #watching = false;

  constructor(bmc: BmcState, channel: Channel, links: LogInLinks) {
    this.#bmc = bmc;
    this.#channel = channel;
    this.#links = links;
  }

  #halfOpen(places: number): HalfOpen<UnderWay20> {
    const { setup, sessions } = this.#bmc;
    return new HalfOpen(setup.clock, places, sessions.setUp);
  }

  /** The session spoke or ended: RAKP 4 will not be asked for again. */
  forget(sessionId: number): void {
    const shown = this.#shown?.get(sessionId);
    if (shown) this.#shown?.delete(shown);
  }

  /** The interface closes. */
  forgetAll(): void {
    this.#unshown?.clear();
    this.#shown?.clear();
  }

  receive(payloadType: number, payload: Uint8Array, from: Endpoint): LogInAnswer | undefined {
    if (payloadType === PayloadType.OpenSessionRequest)
      return { payloadType: PayloadType.OpenSessionResponse, payload: this.#openSession(payload, from) };
    if (payloadType === PayloadType.Rakp1)
      return { payloadType: PayloadType.Rakp2, payload: this.#rakp1(payload, from) };
    if (payloadType !== PayloadType.Rakp3) {
      this.#drop('payload type nobody takes', from);
      return undefined;
    }
    const answer = this.#rakp3(payload, from);
    return answer && { payloadType: PayloadType.Rakp4, payload: answer };
  }

  #openSession(payload: Uint8Array, from: Endpoint): Uint8Array {
    const tag = payload[0] ?? 0;
    const malformed = (status: number, consoleId: number): Uint8Array => {
      this.#tell('malformed log-in', 'Open Session', status, peerOf(from));
      return refusal(tag, status, consoleId);
    };
    if (payload.length !== OpenSessionRequest.min)
      return malformed(RakpStatus.IllegalParameter, payload.length >= 8 ? consoleIdIn(payload) : 0);
    const request = OpenSessionRequest.decode(payload);
    const { consoleId } = request;
    // 0 is the id of messages outside of a session.
    if (consoleId === 0) return malformed(RakpStatus.InvalidSessionId, 0);
    const wanted: Wanted = {
      authentication: undefined,
      integrity: undefined,
      confidentiality: undefined,
    };
    for (const [type, field] of RECORDS.entries()) {
      const record = request[field];
      if (record.type !== type) return malformed(RakpStatus.InvalidPayloadType, consoleId);
      if (record.length !== 0 && record.length !== RECORD_SIZE)
        return malformed(RakpStatus.IllegalParameter, consoleId);
      wanted[field] = wish(record);
    }
    const settings = this.#bmc.channels.lan(this.#channel.number);
    const known = (field: keyof typeof wanted): boolean =>
      wanted[field] === undefined || cipherSuites.some((suite) => suite[field] === wanted[field]);
    const refuse = (status: number, problem: LogInProblem): Uint8Array => {
      this.#tell(problem, 'Open Session', status, peerOf(from));
      return refusal(tag, status, consoleId);
    };
    const unknown = RECORDS.find((field) => !known(field));
    if (unknown !== undefined) return refuse(UNKNOWN[unknown], 'unknown algorithm');
    if (request.maxPrivilege > Privilege.Oem) return malformed(RakpStatus.InvalidRole, consoleId);
    const fitting = cipherSuites.filter(
      (suite) => settings.cipherSuites.includes(suite.id) && matches(suite, wanted),
    );
    if (fitting.length === 0) return refuse(RakpStatus.NoCipherSuiteMatch, 'cipher suite');
    const cap = (suite: CipherSuite): number => settings.suiteCap(suite.id);
    const suite = fitting.findLast((fit) => cap(fit) >= Math.max(request.maxPrivilege, Privilege.Callback));
    if (!suite) return refuse(RakpStatus.UnauthorizedRole, 'privilege level of the cipher suite');
    if (!settings.available) return refuse(RakpStatus.InsufficientResources, 'channel not available');
    const maxPrivilege = Math.min(request.maxPrivilege || Privilege.Oem, cap(suite), settings.privilegeLimit);
    const id = this.#freshId();
    (this.#unshown ??= this.#halfOpen(PLACES.unshown)).add({
      id,
      source: sourceOf(from.host),
      began: this.#bmc.setup.clock.monotonic(),
      peer: peerOf(from),
      consoleId,
      suite,
      maxPrivilege,
      exchange: undefined,
      terms: undefined,
      userKey: undefined,
      told: false,
      done: undefined,
    });
    const record = (type: number, algorithm: number) => ({ type, length: RECORD_SIZE, algorithm });
    return OpenSessionResponse.encode({
      tag,
      status: RakpStatus.Ok,
      maxPrivilege,
      consoleId,
      bmcId: id,
      authentication: record(0, suite.authentication),
      integrity: record(1, suite.integrity),
      confidentiality: record(2, suite.confidentiality),
    });
  }

  #rakp1(payload: Uint8Array, from: Endpoint): Uint8Array {
    const tag = payload[0] ?? 0;
    if (payload.length < Rakp1.min) {
      this.#tell('malformed log-in', 'RAKP 1', RakpStatus.IllegalParameter, peerOf(from));
      return refusal(tag, RakpStatus.IllegalParameter, 0);
    }
    const request = Rakp1.decode(payload);
    const half = this.#find(request.bmcId, from);
    // No session, so no console's id to answer to but 0.
    if (!half || half.done) return refusal(tag, RakpStatus.InvalidSessionId, 0);
    const { maxPrivilege, consoleId, suite, source } = half;
    const { number } = this.#channel;
    const givenName = request.name.slice(0, request.nameLength);
    const refuse = (status: number, problem: LogInProblem = 'malformed log-in'): Uint8Array => {
      this.#end(half);
      this.#tell(problem, 'RAKP 1', status, half.peer, utf8Text(givenName));
      return refusal(tag, status, consoleId);
    };
    if (request.nameLength > 16 || request.name.length < request.nameLength)
      return refuse(RakpStatus.InvalidNameLength);
    if (request.role < Privilege.Callback || request.role > Privilege.Oem)
      return refuse(RakpStatus.InvalidRole);
    const name = utf8Text(givenName);
    const lookUp = request.nameOnly ? undefined : request.role;
    const user = name === undefined ? 'unknown user' : this.#bmc.logIns.find(name, number, lookUp, source);
    if (typeof user === 'string') return refuse(STATUS[user], user);
    if (request.role > user.privilegeLimit || request.role > maxPrivilege)
      return refuse(RakpStatus.UnauthorizedRole, 'privilege level');
    if (this.#bmc.logIns.atLimit(user, number))
      return refuse(RakpStatus.InsufficientResources, 'session limit of the user');
    if (this.#unshown?.delete(half)) (this.#shown ??= this.#halfOpen(PLACES.shown)).add(half);
    if (!this.#watching) this.#bmc.setup.clock.after(GIVEN_UP, () => this.#watch());
    this.#watching = true;
    half.terms = {
      name: name!,
      lookUp,
      role: request.role,
      userId: user.id,
      password: user.password,
      suite: suite.id,
      kg: this.#bmc.channels.kg(number),
    };
    half.exchange = {
      authentication: suite.authentication,
      consoleId,
      bmcId: half.id,
      consoleRandom: request.consoleRandom,
      bmcRandom: half.exchange?.bmcRandom ?? this.#bmc.setup.random.bytes(16),
      bmcGuid: this.#bmc.identity.systemGuidBytes,
      role: request.role | (request.nameOnly ? 0x10 : 0),
      name: givenName,
    };
    const { bmcRandom, bmcGuid } = half.exchange;
    half.userKey = preparedKey(suite.authentication, user.password) ?? user.password;
    return Rakp2.encode({
      tag,
      status: RakpStatus.Ok,
      consoleId,
      bmcRandom,
      bmcGuid,
      code: rakp2Code(half.exchange, half.userKey),
    });
  }

  #rakp3(payload: Uint8Array, from: Endpoint): Uint8Array | undefined {
    const tag = payload[0] ?? 0;
    if (payload.length < Rakp3.min) {
      this.#tell('malformed log-in', 'RAKP 3', RakpStatus.IllegalParameter, peerOf(from));
      return refusal(tag, RakpStatus.IllegalParameter, 0);
    }
    const request = Rakp3.decode(payload);
    const half = this.#find(request.bmcId, from);
    if (!half) return refusal(tag, RakpStatus.InvalidSessionId, 0);
    const { exchange, terms, userKey, consoleId, source, done } = half;
    if (done) {
      // The session is there, and nothing that is not signed by it ends it.
      if (request.status !== RakpStatus.Ok) return undefined;
      if (!same(request.code, done.code3))
        return refusal(tag, RakpStatus.InvalidIntegrityCheckValue, consoleId);
      return Rakp4.encode({ tag, status: RakpStatus.Ok, consoleId, code: done.code4 });
    }
    const { number } = this.#channel;
    const refuse = (problem: LogInProblem): Uint8Array => {
      this.#end(half);
      this.#tell(problem, 'RAKP 3', STATUS[problem], half.peer, terms?.name);
      return refusal(tag, STATUS[problem], consoleId);
    };
    if (request.status !== RakpStatus.Ok) {
      // The console gave up (a wrong password makes it refuse RAKP 2): nothing is to be said to that.
      this.#end(half);
      if (terms && request.status === RakpStatus.InvalidIntegrityCheckValue) {
        this.#bmc.logIns.wrong(terms.userId, number, source);
        this.#tell('wrong password', 'RAKP 3', request.status, half.peer, terms.name);
      }
      return undefined;
    }
    if (!exchange || !terms || !userKey) {
      this.#end(half);
      this.#tell('malformed log-in', 'RAKP 3 without RAKP 1', RakpStatus.InactiveSessionId, half.peer);
      return refusal(tag, RakpStatus.InactiveSessionId, consoleId);
    }
    // What has changed since RAKP 1 counts, and who may not come in has nothing compared.
    const problem = this.#bmc.logIns.check(terms, number, source);
    if (problem) return refuse(problem);
    const code3 = rakp3Code(exchange, userKey);
    if (!same(request.code, code3)) {
      this.#bmc.logIns.wrong(terms.userId, number, source);
      // Of any password: how long a refusal takes tells nobody that there is a longer one.
      const cut3 = rakp3Code(exchange, cutTo16(terms.password));
      return refuse(same(request.code, cut3) ? 'password cut to 16 bytes' : 'wrong password');
    }
    const session = this.#bmc.sessions.make(
      { kind: 'rmcp+', channel: this.#channel, peer: half.peer },
      half.id,
    );
    session.userId = terms.userId;
    session.userName = terms.name;
    session.maxPrivilege = terms.role;
    session.suite = half.suite.id;
    const full = this.#bmc.logIns.admit(session, Math.min(terms.role, Privilege.User));
    if (full) return refuse(full);
    const keys = sessionKeys(exchange, { user: userKey, bmc: terms.kg ?? userKey });
    this.#links.opened(session, consoleId, new SessionCrypto(half.suite, keys, terms.password));
    half.done = {
      at: this.#bmc.setup.clock.monotonic(),
      code3,
      code4: rakp4Code(exchange, keys.prepared ?? keys.sik),
    };
    return Rakp4.encode({ tag, status: RakpStatus.Ok, consoleId, code: half.done.code4 });
  }

  /**
   * ipmitool says nothing when RAKP 2 shows it that its password is another: without this the most frequent
   * reason of all would be the one that the log never has. It may still go on, so it stays.
   */
  #watch(): void {
    const latest = this.#bmc.setup.clock.monotonic() - GIVEN_UP;
    this.#watching = false;
    for (const half of this.#shown?.values() ?? []) {
      const { done, began, told, suite } = half;
      if (told || (done && suite.authentication === Authentication.None)) continue;
      if ((done?.at ?? began) > latest) this.#watching = true;
      else if (done) this.#tellOnce(half, 'console did not go on: wrong K_g?', 'nothing after RAKP 4');
      else this.#tellOnce(half, 'console did not go on: wrong password?', 'no RAKP 3');
    }
    if (this.#watching) this.#bmc.setup.clock.after(GIVEN_UP, () => this.#watch());
  }

  /**
   * A packet in a session is not signed by it. If nothing was before, its console has another K_g: RAKP 3
   * proved the password, and RAKP 4 and all that follows need the BMC key (§13.31).
   */
  unproven(datagram: Uint8Array, packet: Packet20, from: Endpoint): void {
    const half = this.#shown?.get(packet.sessionId);
    if (!half?.done || half.told || !equalPeers(half.peer, from)) return;
    const { exchange, terms, suite } = half;
    const isSignedWithout =
      exchange !== undefined &&
      terms?.kg !== undefined &&
      cryptoOf(suite, exchange, terms.password).isAuthentic(datagram, packet);
    this.#tellOnce(
      half,
      'wrong K_g',
      isSignedWithout ? 'first message, signed without any' : 'first message, signed with another',
    );
  }

  #tellOnce(half: UnderWay20, problem: LogInProblem, step: string): void {
    half.told = true;
    this.#tell(problem, step, undefined, half.peer, half.terms?.name);
  }

  /** A log-in under way of this console: to every other it does not exist. */
  #find(id: number, from: Endpoint): UnderWay20 | undefined {
    const half = this.#shown?.get(id) ?? this.#unshown?.get(id);
    if (half && equalPeers(half.peer, from)) return half;
    this.#drop(
      half
        ? 'another address than the log-in'
        : this.#bmc.sessions.hasEnded(id)
          ? 'session closed'
          : 'unknown session',
      from,
    );
    return undefined;
  }

  #end(half: UnderWay20): void {
    if (!this.#shown?.delete(half)) this.#unshown?.delete(half);
  }

  #freshId(): number {
    for (;;) {
      const id = this.#bmc.sessions.freshId();
      if (!this.#shown?.has(id) && !this.#unshown?.has(id)) return id;
    }
  }

  #drop(reason: DropReason, from: Endpoint): void {
    this.#bmc.drops.dropped(reason, this.#channel.number, from);
  }

  #tell(problem: LogInProblem, message: string, status: number | undefined, peer: Peer, name?: string): void {
    const step = status === undefined ? message : `${message}, status ${hex2(status)}h`;
    this.#bmc.logIns.refused({ channel: this.#channel.number, peer, name, problem, step });
  }
}

const peerOf = ({ host, port, asked }: Endpoint): Peer => ({ address: host, port, asked });
/** What a session is sealed with whose console knows of no K_g. */
const cryptoOf = (suite: CipherSuite, exchange: Exchange, password: Uint8Array): SessionCrypto =>
  new SessionCrypto(suite, sessionKeys(exchange, { user: password, bmc: password }), password);
const cutTo16 = (password: Uint8Array): Uint8Array => {
  const cut = new Uint8Array(password.length);
  cut.set(password.subarray(0, 16));
  return cut;
};
const same = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && equalBytes(a, 0, b, 0, a.length);
