import { createSocket, type RemoteInfo, type Socket, type SocketOptions } from 'node:dgram';
import { lookup as dnsLookup } from 'node:dns';
import { isIP } from 'node:net';
import type { Wall } from './wall.ts';
import type { Endpoint, UdpOptions, UdpSocket } from './world.ts';

/** Binds one socket. `share`: others of this process have the port on other addresses, or on all. */
export type Bind = (at: Endpoint, share?: boolean) => Promise<NodeUdpSocket>;

export async function bound(
  { host: address, port, receiveBuffer }: UdpOptions,
  share: boolean,
  wall: Wall,
): Promise<NodeUdpSocket> {
  const socket = createSocket({
    type: isIP(address) === 6 ? 'udp6' : 'udp4',
    lookup: lookupAtOnce,
    reuseAddr: share,
  });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      // exclusive: a cluster worker must own its port, not share its parent's
      socket.bind({ address, port, exclusive: true }, () => {
        socket.off('error', reject);
        resolve();
      });
    });
  } catch (error) {
    socket.close();
    throw error;
  }
  if (receiveBuffer !== undefined) growReceiveBuffer(socket, receiveBuffer);
  return new NodeUdpSocket(socket, address, wall);
}

/**
 * dgram looks every destination up; answering literal addresses in the same turn spares each send a trip
 * through nextTick.
 */
const lookupAtOnce: SocketOptions['lookup'] = (host, options, done) => {
  const family = isIP(host);
  if (family) done(null, host, family);
  else dnsLookup(host, options, done);
};

function growReceiveBuffer(socket: Socket, bytes: number): void {
  try {
    socket.setRecvBufferSize(bytes);
  } catch {
    // Linux clamps to net.core.rmem_max; where the system refuses instead, its default has to do.
  }
}

/** One socket of the system. */
export class NodeUdpSocket implements UdpSocket {
  readonly address: Endpoint;
  onDatagram: ((data: Uint8Array, from: Endpoint) => void) | undefined;
  onError: ((error: Error) => void) | undefined;
  readonly #socket: Socket;
  readonly #v6: boolean;
  #closed: Promise<void> | undefined;

  /** `host`: as it was bound, with a zone that the system does not repeat. */
  constructor(socket: Socket, host: string, wall: Wall) {
    const { address, port, family } = socket.address();
    this.#socket = socket;
    this.#v6 = family === 'IPv6';
    this.address = { host: host.includes('%') ? host : address, port };
    socket.on('message', (data: Uint8Array, { address: host, port: from }: RemoteInfo) => {
      const sender = { host, port: from };
      wall.call('datagram', sender, this.onDatagram, data, sender);
    });
    socket.on('error', (error) => wall.call('datagram socket', this.address, this.onError, error, undefined));
  }

  send(data: Uint8Array, to: Endpoint): void {
    // A forged datagram may come from port 0; answering it must not throw.
    if (this.#closed || !(to.port > 0 && to.port < 65536)) return;
    const host = this.#v6 && isIP(to.host) === 4 ? `::ffff:${to.host}` : to.host;
    // Copied (from Buffer's pool, cheap), because libuv keeps the memory when the socket's buffer is full.
    // No callback: it would cost a nextTick each, and nobody could do better than the peer's retry.
    this.#socket.send(Buffer.from(data), to.port, host);
  }

  close(): Promise<void> {
    this.onDatagram = undefined;
    this.#closed ??= new Promise((resolve) => this.#socket.close(() => resolve()));
    return this.#closed;
  }
}
