import { connect, createServer, type Socket } from 'node:net';
import { listenUnix } from './node-unix.ts';
import { openTty } from './node-tty.ts';
import type { Stream, StreamAddress, StreamNetwork, StreamServer } from './world.ts';

/** TCP and Unix sockets of the real world. */
export const nodeStreams: StreamNetwork = {
  async listen(at: StreamAddress, accept: (stream: Stream) => void): Promise<StreamServer> {
    const server = createServer({ noDelay: true }, (socket) => accept(new NodeStream(socket, peerOf(socket, at))));
    let address = at;
    let withdraw: (() => Promise<void>) | undefined;
    if ('path' in at) {
      withdraw = await listenUnix(server, at.path, at.mode);
    } else {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen({ host: at.host, port: at.port, exclusive: true }, () => {
          server.off('error', reject);
          resolve();
        });
      });
      const bound = server.address();
      if (bound && typeof bound === 'object') address = { host: bound.address, port: bound.port };
    }
    server.on('error', () => {}); // a failed accept (EMFILE) costs one connection, not the process
    return {
      address,
      async close() {
        await withdraw?.();
        withdraw = undefined;
        server.close(); // its callback waits for the open streams, which are not ours
      },
    };
  },

  async connect(to): Promise<Stream> {
    if ('tty' in to) return new NodeStream(await openTty(to), to.tty);
    return new Promise((resolve, reject) => {
      const socket = connect('path' in to ? { path: to.path } : { host: to.host, port: to.port, noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new NodeStream(socket, peerOf(socket, to)));
      });
    });
  },
};

function peerOf(socket: Socket, at: StreamAddress): string {
  if ('path' in at) return `unix:${at.path}`;
  const host = socket.remoteAddress ?? at.host;
  return `${host.includes(':') ? `[${host}]` : host}:${socket.remotePort ?? at.port}`;
}

class NodeStream implements Stream {
  readonly peer: string;
  onClose: ((error?: Error) => void) | undefined;
  onDrain: (() => void) | undefined;
  readonly #socket: Socket;
  #onData: ((data: Uint8Array) => void) | undefined;
  #error: Error | undefined;

  constructor(socket: Socket, peer: string) {
    this.peer = peer;
    this.#socket = socket;
    socket.on('error', (error) => {
      this.#error = error;
    });
    socket.on('close', () => this.onClose?.(this.#error));
    socket.on('drain', () => this.onDrain?.());
  }

  get onData(): ((data: Uint8Array) => void) | undefined {
    return this.#onData;
  }

  set onData(receive: ((data: Uint8Array) => void) | undefined) {
    // The listener starts the flow: what came before it waits in the socket.
    if (receive && !this.#socket.listenerCount('data')) this.#socket.on('data', (data: Uint8Array) => this.#onData?.(data));
    this.#onData = receive;
  }

  write(data: Uint8Array): boolean {
    return this.#socket.writable ? this.#socket.write(Buffer.from(data)) : true;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    if (this.#onData) this.#socket.resume();
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
