import type { Context } from '../../router/index.ts';
import type { WriteResult } from '../../services/bridging/requester.ts';
import { BROADCAST } from '../../wire/index.ts';
import type { Clock, Random } from '../../world/world.ts';

/** How a bus treats its frames; drawn from the seed, so that a run can be had again. Shares are 0..1. */
export interface BusWeather {
  /** Frames that are acknowledged and never arrive. */
  readonly loss?: number;
  /** Frames that arrive twice. */
  readonly duplicate?: number;
  /** Frames one byte of which is changed. */
  readonly corrupt?: number;
  /** Milliseconds on the way, drawn evenly; frames overtake each other. */
  readonly delay?: readonly [number, number];
  /** Writes that are not acknowledged, lose arbitration, or meet a stuck bus. */
  readonly nack?: number;
  readonly arbitration?: number;
  readonly busError?: number;
}

export interface BusOptions {
  readonly clock: Clock;
  readonly random: Pick<Random, 'u32'>;
  readonly weather?: BusWeather;
  /** Whom a frame is for; 0: everybody. Default: its first byte, as on I2C. */
  readonly addressOf?: (frame: Uint8Array) => number;
}

/**
 * What came with a frame besides its bytes; nothing from outside of the process, where bytes are all there
 * is.
 */
export interface Sender {
  /** The controller that wrote it, whatever the frame says. */
  readonly address: number;
  /** The request that made it write, if it did not do so by itself. */
  readonly cause: Context | undefined;
}

type Receive = (frame: Uint8Array, sender: Sender | undefined) => void;

/** A controller's place on a bus. */
export interface BusPort {
  /**
   * `cause`: the request that the frame was carried in. A master does not hear itself: its own address does
   * not acknowledge.
   */
  write(frame: Uint8Array, cause?: Context): WriteResult | Promise<WriteResult>;
  leave(): void;
}

/** A way from the bus to controllers elsewhere: what is for nobody here goes there. */
export interface BusLink {
  /** True where this controller has been heard there; unknown controllers are looked for everywhere. */
  has?(address: number): boolean;
  write(frame: Uint8Array): WriteResult | Promise<WriteResult>;
}

/**
 * A bus in memory (IPMB, ICMB): controllers by address, who acknowledge and receive frames, and links to
 * controllers outside. Frames arrive in the order they were written, after the writer has gone on; with
 * weather, when and if it lets them.
 */
export class MessageBus {
  /** Milliseconds that a frame may be under way at most. */
  readonly lag: number;
  readonly #clock: Clock;
  readonly #random: Pick<Random, 'u32'>;
  readonly #weather: BusWeather | undefined;
  readonly #addressOf: (frame: Uint8Array) => number;
  readonly #members = new Map<number, Receive>();
  readonly #links = new Set<BusLink>();

  constructor({ clock, random, weather, addressOf = (frame) => frame[0] }: BusOptions) {
    this.#clock = clock;
    this.#random = random;
    this.#weather = weather;
    this.#addressOf = addressOf;
    this.lag = weather?.delay?.[1] ?? 0;
  }

  /** A controller has this address. */
  has(address: number): boolean {
    return this.#members.has(address);
  }

  /** Throws RangeError where the address is taken: two controllers would answer at once. */
  join(address: number, receive: Receive): BusPort {
    if (this.#members.has(address))
      throw new RangeError(`two controllers have address ${address.toString(16)}h`);
    this.#members.set(address, receive);
    const itself: Sender = { address, cause: undefined };
    return {
      write: (frame, cause) => this.#write(frame, cause === undefined ? itself : { address, cause }),
      leave: () => void this.#members.delete(address),
    };
  }

  /** Returns what disconnects the link. Its own frames come in by `deliver`. */
  link(link: BusLink): () => void {
    this.#links.add(link);
    return () => void this.#links.delete(link);
  }

  /** A frame from outside. It goes to the members, and to the other links where it is for none of them. */
  deliver(frame: Uint8Array, from?: BusLink, sender?: Sender): WriteResult | Promise<WriteResult> {
    const to = this.#addressOf(frame);
    if (to === BROADCAST) {
      for (const [address, receive] of this.#members)
        if (address !== sender?.address) this.#carry(receive, frame, sender);
      for (const link of this.#links) if (link !== from) void link.write(frame);
      return 'taken';
    }
    if (to === sender?.address) return 'nack';
    const member = this.#members.get(to);
    if (member) {
      this.#carry(member, frame, sender);
      return 'taken';
    }
    const elsewhere = [...this.#links].filter((link) => link !== from);
    const known = elsewhere.find((link) => link.has?.(to));
    const others = known ? [known] : elsewhere;
    if (others.length === 0) return 'nack';
    return others.length === 1
      ? others[0].write(frame)
      : Promise.all(others.map(async (link) => link.write(frame))).then(best);
  }

  #write(frame: Uint8Array, sender: Sender): WriteResult | Promise<WriteResult> {
    const { nack = 0, arbitration = 0, busError = 0 } = this.#weather ?? {};
    if (nack + arbitration + busError > 0) {
      const chance = this.#chance();
      if (chance < nack) return 'nack';
      if (chance < nack + arbitration) return 'arbitration';
      if (chance < nack + arbitration + busError) return 'bus-error';
    }
    return this.deliver(frame.slice(), undefined, sender);
  }

  #carry(receive: Receive, frame: Uint8Array, sender: Sender | undefined): void {
    const weather = this.#weather;
    if (!weather) {
      void Promise.resolve().then(() => receive(frame, sender));
      return;
    }
    const { loss = 0, duplicate = 0, corrupt = 0, delay: [least, most] = [0, 0] } = weather;
    if (this.#chance() < loss) return;
    const copies = this.#chance() < duplicate ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      const copy = frame.slice();
      if (this.#chance() < corrupt)
        copy[Math.floor(this.#chance() * copy.length)] ^= 1 << (this.#random.u32() & 7);
      this.#clock.after(least + this.#chance() * (most - least), () => receive(copy, sender));
    }
  }

  #chance(): number {
    return this.#random.u32() / 2 ** 32;
  }
}

/** Several links were tried: one that took the frame is enough. */
const best = (results: readonly WriteResult[]): WriteResult =>
  results.find((result) => result === 'taken') ?? results[0];
