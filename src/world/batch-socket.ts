import { BURST } from './native-layout.ts';
import type { NativeSocket, NativeSockets, Watch } from './native-sockets.ts';
import type { Endpoint } from './world.ts';

/** Most bursts of one turn: other sockets, timers and streams have theirs. */
const BURSTS = 8;

/** One socket of the system: what comes is told burst by burst, and answers wait for the end of theirs. */
export class BatchSocket {
  readonly port: number;
  readonly #native: NativeSockets;
  readonly #socket: NativeSocket;
  readonly #watch: Watch;
  readonly #datagram: (i: number) => void;
  readonly #failed: (error: Error) => void;
  /** Answers wait for the end of their burst; else each is sent at once. */
  #isInBurst = false;
  #closed = false;

  /** `datagram`: told of each that came, by its place; `failed`: of each that could not be sent. */
  constructor(
    native: NativeSockets,
    socket: NativeSocket,
    datagram: (i: number) => void,
    failed: (error: Error) => void,
  ) {
    this.#native = native;
    this.#socket = socket;
    this.port = socket.port;
    this.#datagram = datagram;
    this.#failed = failed;
    this.#watch = native.watch(socket.fd, this.#receive);
  }

  /** `asked`: the address of this machine that it leaves from. */
  send(data: Uint8Array, to: Endpoint, asked: string | undefined): void {
    // A forged datagram may come from port 0.
    if (this.#closed || !(to.port > 0 && to.port < 65536)) return;
    this.#native.put(data, this.#socket, to, asked, this.#failed);
    if (!this.#isInBurst) this.#native.flush();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#watch.stop();
    this.#native.close(this.#socket.fd);
  }

  readonly #receive = (): void => {
    for (let burst = 0; burst < BURSTS && !this.#closed; burst++) {
      const count = this.#native.receive(this.#socket);
      this.#isInBurst = true;
      for (let i = 0; i < count && !this.#closed; i++) this.#datagram(i);
      this.#isInBurst = false;
      this.#native.flush();
      if (count < BURST) return;
    }
  };
}
