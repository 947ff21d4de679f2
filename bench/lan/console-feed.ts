// A serial console that writes as fast as it is read: what SOL has to carry. Each server has one of its own.
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

// What the load generator types. It writes from XON to XOFF, no more than AHEAD pieces before they came to
// the client (an ACK for each): ipmi_sim never reads its console again if characters were waiting there when
// a session ended.
const XON = 0x11;
const XOFF = 0x13;
const ACK = 0x06;
const AHEAD = 2;
const PIECE = Buffer.alloc(16_384, '0123456789abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ\r\n');

export class ConsoleFeed {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #writing = false;

  static async open(): Promise<ConsoleFeed> {
    const feed = new ConsoleFeed();
    feed.#server.listen(0, '127.0.0.1');
    await once(feed.#server, 'listening');
    return feed;
  }

  constructor() {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('data', (typed: Buffer) => this.#typed(typed, socket));
      socket.on('error', () => socket.destroy());
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #typed(characters: Buffer, socket: Socket): void {
    for (const character of characters) {
      if (character === XOFF) this.#writing = false;
      if (character === ACK && this.#writing) socket.write(PIECE);
      if (character !== XON) continue;
      this.#writing = true;
      for (let i = 0; i < AHEAD; i++) socket.write(PIECE);
    }
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
