import { createSocket, type RemoteInfo, type Socket, type SocketOptions } from 'node:dgram';
import { lookup as dnsLookup } from 'node:dns';
import { lookup as resolveName } from 'node:dns/promises';
import { isIP } from 'node:net';
import { BatchUdp } from './batch-udp.ts';
import { NativeSockets } from './native-sockets.ts';
import { AddressWatch } from './node-addresses.ts';
import { EveryAddress } from './node-udp-every.ts';
import type { NodeUdp, UdpEngine } from './udp-engine.ts';
import type { Wall } from './wall.ts';
import type { Endpoint, UdpOptions, UdpSocket } from './world.ts';

/** Datagrams of the real world, IPv4 and IPv6. */
export function nodeUdp(wall: Wall, wanted: UdpEngine = 'dgram'): NodeUdp {
  const watch = new AddressWatch(wall);
  let engine: UdpEngine | undefined;
  let problem: string | undefined;
  let batches: Promise<BatchUdp | undefined> | undefined;
  const load = async (): Promise<BatchUdp | undefined> => {
    try {
      return new BatchUdp(await NativeSockets.load(), wall);
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
      return undefined;
    }
  };
  return {
    get engine() {
      return engine;
    },
    get problem() {
      return problem;
    },
    async bind(options: UdpOptions): Promise<UdpSocket> {
      const { host } = options;
      const known = isIP(host);
      const address = known ? host : (await resolveName(host)).address;
      if (wanted === 'batch' && !address.includes('%')) {
        const batch = await (batches ??= load());
        if (batch && (isIP(address) === 4 || batch.native.hasIpv6)) {
          engine = 'batch';
          return batch.bind({ ...options, host: address });
        }
      }
      if (options.prefix !== undefined) throw noPrefix(options, problem ?? 'they were not asked for');
      engine ??= 'dgram';
      const bind: Bind = (at, share = false) => bound({ ...options, ...at }, share, wall);
      return isEvery(address)
        ? EveryAddress.open({ ...options, host: address }, bind, watch, wall)
        : bind({ host: address, port: options.port });
    },
  };
}

/** One socket for many addresses is what the other engine has. */
const noPrefix = ({ host, prefix }: UdpOptions, why: string): Error =>
  Object.assign(
    new Error(
      `one socket for the prefix ${host}/${prefix} needs datagrams in batches (Linux, with the package koffi: ` +
        `engine 'batch'): ${why}; or give each BMC an address of its own, without a prefix`,
    ),
    { code: 'ENOTSUP' },
  );

/** Binds one socket. `share`: others of this process have the port on other addresses, or on all. */
export type Bind = (at: Endpoint, share?: boolean) => Promise<NodeUdpSocket>;

/** Windows gives a shared port to whoever it likes. */
const isEvery = (address: string): boolean =>
  (address === '0.0.0.0' || address === '::') && process.platform !== 'win32';

async function bound(
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
