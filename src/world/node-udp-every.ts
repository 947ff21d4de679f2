import { askedFrom, type AddressWatch } from './node-addresses.ts';
import type { Bind, NodeUdpSocket } from './node-udp-socket.ts';
import type { Wall } from './wall.ts';
import type { Endpoint, UdpOptions, UdpSocket } from './world.ts';

/**
 * Sockets for addresses that no interface lists (127.0.0.5), and questions to the system for one at a time.
 */
const MOST_UNLISTED = 64;
const MOST_ASKING = 8;

/**
 * A port on every address of this machine. Each address has a socket of its own, so that an answer leaves
 * from the address that was asked: a client with a connected socket sees no other. One more socket, on all of
 * them, takes what is sent to none of these: broadcasts, addresses that came a moment ago, and unlisted ones,
 * which get a socket when somebody asks them. Why the port is shared, and what that means: decision 55.
 */
export class EveryAddress implements UdpSocket {
  readonly address: Endpoint;
  onDatagram: ((data: Uint8Array, from: Endpoint) => void) | undefined;
  onError: ((error: Error) => void) | undefined;
  readonly #bind: Bind;
  readonly #watch: AddressWatch;
  readonly #wall: Wall;
  readonly #rest: NodeUdpSocket;
  readonly #v6: boolean;
  /** By address. Undefined: it is being bound. */
  readonly #sockets = new Map<string, NodeUdpSocket | undefined>();
  readonly #unlisted = new Set<string>();
  #listed: readonly string[] = [];
  #binding: Promise<unknown> = Promise.resolve();
  #asking = 0;
  #unfollow: () => void = () => undefined;
  #closed: Promise<void> | undefined;

  private constructor(rest: NodeUdpSocket, bind: Bind, watch: AddressWatch, wall: Wall) {
    this.address = rest.address;
    this.#rest = rest;
    this.#bind = bind;
    this.#watch = watch;
    this.#wall = wall;
    this.#v6 = rest.address.host.includes(':');
    rest.onDatagram = (data, from) => this.#unaddressed(data, plain(from));
    rest.onError = (error) => this.onError?.(error);
  }

  /**
   * Resolves when each address of now has its socket. Rejects as `bind` does: with EADDRINUSE if anybody has
   * the port on any address.
   */
  static async open(at: UdpOptions, bind: Bind, watch: AddressWatch, wall: Wall): Promise<EveryAddress> {
    // Sockets that share a port do not see each other as a clash: one that does not share finds out whether
    // the port is free.
    const probe = await bind(at);
    const { port } = probe.address;
    await probe.close();
    const every = new EveryAddress(await bind({ host: at.host, port }, true), bind, watch, wall);
    every.#unfollow = watch.follow((addresses) => every.#have(addresses));
    await every.#binding;
    return every;
  }

  send(data: Uint8Array, to: Endpoint): void {
    const socket = (to.asked === undefined ? undefined : this.#sockets.get(to.asked)) ?? this.#rest;
    socket.send(data, to);
  }

  close(): Promise<void> {
    this.onDatagram = undefined;
    this.#unfollow();
    this.#closed ??= this.#binding.then(async () => {
      const open = [...this.#sockets.values()].filter((socket) => socket !== undefined);
      await Promise.all([this.#rest, ...open].map((socket) => socket.close()));
      this.#sockets.clear();
    });
    return this.#closed;
  }

  /** Listed addresses come and go; those that were found out stay. */
  #have(addresses: readonly string[]): void {
    this.#listed = addresses.filter((address) => this.#v6 || !address.includes(':'));
    for (const [address, socket] of this.#sockets) {
      if (socket === undefined || this.#listed.includes(address) || this.#unlisted.has(address)) continue;
      this.#sockets.delete(address);
      void socket.close();
    }
    const fresh = this.#listed.filter((address) => !this.#sockets.has(address));
    if (fresh.length > 0)
      this.#binding = Promise.all([this.#binding, ...fresh.map((address) => this.#take(address))]);
  }

  async #take(address: string): Promise<void> {
    this.#sockets.set(address, undefined);
    try {
      const socket = await this.#bind({ host: address, port: this.address.port }, true);
      this.#sockets.set(address, socket);
      socket.onDatagram = (data, { host, port }) => this.onDatagram?.(data, { host, port, asked: address });
      socket.onError = (error) => this.onError?.(error);
    } catch {
      // An address that goes, or is not ready yet: what is sent to it comes by the socket on all of them, and
      // it is tried again then.
      this.#sockets.delete(address);
      this.#unlisted.delete(address);
    }
  }

  /** To an address that has no socket, or to many machines at once. */
  #unaddressed(data: Uint8Array, from: Endpoint): void {
    this.#watch.look();
    if (this.#listed.some((address) => !this.#sockets.has(address))) this.#have(this.#listed);
    const local =
      this.#listed.includes(from.host) || this.#unlisted.has(from.host) || from.host.startsWith('127.');
    if (!local || this.#asking >= MOST_ASKING) return this.onDatagram?.(data, from);
    this.#asking++;
    // The bytes are ours during this call only.
    const kept = data.slice();
    this.#binding = Promise.all([
      this.#binding,
      this.#answerFromAsked(kept, from).finally(() => this.#asking--),
    ]);
  }

  async #answerFromAsked(data: Uint8Array, from: Endpoint): Promise<void> {
    const asked = await askedFrom(from.host, from.port, this.address.port);
    const known = asked === undefined || this.#sockets.has(asked);
    if (!known && !this.#closed && this.#unlisted.size < MOST_UNLISTED) {
      this.#unlisted.add(asked);
      await this.#take(asked);
    }
    const sender = { ...from, asked };
    this.#wall.call('datagram', sender, this.onDatagram, data, sender);
  }
}

/** An IPv4 address as IPv4, also where an IPv6 socket took its datagram: a peer has one name. */
const plain = ({ host, port }: Endpoint): Endpoint => ({
  host: host.startsWith('::ffff:') ? host.slice(7) : host,
  port,
});
