import type { Endpoint, UdpNetwork, UdpOptions, UdpSocket } from '../world/world.ts';

/**
 * Datagrams of a host that may lose its place at any moment: whoever was stopped for longer than its
 * lease and goes on finds requests in its sockets before any timer of it has run, and others serve
 * these addresses by now. What comes or goes while `isOurs` says no is dropped, as if the sockets were
 * closed already.
 */
export function fencedUdp(udp: UdpNetwork, isOurs: () => boolean): UdpNetwork {
  return {
    bind: async (options: UdpOptions) => new FencedSocket(await udp.bind(options), isOurs),
    held: (at: Endpoint) => {
      const socket = udp.held?.(at);
      return socket && new FencedSocket(socket, isOurs);
    },
  };
}

class FencedSocket implements UdpSocket {
  readonly #socket: UdpSocket;
  readonly #isOurs: () => boolean;
  #listener: UdpSocket['onDatagram'];

  constructor(socket: UdpSocket, isOurs: () => boolean) {
    this.#socket = socket;
    this.#isOurs = isOurs;
  }

  get address(): Endpoint {
    return this.#socket.address;
  }

  get onDatagram(): UdpSocket['onDatagram'] {
    return this.#listener;
  }

  set onDatagram(listener: UdpSocket['onDatagram']) {
    this.#listener = listener;
    this.#socket.onDatagram =
      listener &&
      ((data, from) => {
        if (this.#isOurs()) listener(data, from);
      });
  }

  get onError(): UdpSocket['onError'] {
    return this.#socket.onError;
  }

  set onError(listener: UdpSocket['onError']) {
    this.#socket.onError = listener;
  }

  send(data: Uint8Array, to: Endpoint): void {
    if (this.#isOurs()) this.#socket.send(data, to);
  }

  close(): Promise<void> {
    return this.#socket.close();
  }
}
