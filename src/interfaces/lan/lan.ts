import { CC, IpmiError } from '../../codec/index.ts';
import { Privilege } from '../../commands/command.ts';
import { accountOf, Context, notOpen, type Channel, type Dispatch, type Interface } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import type { DropReason } from '../../state/app/drops.ts';
import type { LanStatistics } from '../../state/parameters/lan-parameters.ts';
import { Requester } from '../../services/bridging/requester.ts';
import type { CloseReason, Session } from '../../state/app/sessions.ts';
import {
  AuthType,
  BMC_ADDRESS,
  buildPresencePong,
  buildResponse,
  DCMI_IANA,
  parseMessage,
  presencePingTag,
  RmcpClass,
  rmcpClass,
  SMS_LUN,
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
/** Milliseconds that a remote console has to answer a request that was bridged to it. */
const CONSOLE_WAIT = 5000;

/** IPMI over LAN (IPMI 2.0 §13): presence ping, IPMI 1.5 sessions and RMCP+ sessions on one UDP port. */
export class LanInterface implements Interface<BmcState>, LanServer {
  readonly channel: Channel;
  readonly statistics: LanStatistics;
  readonly #options: LanOptions;
  readonly #lan15: Lan15;
  readonly #rmcpPlus: RmcpPlus;
  /** Requests to remote consoles: those that Send Message tracks. */
  readonly #requester: Requester;
  #socket: UdpSocket | undefined;
  #dispatch: Dispatch<BmcState> = notOpen;
  #forget: () => void = () => undefined;
  #disconnect: () => void = () => undefined;
  #release: () => void = () => undefined;

  constructor(options: LanOptions) {
    this.#options = options;
    this.channel = { number: options.channel ?? 1, medium: 'lan', maxAnswer: MAX_ANSWER };
    this.statistics = options.bmc.lan.statistics(this.channel.number);
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
    this.#socket = await this.#options.udp.bind({ ...this.#options.listen, receiveBuffer: 1 << 20 });
    this.#dispatch = dispatch;
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
    this.#socket.onDatagram = (datagram, from) => this.#receive(datagram, from);
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
    this.statistics.sent++;
    this.#socket?.send(datagram, to);
  }

  sendInto({ session: { peer } }: Link, datagram: Uint8Array): void {
    this.send(datagram, { host: peer.address, port: peer.port, asked: peer.asked });
  }

  dropped(reason: DropReason, from: Endpoint): void {
    this.#options.bmc.drops.dropped(reason, this.channel.number, from);
  }

  #receive(datagram: Uint8Array, from: Endpoint): void {
    if (this.#options.bmc.life.dark) return this.dropped('BMC is restarting', from);
    this.statistics.received++;
    const cls = rmcpClass(datagram);
    if (cls === RmcpClass.Asf) {
      const tag = presencePingTag(datagram);
      if (tag === undefined) this.dropped('malformed', from);
      else this.send(buildPresencePong(tag, DCMI_IANA), from);
    } else if (cls === RmcpClass.Ipmi) {
      this.statistics.valid++;
      if (datagram[4] === AuthType.RmcpPlus) this.#rmcpPlus.receive(datagram, from);
      else this.#lan15.receive(datagram, from);
    } else {
      this.dropped('malformed', from);
    }
  }

  serveOutside(bytes: Uint8Array, from: Endpoint, wrap: (message: Uint8Array) => Uint8Array): void {
    const request = this.#messageIn(bytes, from);
    if (!request) return;
    // Outside of a session nothing waits for a response.
    if (request.netFn % 2 !== 0) return this.dropped('response outside of a session', from);
    const answer = this.#ask(request, new Context(this.#options.bmc, this.channel, 0, request.toLun, undefined, endpointName(from)));
    if (answer instanceof Promise) void answer.then((body) => this.send(wrap(buildResponse(request, body)), from));
    else this.send(wrap(buildResponse(request, answer)), from);
  }

  serve(bytes: Uint8Array, from: Endpoint, link: Link, authType: number, ceiling: number): void {
    const request = this.#messageIn(bytes, from);
    if (!request) return;
    const { session, repeated } = link;
    if (request.netFn % 2 === 1 && request.toLun !== SMS_LUN) {
      this.#requester.respond(request, session.handle);
      return;
    }
    const context = new Context(this.#options.bmc, this.channel, ceiling, request.toLun, session, endpointName(from));
    const earlier = repeated.find(request, context, session.lastHeard);
    if (earlier && this.#isStillAllowed(request, context)) {
      // Still at work: the answer is on its way.
      if (earlier.answer) this.send(link.seal(buildResponse(request, earlier.answer), authType), from);
      if (earlier.followUp) this.send(link.seal(earlier.followUp, authType), from);
      return;
    }
    if (request.toLun === SMS_LUN) {
      this.#toSystemSoftware(request, bytes, context, from, link, authType);
      return;
    }
    const answer = this.#ask(request, context);
    if (answer instanceof Promise) void answer.then((body) => this.#reply(request, body, context, from, link, authType));
    else this.#reply(request, answer, context, from, link, authType);
  }

  #isStillAllowed({ netFn, toLun: lun, cmd, data }: IpmiMessage, context: Context<BmcState>): boolean {
    return lun === SMS_LUN || this.#options.bmc.router.check({ netFn, lun, cmd, data }, context) === CC.Ok;
  }

  #reply(request: IpmiMessage, answer: Uint8Array, context: Context<BmcState>, to: Endpoint, link: Link, authType: number): void {
    link.repeated.answered(request, answer);
    this.send(link.seal(buildResponse(request, answer), authType), to);
    if (context.followUp) void this.#followUp(request, context.followUp, link, authType);
  }

  /** The response to a bridged request, as a message of its own. A session that ended meanwhile gets nothing. */
  async #followUp(request: IpmiMessage, followUp: Promise<Uint8Array | undefined>, link: Link, authType: number): Promise<void> {
    const message = await followUp;
    if (!message || !link.session.active) return;
    link.repeated.followed(request, message);
    this.sendInto(link, link.seal(message, authType));
  }

  /** LUN 10b: the message goes to the Receive Message Queue with its session handle, and system software answers it or does not (IPMI 2.0 §6.13.1). */
  #toSystemSoftware(request: IpmiMessage, bytes: Uint8Array, context: Context<BmcState>, to: Endpoint, link: Link, authType: number): void {
    try {
      if (context.privilege < Privilege.User) throw new IpmiError(CC.InsufficientPrivilege);
      const data = Uint8Array.of(link.session.handle, ...bytes);
      this.#options.bmc.messages.deliver({ channel: this.channel.number, privilege: context.privilege, data }, accountOf(link.session));
    } catch (error) {
      if (request.netFn % 2 === 0)
        this.#reply(request, Uint8Array.of(error instanceof IpmiError ? error.cc : CC.Unspecified), context, to, link, authType);
    }
  }

  #sendTo(session: Session, message: Uint8Array): boolean {
    const link = this.#rmcpPlus.link(session.id) ?? this.#lan15.link(session.id);
    if (!link?.session.active) return false;
    this.sendInto(link, link.seal(message, session.terms15?.authType ?? 0));
    return true;
  }

  #ask({ netFn, toLun, cmd, data }: IpmiMessage, context: Context<BmcState>): Uint8Array | Promise<Uint8Array> {
    return this.#dispatch({ netFn, lun: toLun, cmd, data }, context);
  }

  /** A well-formed message to the BMC; those to others have no answer. */
  #messageIn(bytes: Uint8Array, from: Endpoint): IpmiMessage | undefined {
    const message = parseMessage(bytes);
    if (message?.to === BMC_ADDRESS) return message;
    this.dropped(message ? 'message not for the BMC' : 'message malformed', from);
    return undefined;
  }
}
