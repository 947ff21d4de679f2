import type { Bmc, BmcOptions } from '../bmc.ts';
import type { Glance } from '../assembly/glance.ts';
import { onlookersOf, type Asleep } from '../assembly/sleep.ts';
import type { CountedClock } from '../world/counted-clock.ts';
import type { Endpoint, UdpNetwork, UdpOptions, UdpSocket } from '../world/world.ts';

const NONE: readonly UdpSocket[] = [];
const ALWAYS: Asleep['began'] = { now: 0, monotonic: 0 };
/** Nobody has looked yet. */
const UNSEEN = -1;

/** What is left of a BMC that sleeps, and what a list says of it. */
export interface Sleeping extends Asleep {
  readonly glance: Glance;
}

/** A BMC of a fleet: what it is now, and its sockets, which stay bound. */
export class Row implements UdpNetwork {
  readonly name: string;
  settings: BmcOptions;
  /** While it is awake. */
  bmc: Bmc | undefined = undefined;
  /** What it was made with; undefined: it never sleeps. */
  clock: CountedClock | undefined = undefined;
  /** While it is not. */
  asleep: Sleeping | undefined = undefined;
  /** A program has it in its hands: it never sleeps again. */
  isHeld = false;
  readonly #network: UdpNetwork;
  /** In the order of its interfaces. */
  #sockets: readonly UdpSocket[] = NONE;
  /** When it began, and who looked on from then on. */
  began: Asleep['began'] = ALWAYS;
  onlookers = 0;
  /** How many of them it has taken as it woke. */
  #taken = 0;
  /** What it had heard when somebody last looked. */
  #heard = UNSEEN;

  constructor(name: string, settings: BmcOptions, network: UdpNetwork) {
    this.name = name;
    this.settings = settings;
    this.#network = network;
  }

  /** Where it listens, with real ports. */
  get addresses(): readonly Endpoint[] {
    return this.#sockets.map(({ address }) => address);
  }

  async bind(options: UdpOptions): Promise<UdpSocket> {
    const socket = await this.#network.bind(options);
    this.#sockets = this.#sockets.concat(socket);
    return socket;
  }

  /** The socket of its next interface. */
  held(): UdpSocket | undefined {
    return this.#sockets[this.#taken++];
  }

  /** It sleeps from now on; `wake` is to be called for its first datagram, and to say whether it is awake. */
  sleep(asleep: Sleeping, wake: (row: Row) => boolean): void {
    this.bmc = undefined;
    this.clock = undefined;
    this.asleep = asleep;
    this.#taken = 0;
    for (const socket of this.#sockets)
      socket.onDatagram = (datagram, from) => {
        // By then its own interface listens there.
        if (wake(this)) socket.onDatagram?.(datagram, from);
      };
  }

  wakes(bmc: Bmc, clock: CountedClock | undefined): void {
    this.bmc = bmc;
    this.clock = clock;
    this.asleep = undefined;
    this.#heard = UNSEEN;
  }

  /** It serves, and who looks on now does so whenever it wakes. */
  begins(): void {
    if (this.bmc) this.onlookers = onlookersOf(this.bmc);
  }

  /** Somebody looks on from now on, and will whenever it wakes. */
  lookOn(look: (bmc: Bmc) => void): void {
    if (!this.bmc) return;
    const before = onlookersOf(this.bmc);
    look(this.bmc);
    this.onlookers += onlookersOf(this.bmc) - before;
  }

  /** Somebody has it for a while: it is not idle. */
  touch(): void {
    this.#heard = UNSEEN;
  }

  /** It has heard nothing since somebody last looked. */
  get isIdle(): boolean {
    let heard = 0;
    for (const { counters, interface: way } of this.bmc?.router.attachments ?? [])
      heard += counters.requests + (way.counters?.received ?? 0);
    const isIdle = heard === this.#heard;
    this.#heard = heard;
    return isIdle;
  }

  /** Of one that sleeps: nobody hears of it any more. */
  async close(): Promise<void> {
    const sockets = this.#sockets;
    this.#sockets = NONE;
    // Who is asked until they are closed is not to be made for it.
    for (const socket of sockets) socket.onDatagram = undefined;
    await Promise.all(sockets.map((socket) => socket.close()));
  }
}
