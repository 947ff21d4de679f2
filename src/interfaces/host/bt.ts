import type { CounterTable, Counts } from '../../joint/counters.ts';
import { CC } from '../../codec/index.ts';
import {
  OutQueue,
  refuse,
  type Answer,
  type Channel,
  type Dispatch,
  type Interface,
  type Message,
} from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import { BT_DATA_MAX, buildBt } from '../../wire/bt-frame.ts';
import type { HostPort } from '../../wire/host/port.ts';
import type { Timer } from '../../world/world.ts';
import { Exchange } from '../exchange.ts';
import { HostArrival, serveHost, systemChannel, type HostInterfaceOptions } from './system-interface.ts';

const COUNTERS = {
  unread: {
    unit: 'responses',
    counts: 'that the host did not fetch in time, or that it reset the interface under',
  },
  tooShort: { unit: 'frames', counts: 'dropped: too short for a sequence number to answer to' },
} satisfies CounterTable;

/** Get BT Interface Capabilities names both: requests at once, seconds from request to response. */
const OUTSTANDING = 32;
const REQUEST_TO_RESPONSE = 5000;
/** A handler has less, so that its C3h still comes in time. */
const DEADLINE = 4500;
/** Length, NetFn/LUN, sequence, command. */
const HEADER = 4;

interface Waiting {
  readonly frame: Uint8Array;
  /** When the request-to-response interval is over (§11.4): it must not be returned after that. */
  readonly until: number;
}

/** What tells an answer's request from others, and until when (monotonic ms) it may be returned. */
interface BtNumbers {
  /** The host's. */
  readonly seq: number;
  /** How often the host had reset the interface. */
  readonly life: number;
  readonly until: number;
}

/**
 * The BT system interface (IPMI 2.0 §11): several requests at once, told apart by the host's sequence
 * numbers. A host that fetches no response is shown B_BUSY when too many wait; each is void when its time is
 * over, and then the way is free again.
 */
export class BtInterface implements Interface<BmcState> {
  readonly channel: Channel;
  readonly inFlightLimit = OUTSTANDING;
  readonly deadline = DEADLINE;
  readonly #counts = { unread: 0, tooShort: 0 };
  readonly #options: HostInterfaceOptions;
  readonly #port: HostPort;
  readonly #queue: OutQueue<Waiting>;
  readonly #exchange: Exchange;
  /** Counts the host's resets: answers to requests before one are void. */
  #life = 0;
  /** The response that the host has been shown. */
  #shown: Waiting | undefined;
  #timer: Timer | undefined;
  #held = false;

  constructor(options: HostInterfaceOptions) {
    this.#options = options;
    this.#exchange = new Exchange(options.bmc);
    this.#port = options.port;
    this.channel = systemChannel(options.channel, BT_DATA_MAX);
    this.#queue = new OutQueue((waiting) => this.#show(waiting));
  }

  get unsent(): number {
    return this.#queue.length;
  }

  /** With those of its registers or its device node. */
  get counters(): Counts {
    return { ...this.#counts, ...this.#options.port.counters };
  }

  get counterTable(): CounterTable {
    return { ...COUNTERS, ...this.#options.port.counterTable };
  }

  async open(dispatch: Dispatch<BmcState>): Promise<void> {
    this.#exchange.open(dispatch);
    await this.#port.open({
      request: (frame) => this.#request(frame),
      cancelled: () => this.#reset(),
      ready: () => this.#ready(),
    });
  }

  async close(): Promise<void> {
    this.#reset();
    await this.#port.close();
  }

  attention({ set, interrupt }: { readonly set: boolean; readonly interrupt: boolean }): void {
    this.#port.attention(set, interrupt);
  }

  #request(frame: Uint8Array): void {
    this.#options.bmc.taps.frame?.({ direction: 'in', channel: this.channel, peer: 'host', bytes: frame });
    const length = frame[0];
    if (frame.length < HEADER || length < HEADER - 1) {
      this.#counts.tooShort++;
      return;
    }
    // A device node has no B_BUSY to show: who asks and asks and fetches nothing is not heard.
    if (this.#queue.length >= 2 * OUTSTANDING) {
      this.#counts.unread++;
      return;
    }
    const until = this.#options.clock.monotonic() + REQUEST_TO_RESPONSE;
    // Bytes after what the length byte says are no part of the message (R36).
    const message = {
      netFn: frame[1] >> 2,
      lun: frame[1] & 3,
      cmd: frame[3],
      data: frame.subarray(HEADER, length + 1),
    };
    const arrival = new BtArrival(this, this.#options.bmc, message, {
      seq: frame[2],
      life: this.#life,
      until,
    });
    // Promises more than was written: what is there is not what was meant.
    if (length + 1 > frame.length) arrival.answer(refuse(message, CC.RequestLengthInvalid));
    else serveHost(this.#exchange, arrival);
  }

  /** Puts a response in line for the host, unless that has reset the interface since it asked. */
  respond({ netFn, lun, cmd }: Message, { seq, life, until }: BtNumbers, answer: Answer): void {
    if (life !== this.#life) return void this.#counts.unread++;
    this.#put({ frame: buildBt({ netFn: netFn | 1, lun, seq, cmd, data: answer }), until });
    return undefined;
  }

  #put(waiting: Waiting): void {
    this.#queue.put(waiting);
    if (this.#queue.length >= OUTSTANDING && !this.#held) this.#hold(true);
  }

  #show(waiting: Waiting): boolean {
    if (waiting.until <= this.#options.clock.monotonic()) {
      this.#counts.unread++;
      return true;
    }
    const taken = this.#port.send(waiting.frame) !== 'later';
    if (taken) {
      this.#shown = waiting;
      this.#options.bmc.taps.frame?.({
        direction: 'out',
        channel: this.channel,
        peer: 'host',
        bytes: waiting.frame,
      });
    }
    this.#watch();
    return taken;
  }

  #ready(): void {
    this.#shown = undefined;
    this.#queue.ready();
    if (this.#held && this.#queue.length < OUTSTANDING) this.#hold(false);
  }

  #hold(held: boolean): void {
    this.#held = held;
    this.#port.hold?.(held);
  }

  /**
   * One timer while a response is shown or waits; what the host has not fetched when its interval is over is
   * void.
   */
  #watch(): void {
    if (this.#timer) return;
    const now = this.#options.clock.monotonic();
    this.#timer = this.#options.clock.after(
      Math.max(1, (this.#shown?.until ?? now + REQUEST_TO_RESPONSE) - now),
      () => {
        this.#timer = undefined;
        if (this.#shown && this.#shown.until <= this.#options.clock.monotonic()) {
          this.#counts.unread++;
          this.#shown = undefined;
          this.#port.withdraw?.();
        }
        if (!this.#shown) this.#ready();
        if (this.#shown || this.#queue.length > 0) this.#watch();
      },
    );
  }

  #reset(): void {
    this.#life++;
    this.#counts.unread += this.#queue.clear();
    this.#shown = undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#held) this.#hold(false);
  }
}

class BtArrival extends HostArrival {
  readonly #interface: BtInterface;
  readonly #numbers: BtNumbers;

  constructor(iface: BtInterface, bmc: BmcState, message: Message, numbers: BtNumbers) {
    super(bmc, iface.channel, message);
    this.#interface = iface;
    this.#numbers = numbers;
  }

  override answer(answer: Answer): void {
    this.#interface.respond(this.message, this.#numbers, answer);
  }
}
