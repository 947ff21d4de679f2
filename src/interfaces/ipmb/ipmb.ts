import type { CounterTable } from '../../joint/counters.ts';
import { CC } from '../../codec/index.ts';
import { GetDeviceId } from '../../commands/app/device.ts';
import { NetFn, Privilege, type Response } from '../../commands/command.ts';
import {
  partyOf,
  type Answer,
  type Channel,
  type Context,
  type Dispatch,
  type Interface,
} from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import { refuseRevoked, Requester, writeAgain, type WriteResult } from '../../services/bridging/requester.ts';
import {
  BMC_ADDRESS,
  broadcastFrame,
  buildResponse,
  FRAME_MAX,
  FRAME_MIN,
  parseFrame,
  SMS_LUN,
  STANDARD_ANSWER,
  type IpmiMessage,
} from '../../wire/index.ts';
import { Arrival, messageOf } from '../arrival.ts';
import { Exchange } from '../exchange.ts';
import { RepeatedRequests } from '../repeated.ts';
import type { BusPort, MessageBus, Sender } from './bus.ts';
import type { Carrier } from './carrier.ts';

export interface IpmbOptions {
  readonly bmc: BmcState;
  readonly bus: MessageBus;
  /** Default 0, the primary IPMB. */
  readonly channel?: number;
  /** This controller's slave address; default 20h. */
  readonly address?: number;
  /** Ways from the bus to controllers elsewhere. */
  readonly carriers?: readonly Carrier[];
  /** Milliseconds until a request of ours is repeated, and how often it is sent. */
  readonly timeout?: number;
  readonly tries?: number;
}

/**
 * A number that came round sooner than this is a repetition: Requester keeps them farther apart, and has
 * given up by then.
 */
const REPEATS = { remembered: 64, window: 24, within: 8000 };
/** Milliseconds that a controller has to answer to a broadcast. */
const DISCOVERY_WAIT = 100;
/** 7-bit slave addresses that a controller may have, as 8-bit ones (I2C reserves the others). */
const FIRST_ADDRESS = 0x10;
const LAST_ADDRESS = 0xee;

const COUNTERS = {
  received: { unit: 'frames', counts: 'that came' },
  malformed: { unit: 'frames', counts: 'dropped: too short, or a wrong checksum' },
  forged: { unit: 'frames', counts: 'dropped: sent by a session in the name of another controller' },
} satisfies CounterTable;

/**
 * A controller's end of an IPMB: answers requests to its address, sends its own, and hands system software
 * what is for it.
 */
export class IpmbInterface implements Interface<BmcState> {
  readonly channel: Channel;
  readonly address: number;
  readonly requester: Requester;
  readonly counterTable = COUNTERS;
  readonly counters = { received: 0, malformed: 0, forged: 0 };
  readonly #options: IpmbOptions;
  /**
   * What handlers see: those that can divide their answers keep to 32 bytes, those that cannot (bridged
   * responses) may go beyond.
   */
  readonly #asAsked: Channel;
  readonly #discoverer: Requester;
  /** By requester: slave address and LUN. */
  readonly #repeated = new Map<number, RepeatedRequests>();
  #port: BusPort | undefined;
  readonly #exchange: Exchange;
  #disconnect: () => void = () => undefined;

  constructor(options: IpmbOptions) {
    const { bmc, bus, channel = 0, address = BMC_ADDRESS, timeout, tries } = options;
    this.#options = options;
    this.#exchange = new Exchange(bmc);
    this.channel = { number: channel, medium: 'ipmb', maxAnswer: FRAME_MAX - FRAME_MIN };
    this.#asAsked = { ...this.channel, maxAnswer: STANDARD_ANSWER };
    this.address = address;
    const common = { clock: bmc.setup.clock, address, lag: bus.lag };
    this.requester = new Requester({
      ...common,
      write: (frame, _responder, cause) => this.#write(frame, cause),
      timeout,
      tries,
    });
    this.#discoverer = new Requester({
      ...common,
      write: (frame) => this.#write(broadcastFrame(frame)),
      timeout: DISCOVERY_WAIT,
      tries: 2,
    });
  }

  async open(dispatch: Dispatch<BmcState>): Promise<void> {
    const { bmc, bus, carriers = [] } = this.#options;
    try {
      for (const carrier of carriers) await carrier.open(bus);
      this.#port = bus.join(this.address, (frame, sender) => this.#receive(frame, sender));
    } catch (error) {
      // What is open already would stay so: nobody closes an interface that did not open.
      await this.close();
      throw error;
    }
    this.#exchange.open(dispatch);
    this.#disconnect = bmc.bridge.connect(this.channel.number, {
      kind: 'bus',
      address: this.address,
      frameLimit: FRAME_MAX,
      requester: this.requester,
      write: (frame, cause) => {
        const { privilege } = cause;
        return writeAgain(bmc.setup.clock, () => {
          refuseRevoked(cause, privilege);
          return this.#write(frame, cause);
        });
      },
    });
  }

  async close(): Promise<void> {
    this.#disconnect();
    this.#discoverer.close();
    this.#port?.leave();
    this.#port = undefined;
    await Promise.all((this.#options.carriers ?? []).map((carrier) => carrier.close()));
  }

  /** Broadcasts Get Device ID to every address (IPMI 2.0 §20.9), and says who answered. */
  async discover(): Promise<{ readonly address: number; readonly device: Response<typeof GetDeviceId> }[]> {
    const addresses = Array.from(
      { length: (LAST_ADDRESS - FIRST_ADDRESS) / 2 + 1 },
      (_, i) => FIRST_ADDRESS + 2 * i,
    );
    const { netFn, cmd } = GetDeviceId;
    const answers = await Promise.all(
      addresses
        .filter((to) => to !== this.address)
        .map(async (to) => ({
          address: to,
          answer: await this.#discoverer
            .request({ to, toLun: 0, netFn, cmd, data: new Uint8Array(0) })
            .catch(() => Uint8Array.of(CC.Timeout)),
        })),
    );
    return answers
      .filter(({ answer }) => answer[0] === CC.Ok)
      .map(({ address, answer }) => ({ address, device: GetDeviceId.response.decode(answer, 1) }));
  }

  #write(frame: Uint8Array, cause?: Context): WriteResult | Promise<WriteResult> {
    if (this.#port === undefined) return 'bus-error';
    this.#options.bmc.taps.frame?.({ direction: 'out', channel: this.channel, peer: '', bytes: frame });
    return this.#port.write(frame, cause);
  }

  #receive(frame: Uint8Array, sender: Sender | undefined): void {
    this.#options.bmc.taps.frame?.({ direction: 'in', channel: this.channel, peer: '', bytes: frame });
    this.counters.received++;
    const parsed = parseFrame(frame);
    if (!parsed) return void this.counters.malformed++;
    const { message, broadcast } = parsed;
    if (message.to !== this.address) return;
    if (this.#isForged(message, sender)) return void this.counters.forged++;
    const isResponse = message.netFn % 2 === 1;
    if (broadcast) {
      if (message.netFn === NetFn.App && message.cmd === GetDeviceId.cmd) this.#serve(message, sender?.cause);
    } else if (message.toLun === SMS_LUN) {
      // Requests and responses alike; nobody says anything to a sender whose message does not fit (§7.4).
      const { number: channel } = this.channel;
      const party = (sender?.cause && partyOf(sender.cause)) ?? `controller ${message.from}`;
      this.#options.bmc.messages.receive({ channel, privilege: Privilege.None, data: frame.slice(1) }, party);
    } else if (isResponse) {
      if (!this.requester.respond(message)) this.#discoverer.respond(message);
    } else this.#serve(message, sender?.cause);
  }

  /**
   * Bytes that a session had sent: in another controller's name, or a response to a request that was not its
   * own. System software may answer in the BMC's name what came to its LUN.
   */
  #isForged({ from, netFn }: IpmiMessage, sender: Sender | undefined): boolean {
    if (sender === undefined || sender.cause === undefined) return false;
    if (sender.address !== from && this.#options.bus.has(from)) return true;
    return netFn % 2 === 1 && sender.cause.origin.session !== undefined;
  }

  #serve(request: IpmiMessage, cause: Context | undefined): void {
    const way = { request, memory: this.#repeatedOf(request), cause };
    this.#exchange.serve(new IpmbArrival(this, this.#options.bmc, this.#asAsked, way));
  }

  /** A response that the bus refuses again and again is lost; its requester asks again. */
  respond(request: IpmiMessage, answer: Answer): void {
    const frame = buildResponse(request, answer);
    void writeAgain(this.#options.bmc.setup.clock, () => this.#write(frame));
  }

  #repeatedOf({ from, fromLun }: IpmiMessage): RepeatedRequests {
    const key = (from << 2) | fromLun;
    let repeated = this.#repeated.get(key);
    if (!repeated) this.#repeated.set(key, (repeated = new RepeatedRequests(REPEATS)));
    return repeated;
  }
}

interface IpmbWay {
  readonly request: IpmiMessage;
  readonly memory: RepeatedRequests;
  /** The request that had the bus carry this one. */
  readonly cause: Context | undefined;
}

class IpmbArrival extends Arrival {
  readonly #interface: IpmbInterface;
  readonly #way: IpmbWay;

  constructor(iface: IpmbInterface, bmc: BmcState, channel: Channel, way: IpmbWay) {
    const { request, cause } = way;
    const { from } = request;
    super(
      bmc,
      channel,
      Privilege.Administrator,
      messageOf(request),
      `${from.toString(16)}h`,
      undefined,
      cause,
    );
    this.requesterAddress = from;
    this.#interface = iface;
    this.#way = way;
  }

  override get request(): IpmiMessage {
    return this.#way.request;
  }

  override get memory(): RepeatedRequests {
    return this.#way.memory;
  }

  override answer(answer: Answer): void {
    this.#interface.respond(this.#way.request, answer);
  }
}
