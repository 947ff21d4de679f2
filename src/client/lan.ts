import { ERROR_CODES, hex2, IpmiError, utf8Bytes } from '../codec/index.ts';
import { Privilege } from '../commands/command.ts';
import {
  CloseSession,
  GetChannelAuthenticationCapabilities,
  SetSessionPrivilegeLevel,
} from '../commands/app/sessions.ts';
import { Client, type Carrier } from './client.ts';
import {
  BMC_ADDRESS,
  build15,
  build20,
  buildMessage,
  cipherSuite,
  equalBytes,
  nextSequence,
  OpenSessionRequest,
  OpenSessionResponse,
  parse15,
  parse20,
  parseMessage,
  PayloadType,
  Rakp1,
  Rakp2,
  Rakp3,
  Rakp4,
  RakpStatus,
  rakp2Code,
  rakp3Code,
  rakp4Code,
  REMOTE_CONSOLE,
  SequenceWindow,
  SessionCrypto,
  sessionKeys,
  type Exchange,
} from '../wire/index.ts';
import { endpointName, type Endpoint, type Timer, type UdpSocket, type World } from '../world/world.ts';

/** Milliseconds: a BMC knows a repetition for a few of these only. */
const LONGEST_WAIT = 4000;

export interface LanOptions {
  readonly host: string;
  /** Default 623. */
  readonly port?: number;
  /** At most 16 bytes in UTF-8. */
  readonly user: string;
  /** At most 20 bytes in UTF-8. */
  readonly password: string;
  /** The BMC key, for two-key log-ins: text, or bytes; at most 20 of them. */
  readonly kg?: string | Uint8Array;
  /** Default 17 (SHA-256, AES-128). */
  readonly cipherSuite?: number;
  /** Default Administrator. */
  readonly privilege?: Privilege;
  /** Milliseconds before a request is sent again; doubled each time. Default 500. */
  readonly retryAfter?: number;
  /** Times that a request is sent in all. Default 5. */
  readonly tries?: number;
}

/** A log-in that the BMC refused, with its RAKP status (IPMI 2.0 §13.24). */
export class LogInError extends Error {
  override name = 'LogInError';
  readonly code = ERROR_CODES.LogInError;
  readonly status: number;

  constructor(status: number, step: string) {
    const [name] = Object.entries(RakpStatus).find(([, value]) => value === status) ?? ['unknown status'];
    super(`${step}: refused with status ${hex2(status)}h (${name})`);
    this.status = status;
  }
}

/** No answer after the last try. */
export class TimeoutError extends Error {
  override name = 'TimeoutError';
  readonly code = ERROR_CODES.TimeoutError;
}

/** A payload besides messages, in the session of a client (IPMI 2.0 §13.27.3). */
export interface PayloadLine {
  /** Valid during the call; `order`: its sequence number in the session. */
  onPayload: ((payload: Uint8Array, order: number) => void) | undefined;
  /** `encrypted`: where the cipher suite can. Default true. */
  send(payload: Uint8Array, encrypted?: boolean): void;
}

export interface LanClient extends Client {
  /** The line of a payload type, 01h (SOL) or 20h..27h. Activate Payload comes first: see `openSol`. */
  payload(type: number): PayloadLine;
  /** Ends the session and frees the port. */
  close(): Promise<void>;
}

/**
 * Opens an RMCP+ session. Rejects with LogInError, TimeoutError, or IpmiError where the privilege is
 * refused.
 */
export async function connectLan(
  world: Pick<World, 'clock' | 'random' | 'udp'>,
  options: LanOptions,
): Promise<LanClient> {
  const socket = await world.udp.bind({ host: options.host.includes(':') ? '::' : '0.0.0.0', port: 0 });
  const console = new Console(world, socket, options);
  try {
    await console.logIn();
    const client = Object.assign(new Client(console), {
      close: () => console.close(),
      payload: (type: number) => console.payload(type),
    });
    await client.send(SetSessionPrivilegeLevel, { privilege: options.privilege ?? Privilege.Administrator });
    return client;
  } catch (error) {
    await socket.close();
    throw error;
  }
}

interface Pending {
  readonly resolve: (answer: Uint8Array) => void;
  timer: Timer | undefined;
}

/** The remote console's end of one session. */
class Console implements Carrier {
  readonly #world: Pick<World, 'clock' | 'random' | 'udp'>;
  readonly #socket: UdpSocket;
  readonly #options: LanOptions;
  readonly #pending = new Map<string, Pending>();
  readonly #window = new SequenceWindow(0, 16, 15);
  readonly #payloads = new Map<number, PayloadLine>();
  #session:
    | { readonly bmcId: number; readonly consoleId: number; readonly crypto: SessionCrypto }
    | undefined;
  #sequence = 0;
  #rqSeq = 0;
  #tag = 0;

  constructor(world: Pick<World, 'clock' | 'random' | 'udp'>, socket: UdpSocket, options: LanOptions) {
    this.#world = world;
    this.#socket = socket;
    this.#options = options;
    socket.onDatagram = (datagram) => this.#receive(datagram);
  }

  async request(netFn: number, cmd: number, data: Uint8Array, lun = 0): Promise<Uint8Array> {
    this.#rqSeq = (this.#rqSeq + 1) & 0x3f;
    const seq = this.#rqSeq;
    const message = buildMessage({
      to: BMC_ADDRESS,
      toLun: lun,
      netFn,
      from: REMOTE_CONSOLE,
      fromLun: 0,
      seq,
      cmd,
      data,
    });
    return this.#ask(`message ${seq} ${netFn | 1} ${cmd}`, () => this.#seal(message));
  }

  async logIn(): Promise<void> {
    const {
      user,
      password,
      kg,
      privilege = Privilege.Administrator,
      cipherSuite: suiteId = 17,
    } = this.#options;
    const suite = cipherSuite(suiteId);
    if (!suite) throw new RangeError(`cipher suite ${suiteId} is none that we speak`);
    await new Client(this).send(GetChannelAuthenticationCapabilities, {
      extended: true,
      channel: 0xe,
      privilege,
    });
    const consoleId = this.#world.random.u32() || 1;
    const record = (type: number, algorithm: number) => ({ type, length: 8, algorithm });
    const opened = await this.#exchange(PayloadType.OpenSessionRequest, 'Open Session', (tag) =>
      OpenSessionRequest.encode({
        tag,
        maxPrivilege: privilege,
        consoleId,
        authentication: record(0, suite.authentication),
        integrity: record(1, suite.integrity),
        confidentiality: record(2, suite.confidentiality),
      }),
    );
    const { bmcId } = OpenSessionResponse.decode(opened);
    const consoleRandom = this.#world.random.bytes(16);
    const name = utf8Bytes(user, 16);
    if (!name) throw new RangeError('a user name has at most 16 bytes in UTF-8');
    const role = privilege;
    const rakp2 = Rakp2.decode(
      await this.#exchange(PayloadType.Rakp1, 'RAKP 1', (tag) =>
        Rakp1.encode({ tag, bmcId, consoleRandom, nameOnly: true, role, nameLength: name.length, name }),
      ),
    );
    const exchange: Exchange = {
      authentication: suite.authentication,
      consoleId,
      bmcId,
      consoleRandom,
      bmcRandom: rakp2.bmcRandom,
      bmcGuid: rakp2.bmcGuid,
      role: role | 0x10,
      name,
    };
    const userKey = key(password);
    if (!same(rakp2.code, rakp2Code(exchange, userKey))) {
      this.#refuse(bmcId);
      throw new LogInError(RakpStatus.InvalidIntegrityCheckValue, 'RAKP 2 (wrong password?)');
    }
    const keys = sessionKeys(exchange, { user: userKey, bmc: kg === undefined ? userKey : key(kg) });
    const code = rakp3Code(exchange, userKey);
    const rakp4 = Rakp4.decode(
      await this.#exchange(PayloadType.Rakp3, 'RAKP 3', (tag) =>
        Rakp3.encode({ tag, status: RakpStatus.Ok, bmcId, code }),
      ),
    );
    if (!same(rakp4.code, rakp4Code(exchange, keys.sik)))
      throw new LogInError(RakpStatus.InvalidIntegrityCheckValue, 'RAKP 4 (wrong BMC key?)');
    this.#session = { bmcId, consoleId, crypto: new SessionCrypto(suite, keys, userKey) };
  }

  /** The BMC is told why this log-in ends (§13.22); it has nothing to answer. */
  #refuse(bmcId: number): void {
    const refusal = Rakp3.encode({
      tag: this.#tag++ & 0xff,
      status: RakpStatus.InvalidIntegrityCheckValue,
      bmcId,
      code: new Uint8Array(0),
    });
    const { host, port = 623 } = this.#options;
    this.#socket.send(build20(PayloadType.Rakp3, 0, 0, refusal), { host, port });
  }

  payload(type: number): PayloadLine {
    const line = this.#payloads.get(type) ?? {
      onPayload: undefined,
      send: (payload, encrypted) => {
        if (this.#session) this.#socket.send(this.#seal(payload, type, encrypted), this.#peer);
      },
    };
    this.#payloads.set(type, line);
    return line;
  }

  get #peer(): Endpoint {
    return { host: this.#options.host, port: this.#options.port ?? 623 };
  }

  async close(): Promise<void> {
    try {
      await new Client(this).send(CloseSession, { sessionId: this.#session?.bmcId ?? 0 });
    } catch (error) {
      // A session that the BMC has ended already, or a BMC that is gone, is closed as well.
      if (!(error instanceof IpmiError || error instanceof TimeoutError)) throw error;
    } finally {
      await this.#socket.close();
    }
  }

  /** One step of the log-in: the same tag comes back. Rejects with LogInError for a status other than 0. */
  async #exchange(
    payloadType: number,
    step: string,
    build: (tag: number) => Uint8Array,
  ): Promise<Uint8Array> {
    const tag = this.#tag++ & 0xff;
    const payload = build(tag);
    const answer = await this.#ask(`payload ${payloadType + 1} ${tag}`, () =>
      build20(payloadType, 0, 0, payload),
    );
    if (answer[1] !== RakpStatus.Ok) throw new LogInError(answer[1], step);
    return answer;
  }

  #ask(key: string, seal: () => Uint8Array): Promise<Uint8Array> {
    const { retryAfter = 500, tries = 5 } = this.#options;
    return new Promise((resolve, reject) => {
      const pending: Pending = { resolve, timer: undefined };
      this.#pending.set(key, pending);
      const attempt = (left: number, wait: number): void => {
        if (left === 0) {
          this.#pending.delete(key);
          reject(new TimeoutError(`no answer from ${endpointName(this.#peer)} after ${tries} tries`));
          return;
        }
        this.#socket.send(seal(), this.#peer);
        pending.timer = this.#world.clock.after(wait, () =>
          attempt(left - 1, Math.min(wait * 2, LONGEST_WAIT)),
        );
      };
      attempt(tries, retryAfter);
    });
  }

  #seal(payload: Uint8Array, type: number = PayloadType.Ipmi, encrypted = true): Uint8Array {
    if (!this.#session) return build15(0, 0, 0, payload);
    const { crypto, bmcId } = this.#session;
    this.#sequence = nextSequence(this.#sequence);
    return crypto.seal(type, bmcId, this.#sequence, payload, this.#world.random, encrypted);
  }

  #receive(datagram: Uint8Array): void {
    const packet = parse20(datagram);
    if (!packet) {
      const early = parse15(datagram);
      if (early && early.sessionId === 0) this.#message(datagram.slice(early.start, early.end));
    } else if (packet.sessionId === 0) {
      const payload = datagram.slice(packet.start, packet.end);
      if (packet.payloadType !== PayloadType.Ipmi)
        this.#settle(`payload ${packet.payloadType} ${payload[0]}`, payload);
    } else if (
      this.#session &&
      packet.sessionId === this.#session.consoleId &&
      this.#session.crypto.isAuthentic(datagram, packet)
    ) {
      const payload = this.#session.crypto.open(datagram, packet);
      if (!payload || !this.#window.take(packet.sequence)) return;
      if (packet.payloadType === PayloadType.Ipmi) this.#message(payload.slice());
      else this.#payloads.get(packet.payloadType)?.onPayload?.(payload, packet.sequence);
    }
  }

  #message(bytes: Uint8Array): void {
    const message = parseMessage(bytes);
    if (message) this.#settle(`message ${message.seq} ${message.netFn} ${message.cmd}`, message.data);
  }

  #settle(key: string, answer: Uint8Array): void {
    const pending = this.#pending.get(key);
    if (!pending) return;
    this.#pending.delete(key);
    pending.timer?.cancel();
    pending.resolve(answer);
  }
}

const same = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && equalBytes(a, 0, b, 0, a.length);

/** A password or BMC key as the 20 bytes that it is hashed as. */
function key(secret: string | Uint8Array): Uint8Array {
  const bytes = typeof secret === 'string' ? utf8Bytes(secret, 20) : secret;
  if (!bytes || bytes.length > 20) throw new RangeError('a password or key has at most 20 bytes in UTF-8');
  const out = new Uint8Array(20);
  out.set(bytes);
  return out;
}
