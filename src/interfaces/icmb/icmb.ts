import type { CounterTable, Counts } from '../../joint/counters.ts';
import { CC, IpmiError } from '../../codec/index.ts';
import { NetFn, Privilege } from '../../commands/command.ts';
import type { Answer, Channel, Context, Dispatch, Interface } from '../../router/index.ts';
import { icmbCounters } from '../../services/bridging/icmb.ts';
import type { BmcState } from '../../bmc-state.ts';
import { Requester } from '../../services/bridging/requester.ts';
import {
  buildIcmb,
  ICMB_BROADCAST,
  icmbAddressOf,
  isRunt,
  parseIcmb,
  type IcmbMessage,
  type IpmiMessage,
} from '../../wire/index.ts';
import { LateMap } from '../../state/late-map.ts';
import type { World } from '../../world/world.ts';
import { MessageBus, type BusPort, type Sender } from '../ipmb/bus.ts';
import { Arrival, messageOf } from '../arrival.ts';
import { Exchange } from '../exchange.ts';
import { RepeatedRequests } from '../repeated.ts';

/** The ICMBs of a process, by name: give one to every BMC that shall meet others there. */
export class IcmbNetwork {
  readonly #world: Pick<World, 'clock' | 'random'>;
  readonly #busses = new LateMap<string, MessageBus>();

  constructor(world: Pick<World, 'clock' | 'random'>) {
    this.#world = world;
  }

  bus(name: string): MessageBus {
    let bus = this.#busses.get(name);
    if (!bus) this.#busses.set(name, (bus = new MessageBus({ ...this.#world, addressOf: icmbAddressOf })));
    return bus;
  }
}

export interface IcmbInterfaceParts {
  readonly bmc: BmcState;
  readonly bus: MessageBus;
  readonly channel: number;
}

/** Longest answer of a bridge; packets are divided on a real ICMB. */
const MAX_ANSWER = 240;
/** Milliseconds that answers to a broadcast are waited for. */
const GATHERING = 100;
/** A bridge has to ask a controller of its IPMB before it can answer. */
const PATIENCE = 8;
/** As on an IPMB, with that patience. */
const REPEATS = { remembered: 64, window: 24, within: 15_000 };
const LAST_ADDRESS = 0xfffe;

interface Gathering {
  readonly seq: number;
  readonly cmd: number;
  readonly answers: Answer[];
}

/** A chassis' place on an ICMB: answers other bridges' commands, and sends its own chassis' to them. */
export class IcmbInterface implements Interface<BmcState> {
  readonly channel: Channel;
  readonly #parts: IcmbInterfaceParts;
  readonly #requester: Requester;
  readonly #repeated = new Map<number, RepeatedRequests>();
  readonly #gatherings = new Set<Gathering>();
  readonly #ports = new Map<'own' | 'proxy', { readonly address: number; readonly port: BusPort }>();
  readonly #exchange: Exchange;
  #disconnect: () => void = () => undefined;
  #broadcasts = 0;

  constructor(parts: IcmbInterfaceParts) {
    this.#parts = parts;
    this.#exchange = new Exchange(parts.bmc);
    const { bmc, bus, channel } = parts;
    this.channel = { number: channel, medium: 'icmb', maxAnswer: MAX_ANSWER };
    this.#requester = new Requester({
      clock: bmc.setup.clock,
      address: 0,
      lag: bus.lag,
      frame: ({ to, cmd, data }, seq) =>
        buildIcmb({ to, from: bmc.icmb.address, response: false, seq, cmd, data }),
      write: (frame, _responder, cause) => this.#write(frame, cause),
    });
  }

  /** Its address; 0 before it is open. */
  get address(): number {
    return this.#parts.bmc.icmb.address;
  }

  /** Those of Get Bridge Statistics. */
  get counters(): Counts {
    return this.#parts.bmc.icmb.statistics;
  }

  get counterTable(): CounterTable {
    return icmbCounters;
  }

  async open(dispatch: Dispatch<BmcState>): Promise<void> {
    const { bmc, bus, channel } = this.#parts;
    this.#exchange.open(dispatch);
    if (bmc.icmb.chosenAddress === undefined) {
      let free = 1;
      while (bus.has(free) && free < LAST_ADDRESS) free++;
      bmc.icmb.assigned = free;
    }
    if (bmc.icmb.isAddressStored) this.#joinAsStored('own', bmc.icmb.address);
    else this.#join('own', bmc.icmb.address);
    this.#joinAsStored('proxy', bmc.icmb.proxy.icmbAddress);
    const unplug = bmc.icmb.connect({
      request: (to, cmd, data, cause) =>
        this.#requester.request({ to, toLun: 0, netFn: NetFn.Bridge, cmd, data, patience: PATIENCE, cause }),
      broadcast: (cmd, data, cause) => this.#broadcast(cmd, data, cause),
      move: (address) => this.#join('own', address),
      represent: (address) => this.#join('proxy', address),
    });
    const disconnect = bmc.bridge.connect(channel, { kind: 'icmb', requester: this.#requester });
    this.#disconnect = () => {
      unplug();
      disconnect();
    };
  }

  async close(): Promise<void> {
    this.#disconnect();
    for (const { port } of this.#ports.values()) port.leave();
    this.#ports.clear();
  }

  #join(as: 'own' | 'proxy', address: number): void {
    const { bus } = this.#parts;
    const before = this.#ports.get(as);
    if (before?.address === address) return;
    if (bus.has(address))
      throw new IpmiError(CC.InvalidDataField, `another bridge has ICMB address ${address}`);
    before?.port.leave();
    this.#ports.delete(as);
    if (address !== ICMB_BROADCAST)
      this.#ports.set(as, {
        address,
        port: bus.join(address, (frame, sender) => this.#receive(frame, as, sender)),
      });
  }

  /** What a client has set keeps no BMC from starting, though the address be another bridge's meanwhile. */
  #joinAsStored(as: 'own' | 'proxy', address: number): void {
    try {
      this.#join(as, address);
    } catch (error) {
      if (!(error instanceof IpmiError)) throw error;
      const { log } = this.#parts.bmc.setup;
      log.warn(
        `channel ${this.channel.number}: ${error.message}: nobody is reached by it here until another is set`,
      );
    }
  }

  #write(frame: Uint8Array, cause?: Context): ReturnType<BusPort['write']> {
    this.#parts.bmc.icmb.count('sent');
    this.#parts.bmc.taps.frame?.({ direction: 'out', channel: this.channel, peer: '', bytes: frame });
    return this.#ports.get('own')?.port.write(frame, cause) ?? 'bus-error';
  }

  async #broadcast(cmd: number, data: Uint8Array, cause?: Context): Promise<Answer[]> {
    const { icmb, setup } = this.#parts.bmc;
    const seq = this.#broadcasts++ & 0x3f;
    const gathering: Gathering = { seq, cmd, answers: [] };
    this.#gatherings.add(gathering);
    await this.#write(
      buildIcmb({ to: ICMB_BROADCAST, from: icmb.address, response: false, seq, cmd, data }),
      cause,
    );
    await new Promise<void>((resolve) => void setup.clock.after(GATHERING, resolve));
    this.#gatherings.delete(gathering);
    return gathering.answers;
  }

  #receive(frame: Uint8Array, as: 'own' | 'proxy', sender: Sender | undefined): void {
    const { icmb } = this.#parts.bmc;
    icmb.count('received');
    this.#parts.bmc.taps.frame?.({ direction: 'in', channel: this.channel, peer: '', bytes: frame });
    const message = parseIcmb(frame);
    if (!message) return icmb.count(isRunt(frame) ? 'runts' : 'badChecksums');
    if (!message.response) {
      // A broadcast comes back to its sender, and to a proxy's address beside the bridge's own.
      if (message.to !== ICMB_BROADCAST || (message.from !== icmb.address && as === 'own'))
        this.#serve(message, as, sender?.cause);
      return;
    }
    const gathering = [...this.#gatherings].find(
      ({ seq, cmd }) => seq === message.seq && cmd === message.cmd,
    );
    const { from, seq, cmd, data } = message;
    if (gathering) gathering.answers.push(data.slice());
    else if (!this.#requester.respond({ from, fromLun: 0, netFn: NetFn.Bridge | 1, seq, cmd, data }))
      icmb.count('spuriousResponses');
  }

  #serve(message: IcmbMessage, as: 'own' | 'proxy', cause: Context | undefined): void {
    const { from } = message;
    const memory = this.#repeated.get(from) ?? new RepeatedRequests(REPEATS);
    this.#repeated.set(from, memory);
    const arrival = new IcmbArrival(this, this.#parts.bmc, { message, memory, cause });
    if (as === 'own') this.#exchange.serve(arrival);
    else this.#exchange.serve(arrival, this.#askProxy);
  }

  /** What came for the proxy's address is its controller's, on the local IPMB. */
  readonly #askProxy: Dispatch<BmcState> = async ({ cmd, data }, cause) => {
    const { bridge, icmb } = this.#parts.bmc;
    const outlet = bridge.outlet(0);
    if (outlet?.kind !== 'bus') return Uint8Array.of(CC.DestinationUnavailable);
    const { ipmbAddress: to, lun: toLun } = icmb.proxy;
    return outlet.requester
      .request({ to, toLun, netFn: NetFn.Bridge, cmd, data, cause })
      .catch((error: unknown) => Uint8Array.of(error instanceof IpmiError ? error.cc : CC.Unspecified));
  };

  /** A broadcast is answered only by whom it concerns. */
  respond({ to, from, seq, cmd }: IcmbMessage, answer: Answer): void {
    if (to === ICMB_BROADCAST && (answer[0] !== CC.Ok || answer.length === 1)) return;
    const { icmb } = this.#parts.bmc;
    void this.#write(
      buildIcmb({
        to: from,
        from: to === ICMB_BROADCAST ? icmb.address : to,
        response: true,
        seq,
        cmd,
        data: answer,
      }),
    );
  }
}

interface IcmbWay {
  readonly message: IcmbMessage;
  readonly memory: RepeatedRequests;
  /** The request that had the bus carry this one. */
  readonly cause: Context | undefined;
}

class IcmbArrival extends Arrival {
  readonly #interface: IcmbInterface;
  readonly #request: IpmiMessage;
  readonly #way: IcmbWay;

  constructor(iface: IcmbInterface, bmc: BmcState, way: IcmbWay) {
    const { from, seq, cmd, data } = way.message;
    const request = { to: 0, toLun: 0, netFn: NetFn.Bridge, from: 0, fromLun: 0, seq, cmd, data };
    super(
      bmc,
      iface.channel,
      Privilege.Administrator,
      messageOf(request),
      `ICMB ${from}`,
      undefined,
      way.cause,
    );
    this.requesterAddress = from;
    this.#interface = iface;
    this.#request = request;
    this.#way = way;
  }

  override get request(): IpmiMessage {
    return this.#request;
  }

  override get memory(): RepeatedRequests {
    return this.#way.memory;
  }

  override answer(answer: Answer): void {
    this.#interface.respond(this.#way.message, answer);
  }
}
