import type { Channel, Dispatch, Interface } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import type { DropReason } from '../../state/app/drops.ts';
import { lanCounters, type LanStatistics } from '../../state/parameters/lan-parameters.ts';
import { Requester } from '../../services/bridging/requester.ts';
import type { CloseReason, Session } from '../../state/app/sessions.ts';
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
  type UdpNetwork,
  type UdpPlace,
  type UdpSocket,
} from '../../world/world.ts';
import { Exchange } from '../exchange.ts';
import { OutsideArrival, SessionArrival } from './arrivals.ts';
import { Lan15 } from './lan15.ts';
import type { LanServer, Link, Wrap } from './link.ts';
import { RmcpPlus } from './rmcpplus.ts';

export interface LanOptions {
  readonly bmc: BmcState;
  readonly udp: UdpNetwork;
  readonly listen: UdpPlace;
  /** Default 1. */
  readonly channel?: number;
}

/** Most bytes of an answer: an IPMI 1.5 packet carries 255, seven of which are addresses and checksums. */
const MAX_ANSWER = 248;
/** Milliseconds that a remote console has to answer a request that was bridged to it. */
const CONSOLE_WAIT = 5000;

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
  /** Requests to remote consoles: those that Send Message tracks. */
  readonly #requester: Requester;
  #socket: UdpSocket | undefined;
  #forget: () => void = () => undefined;
  #disconnect: () => void = () => undefined;
  #release: () => void = () => undefined;

  constructor(options: LanOptions) {
    this.#options = options;
    this.bmc = options.bmc;
    this.#exchange = new Exchange(options.bmc);
    this.channel = { number: options.channel ?? 1, medium: 'lan', maxAnswer: MAX_ANSWER };
    this.counters = options.bmc.lan.statistics(this.channel.number);
    this.#lan15 = new Lan15(options.bmc, this);
    this.#rmcpPlus = new RmcpPlus(options.bmc, this);
    const { sessions, setup } = options.bmc;
    this.#requester = new Requester({
      clock: setup.clock,
      address: BMC_ADDRESS,
      // Consoles answer at their leisure, and a request for software is not to be carried out twice.
      timeout: CONSOLE_WAIT,
      tries: 1,
      write: (message, handle) => {
        const session = sessions.byHandle(handle);
        return session && this.#sendTo(session, message) ? 'taken' : 'bus-error';
      },
    });
  }

  /** Where it listens; the port is the real one once it is open. */
  get address(): Endpoint {
    return this.#socket?.address ?? this.#options.listen;
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
    return this.#requester.isUsed ? 'requests were bridged to its consoles' : undefined;
  }

  #begin(dispatch: Dispatch<BmcState>, socket: UdpSocket): void {
    this.#socket = socket;
    this.#exchange.open(dispatch);
    this.#forget = this.#options.bmc.sessions.onClose((session: Session, _reason: CloseReason) => {
      this.#lan15.forget(session.id);
      this.#rmcpPlus.forget(session.id);
    });
    this.#disconnect = this.#options.bmc.bridge.connect(this.channel.number, {
      kind: 'sessions',
      requester: this.#requester,
      send: (session, message) => this.#sendTo(session, message),
    });
    this.#release = this.#options.bmc.payloads.carry(this.channel.number, this.#rmcpPlus);
    socket.onDatagram = this.#receive;
  }

  async close(): Promise<void> {
    for (const session of this.#options.bmc.sessions.active) {
      if (session.channel === this.channel) this.#options.bmc.sessions.close(session, 'reset');
    }
    const socket = this.#socket;
    this.#socket = undefined;
    this.#forget();
    this.#disconnect();
    this.#release();
    this.#rmcpPlus.forgetLogIns();
    await socket?.close();
  }

  send(datagram: Uint8Array, to: Endpoint): void {
    // Nobody answers while the BMC starts again: late answers of handlers are lost with their sessions.
    if (this.#options.bmc.life.dark) return;
    this.counters.sent++;
    this.bmc.taps.frame?.({
      direction: 'out',
      channel: this.channel,
      peer: this.bmc.taps.peerName(to.host, to.port),
      bytes: datagram,
    });
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
      this.#requester.respond(request, link.session.handle);
    else this.#exchange.serve(new SessionArrival(this, request, from, link, ceiling));
  }

  #sendTo(session: Session, message: Uint8Array): boolean {
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
