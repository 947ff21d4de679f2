import { Senders, type BatchShares } from './batch-senders.ts';
import { PrefixPort } from './batch-prefix.ts';
import { BatchSocket } from './batch-socket.ts';
import type { NativeSocket, NativeSockets } from './native-sockets.ts';
import type { Wall } from './wall.ts';
import type { Endpoint, UdpOptions, UdpSocket } from './world.ts';

/** Sockets that receive and send many datagrams in one call of the system, and the memory that they share. */
export class BatchUdp implements BatchShares {
  readonly native: NativeSockets;
  readonly wall: Wall;
  readonly senders: Senders;
  /** Of prefixes, by family and port. */
  readonly #prefixPorts = new Map<string, PrefixPort>();

  constructor(native: NativeSockets, wall: Wall) {
    this.native = native;
    this.wall = wall;
    this.senders = new Senders(native);
  }

  /** At an address, or at all of them. Throws the system's error. */
  bind(at: UdpOptions): UdpSocket {
    return at.prefix === undefined
      ? new PlainSocket(this, this.native.open(at, at), at.host)
      : this.#portOf(at).take(at.host, at.prefix);
  }

  /** Whoever lets the system choose has the one that it chose for the first. */
  #portOf({ host, port }: UdpOptions): PrefixPort {
    const key = (number: number): string => `${host.includes(':') ? 'IPv6' : 'IPv4'} ${number}`;
    const known = this.#prefixPorts.get(key(port));
    if (known) return known;
    const prefixPort = new PrefixPort(this, { host, port }, () => {
      for (const [name, other] of this.#prefixPorts) if (other === prefixPort) this.#prefixPorts.delete(name);
    });
    for (const number of [port, prefixPort.socket.port]) this.#prefixPorts.set(key(number), prefixPort);
    return prefixPort;
  }
}

/** A socket of one address, or of all of this machine. */
class PlainSocket implements UdpSocket {
  readonly address: Endpoint;
  onDatagram: ((data: Uint8Array, from: Endpoint) => void) | undefined;
  onError: ((error: Error) => void) | undefined;
  readonly #socket: BatchSocket;
  readonly #isEvery: boolean;

  constructor(udp: BatchShares, socket: NativeSocket, host: string) {
    const { native, wall, senders } = udp;
    const { isEvery, isV6, port } = socket;
    this.address = { host, port };
    this.#isEvery = isEvery;
    const datagram = (i: number): void => {
      const from = isV6 ? senders.of6(i, isEvery) : senders.of4(i, isEvery);
      wall.call('datagram', from, this.onDatagram, native.data(i), from);
    };
    this.#socket = new BatchSocket(native, socket, datagram, (error) =>
      wall.call('datagram socket', this.address, this.onError, error, undefined),
    );
  }

  send(data: Uint8Array, to: Endpoint): void {
    this.#socket.send(data, to, this.#isEvery ? to.asked : undefined);
  }

  async close(): Promise<void> {
    this.onDatagram = undefined;
    this.#socket.close();
  }
}
