import { Context, type Channel, type Dispatch, type Interface } from '../../router/index.ts';
import type { BmcState } from '../../state/bmc-state.ts';
import type { LanStatistics } from '../../state/lan-parameters.ts';
import type { CloseReason, Session } from '../../state/sessions.ts';
import {
  AuthType,
  BMC_ADDRESS,
  buildPresencePong,
  buildResponse,
  parseMessage,
  presencePingTag,
  RmcpClass,
  rmcpClass,
  type IpmiMessage,
} from '../../wire/index.ts';
import { endpointName, type Endpoint, type UdpNetwork, type UdpSocket } from '../../world/world.ts';
import { Lan15 } from './lan15.ts';
import type { LanServer, Link } from './link.ts';
import { RmcpPlus } from './rmcpplus.ts';

export interface LanOptions {
  readonly bmc: BmcState;
  readonly udp: UdpNetwork;
  readonly listen: Endpoint;
  /** Default 1. */
  readonly channel?: number;
}

/** Most bytes of an answer: an IPMI 1.5 packet carries 255, seven of which are addresses and checksums. */
const MAX_ANSWER = 248;

/** IPMI over LAN (IPMI 2.0 §13): presence ping, IPMI 1.5 sessions and RMCP+ sessions on one UDP port. */
export class LanInterface implements Interface<BmcState>, LanServer {
  readonly channel: Channel;
  readonly statistics: LanStatistics;
  readonly #options: LanOptions;
  readonly #lan15: Lan15;
  readonly #rmcpPlus: RmcpPlus;
  #socket: UdpSocket | undefined;
  #dispatch: Dispatch<BmcState> = () => new Uint8Array(0);
  #forget: () => void = () => undefined;

  constructor(options: LanOptions) {
    this.#options = options;
    this.channel = { number: options.channel ?? 1, medium: 'lan', maxAnswer: MAX_ANSWER };
    this.statistics = options.bmc.lan.statistics(this.channel.number);
    this.#lan15 = new Lan15(options.bmc, this);
    this.#rmcpPlus = new RmcpPlus(options.bmc, this);
  }

  /** Where it listens; the port is the real one once it is open. */
  get address(): Endpoint {
    return this.#socket?.address ?? this.#options.listen;
  }

  async open(dispatch: Dispatch<BmcState>): Promise<void> {
    this.#socket = await this.#options.udp.bind({ ...this.#options.listen, receiveBuffer: 1 << 20 });
    this.#dispatch = dispatch;
    this.#forget = this.#options.bmc.sessions.onClose((session: Session, _reason: CloseReason) => {
      this.#lan15.forget(session.id);
      this.#rmcpPlus.forget(session.id);
    });
    this.#socket.onDatagram = (datagram, from) => this.#receive(datagram, from);
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#forget();
    for (const session of this.#options.bmc.sessions.active) {
      if (session.channel === this.channel) this.#options.bmc.sessions.close(session, 'reset');
    }
    await socket?.close();
  }

  send(datagram: Uint8Array, to: Endpoint): void {
    // Nobody answers while the BMC starts again: late answers of handlers are lost with their sessions.
    if (this.#options.bmc.life.dark) return;
    this.statistics.sent++;
    this.#socket?.send(datagram, to);
  }

  #receive(datagram: Uint8Array, from: Endpoint): void {
    if (this.#options.bmc.life.dark) return;
    this.statistics.received++;
    const cls = rmcpClass(datagram);
    if (cls === RmcpClass.Asf) {
      const tag = presencePingTag(datagram);
      if (tag !== undefined) this.send(buildPresencePong(tag), from);
    } else if (cls === RmcpClass.Ipmi) {
      this.statistics.valid++;
      if (datagram[4] === AuthType.RmcpPlus) this.#rmcpPlus.receive(datagram, from);
      else this.#lan15.receive(datagram, from);
    }
  }

  serveOutside(bytes: Uint8Array, from: Endpoint, wrap: (message: Uint8Array) => Uint8Array): void {
    const request = requestIn(bytes);
    if (!request) return;
    const answer = this.#ask(request, new Context(this.#options.bmc, this.channel, 0, request.toLun, undefined, endpointName(from)));
    if (answer instanceof Promise) void answer.then((body) => this.send(wrap(buildResponse(request, body)), from));
    else this.send(wrap(buildResponse(request, answer)), from);
  }

  serve(bytes: Uint8Array, from: Endpoint, link: Link, authType: number, ceiling: number): void {
    const request = requestIn(bytes);
    if (!request) return;
    const { session, repeated } = link;
    const earlier = repeated.find(request, session.lastHeard);
    if (earlier) {
      // Still at work: the answer is on its way.
      if (earlier.answer) this.send(link.seal(buildResponse(request, earlier.answer), authType), from);
      return;
    }
    const answer = this.#ask(request, new Context(this.#options.bmc, this.channel, ceiling, request.toLun, session, endpointName(from)));
    if (answer instanceof Promise) void answer.then((body) => this.#reply(request, body, from, link, authType));
    else this.#reply(request, answer, from, link, authType);
  }

  #reply(request: IpmiMessage, answer: Uint8Array, to: Endpoint, link: Link, authType: number): void {
    link.repeated.answered(request, answer);
    this.send(link.seal(buildResponse(request, answer), authType), to);
  }

  #ask({ netFn, toLun, cmd, data }: IpmiMessage, context: Context<BmcState>): Uint8Array | Promise<Uint8Array> {
    return this.#dispatch({ netFn, lun: toLun, cmd, data }, context);
  }
}

/** A well-formed request to the BMC; responses and messages to others have no answer. */
function requestIn(bytes: Uint8Array): IpmiMessage | undefined {
  const message = parseMessage(bytes);
  return message && message.to === BMC_ADDRESS && message.netFn % 2 === 0 ? message : undefined;
}
