import { LateMap } from '../../state/late-map.ts';
import { Privilege } from '../../commands/command.ts';
import type { BmcState } from '../../bmc-state.ts';
import { equalPeers } from '../../state/app/half-open.ts';
import type { LogInProblem } from '../../state/app/log-ins.ts';
import type { Session } from '../../state/app/sessions.ts';
import {
  AuthType,
  build15,
  buildResponse,
  isAuthentic15,
  message15At,
  nextSequence,
  parse15,
  PayloadType,
  putBytes,
  putResponse,
  responseSize,
  seal15,
  SequenceWindow,
  type IpmiMessage,
} from '../../wire/index.ts';
import type { Endpoint } from '../../world/world.ts';
import { RepeatedRequests } from '../repeated.ts';
import type { LanServer, Link, Wrap } from './link.ts';
import { OUTGOING } from './outgoing.ts';
import { isTampered, showInPlace, showReceived, tapped, type LinkTaps } from './seen.ts';

/** Numbers ahead of and behind the highest seen that are taken (IPMI 2.0 §6.12.11). */
const WINDOW = 8;

/** IPMI 1.5 sessions of one LAN interface. The commands that open them are in handlers/app/sessions.ts. */
export class Lan15 {
  readonly #bmc: BmcState;
  readonly #lan: LanServer;
  readonly #links = new LateMap<number, Link15>();

  constructor(bmc: BmcState, lan: LanServer) {
    this.#bmc = bmc;
    this.#lan = lan;
  }

  /** The end of a session's wire. */
  link(sessionId: number): Link | undefined {
    return this.#links.get(sessionId);
  }

  forget(sessionId: number): void {
    this.#links.delete(sessionId);
  }

  receive(datagram: Uint8Array, from: Endpoint): void {
    const packet = parse15(datagram);
    if (!packet) return this.#lan.dropped('malformed', from);
    const { start, end } = packet;
    const { taps } = this.#bmc;
    if (packet.sessionId === 0) {
      showReceived(taps, this.#lan.channel, from, datagram, start, end);
      if (packet.authType === AuthType.None) this.#lan.serveOutside(datagram, start, end, from, outside);
      else this.#lan.dropped('unknown session', from);
      return;
    }
    const { sessions, channels } = this.#bmc;
    const { number } = this.#lan.channel;
    const session = sessions.byId(packet.sessionId) ?? sessions.challenged(packet.sessionId);
    const terms = session?.terms15;
    if (!session || !terms || session.channel !== this.#lan.channel)
      return this.#lan.dropped(
        sessions.hasEnded(packet.sessionId) ? 'session closed' : 'unknown session',
        from,
      );
    // A challenge is its console's alone: nobody else can use it up.
    if (!session.active && !equalPeers(session.peer, from))
      return this.#lan.dropped('another address than the log-in', from);
    // A wrong auth code has no answer (§13.9): the console sees a time-out, a guesser nothing.
    let ceiling: number = Privilege.Oem;
    if (packet.authType === terms.authType) {
      // Who has to wait for having guessed wrong has nothing compared, here as in the handler.
      const obstacle = session.active
        ? undefined
        : this.#bmc.logIns.obstacle(session.userName, number, session.source);
      if (obstacle || !isAuthentic15(datagram, packet, terms.password)) {
        if (!session.active) this.#wrong(session, obstacle);
        return this.#lan.dropped('bad signature', from);
      }
    } else {
      const { perMessageDisabled, userLevelDisabled } = channels.authentication(number);
      if (packet.authType !== AuthType.None || !session.active || !(perMessageDisabled || userLevelDisabled))
        return this.#lan.dropped('bad signature', from);
      if (!perMessageDisabled) ceiling = Privilege.User;
    }
    const link = this.#links.get(session.id) ?? new Link15(session, this.#bmc.taps);
    if (session.active && !link.take(packet.sequence))
      return this.#lan.dropped('replayed or out of the window', from);
    this.#links.set(session.id, link);
    // What is not signed may come from anybody, and moves no session to another address.
    sessions.heard(session, packet.authType === AuthType.None ? undefined : from);
    const { sequence } = packet;
    showReceived(taps, this.#lan.channel, from, datagram, start, end, PayloadType.Ipmi, session, sequence);
    const way = link.of(packet.authType);
    this.#lan.serve(datagram, start, end, from, way, session.active ? ceiling : Privilege.Oem);
  }

  /** A challenge ends at its first wrong code: each guess costs a challenge, and a line in the log. */
  #wrong(session: Session, obstacle: LogInProblem | undefined): void {
    const { logIns, sessions } = this.#bmc;
    const { number } = this.#lan.channel;
    sessions.close(session, 'failed');
    if (!obstacle) logIns.wrong(session.userId, number, session.source);
    const { peer, userName: name } = session;
    logIns.refused({
      channel: number,
      peer,
      name,
      problem: obstacle ?? 'wrong password',
      step: 'Activate Session, not answered',
    });
  }
}

const outside: Wrap = (message) => build15(AuthType.None, 0, 0, message);

class Link15 implements Link {
  readonly session: Session;
  readonly #taps: LinkTaps;
  readonly repeated = new RepeatedRequests();
  #window: SequenceWindow | undefined;
  /** Made with the first such packet: few sessions have any. */
  #unsigned: Unsigned15 | undefined;
  #sequence: number | undefined;

  constructor(session: Session, taps: LinkTaps) {
    this.session = session;
    this.#taps = taps;
  }

  /** The first number that Activate Session gave is itself expected. */
  take(sequence: number): boolean {
    this.#window ??= new SequenceWindow((this.session.terms15?.initialInbound ?? 1) - 1, WINDOW, WINDOW);
    return this.#window.take(sequence);
  }

  /** The end of the wire for an answer to a packet of this type: it is signed as its request was. */
  of(authType: number): Link {
    if (authType === this.session.terms15?.authType) return this;
    return (this.#unsigned ??= new Unsigned15(this));
  }

  get #authType(): number {
    return this.session.terms15?.authType ?? AuthType.None;
  }

  seal(message: Uint8Array): Uint8Array {
    return this.sealAs(this.#authType, message);
  }

  respond(request: IpmiMessage, answer: Uint8Array): Uint8Array {
    return this.respondAs(this.#authType, request, answer);
  }

  sealAs(authType: number, message: Uint8Array): Uint8Array {
    if (isTampered(this.#taps, this.session)) return this.#tapped(authType, message);
    const at = message15At(authType);
    const out = OUTGOING.take(at + message.length);
    putBytes(out, at, message);
    return this.#sealed(authType, out, at);
  }

  respondAs(authType: number, request: IpmiMessage, answer: Uint8Array): Uint8Array {
    if (isTampered(this.#taps, this.session)) return this.#tapped(authType, buildResponse(request, answer));
    const at = message15At(authType);
    const out = OUTGOING.take(at + responseSize(answer));
    putResponse(out, at, request, answer);
    return this.#sealed(authType, out, at);
  }

  /** The datagram in which a message stands already, from `start` on. */
  #sealed(authType: number, out: Uint8Array, start: number): Uint8Array {
    const { terms15, id } = this.session;
    const sequence = this.#next();
    showInPlace(this.#taps, this.session, out, start, out.length - start, sequence);
    return seal15(out, authType, sequence, id, terms15?.password);
  }

  /**
   * Responses count from the number that the console asked for in Activate Session, that one's response
   * included. Before it has said where to count from, numbers are 0.
   */
  #next(): number {
    const first = this.session.terms15?.initialOutbound;
    if (first === undefined) return 0;
    return (this.#sequence = this.#sequence === undefined ? first : nextSequence(this.#sequence));
  }

  /** Apart: few need a closure. */
  #tapped(authType: number, message: Uint8Array): Uint8Array {
    const { terms15, id } = this.session;
    const sequence = this.#next();
    const sealed = build15(authType, sequence, id, message, terms15?.password);
    return tapped(this.#taps, this.session, message, sequence, sealed, (otherwise) =>
      build15(
        authType,
        otherwise.sequence ?? sequence,
        otherwise.sessionId ?? id,
        otherwise.payload ?? message,
        terms15?.password,
      ),
    );
  }
}

/** The same end for packets without an auth code. */
class Unsigned15 implements Link {
  readonly session: Session;
  readonly repeated: RepeatedRequests;
  readonly #link: Link15;

  constructor(link: Link15) {
    this.session = link.session;
    this.repeated = link.repeated;
    this.#link = link;
  }

  seal(message: Uint8Array): Uint8Array {
    return this.#link.sealAs(AuthType.None, message);
  }

  respond(request: IpmiMessage, answer: Uint8Array): Uint8Array {
    return this.#link.respondAs(AuthType.None, request, answer);
  }
}
