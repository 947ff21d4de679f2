import type { SessionView } from '../../joint/message.ts';
import type { Channel, Dispatch, Interface } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import type { DropReason } from '../../state/app/drops.ts';
import { lanCounters, type LanPlace, type LanStatistics } from '../../state/parameters/lan-parameters.ts';
import type { Session } from '../../state/app/sessions.ts';
import {
  AuthType,
  BMC_ADDRESS,
  buildPresencePong,
  DCMI_IANA,
  parseMessage,
  presencePingTag,
  RmcpClass,
  rmcpClass,
  SMS_LUN,
  type IpmiMessage,
} from '../../wire/index.ts';
import {
  endpointName,
  type Endpoint,
  type UdpPlace,
  type UdpNetwork,
  type UdpSocket,
  type World,
} from '../../world/world.ts';
import { maskOf } from '../../world/ip-address.ts';
import { Exchange } from '../exchange.ts';
import { OutsideArrival, SessionArrival } from './arrivals.ts';
import { Consoles } from './consoles.ts';
import { Lan15 } from './lan15.ts';
import type { LanServer, Link, Wrap } from './link.ts';
import { OUTGOING } from './outgoing.ts';
import { RmcpPlus } from './rmcpplus.ts';

export interface LanOptions {
  readonly bmc: BmcState;
  readonly udp: UdpNetwork;
  /** What knows where its address is. */
  readonly network?: World['network'];
  readonly listen: UdpPlace;
  /** Default 1. */
  readonly channel?: number;
}

/** Most bytes of an answer: an IPMI 1.5 packet carries 255, seven of which are addresses and checksums. */
const MAX_ANSWER = 248;

/** IPMI over LAN (IPMI 2.0 §13): presence ping, IPMI 1.5 sessions and RMCP+ sessions on one UDP port. */
export class LanInterface implements Interface<BmcState>, LanServer {
  readonly channel: Channel;
  readonly counters: LanStatistics;
  readonly counterTable = lanCounters;
  readonly bmc: BmcState;
  readonly #options: LanOptions;
  readonly #exchange: Exchange;
  readonly #lan15: Lan15;
  readonly #rmcpPlus: RmcpPlus;
  /** To remote consoles: what Send Message sends and tracks. */
  readonly #consoles: Consoles;
  #socket: UdpSocket | undefined;

  constructor(options: LanOptions) {
    this.#options = options;
    this.bmc = options.bmc;
    this.#exchange = new Exchange(options.bmc);
    this.channel = { number: options.channel ?? 1, medium: 'lan', maxAnswer: MAX_ANSWER };
    this.counters = options.bmc.lan.statistics(this.channel.number);
    this.#lan15 = new Lan15(options.bmc, this);
    this.#rmcpPlus = new RmcpPlus(options.bmc, this);
    this.#consoles = new Consoles(options.bmc, this);
    options.bmc.lan.located(this.channel.number, this);
  }

  /** Where it listens; the port is the real one once it is open. */
  get address(): Endpoint {
    return this.#socket?.address ?? this.#options.listen;
  }

  /** Where it is in its network: as the system has it now, or, at an address of a prefix, as that says. */
  get place(): LanPlace | undefined {
    const { network, listen } = this.#options;
    return network?.placeOf(listen.host) ?? placeIn(listen);
  }

  async open(dispatch: Dispatch<BmcState>): Promise<void> {
    this.#begin(dispatch, await this.#options.udp.bind({ ...this.#options.listen, receiveBuffer: 1 << 20 }));
  }

  resume(dispatch: Dispatch<BmcState>): void {
    const { udp, listen } = this.#options;
    const socket = udp.held?.(listen);
    if (!socket) throw new Error(`no socket is held for ${endpointName(listen)}`);
    this.#begin(dispatch, socket);
  }

  get wakeful(): string | undefined {
    return this.#consoles.areAsked ? 'requests were bridged to its consoles' : undefined;
  }

  #begin(dispatch: Dispatch<BmcState>, socket: UdpSocket): void {
    this.#socket = socket;
    this.#exchange.open(dispatch);
    this.#options.bmc.bridge.connect(this.channel.number, this.#consoles);
    this.#options.bmc.payloads.carry(this.channel.number, this.#rmcpPlus);
    socket.onDatagram = this.#receive;
  }

  async close(): Promise<void> {
    for (const session of this.#options.bmc.sessions.active) {
      if (session.channel === this.channel) this.#options.bmc.sessions.close(session, 'reset');
    }
    const socket = this.#socket;
    this.#socket = undefined;
    this.#options.bmc.bridge.disconnect(this.channel.number, this.#consoles);
    this.#options.bmc.payloads.uncarry(this.channel.number, this.#rmcpPlus);
    this.#rmcpPlus.forgetLogIns();
    await socket?.close();
  }

  ended({ id }: SessionView): void {
    this.#lan15.forget(id);
    this.#rmcpPlus.forget(id);
  }

  send(datagram: Uint8Array, to: Endpoint): void {
    // Nobody answers while the BMC starts again: late answers of handlers are lost with their sessions.
    if (this.#options.bmc.life.dark) return;
    this.counters.sent++;
    const { taps } = this.bmc;
    if (taps.frame !== undefined) {
      const peer = taps.peerName(to.host, to.port);
      OUTGOING.shown(taps.frame, { direction: 'out', channel: this.channel, peer, bytes: datagram });
    }
    this.#socket?.send(datagram, to);
  }

  sendInto({ session: { peer } }: Link, datagram: Uint8Array): void {
    this.send(datagram, { host: peer.address, port: peer.port, asked: peer.asked });
  }

  dropped(reason: DropReason, from: Endpoint): void {
    this.#options.bmc.drops.dropped(reason, this.channel.number, from);
  }

  readonly #receive = (datagram: Uint8Array, from: Endpoint): void => {
    if (this.#options.bmc.life.dark) return this.dropped('BMC is restarting', from);
    this.counters.received++;
    this.bmc.taps.frame?.({
      direction: 'in',
      channel: this.channel,
      peer: this.bmc.taps.peerName(from.host, from.port),
      bytes: datagram,
    });
    const cls = rmcpClass(datagram);
    if (cls === RmcpClass.Asf) {
      const tag = presencePingTag(datagram);
      if (tag === undefined) this.dropped('malformed', from);
      else this.send(buildPresencePong(tag, DCMI_IANA), from);
    } else if (cls === RmcpClass.Ipmi) {
      this.counters.valid++;
      if (datagram[4] === AuthType.RmcpPlus) this.#rmcpPlus.receive(datagram, from);
      else this.#lan15.receive(datagram, from);
    } else {
      this.dropped('malformed', from);
    }
  };

  serveOutside(datagram: Uint8Array, start: number, end: number, from: Endpoint, wrap: Wrap): void {
    const request = this.#messageIn(datagram, start, end, from);
    if (!request) return;
    // Outside of a session nothing waits for a response.
    if (request.netFn % 2 !== 0) return this.dropped('response outside of a session', from);
    this.#exchange.serve(new OutsideArrival(this, request, from, wrap));
  }

  serve(datagram: Uint8Array, start: number, end: number, from: Endpoint, link: Link, ceiling: number): void {
    const request = this.#messageIn(datagram, start, end, from);
    if (!request) return;
    if (request.netFn % 2 === 1 && request.toLun !== SMS_LUN)
      this.#consoles.requester.respond(request, link.session.handle);
    else this.#exchange.serve(new SessionArrival(this, request, from, link, ceiling));
  }

  /** Sends a message under the session's keys. False: the session is not one of this channel. */
  sendTo(session: Session, message: Uint8Array): boolean {
    const link = this.#rmcpPlus.link(session.id) ?? this.#lan15.link(session.id);
    if (!link?.session.active) return false;
    this.sendInto(link, link.seal(message));
    return true;
  }

  /** A well-formed message to the BMC; those to others have no answer. */
  #messageIn(datagram: Uint8Array, start: number, end: number, from: Endpoint): IpmiMessage | undefined {
    const message = parseMessage(datagram, start, end, true);
    if (message?.to === BMC_ADDRESS) return message;
    this.dropped(message ? 'message not for the BMC' : 'message malformed', from);
    return undefined;
  }
}

/** An address that no interface has, of a prefix that a route leads here. */
const placeIn = ({ host, prefix }: UdpPlace): LanPlace | undefined =>
  prefix === undefined || host.includes(':')
    ? undefined
    : { address: host, netmask: maskOf(prefix), gateway: '0.0.0.0' };
