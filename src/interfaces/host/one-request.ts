import type { CounterTable, Counts } from '../../joint/counters.ts';
import { CC } from '../../codec/index.ts';
import {
  refuse,
  type Answer,
  type Channel,
  type Dispatch,
  type Interface,
  type Message,
  type Timers,
} from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import { Exchange } from '../exchange.ts';
import { HostArrival, serveHost, systemChannel, type HostInterfaceOptions } from './system-interface.ts';

const COUNTERS = {
  abandoned: {
    unit: 'answers',
    counts: 'dropped: the host had given up the request, or had been told that the BMC is busy',
  },
  tooShort: { unit: 'messages', counts: 'dropped: too short for NetFn and command' },
} satisfies CounterTable;

/** What KCS and SSIF differ in. */
export interface OneRequestLimits {
  readonly maxAnswer: number;
  readonly inFlightLimit: number;
  /** Milliseconds that a handler has. */
  readonly deadline: number;
  /** Milliseconds after which the host is answered C0h although the handler is still at work. */
  readonly busyAfter?: number;
}

/** NetFn/LUN and command. */
const HEADER = 2;

/**
 * A system interface whose messages have no sequence number: the host waits for one answer at a time, and
 * what it gets must be that one. So each request gets a number of ours (R40), and an answer whose number is
 * not the one that the host waits for is dropped. The same command asked twice in a row is two numbers.
 */
export class OneRequestInterface implements Interface<BmcState> {
  readonly channel: Channel;
  readonly inFlightLimit: number;
  readonly deadline: number;
  readonly #counts = { abandoned: 0, tooShort: 0 };
  readonly #options: HostInterfaceOptions;
  readonly #busyAfter: number | undefined;
  readonly #exchange: Exchange;
  #forget: () => void = () => undefined;
  #last = 0;
  /** The number of the request that the host waits for; 0: it waits for none. */
  #awaited = 0;

  constructor(
    options: HostInterfaceOptions,
    { maxAnswer, inFlightLimit, deadline, busyAfter }: OneRequestLimits,
  ) {
    this.#options = options;
    this.#exchange = new Exchange(options.bmc);
    this.#busyAfter = busyAfter;
    this.channel = systemChannel(options.channel, maxAnswer);
    this.inFlightLimit = inFlightLimit;
    this.deadline = deadline;
  }

  /** With those of its registers or its device node. */
  get counters(): Counts {
    return { ...this.#counts, ...this.#options.port.counters };
  }

  get counterTable(): CounterTable {
    return { ...COUNTERS, ...this.#options.port.counterTable };
  }

  async open(dispatch: Dispatch<BmcState>): Promise<void> {
    const {
      port,
      bmc: { messages },
    } = this.#options;
    this.#exchange.open(dispatch);
    await port.open({
      request: (message) => this.#request(message),
      cancelled: () => void (this.#awaited = 0),
      ready: () => undefined,
    });
    // Set BMC Global Enables has one bit for the interrupts of messages and of transfers (§22.1).
    this.#forget = messages.onInterruptEnable(() => port.interrupts?.(messages.interruptsEnabled));
    port.interrupts?.(messages.interruptsEnabled);
  }

  async close(): Promise<void> {
    this.#awaited = 0;
    this.#forget();
    await this.#options.port.close();
  }

  attention({ set, interrupt }: { readonly set: boolean; readonly interrupt: boolean }): void {
    this.#options.port.attention(set, interrupt);
  }

  #request(bytes: Uint8Array): void {
    this.#options.bmc.taps.frame?.({ direction: 'in', channel: this.channel, peer: 'host', bytes });
    if (bytes.length < HEADER) {
      this.#counts.tooShort++;
      return;
    }
    const number = (this.#last = (this.#last % 0xffff_ffff) + 1);
    this.#awaited = number;
    const message: Message = {
      netFn: bytes[0] >> 2,
      lun: bytes[0] & 3,
      cmd: bytes[1],
      data: bytes.subarray(HEADER),
    };
    serveHost(this.#exchange, new NumberedArrival(this, this.#options.bmc, message, number));
  }

  /** The host is told that the BMC is busy if a handler takes longer than its driver waits. */
  whenBusy(action: () => void): Timer | undefined {
    return this.#busyAfter === undefined ? undefined : this.#options.clock.after(this.#busyAfter, action);
  }

  /** Shows the host the answer to its request with this number of ours, if it waits for that one. */
  respond(number: number, message: Message, answer: Answer): void {
    if (number !== this.#awaited) return void this.#counts.abandoned++;
    this.#awaited = 0;
    const response = new Uint8Array(HEADER + answer.length);
    response[0] = ((message.netFn | 1) << 2) | message.lun;
    response[1] = message.cmd;
    response.set(answer, HEADER);
    this.#options.bmc.taps.frame?.({
      direction: 'out',
      channel: this.channel,
      peer: 'host',
      bytes: response,
    });
    if (this.#options.port.send(response) !== 'sent') this.#counts.abandoned++;
    return undefined;
  }
}

type Timer = ReturnType<Timers['after']>;

class NumberedArrival extends HostArrival {
  readonly #interface: OneRequestInterface;
  readonly #number: number;
  #busy: Timer | undefined;

  constructor(iface: OneRequestInterface, bmc: BmcState, message: Message, number: number) {
    super(bmc, iface.channel, message);
    this.#interface = iface;
    this.#number = number;
  }

  override answer(answer: Answer): void {
    this.#busy?.cancel();
    this.#interface.respond(this.#number, this.message, answer);
  }

  override later(): void {
    this.#busy = this.#interface.whenBusy(() => {
      this.#interface.respond(this.#number, this.message, refuse(this.message, CC.NodeBusy));
    });
  }
}
