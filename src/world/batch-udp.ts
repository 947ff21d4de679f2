import { BURST, dotted, type NativeSocket, type NativeSockets, type Watch } from './native-sockets.ts';
import type { Wall } from './wall.ts';
import type { Endpoint, UdpOptions, UdpSocket } from './world.ts';

/** Most bursts of one turn: other sockets, timers and streams have theirs. */
const BURSTS = 8;
/** Most senders whose names are kept; a flood of made up ones begins anew. */
const NAMES = 4096;

interface Named {
  readonly endpoint: Endpoint;
  /** The address that it asked, as a number. */
  readonly asked: number;
}

/** Sockets that receive and send many datagrams in one call of the system, and the memory that they share. */
export class BatchUdp {
  readonly native: NativeSockets;
  readonly wall: Wall;
  readonly #names = new Map<number, Named>();

  constructor(native: NativeSockets, wall: Wall) {
    this.native = native;
    this.wall = wall;
  }

  /** At an IPv4 address, or at all of them. Throws the system's error. */
  bind(at: UdpOptions): UdpSocket {
    return new BatchSocket(this, this.native.open(at, at.receiveBuffer), at.host);
  }

  /** Who sent the datagram: one object for a sender, made with its first. */
  sender(i: number, isEvery: boolean): Endpoint {
    const number = this.native.sender(i);
    const asked = isEvery ? this.native.asked(i) : 0;
    const known = this.#names.get(number);
    if (known !== undefined && known.asked === asked) return known.endpoint;
    if (this.#names.size >= NAMES) this.#names.clear();
    const host = dotted(Math.floor(number / 0x10000));
    const port = number % 0x10000;
    const endpoint = asked === 0 ? { host, port } : { host, port, asked: dotted(asked) };
    this.#names.set(number, { endpoint, asked });
    return endpoint;
  }
}

class BatchSocket implements UdpSocket {
  readonly address: Endpoint;
  onDatagram: ((data: Uint8Array, from: Endpoint) => void) | undefined;
  onError: ((error: Error) => void) | undefined;
  readonly #udp: BatchUdp;
  readonly #socket: NativeSocket;
  readonly #watch: Watch;
  /** Answers that wait for the end of their burst; undefined: none is under way, and each is sent at once. */
  #waiting: number | undefined;
  #closed = false;

  constructor(udp: BatchUdp, socket: NativeSocket, host: string) {
    this.#udp = udp;
    this.#socket = socket;
    this.address = { host, port: socket.port };
    this.#watch = udp.native.watch(socket.fd, this.#receive);
  }

  send(data: Uint8Array, { host, port, asked }: Endpoint): void {
    // A forged datagram may come from port 0.
    if (this.#closed || !(port > 0 && port < 65536)) return;
    if (this.#waiting === BURST) this.#flush(0);
    const place = this.#waiting ?? 0;
    if (!this.#udp.native.put(place, data, host, port, this.#socket.isEvery ? asked : undefined)) return;
    if (this.#waiting === undefined) this.#udp.native.flush(this.#socket.fd, 1, this.#failed);
    else this.#waiting++;
  }

  async close(): Promise<void> {
    this.onDatagram = undefined;
    if (this.#closed) return;
    this.#closed = true;
    this.#watch.stop();
    this.#udp.native.close(this.#socket.fd);
  }

  readonly #receive = (): void => {
    const { native, wall } = this.#udp;
    const { isEvery } = this.#socket;
    for (let burst = 0; burst < BURSTS && !this.#closed; burst++) {
      const count = native.receive(this.#socket);
      this.#waiting = 0;
      for (let i = 0; i < count && !this.#closed; i++) {
        const from = this.#udp.sender(i, isEvery);
        wall.call('datagram', from, this.onDatagram, native.data(i), from);
      }
      this.#flush(undefined);
      if (count < BURST) return;
    }
  };

  #flush(next: number | undefined): void {
    const count = this.#waiting ?? 0;
    this.#waiting = next;
    if (count > 0 && !this.#closed) this.#udp.native.flush(this.#socket.fd, count, this.#failed);
  }

  readonly #failed = (error: Error): void =>
    void this.#udp.wall.call('datagram socket', this.address, this.onError, error, undefined);
}
