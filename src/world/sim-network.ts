import type { SimClock } from './sim-clock.ts';
import type { SeededRandom } from './sim-random.ts';
import { endpointName, type Endpoint, type UdpNetwork, type UdpSocket } from './world.ts';

/** What happens to datagrams on their way. */
export interface Weather {
  /** Share of datagrams that vanish, 0..1. */
  readonly loss?: number;
  /** Share of datagrams that arrive twice, 0..1. */
  readonly duplicate?: number;
  /** Milliseconds on the way, drawn evenly; datagrams overtake each other. */
  readonly delay?: readonly [number, number];
}

/** Datagrams by endpoint name, with weather. */
export class SimNetwork implements UdpNetwork {
  readonly #clock: SimClock;
  readonly #random: SeededRandom;
  readonly #options: Weather;
  readonly #log: (event: string) => void;
  readonly #sockets = new Map<string, UdpSocket>();
  #nextPort = 49152;

  constructor(clock: SimClock, random: SeededRandom, options: Weather, log: (event: string) => void) {
    this.#clock = clock;
    this.#random = random;
    this.#options = options;
    this.#log = log;
  }

  async bind(at: Endpoint): Promise<UdpSocket> {
    const address = { host: at.host, port: at.port || this.#nextPort++ };
    const name = endpointName(address);
    if (this.#sockets.has(name))
      throw Object.assign(new Error(`bind EADDRINUSE ${name}`), {
        code: 'EADDRINUSE',
        address: at.host,
        port: at.port,
      });
    const socket: UdpSocket = {
      address,
      onDatagram: undefined,
      send: (datagram, to) => {
        if (this.#sockets.get(name) === socket) this.#send(datagram.slice(), address, to);
      },
      close: async () => {
        if (this.#sockets.get(name) === socket) this.#sockets.delete(name);
      },
    };
    this.#sockets.set(name, socket);
    return socket;
  }

  #send(datagram: Uint8Array, from: Endpoint, to: Endpoint): void {
    const { loss = 0, duplicate = 0, delay: [least, most] = [0.05, 0.05] } = this.#options;
    const label = `${endpointName(from)} > ${endpointName(to)} ${datagram.length} ${fingerprint(datagram)}`;
    if (this.#random.fraction() < loss) return this.#log(`lost ${label}`);
    const copies = this.#random.fraction() < duplicate ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      this.#clock.after(least + this.#random.fraction() * (most - least), () => {
        this.#log(`${i === 0 ? 'came' : 'again'} ${label}`);
        this.#sockets.get(endpointName(to))?.onDatagram?.(datagram.slice(), from);
      });
    }
  }
}

/** FNV-1a: enough to tell two datagrams of a trace apart. */
function fingerprint(bytes: Uint8Array): string {
  let value = 0x811c9dc5;
  for (const byte of bytes) value = Math.imul(value ^ byte, 0x01000193);
  return (value >>> 0).toString(16).padStart(8, '0');
}
