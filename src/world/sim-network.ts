import type { Life, SimScheduler } from './sim-clock.ts';
import { digest, type SimRandom } from './sim-random.ts';
import { systemError } from './system-error.ts';
import type { Endpoint, UdpNetwork, UdpOptions, UdpSocket } from './world.ts';

/** What the wire does; change it at any time. Probabilities are 0..1, per datagram. */
export interface NetworkFaults {
  loss: number;
  duplicate: number;
  /** ms, least and most, for datagrams and streams. Datagrams of one sender to one receiver keep their order... */
  delay: [number, number];
  /** ...but for these: they fall back by up to `reorderDelay` ms and do not hold up the others. */
  reorder: number;
  reorderDelay: number;
  /** False: this datagram is lost. For "the third answer goes missing", and to cut a cable. */
  filter: ((from: Endpoint, to: Endpoint, data: Uint8Array) => boolean) | undefined;
  /** Overwrites what was given to `onDatagram` after the call, so that who keeps it is found. */
  poison: boolean;
  /** Streams arrive in pieces of random size. False: whole writes, joined only if they meet. */
  chunking: boolean;
}

/** A machine as the network sees it. */
export interface Host {
  readonly name: string;
  readonly host: string;
  readonly life: Life;
}

const firstEphemeral = 49152;

/** The one cable that all machines of a simulated world hang on. */
export class SimNetwork {
  readonly faults: NetworkFaults;
  readonly scheduler: SimScheduler;
  readonly dice: SimRandom;
  readonly trace: (line: string) => void;
  readonly #sockets = new Map<string, SimUdpSocket>();
  /** When the last datagram of a flow arrives. */
  readonly #flows = new Map<string, number>();
  #ephemeral = firstEphemeral;

  constructor(faults: NetworkFaults, scheduler: SimScheduler, dice: SimRandom, trace: (line: string) => void) {
    this.faults = faults;
    this.scheduler = scheduler;
    this.dice = dice;
    this.trace = trace;
  }

  udp(machine: Host): UdpNetwork {
    return { bind: (options) => this.#bind(machine, options) };
  }

  /** A number that `isFree` accepts, going round the ephemeral range. */
  ephemeral(isFree: (port: number) => boolean): number {
    for (let tries = firstEphemeral; tries < 65536; tries++) {
      const port = this.#ephemeral;
      this.#ephemeral = port === 65535 ? firstEphemeral : port + 1;
      if (isFree(port)) return port;
    }
    throw systemError('EADDRINUSE', 'bind', 'any port');
  }

  /** The machine's process is gone. */
  drop(life: Life): void {
    for (const [key, socket] of this.#sockets) if (socket.life === life) this.#sockets.delete(key);
  }

  async #bind(machine: Host, options: UdpOptions): Promise<UdpSocket> {
    const host = literal(options.host);
    const key = (port: number): string => placeOf(machine, host, port);
    const port = options.port || this.ephemeral((free) => !this.#sockets.has(key(free)));
    if (this.#sockets.has(key(port))) throw systemError('EADDRINUSE', 'bind', show({ host, port }));
    const socket = new SimUdpSocket(this, machine, { host, port }, () => this.#sockets.delete(key(port)));
    this.#sockets.set(key(port), socket);
    return socket;
  }

  /** Decides a datagram's fate; `data` is copied. */
  transmit(sender: Host, from: Endpoint, to: Endpoint, data: Uint8Array): void {
    const { faults, dice } = this;
    const what = `udp ${show(from)} > ${show(to)} ${data.length} ${digest(data)}`;
    if (faults.filter?.(from, to, data) === false || dice.chance(faults.loss)) return this.trace(`${what} lost`);
    const copies = dice.chance(faults.duplicate) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const due = this.#due(`${show(from)}>${show(to)}`);
      const bytes = data.slice();
      this.trace(`${what} +${(due - this.scheduler.now).toFixed(3)}`);
      this.scheduler.after(due - this.scheduler.now, forever, () => this.#deliver(sender, from, to, bytes));
    }
  }

  #due(flow: string): number {
    const { faults, dice, scheduler } = this;
    const due = scheduler.now + dice.between(faults.delay);
    if (dice.chance(faults.reorder)) return due + dice.fraction() * faults.reorderDelay;
    const inOrder = Math.max(due, this.#flows.get(flow) ?? 0);
    this.#flows.set(flow, inOrder);
    return inOrder;
  }

  #deliver(sender: Host, from: Endpoint, to: Endpoint, data: Uint8Array): void {
    const socket = this.#sockets.get(`${to.host}|${to.port}`)
      ?? this.#sockets.get(`*${to.host}|${to.port}`)
      ?? (isLoopback(to.host) ? this.#sockets.get(`*${sender.host}|${to.port}`) : undefined);
    if (!socket) return this.trace(`udp ${show(to)} unreachable`);
    try {
      socket.onDatagram?.(data, from);
    } finally {
      if (this.faults.poison) data.fill(0xdb);
    }
  }
}

const forever: Life = Object.freeze({ alive: true });

class SimUdpSocket implements UdpSocket {
  readonly address: Endpoint;
  readonly life: Life;
  onDatagram: ((data: Uint8Array, from: Endpoint) => void) | undefined;
  onError: ((error: Error) => void) | undefined;
  readonly #network: SimNetwork;
  readonly #machine: Host;
  readonly #unbind: () => void;
  #closed = false;

  constructor(network: SimNetwork, machine: Host, address: Endpoint, unbind: () => void) {
    this.#network = network;
    this.#machine = machine;
    this.address = address;
    this.life = machine.life;
    this.#unbind = unbind;
  }

  send(data: Uint8Array, to: Endpoint): void {
    if (this.#closed || !this.life.alive || !(to.port > 0 && to.port < 65536) || data.length > 65507) return;
    const host = literal(to.host);
    const from = { host: isWildcard(this.address.host) ? sourceFor(host, this.#machine) : this.address.host, port: this.address.port };
    this.#network.transmit(this.#machine, from, { host, port: to.port }, data);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.onDatagram = undefined;
    if (this.life.alive) this.#unbind();
  }
}

/** What is bound to "any address" is filed under its machine, so that two machines may hold the same port. */
export function placeOf(machine: Host, host: string, port: number): string {
  return isWildcard(host) ? `*${machine.host}|${port}` : `${host}|${port}`;
}

export function isLoopback(host: string): boolean {
  return host === '::1' || host.startsWith('127.');
}

export function literal(host: string): string {
  return host === 'localhost' ? '127.0.0.1' : host.toLowerCase();
}

export function show({ host, port }: Endpoint): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::' || host === '';
}

function sourceFor(to: string, machine: Host): string {
  return isLoopback(to) ? to : machine.host;
}
