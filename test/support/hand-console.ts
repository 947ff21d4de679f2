// A remote console that sends what it is told to, right or wrong: log-ins step by step, any sequence number,
// any packet again.
import { fromLatin1 } from '../../src/codec/index.ts';
import { NetFn, Privilege } from '../../src/commands/command.ts';
import {
  BMC_ADDRESS,
  build15,
  build20,
  buildMessage,
  cipherSuite,
  OpenSessionRequest,
  OpenSessionResponse,
  parse15,
  parse20,
  parseMessage,
  PayloadType,
  Rakp1,
  Rakp2,
  rakp2Code,
  Rakp3,
  rakp3Code,
  Rakp4,
  rakp4Code,
  REMOTE_CONSOLE,
  SessionCrypto,
  sessionKeys,
  word,
  type Exchange,
  type IpmiMessage,
  type SessionKeys,
} from '../../src/wire/index.ts';
import type { Endpoint, UdpSocket, World } from '../../src/world/world.ts';

export const BMC: Endpoint = { host: '10.0.0.1', port: 623 };
/** Simulated milliseconds in which an answer comes, if one does. */
const WAIT = 20;

const equal = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);
export const secret = (text: string): Uint8Array => fromLatin1(text, 20);

/** Where a console is: a simulated world, or the real one. */
export interface HandWorld extends Pick<World, 'udp' | 'random'> {
  /** Waits so many milliseconds. */
  run(ms: number): Promise<unknown>;
}

/** One UDP port of somebody. */
export class HandConsole {
  readonly world: HandWorld;
  readonly #socket: UdpSocket;
  readonly #to: Endpoint;
  readonly #came: Uint8Array[] = [];

  private constructor(world: HandWorld, socket: UdpSocket, to: Endpoint) {
    this.world = world;
    this.#socket = socket;
    this.#to = to;
    // A real socket's memory is used again.
    socket.onDatagram = (datagram) => void this.#came.push(datagram.slice());
  }

  static async at(world: HandWorld, host = '10.0.0.9', to = BMC): Promise<HandConsole> {
    return new HandConsole(world, await world.udp.bind({ host, port: 0 }), to);
  }

  /** Sends a datagram and waits for nothing. */
  post(datagram: Uint8Array): void {
    this.#socket.send(datagram, this.#to);
  }

  /** What has come. */
  take(): Uint8Array[] {
    return this.#came.splice(0);
  }

  close(): Promise<void> {
    return this.#socket.close();
  }

  /** Sends a datagram; what comes back within a moment. */
  async exchange(datagram: Uint8Array): Promise<Uint8Array[]> {
    this.#came.length = 0;
    this.#socket.send(datagram, this.#to);
    await this.world.run(WAIT);
    return this.#came.splice(0);
  }

  /** A payload outside of a session; the payload that answers it. */
  async outside(payloadType: number, payload: Uint8Array): Promise<Uint8Array | undefined> {
    const [answer] = await this.exchange(build20(payloadType, 0, 0, payload));
    const packet = answer && parse20(answer);
    return packet && answer.slice(packet.start, packet.end);
  }
}

/** A request of a console, in the bytes that a session carries. */
export const request = (netFn: number, cmd: number, data: Uint8Array, seq = 1): Uint8Array =>
  buildMessage({ to: BMC_ADDRESS, toLun: 0, netFn, from: REMOTE_CONSOLE, fromLun: 0, seq, cmd, data });

export interface LogIn20 {
  readonly user?: string;
  readonly password?: string;
  readonly kg?: string;
  readonly suite?: number;
  readonly role?: number;
  /** Without: the user is looked up by name and role. Default true. */
  readonly nameOnly?: boolean;
  /** As RAKP 1 has it. Default: that of the name. */
  readonly nameLength?: number;
  /** What Open Session asks for. Default 0: the highest there is. */
  readonly maxPrivilege?: number;
}

/** A log-in by RMCP+, one step at a time. `status` is that of the last answer; undefined: there was none. */
export class Steps20 {
  readonly console: HandConsole;
  readonly #options: LogIn20;
  readonly consoleId = 0x0a0b0c0d;
  bmcId = 0;
  status: number | undefined;
  /** The level that the answer to Open Session promises. */
  promised = 0;
  /** Whether the last answer proved what it has to: RAKP 2 the password, RAKP 4 the session's key. */
  proved = false;
  exchange: Exchange | undefined;

  constructor(console: HandConsole, options: LogIn20 = {}) {
    this.console = console;
    this.#options = options;
  }

  get #suite() {
    return cipherSuite(this.#options.suite ?? 17)!;
  }

  async open(): Promise<number | undefined> {
    const { authentication, integrity, confidentiality } = this.#suite;
    const record = (type: number, algorithm: number) => ({ type, length: 8, algorithm });
    const answer = await this.console.outside(
      PayloadType.OpenSessionRequest,
      OpenSessionRequest.encode({
        tag: 1,
        maxPrivilege: this.#options.maxPrivilege ?? 0,
        consoleId: this.consoleId,
        authentication: record(0, authentication),
        integrity: record(1, integrity),
        confidentiality: record(2, confidentiality),
      }),
    );
    this.status = answer?.[1];
    if (answer && this.status === 0)
      ({ bmcId: this.bmcId, maxPrivilege: this.promised } = OpenSessionResponse.decode(answer));
    return this.status;
  }

  async rakp1(): Promise<number | undefined> {
    const { user = 'admin', role = Privilege.Administrator, nameOnly = true } = this.#options;
    const name = fromLatin1(user);
    const { nameLength = name.length } = this.#options;
    const consoleRandom = this.console.world.random.bytes(16);
    const answer = await this.console.outside(
      PayloadType.Rakp1,
      Rakp1.encode({ tag: 2, bmcId: this.bmcId, consoleRandom, nameOnly, role, nameLength, name }),
    );
    this.status = answer?.[1];
    if (!answer || this.status !== 0) return this.status;
    const { bmcRandom, bmcGuid, code } = Rakp2.decode(answer);
    const { authentication } = this.#suite;
    const { consoleId, bmcId } = this;
    this.exchange = {
      authentication,
      consoleId,
      bmcId,
      consoleRandom,
      bmcRandom,
      bmcGuid,
      role: role | (nameOnly ? 0x10 : 0),
      name,
    };
    this.proved = equal(code, rakp2Code(this.exchange, secret(this.#options.password ?? 'AdminPass123')));
    return this.status;
  }

  get #keys(): SessionKeys {
    const { password = 'AdminPass123', kg } = this.#options;
    return sessionKeys(this.exchange!, { user: secret(password), bmc: secret(kg ?? password) });
  }

  /** `change`: what is sent in place of the right code. */
  async rakp3(change: (code: Uint8Array) => Uint8Array = (code) => code): Promise<number | undefined> {
    const { password = 'AdminPass123' } = this.#options;
    const code = change(rakp3Code(this.exchange!, secret(password)));
    const answer = await this.console.outside(
      PayloadType.Rakp3,
      Rakp3.encode({ tag: 3, status: 0, bmcId: this.bmcId, code }),
    );
    this.proved =
      answer !== undefined &&
      answer[1] === 0 &&
      equal(Rakp4.decode(answer).code, rakp4Code(this.exchange!, this.#keys.sik));
    return (this.status = answer?.[1]);
  }

  /** The session's end, whether the BMC takes it for open or not. */
  session(): Session20 {
    const { password = 'AdminPass123' } = this.#options;
    return new Session20(
      this.console,
      this.bmcId,
      new SessionCrypto(this.#suite, this.#keys, secret(password)),
    );
  }
}

/** What is otherwise as it should be. */
export interface Asking {
  /** Of IPMI 1.5. */
  readonly authType?: number;
  /** Requester sequence number, 0..63. */
  readonly seq?: number;
}

/** All steps of a log-in. Throws where one of them is refused. */
export async function logIn20(console: HandConsole, options: LogIn20 = {}): Promise<Session20> {
  const steps = new Steps20(console, options);
  for (const step of ['open', 'rakp1', 'rakp3'] as const) {
    const status = await steps[step]();
    if (status !== 0) throw new Error(`${step}: status ${status}`);
    if (step === 'rakp1' && !steps.proved)
      throw new Error('RAKP 2 does not prove that the BMC knows the password');
  }
  return steps.session();
}

/**
 * A console's end of an RMCP+ session. It keeps no count: every packet is sent with the number that it is
 * given.
 */
export class Session20 {
  readonly console: HandConsole;
  readonly id: number;
  readonly crypto: SessionCrypto;

  constructor(console: HandConsole, id: number, crypto: SessionCrypto) {
    this.console = console;
    this.id = id;
    this.crypto = crypto;
  }

  seal(sequence: number, message: Uint8Array, payloadType: number = PayloadType.Ipmi): Uint8Array {
    return this.crypto.seal(payloadType, this.id, sequence, message, this.console.world.random);
  }

  /** Sends a datagram; the messages that come back, opened. */
  async exchange(datagram: Uint8Array): Promise<IpmiMessage[]> {
    return (await this.console.exchange(datagram)).flatMap((answer) => {
      const packet = parse20(answer);
      const payload =
        packet && this.crypto.isAuthentic(answer, packet) ? this.crypto.open(answer, packet) : undefined;
      return (payload && parseMessage(payload)) ?? [];
    });
  }

  /** Completion code and data of the one answer; undefined: there was none. */
  async ask(
    sequence: number,
    netFn: number,
    cmd: number,
    data: Uint8Array = new Uint8Array(0),
    { seq = sequence & 0x3f }: Asking = {},
  ): Promise<number[] | undefined> {
    const [answer] = await this.exchange(this.seal(sequence, request(netFn, cmd, data, seq)));
    return answer && [...answer.data];
  }
}

export interface LogIn15 {
  readonly user?: string;
  readonly password?: string;
  /** Default MD5. */
  readonly authType?: number;
  readonly privilege?: number;
}

/**
 * A session by IPMI 1.5 that has its challenge, and nothing more. Rejects where it is refused, with the
 * completion code as `cc`.
 */
export async function challenge15(
  console: HandConsole,
  { user = 'admin', password = 'AdminPass123', authType = 2 }: LogIn15 = {},
): Promise<Session15> {
  const outside = new Session15(console, 0, 0, secret(password));
  const answer = await outside.ask(0, NetFn.App, 0x39, Uint8Array.of(authType, ...fromLatin1(user, 16)));
  if (answer?.[0] !== 0) throw refused('Get Session Challenge', answer?.[0]);
  return new Session15(
    console,
    word(Uint8Array.from(answer), 1),
    authType,
    secret(password),
    answer.slice(5, 21),
  );
}

/** A whole log-in by IPMI 1.5. Rejects as `challenge15`. */
export async function logIn15(console: HandConsole, options: LogIn15 = {}): Promise<Session15> {
  const half = await challenge15(console, options);
  const { privilege = Privilege.Administrator, password = 'AdminPass123' } = options;
  const activated = await half.ask(
    0,
    NetFn.App,
    0x3a,
    Uint8Array.of(half.authType, privilege, ...half.challenge, 1, 0, 0, 0),
  );
  if (activated?.[0] !== 0) throw refused('Activate Session', activated?.[0]);
  const answer = Uint8Array.from(activated);
  return new Session15(
    console,
    word(answer, 2),
    answer[1],
    secret(password),
    half.challenge,
    word(answer, 6),
  );
}

const refused = (step: string, cc: number | undefined): Error =>
  Object.assign(new Error(`${step}: ${cc}`), { cc });

/**
 * A console's end of an IPMI 1.5 session; `first` is the sequence number that the BMC wants to see first.
 */
export class Session15 {
  readonly console: HandConsole;
  readonly id: number;
  readonly authType: number;
  readonly challenge: readonly number[];
  readonly first: number;
  readonly #password: Uint8Array;

  constructor(
    console: HandConsole,
    id: number,
    authType: number,
    password: Uint8Array,
    challenge: readonly number[] = [],
    first = 0,
  ) {
    this.console = console;
    this.id = id;
    this.authType = authType;
    this.challenge = challenge;
    this.first = first;
    this.#password = password;
  }

  seal(sequence: number, message: Uint8Array, authType = this.authType): Uint8Array {
    return build15(authType, sequence, this.id, message, this.#password);
  }

  async exchange(datagram: Uint8Array): Promise<IpmiMessage[]> {
    return (await this.console.exchange(datagram)).flatMap((answer) => {
      const packet = parse15(answer);
      return (packet && parseMessage(answer.slice(packet.start, packet.end))) ?? [];
    });
  }

  /** Completion code and data of the one answer; undefined: there was none. */
  async ask(
    sequence: number,
    netFn: number,
    cmd: number,
    data: Uint8Array = new Uint8Array(0),
    { authType = this.authType, seq = sequence & 0x3f }: Asking = {},
  ): Promise<number[] | undefined> {
    const [answer] = await this.exchange(this.seal(sequence, request(netFn, cmd, data, seq), authType));
    return answer && [...answer.data];
  }
}
