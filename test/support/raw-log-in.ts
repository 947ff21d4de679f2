import { ActivateSession, GetSessionChallenge } from '../../src/commands/app/sessions.ts';
import type { Command } from '../../src/commands/command.ts';
import {
  AuthType,
  BMC_ADDRESS,
  build15,
  build20,
  buildMessage,
  cipherSuite,
  OpenSessionRequest,
  parse15,
  parse20,
  parseMessage,
  PayloadType,
  Rakp1,
  Rakp2,
  Rakp3,
  rakp3Code,
  REMOTE_CONSOLE,
  SessionCrypto,
  sessionKeys,
  type Exchange,
} from '../../src/wire/index.ts';
import type { Endpoint, UdpSocket } from '../../src/world/world.ts';
import type { SimWorld } from '../../src/world/index.ts';

export interface RawLogInOptions {
  readonly user?: string | Uint8Array;
  /** As bytes: at most 20. */
  readonly password?: string | Uint8Array;
  readonly role?: number;
  readonly suite?: number;
  readonly consoleId?: number;
  /** Default 0: RAKP 1 with the look-up by name alone is what clients send. */
  readonly byPrivilege?: boolean;
  readonly kg?: Uint8Array;
}

const text = new TextEncoder();
const bytesOf = (value: string | Uint8Array): Uint8Array =>
  typeof value === 'string' ? text.encode(value) : value;

/**
 * A log-in a step at a time, with whatever bytes a test wants: RMCP+ and IPMI 1.5. Answers are what came
 * within 20 ms of virtual time.
 */
export class RawLogIn {
  readonly socket: UdpSocket;
  readonly #world: SimWorld;
  readonly #server: Endpoint;
  readonly #options: RawLogInOptions;
  readonly #key = new Uint8Array(20);
  readonly #consoleRandom: Uint8Array;
  readonly consoleId: number;
  bmcId = 0;
  exchange: Exchange | undefined;
  crypto: SessionCrypto | undefined;
  /** IPMI 1.5. */
  challengeBytes = new Uint8Array(16);
  #sequence = 0;
  #seq = 0;
  #tag = 0;
  received: Uint8Array[] = [];

  private constructor(world: SimWorld, socket: UdpSocket, server: Endpoint, options: RawLogInOptions) {
    this.#world = world;
    this.socket = socket;
    this.#server = server;
    this.#options = options;
    this.#key.set(bytesOf(options.password ?? 'AdminPass123'));
    this.#consoleRandom = world.random.bytes(16);
    this.consoleId = options.consoleId ?? (world.random.u32() || 1);
    socket.onDatagram = (datagram) => void this.received.push(datagram.slice());
  }

  static async from(
    world: SimWorld,
    host: string,
    server: Endpoint,
    options: RawLogInOptions = {},
  ): Promise<RawLogIn> {
    return new RawLogIn(world, await world.udp.bind({ host, port: 0 }), server, options);
  }

  /** Sends, and gives the last datagram that came back. */
  async ask(datagram: Uint8Array): Promise<Uint8Array | undefined> {
    this.received = [];
    this.socket.send(datagram, this.#server);
    await this.#world.run(20);
    return this.received.at(-1);
  }

  async #payload(type: number, payload: Uint8Array): Promise<Uint8Array | undefined> {
    const answer = await this.ask(build20(type, 0, 0, payload));
    const packet = answer && parse20(answer);
    return packet && answer.subarray(packet.start, packet.end);
  }

  openRequest(): Uint8Array {
    const { role = 4, suite: id = 17 } = this.#options;
    const suite = cipherSuite(id)!;
    const record = (type: number, algorithm: number) => ({ type, length: 8, algorithm });
    return OpenSessionRequest.encode({
      tag: this.#tag++ & 0xff,
      maxPrivilege: role,
      consoleId: this.consoleId,
      authentication: record(0, suite.authentication),
      integrity: record(1, suite.integrity),
      confidentiality: record(2, suite.confidentiality),
    });
  }

  /** The status; -1: no answer. */
  async open(request = this.openRequest()): Promise<number> {
    const answer = await this.#payload(PayloadType.OpenSessionRequest, request);
    if (answer?.[1] === 0) this.bmcId = new DataView(answer.buffer, answer.byteOffset).getUint32(8, true);
    return answer?.[1] ?? -1;
  }

  async rakp1(): Promise<number> {
    const { user = 'admin', role = 4, byPrivilege = false, suite = 17 } = this.#options;
    const name = bytesOf(user);
    const { bmcId, consoleId } = this;
    const request = {
      tag: this.#tag++ & 0xff,
      bmcId,
      consoleRandom: this.#consoleRandom,
      nameOnly: !byPrivilege,
      role,
      nameLength: name.length,
      name,
    };
    const answer = await this.#payload(PayloadType.Rakp1, Rakp1.encode(request));
    if (answer?.[1] !== 0) return answer?.[1] ?? -1;
    const { bmcRandom, bmcGuid } = Rakp2.decode(answer);
    this.exchange = {
      authentication: cipherSuite(suite)!.authentication,
      consoleId,
      bmcId,
      consoleRandom: this.#consoleRandom,
      bmcRandom,
      bmcGuid,
      role: role | (byPrivilege ? 0 : 0x10),
      name,
    };
    return 0;
  }

  async rakp3(wrong = false, status = 0): Promise<number> {
    const { exchange, bmcId } = this;
    const code = exchange ? rakp3Code(exchange, this.#key) : new Uint8Array(32);
    if (wrong && code.length > 0) code[0] ^= 1;
    const answer = await this.#payload(
      PayloadType.Rakp3,
      Rakp3.encode({ tag: this.#tag++ & 0xff, status, bmcId, code: status ? new Uint8Array(0) : code }),
    );
    if (answer?.[1] === 0 && exchange) {
      const keys = sessionKeys(exchange, { user: this.#key, bmc: this.#options.kg ?? this.#key });
      this.crypto = new SessionCrypto(cipherSuite(this.#options.suite ?? 17)!, keys, this.#key);
    }
    return answer?.[1] ?? -1;
  }

  /** Completion code of a command in the RMCP+ session; -1: no answer. `again`: it is a retry of the last. */
  async send20(
    netFn: number,
    cmd: number,
    data: readonly number[] = [],
    { from, lun = 0, again = false }: { from?: UdpSocket; lun?: number; again?: boolean } = {},
  ): Promise<number> {
    if (!this.crypto) return -1;
    if (again) this.#seq--;
    const datagram = this.seal20(netFn, cmd, data, lun);
    if (from) {
      from.send(datagram, this.#server);
      await this.#world.run(20);
      return 0;
    }
    const answer = await this.ask(datagram);
    const packet = answer && parse20(answer);
    const plain = packet && this.crypto.open(answer, packet);
    return (plain && parseMessage(plain)?.data[0]) ?? -1;
  }

  seal20(netFn: number, cmd: number, data: readonly number[] = [], lun = 0): Uint8Array {
    return this.crypto!.seal(
      0,
      this.bmcId,
      ++this.#sequence,
      this.#message(netFn, cmd, Uint8Array.from(data), lun),
      { fill: (out, start, end) => out.fill(7, start, end) },
    );
  }

  #message(netFn: number, cmd: number, data: Uint8Array, toLun = 0): Uint8Array {
    this.#seq = (this.#seq + 1) & 0x3f;
    return buildMessage({
      to: BMC_ADDRESS,
      toLun,
      netFn,
      from: REMOTE_CONSOLE,
      fromLun: 0,
      seq: this.#seq,
      cmd,
      data,
    });
  }

  async #ask15(
    command: Command,
    data: Uint8Array,
    sessionId: number,
    authType: number,
    key = this.#key,
  ): Promise<Uint8Array | undefined> {
    const answer = await this.ask(
      build15(authType, 0, sessionId, this.#message(command.netFn, command.cmd, data), key),
    );
    const packet = answer && parse15(answer);
    return packet && parseMessage(answer.subarray(packet.start, packet.end))?.data;
  }

  /** Get Session Challenge: its completion code; -1: no answer. */
  async challenge(authType: number = AuthType.Md5): Promise<number> {
    const userName = new Uint8Array(16);
    userName.set(bytesOf(this.#options.user ?? 'admin'));
    const answer = await this.#ask15(
      GetSessionChallenge,
      GetSessionChallenge.request.encode({ authType, userName }),
      0,
      AuthType.None,
    );
    if (answer?.[0] === 0) {
      const { temporarySessionId, challenge } = GetSessionChallenge.response.decode(answer, 1);
      this.bmcId = temporarySessionId;
      this.challengeBytes = Uint8Array.from(challenge);
    }
    return answer?.[0] ?? -1;
  }

  /** Activate Session: its completion code; -1: no answer. */
  async activate(wrong = false, authType: number = AuthType.Md5): Promise<number> {
    const { role: maxPrivilege = 4 } = this.#options;
    const key = this.#key.slice();
    if (wrong) key[0] ^= 1;
    const request = { authType, maxPrivilege, challenge: this.challengeBytes, initialOutboundSequence: 1 };
    const answer = await this.#ask15(
      ActivateSession,
      ActivateSession.request.encode(request),
      this.bmcId,
      authType,
      key,
    );
    if (answer?.[0] === 0)
      this.#sequence = ActivateSession.response.decode(answer, 1).initialInboundSequence - 1;
    return answer?.[0] ?? -1;
  }

  /** Completion code of a command in the IPMI 1.5 session; -1: no answer. */
  async send15(
    netFn: number,
    cmd: number,
    data: readonly number[] = [],
    authType: number = AuthType.Md5,
    from?: UdpSocket,
  ): Promise<number> {
    const datagram = build15(
      authType,
      ++this.#sequence,
      this.bmcId,
      this.#message(netFn, cmd, Uint8Array.from(data)),
      this.#key,
    );
    if (from) {
      from.send(datagram, this.#server);
      await this.#world.run(20);
      return 0;
    }
    const answer = await this.ask(datagram);
    const packet = answer && parse15(answer);
    return (packet && parseMessage(answer.subarray(packet.start, packet.end))?.data[0]) ?? -1;
  }
}
