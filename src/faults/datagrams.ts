import { LateMap } from '../state/late-map.ts';
import { isSetUpPayload, PayloadType, RmcpClass, rmcpClass } from '../wire/index.ts';
import type { Endpoint, Timer, UdpNetwork, UdpOptions, UdpSocket } from '../world/world.ts';
import { shareAt, type Armed } from './armed.ts';
import { needed } from './layers.ts';
import type { FaultWhen } from './rule.ts';

type Direction = 'in' | 'out';
/** Passes a datagram on; the bytes are its own. */
type Pass = (data: Uint8Array, peer: Endpoint) => void;

/** What a way of datagrams asks of the faults of its BMC. */
export interface DatagramFaults {
  hit(rule: Armed, effect: string): void;
  /** The machine is on. */
  isOn(): boolean;
  after(ms: number, action: () => void): Timer;
  monotonic(): number;
}

const NONE: readonly Armed[] = [];
const NO_SOCKETS: readonly never[] = [];
/** Datagrams that may be late at once, each way; more are lost. */
const MOST_LATE = 256;
/** Milliseconds after which a datagram that the next one was to overtake goes by itself. */
const OVERTAKEN = 50;
/** Datagrams that a rate may keep waiting. */
const QUEUE = 64;

/** Throws SettingsError. */
export function checkDatagramEffect({ then }: Armed): void {
  for (const key of ['loss', 'duplicate', 'reorder', 'corrupt'] as const) shareAt(['then', key], then[key]);
}

/** The datagrams of one BMC: sockets whose ways can be bad, and that are the network's own while none is. */
export class FaultyUdp implements UdpNetwork {
  /** Rules for datagrams, in order. */
  rules: readonly Armed[] = NONE;
  /** Those of a direction and payload: most datagrams are nobody's business, and there may be many rules. */
  readonly #byKind = new LateMap<string, readonly Armed[]>();
  readonly #udp: UdpNetwork;
  #faults: DatagramFaults | undefined;
  #sockets: readonly FaultySocket[] = NO_SOCKETS;

  constructor(udp: UdpNetwork) {
    this.#udp = udp;
  }

  get faults(): DatagramFaults | undefined {
    return this.#faults;
  }

  async bind(options: UdpOptions): Promise<UdpSocket> {
    return this.#over(await this.#udp.bind(options));
  }

  held(at: Endpoint): UdpSocket | undefined {
    const socket = this.#udp.held?.(at);
    return socket && this.#over(socket);
  }

  #over(under: UdpSocket): FaultySocket {
    const socket = new FaultySocket(under, this);
    this.#sockets = this.#sockets.concat(socket);
    return socket;
  }

  closed(socket: FaultySocket): void {
    this.#sockets = this.#sockets.filter((other) => other !== socket);
  }

  /** The rules that are about such a datagram. */
  about(direction: Direction, data: Uint8Array): readonly Armed[] {
    const kind = carriedBy(data);
    const kinds = KINDS[direction];
    const key = kind === undefined ? kinds.other : kinds[kind];
    let rules = this.#byKind.get(key);
    if (rules === undefined) {
      rules = this.rules.filter(({ rule: { when } }) => isAbout(when, direction, kind));
      this.#byKind.set(key, rules);
    }
    return rules;
  }

  /** Rules have come or gone. */
  put(rules: readonly Armed[], faults: DatagramFaults): void {
    this.rules = rules;
    this.#byKind.clear();
    this.#faults = faults;
    for (const socket of this.#sockets) socket.changed();
  }
}

class FaultySocket implements UdpSocket {
  readonly #socket: UdpSocket;
  readonly #udp: FaultyUdp;
  /** Made when there is a rule. */
  #in: Way | undefined;
  #out: Way | undefined;
  #onDatagram: Pass | undefined;

  constructor(socket: UdpSocket, udp: FaultyUdp) {
    this.#socket = socket;
    this.#udp = udp;
  }

  get address(): Endpoint {
    return this.#socket.address;
  }

  get onDatagram(): Pass | undefined {
    return this.#onDatagram;
  }

  set onDatagram(listener: Pass | undefined) {
    this.#onDatagram = listener;
    this.changed();
  }

  get onError(): ((error: Error) => void) | undefined {
    return this.#socket.onError;
  }

  set onError(listener: ((error: Error) => void) | undefined) {
    this.#socket.onError = listener;
  }

  changed(): void {
    if (this.#udp.rules.length === 0 || this.#onDatagram === undefined) {
      this.#socket.onDatagram = this.#onDatagram;
      return;
    }
    this.#in ??= new Way('in', this.#udp, (data, peer) => this.#onDatagram?.(data, peer));
    this.#socket.onDatagram = this.#in.take;
  }

  send(data: Uint8Array, to: Endpoint): void {
    if (this.#udp.rules.length === 0) return this.#socket.send(data, to);
    this.#out ??= new Way('out', this.#udp, (bytes, peer) => this.#socket.send(bytes, peer));
    this.#out.take(data, to);
  }

  close(): Promise<void> {
    this.#onDatagram = undefined;
    this.#udp.closed(this);
    this.#in?.close();
    this.#out?.close();
    return this.#socket.close();
  }
}

/** One direction. */
class Way {
  readonly #direction: Direction;
  readonly #udp: FaultyUdp;
  readonly #pass: Pass;
  readonly #late = new Set<Timer>();
  #overtaken: { readonly go: () => void; readonly timer: Timer } | undefined;
  /** Monotonic milliseconds when the last datagram of a rate is through. */
  #busyUntil = 0;

  constructor(direction: Direction, udp: FaultyUdp, pass: Pass) {
    this.#direction = direction;
    this.#udp = udp;
    this.#pass = pass;
  }

  readonly take: Pass = (data, peer) => {
    for (const rule of this.#udp.about(this.#direction, data)) {
      const power = rule.rule.when?.power;
      if (power !== undefined && (power === 'on') !== this.#faults.isOn()) continue;
      if (!rule.strikes()) continue;
      return this.#struck(rule, data, peer);
    }
    this.#go(data, peer);
  };

  get #faults(): DatagramFaults {
    return needed(this.#udp.faults);
  }

  close(): void {
    for (const timer of this.#late) timer.cancel();
    this.#late.clear();
    this.#overtaken?.timer.cancel();
    this.#overtaken = undefined;
  }

  #struck(rule: Armed, data: Uint8Array, peer: Endpoint): void {
    const { then } = rule;
    const done: string[] = [];
    if (rule.draws(then.loss)) return this.#faults.hit(rule, `loss of a datagram ${this.#direction}`);
    let bytes = data;
    if (rule.draws(then.corrupt) && data.length > 0) {
      done.push('corrupt');
      bytes = data.slice();
      bytes[rule.random.u32() % bytes.length] ^= 1 << (rule.random.u32() & 7);
    }
    if (then.truncate !== undefined && then.truncate < bytes.length) {
      done.push('truncate');
      bytes = bytes.slice(0, then.truncate);
    }
    let late = rule.drawDelay();
    if (late > 0) done.push(`delay ${Math.round(late)} ms`);
    if (then.rate !== undefined) {
      const now = this.#faults.monotonic();
      const takes = (bytes.length * 8000) / then.rate;
      const begins = Math.max(now, this.#busyUntil);
      if (begins - now > QUEUE * takes)
        return this.#faults.hit(rule, `rate: a datagram ${this.#direction} lost`);
      this.#busyUntil = begins + takes;
      late += this.#busyUntil - now;
      done.push('rate');
    }
    const copies = rule.draws(then.duplicate) ? 2 : 1;
    if (copies === 2) done.push('duplicate');
    const waits = rule.draws(then.reorder);
    if (waits) done.push('reorder');
    if (done.length > 0) this.#faults.hit(rule, `${done.join(', ')} of a datagram ${this.#direction}`);
    for (let i = 0; i < copies; i++) {
      if (waits) this.#letOvertake(bytes.slice(), peer);
      else if (late > 0) this.#later(late, bytes.slice(), peer);
      // Whom it goes to may change it: one that comes again is another one.
      else this.#go(i + 1 < copies ? bytes.slice() : bytes, peer);
    }
  }

  /** Passes it on, and behind it what it has overtaken. */
  #go(data: Uint8Array, peer: Endpoint): void {
    this.#pass(data, peer);
    const overtaken = this.#overtaken;
    if (overtaken === undefined) return;
    this.#overtaken = undefined;
    overtaken.timer.cancel();
    overtaken.go();
  }

  #letOvertake(data: Uint8Array, peer: Endpoint): void {
    const go = (): void => this.#pass(data, peer);
    this.#overtaken?.go();
    this.#overtaken?.timer.cancel();
    const timer = this.#faults.after(OVERTAKEN, () => {
      this.#overtaken = undefined;
      go();
    });
    this.#overtaken = { go, timer };
  }

  #later(ms: number, data: Uint8Array, peer: Endpoint): void {
    if (this.#late.size >= MOST_LATE) return;
    const timer = this.#faults.after(ms, () => {
      this.#late.delete(timer);
      this.#go(data, peer);
    });
    this.#late.add(timer);
  }
}

type Kind = FaultWhen['payload'];

/** A name for each direction and payload, so that none has to be made. */
const KINDS = {
  in: { message: 'in message', sol: 'in sol', 'set-up': 'in set-up', ping: 'in ping', other: 'in' },
  out: { message: 'out message', sol: 'out sol', 'set-up': 'out set-up', ping: 'out ping', other: 'out' },
} as const;

function isAbout(when: FaultWhen | undefined, direction: Direction, kind: Kind): boolean {
  if (when === undefined) return true;
  if (when.direction !== undefined && when.direction !== direction) return false;
  return when.payload === undefined || when.payload === kind;
}

/** What a datagram carries, as far as its header says. */
function carriedBy(data: Uint8Array): FaultWhen['payload'] {
  if (rmcpClass(data) === RmcpClass.Asf) return 'ping';
  // IPMI 1.5 carries nothing else.
  return data[4] === 6 ? payloadOf(data[5] & 0x3f) : 'message';
}

/** What a payload type of RMCP+ is called here (IPMI 2.0 table 13-16). */
export function payloadOf(type: number): FaultWhen['payload'] {
  if (type === PayloadType.Ipmi) return 'message';
  if (type === PayloadType.Sol) return 'sol';
  return isSetUpPayload(type) ? 'set-up' : undefined;
}
