import { LateMap } from '../../state/late-map.ts';
import { Privilege } from '../../commands/command.ts';
import type { SessionView } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import type { SealedOtherwise } from '../../taps/index.ts';
import type { PayloadCarrier } from '../../services/payloads/payloads.ts';
import type { Session } from '../../state/app/sessions.ts';
import {
  build20,
  buildResponse,
  copyOf,
  nextSequence,
  parse20,
  payloadStart,
  putBytes,
  putResponse,
  responseSize,
  Confidentiality,
  Integrity,
  PayloadType,
  SequenceWindow,
  type IpmiMessage,
  type Ivs,
  type Packet20,
  type SessionCrypto,
} from '../../wire/index.ts';
import type { Endpoint } from '../../world/world.ts';
import { RepeatedRequests } from '../repeated.ts';
import type { LanServer, Link, Wrap } from './link.ts';
import { LogIn, type LogInLinks } from './log-in.ts';
import { OUTGOING } from './outgoing.ts';
import { isTampered, showInPlace, showOutside, showReceived, tapped, type LinkTaps } from './seen.ts';

/** Numbers that are taken around the highest seen (IPMI 2.0 §6.12.13). */
const AHEAD = 16;
const BEHIND = 15;

/** RMCP+ sessions of one LAN interface, and the payloads that they carry besides messages. */
export class RmcpPlus implements PayloadCarrier, LogInLinks {
  readonly #bmc: BmcState;
  readonly #lan: LanServer;
  readonly #logIn: LogIn;
  readonly #links = new LateMap<number, Link20>();

  constructor(bmc: BmcState, lan: LanServer) {
    this.#bmc = bmc;
    this.#lan = lan;
    this.#logIn = new LogIn(bmc, lan.channel, this);
  }

  /** A log-in is complete. */
  opened(session: Session, consoleId: number, crypto: SessionCrypto): void {
    const { taps, setup } = this.#bmc;
    this.#links.set(session.id, new Link20(session, consoleId, crypto, taps, setup.random));
  }

  /** The end of a session's wire. */
  link(sessionId: number): Link | undefined {
    return this.#links.get(sessionId);
  }

  forget(sessionId: number): void {
    this.#links.delete(sessionId);
    this.#logIn.forget(sessionId);
  }

  forgetLogIns(): void {
    this.#logIn.forgetAll();
  }

  get port(): number {
    return this.#lan.address.port;
  }

  abilities({ id }: SessionView): ReturnType<PayloadCarrier['abilities']> {
    const suite = this.#links.get(id)?.crypto.suite;
    return (
      suite && {
        encrypts: suite.confidentiality !== Confidentiality.None,
        authenticates: suite.integrity !== Integrity.None,
      }
    );
  }

  send({ id }: SessionView, type: number, payload: Uint8Array, encrypted: boolean): void {
    const link = this.#links.get(id);
    if (link) this.#lan.sendInto(link, link.seal(payload, type, encrypted));
  }

  receive(datagram: Uint8Array, from: Endpoint): void {
    const packet = parse20(datagram);
    if (!packet) return this.#lan.dropped('malformed', from);
    if (packet.sessionId === 0) return this.#outside(datagram, packet, from);
    const link = this.#links.get(packet.sessionId);
    if (!link?.session.active)
      return this.#lan.dropped(
        this.#bmc.sessions.hasEnded(packet.sessionId) ? 'session closed' : 'unknown session',
        from,
      );
    if (!link.crypto.isAuthentic(datagram, packet)) {
      this.#logIn.unproven(datagram, packet, from);
      return this.#lan.dropped('bad signature', from);
    }
    // A suite without integrity signs nothing, so its numbers prove nothing either: 0 is what some consoles
    // send.
    if (!(packet.sequence === 0 && !packet.authenticated) && !link.window.take(packet.sequence))
      return this.#lan.dropped('replayed or out of the window', from);
    const start = payloadStart(packet);
    const end = link.crypto.openInPlace(datagram, packet);
    if (end === undefined) return this.#lan.dropped('not encrypted as agreed', from);
    this.#logIn.forget(packet.sessionId);
    // What is not signed may come from anybody, and moves no session to another address.
    this.#bmc.sessions.heard(link.session, packet.authenticated ? from : undefined);
    const { session } = link;
    const { payloadType: type, sequence } = packet;
    showReceived(this.#bmc.taps, this.#lan.channel, from, datagram, start, end, type, session, sequence);
    if (type === PayloadType.Ipmi) this.#lan.serve(datagram, start, end, from, link, Privilege.Oem);
    else this.#bmc.payloads.receive(session, type, copyOf(datagram, start, end), packet);
  }

  #outside(
    datagram: Uint8Array,
    { payloadType, encrypted, authenticated, start, end }: Packet20,
    from: Endpoint,
  ): void {
    if (encrypted || authenticated) return this.#lan.dropped('unknown session', from);
    const { taps } = this.#bmc;
    showReceived(taps, this.#lan.channel, from, datagram, start, end, payloadType);
    if (payloadType === PayloadType.Ipmi) {
      this.#lan.serveOutside(datagram, start, end, from, outside);
      return;
    }
    const payload = copyOf(datagram, start, end);
    const answer =
      taps.setUp === undefined
        ? this.#logIn.receive(payloadType, payload, from)
        : taps.setUp({ payloadType, payload, channel: this.#lan.channel }, () =>
            this.#logIn.receive(payloadType, payload, from),
          );
    if (!answer) return;
    showOutside(taps, this.#lan.channel, from, answer.payload, answer.payloadType);
    this.#lan.send(build20(answer.payloadType, 0, 0, answer.payload), from);
  }
}

const outside: Wrap = (message) => build20(PayloadType.Ipmi, 0, 0, message);

class Link20 implements Link {
  readonly session: Session;
  readonly crypto: SessionCrypto;
  readonly repeated = new RepeatedRequests();
  readonly window = new SequenceWindow(0, AHEAD, BEHIND);
  readonly #taps: LinkTaps;
  readonly #consoleId: number;
  readonly #ivs: Ivs;
  #sequence = 0;

  constructor(session: Session, consoleId: number, crypto: SessionCrypto, taps: LinkTaps, ivs: Ivs) {
    this.session = session;
    this.crypto = crypto;
    this.#taps = taps;
    this.#consoleId = consoleId;
    this.#ivs = ivs;
  }

  seal(payload: Uint8Array, type: number = PayloadType.Ipmi, encrypted = true): Uint8Array {
    if (isTampered(this.#taps, this.session, type)) return this.#tapped(payload, type, encrypted);
    const { crypto } = this;
    const { length } = payload;
    const out = OUTGOING.take(crypto.sealedSize(length, encrypted));
    const at = crypto.payloadAt(encrypted);
    putBytes(out, at, payload);
    const sequence = this.#next();
    showInPlace(this.#taps, this.session, out, at, length, sequence, type);
    return crypto.sealInPlace(out, type, this.#consoleId, sequence, length, this.#ivs, encrypted);
  }

  // As `seal`, with the answer written where it is sealed.
  respond(request: IpmiMessage, answer: Uint8Array): Uint8Array {
    if (isTampered(this.#taps, this.session)) return this.seal(buildResponse(request, answer));
    const { crypto } = this;
    const length = responseSize(answer);
    const out = OUTGOING.take(crypto.sealedSize(length, true));
    const at = crypto.payloadAt(true);
    putResponse(out, at, request, answer);
    const sequence = this.#next();
    showInPlace(this.#taps, this.session, out, at, length, sequence, PayloadType.Ipmi);
    return crypto.sealInPlace(out, PayloadType.Ipmi, this.#consoleId, sequence, length, this.#ivs);
  }

  #next(): number {
    return (this.#sequence = nextSequence(this.#sequence));
  }

  /** Apart: few need a closure. */
  #tapped(payload: Uint8Array, type: number, encrypted: boolean): Uint8Array {
    const sequence = this.#next();
    const sealed = this.crypto.seal(type, this.#consoleId, sequence, payload, this.#ivs, encrypted);
    const reseal = (otherwise: SealedOtherwise): Uint8Array =>
      this.crypto.seal(
        type,
        otherwise.sessionId ?? this.#consoleId,
        otherwise.sequence ?? sequence,
        otherwise.payload ?? payload,
        this.#ivs,
        encrypted,
        otherwise.badPadding,
      );
    return tapped(this.#taps, this.session, payload, sequence, sealed, reseal, type);
  }
}
