import { connect, createServer, Socket, type OnReadOpts } from 'node:net';
import { availableParallelism } from 'node:os';
import { listenAt } from './node-listen.ts';
import { openTty } from './node-tty.ts';
import type { Wall } from './wall.ts';
import type { Stream, StreamAddress, StreamNetwork, StreamServer } from './world.ts';

/**
 * What all sockets read into, one after the other; a copy goes on. Without it Node makes a buffer of 64 KiB
 * for each read, a third of what a short request costs.
 */
const SCRATCH = new Uint8Array(65536);

/** With a single core, whoever should send the next bytes would be kept from it. */
const CAN_BE_EAGER = availableParallelism() > 1;

/** TCP and Unix sockets of the real world. */
export const nodeStreams = (wall: Wall): StreamNetwork => ({
  listen(at: StreamAddress, accept: (stream: Stream) => void): Promise<StreamServer> {
    const server = createServer({ noDelay: true, pauseOnConnect: true }, (accepted) => {
      const reading = intoScratch();
      const socket = readingInto(accepted, reading.onread);
      const stream = new NodeStream(socket, peerOf(socket, at), wall);
      reading.stream = stream;
      wall.call('connection', stream.peer, accept, stream, undefined, stream);
    });
    // The callback of close() waits for the open streams, which are not ours.
    return listenAt(server, at, () => void server.close());
  },

  async connect(to): Promise<Stream> {
    if ('tty' in to) return new NodeStream(await openTty(to), to.tty, wall);
    return new Promise((resolve, reject) => {
      const reading = intoScratch();
      const { onread } = reading;
      const socket = connect(
        'path' in to ? { path: to.path, onread } : { host: to.host, port: to.port, noDelay: true, onread },
      );
      socket.pause(); // until somebody receives
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        const stream = new NodeStream(socket, peerOf(socket, to), wall);
        reading.stream = stream;
        resolve(stream);
      });
    });
  },
});

/** How a socket reads, and into whose stream as soon as it has one. */
interface Reading {
  stream?: NodeStream;
  readonly onread: OnReadOpts;
}

function intoScratch(): Reading {
  const reading: Reading = {
    onread: {
      buffer: SCRATCH,
      callback(size, bytes) {
        reading.stream?.received(bytes.slice(0, size));
        return true;
      },
    },
  };
  return reading;
}

/**
 * What was accepted, reading as connected sockets do. Servers have no option for that; so their socket gives
 * its handle, which Node keeps by this name in all of its versions, to one that has. Where it is not to be
 * had the socket stays, and reads as Node likes.
 */
function readingInto(accepted: Socket, onread: OnReadOpts): Socket {
  const handle: unknown = Reflect.get(accepted, '_handle');
  if (typeof handle !== 'object' || handle === null) return accepted;
  const options = { handle, onread, pauseOnCreate: true, allowHalfOpen: false };
  const socket = new Socket(options);
  Object.assign(accepted, { _handle: null });
  return socket;
}

function peerOf(socket: Socket, at: StreamAddress): string {
  if ('path' in at) return `unix:${at.path}`;
  const host = socket.remoteAddress ?? at.host;
  return `${host.includes(':') ? `[${host}]` : host}:${socket.remotePort ?? at.port}`;
}

class NodeStream implements Stream {
  readonly peer: string;
  onClose: ((error?: Error) => void) | undefined;
  onDrain: (() => void) | undefined;
  eager = 0;
  readonly #socket: Socket;
  readonly #wall: Wall;
  #onData: ((data: Uint8Array) => void) | undefined;
  #error: Error | undefined;
  #started = false;
  #paused = false;
  #arrived = -Infinity;
  #awakeUntil = 0;
  #isAwake = false;

  constructor(socket: Socket, peer: string, wall: Wall) {
    this.peer = peer;
    this.#wall = wall;
    this.#socket = socket;
    socket.on('error', (error) => {
      this.#error = error;
    });
    socket.on('close', () => wall.call('stream end', peer, this.onClose, this.#error, undefined));
    socket.on('drain', () => wall.call('stream drained', peer, this.onDrain, undefined, undefined, this));
  }

  get onData(): ((data: Uint8Array) => void) | undefined {
    return this.#onData;
  }

  set onData(receive: ((data: Uint8Array) => void) | undefined) {
    this.#onData = receive;
    if (!receive || this.#started) return;
    // What came before waits in the socket.
    this.#started = true;
    this.#socket.on('data', (data: Uint8Array) => this.received(data));
    if (!this.#paused) this.#socket.resume();
  }

  received(data: Uint8Array): void {
    // The stream of a receiver that threw is of no use any more: nobody knows how far it had read.
    if (!this.#wall.call('stream data', this.peer, this.#onData, data, undefined, this)) return;
    if (this.eager === 0 || !CAN_BE_EAGER) return;
    const now = performance.now();
    // Whoever asks seldom would have a core burnt for nothing.
    const isBusy = now - this.#arrived <= this.eager;
    this.#arrived = now;
    if (!isBusy) return;
    this.#awakeUntil = now + this.eager;
    if (!this.#isAwake) NodeStream.#stayAwake(this);
  }

  /** A loop with something to do at once does not sleep; it takes up everybody's I/O in each round. */
  static readonly #stayAwake = (stream: NodeStream): void => {
    stream.#isAwake = performance.now() < stream.#awakeUntil && !stream.#socket.destroyed;
    if (stream.#isAwake) setImmediate(NodeStream.#stayAwake, stream);
  };

  write(data: Uint8Array): boolean {
    return this.#socket.writable ? this.#socket.write(Buffer.from(data)) : true;
  }

  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#paused = false;
    if (this.#onData) this.#socket.resume();
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
