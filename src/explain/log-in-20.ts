import {
  cipherSuites,
  OpenSessionRequest,
  OpenSessionResponse,
  PayloadType,
  Rakp1,
  Rakp2,
  SessionCrypto,
  sessionKeys,
  type CipherSuite,
  type Exchange,
  type Packet20,
} from '../wire/index.ts';
import { bmcKeys, userKeys, type Candidates } from './candidates.ts';
import { findKeyExchange, findSessionKeys, type CodeFinding, type SessionFinding } from './codes.ts';

/** A step of a log-in, as it was first seen. */
export interface Step {
  /** Of the packet in the file. */
  readonly number: number;
  /** Microseconds since 1970. */
  readonly time: number;
  readonly payload: Uint8Array;
  /** Of an answer and of RAKP 3; undefined where there is none. */
  readonly status: number | undefined;
}

type StepType = (typeof STEP_TYPES)[number];
export const STEP_TYPES = [
  PayloadType.OpenSessionRequest,
  PayloadType.OpenSessionResponse,
  PayloadType.Rakp1,
  PayloadType.Rakp2,
  PayloadType.Rakp3,
  PayloadType.Rakp4,
] as const;

/** Where the role and the name stand in RAKP 1. */
const ROLE_AT = 24;
const NAME_AT = 28;

/**
 * An RMCP+ log-in that is watched: what was said, and what of it is right with the candidates given. Both
 * sides' secrets never stand in the packets, so that everything is tried with what may be behind the codes.
 */
export class LogIn20 {
  readonly protocol = 'rmcp+';
  readonly console: string;
  readonly bmc: string;
  /** Times that a step was sent again. */
  repetitions = 0;
  /** Packets of the session itself, and those of which the signature was right. */
  packets = { in: 0, out: 0, unauthentic: 0 };
  readonly #candidates: Candidates;
  readonly #steps = new Map<number, Step>();
  #cryptos: readonly SessionCrypto[] | undefined;
  #isCertain = false;
  #rakp2: CodeFinding | undefined;
  #rakp3: CodeFinding | undefined;
  #rakp4: SessionFinding | undefined;

  constructor(console: string, bmc: string, candidates: Candidates) {
    this.console = console;
    this.bmc = bmc;
    this.#candidates = candidates;
  }

  /** True: it is one of this log-in, or repeats one. False: it begins another. */
  take(type: number, step: Step): boolean {
    const known = this.#steps.get(type);
    if (known !== undefined) {
      if (!isSameBytes(known.payload, step.payload)) {
        // A refusal may be followed by a better answer, and an open session by another request for one.
        if (type === PayloadType.OpenSessionRequest) return false;
        if (known.status === step.status && type !== PayloadType.Rakp1) return true;
      } else {
        this.repetitions++;
        return true;
      }
    }
    this.#steps.set(type, step);
    this.#judge(type, step);
    return true;
  }

  step(type: StepType): Step | undefined {
    return this.#steps.get(type);
  }

  /** When it began: time and packet. */
  get first(): Step | undefined {
    for (const [, step] of this.#steps) return step;
    return undefined;
  }

  get request(): ReturnType<typeof OpenSessionRequest.decode> | undefined {
    return decoded(OpenSessionRequest, this.step(PayloadType.OpenSessionRequest));
  }

  get response(): ReturnType<typeof OpenSessionResponse.decode> | undefined {
    const step = this.step(PayloadType.OpenSessionResponse);
    return step?.status === 0 ? decoded(OpenSessionResponse, step) : undefined;
  }

  /** What RAKP 1 asks for. */
  get identity():
    | { readonly name: Uint8Array; readonly role: number; readonly nameOnly: boolean }
    | undefined {
    const payload = this.step(PayloadType.Rakp1)?.payload;
    if (payload === undefined || payload.length < Rakp1.min) return undefined;
    const { role, nameOnly, nameLength } = Rakp1.decode(payload);
    return { role, nameOnly, name: payload.slice(NAME_AT, NAME_AT + nameLength) };
  }

  /** Undefined until both random numbers are known. */
  get exchange(): Exchange | undefined {
    const [rakp1, two] = [this.step(PayloadType.Rakp1)?.payload, this.step(PayloadType.Rakp2)];
    const { response, identity } = this;
    if (rakp1 === undefined || two?.status !== 0 || response === undefined || identity === undefined)
      return undefined;
    const rakp2 = decoded(Rakp2, two);
    if (rakp2 === undefined) return undefined;
    return {
      authentication: response.authentication.algorithm,
      consoleId: response.consoleId,
      bmcId: response.bmcId,
      consoleRandom: rakp1.slice(8, 24),
      bmcRandom: rakp2.bmcRandom,
      bmcGuid: rakp2.bmcGuid,
      role: rakp1[ROLE_AT],
      name: identity.name,
    };
  }

  /** Undefined: of algorithms that nobody here speaks (RC4, or an OEM's). */
  get suite(): CipherSuite | undefined {
    const { response } = this;
    return (
      response &&
      cipherSuites.find(
        (suite) =>
          suite.authentication === response.authentication.algorithm &&
          suite.integrity === response.integrity.algorithm &&
          suite.confidentiality === response.confidentiality.algorithm,
      )
    );
  }

  /** What the codes say; undefined where there is none, or no candidate. */
  get codes(): {
    readonly rakp2: CodeFinding | undefined;
    readonly rakp3: CodeFinding | undefined;
    readonly rakp4: SessionFinding | undefined;
  } {
    return { rakp2: this.#rakp2, rakp3: this.#rakp3, rakp4: this.#rakp4 };
  }

  /**
   * A packet of the session in the clear: `payload` undefined where no candidate opens it. `isAuthentic`
   * undefined: there is no key to tell by.
   */
  open(
    datagram: Uint8Array,
    packet: Packet20,
  ): { readonly payload: Uint8Array | undefined; readonly isAuthentic: boolean | undefined } {
    const clear = packet.encrypted ? undefined : datagram.slice(packet.start, packet.end);
    const cryptos = (this.#cryptos ??= this.#possible());
    const fitting = cryptos.find((crypto) => crypto.isAuthentic(datagram, packet));
    if (fitting === undefined) {
      if (cryptos.length === 0) return { payload: clear, isAuthentic: undefined };
      return { payload: clear, isAuthentic: this.#isCertain ? false : undefined };
    }
    // The signature has told which of the candidates it was.
    this.#cryptos = [fitting];
    this.#isCertain = true;
    return { payload: fitting.open(datagram, packet), isAuthentic: true };
  }

  #judge(type: number, { payload, status }: Step): void {
    if (type === PayloadType.Rakp1) this.#rakp2 = this.#rakp3 = this.#rakp4 = undefined;
    const { exchange } = this;
    if (exchange === undefined || status !== 0) return;
    if (type === PayloadType.Rakp2)
      this.#rakp2 = findKeyExchange(2, exchange, payload.slice(40), this.#candidates);
    if (type === PayloadType.Rakp3)
      this.#rakp3 = findKeyExchange(3, exchange, payload.slice(8), this.#candidates);
    if (type !== PayloadType.Rakp4) return;
    const key = this.#rakp3?.key ?? this.#rakp2?.key;
    if (key === undefined || payload.length === 8) return;
    this.#rakp4 = findSessionKeys(exchange, payload.slice(8), key, this.#candidates);
    const { suite } = this;
    if (suite === undefined || this.#rakp4.keys === undefined) return;
    this.#cryptos = [new SessionCrypto(suite, this.#rakp4.keys, key.bytes)];
    this.#isCertain = true;
  }

  /** Where RAKP 4 is not there or tells nothing: each that the candidates give. */
  #possible(): SessionCrypto[] {
    const { exchange, suite } = this;
    if (exchange === undefined || suite === undefined) return [];
    if (suite.authentication === 0) {
      this.#isCertain = true;
      return [new SessionCrypto(suite, sessionKeys(exchange, { user: EMPTY, bmc: EMPTY }), EMPTY)];
    }
    return userKeys(this.#candidates).flatMap((user) =>
      bmcKeys(this.#candidates, user).map(
        (bmc) =>
          new SessionCrypto(suite, sessionKeys(exchange, { user: user.bytes, bmc: bmc.bytes }), user.bytes),
      ),
    );
  }
}

const EMPTY = new Uint8Array(0);

const isSameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);

/** Undefined: not there, or not what it has to be. */
function decoded<T>(layout: { decode(data: Uint8Array): T }, step: Step | undefined): T | undefined {
  if (step === undefined) return undefined;
  try {
    return layout.decode(step.payload);
  } catch {
    return undefined;
  }
}
