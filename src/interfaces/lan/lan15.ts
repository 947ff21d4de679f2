import { Privilege } from '../../commands/command.ts';
import type { BmcState } from '../../state/bmc-state.ts';
import type { Session } from '../../state/app/sessions.ts';
import { AuthType, build15, isAuthentic15, nextSequence, parse15, SequenceWindow } from '../../wire/index.ts';
import type { Endpoint } from '../../world/world.ts';
import { RepeatedRequests } from '../repeated.ts';
import type { LanServer, Link } from './link.ts';

/** Numbers ahead of and behind the highest seen that are taken (IPMI 2.0 §6.12.11). */
const WINDOW = 8;

/** IPMI 1.5 sessions of one LAN interface. The commands that open them are in handlers/app/sessions.ts. */
export class Lan15 {
  readonly #bmc: BmcState;
  readonly #lan: LanServer;
  readonly #links = new Map<number, Link15>();

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
    if (!packet) return;
    const message = datagram.subarray(packet.start, packet.end);
    if (packet.sessionId === 0) {
      if (packet.authType === AuthType.None) this.#lan.serveOutside(message, from, (response) => build15(AuthType.None, 0, 0, response));
      return;
    }
    const session = this.#bmc.sessions.byId(packet.sessionId);
    const terms = session?.terms15;
    if (!session || !terms || session.channel !== this.#lan.channel) return;
    // A wrong auth code has no answer (§13.9): the console sees a time-out, a guesser nothing.
    let ceiling: number = Privilege.Oem;
    if (packet.authType === terms.authType) {
      if (!isAuthentic15(datagram, packet, terms.password)) {
        const { number } = this.#lan.channel;
        if (!session.active) this.#bmc.users.refused(session.userId, number, this.#bmc.lan.badPasswordRule(number));
        return;
      }
    } else {
      const { perMessageDisabled, userLevelDisabled } = this.#bmc.channels.authentication(this.#lan.channel.number);
      if (packet.authType !== AuthType.None || !session.active || !(perMessageDisabled || userLevelDisabled)) return;
      if (!perMessageDisabled) ceiling = Privilege.User;
    }
    const link = this.#links.get(session.id) ?? new Link15(session);
    if (session.active && !link.take(packet.sequence)) return;
    this.#links.set(session.id, link);
    this.#bmc.sessions.heard(session);
    this.#lan.serve(message, from, link, packet.authType, session.active ? ceiling : Privilege.Oem);
  }
}

class Link15 implements Link {
  readonly session: Session;
  readonly repeated = new RepeatedRequests();
  #window: SequenceWindow | undefined;
  #sequence: number | undefined;

  constructor(session: Session) {
    this.session = session;
  }

  /** The first number that Activate Session gave is itself expected. */
  take(sequence: number): boolean {
    this.#window ??= new SequenceWindow((this.session.terms15?.initialInbound ?? 1) - 1, WINDOW, WINDOW);
    return this.#window.take(sequence);
  }

  /** Responses count from the number that the console asked for in Activate Session, that one's response included. */
  seal(message: Uint8Array, authType: number): Uint8Array {
    const { terms15, id } = this.session;
    if (!terms15 || terms15.initialOutbound === undefined) return build15(authType, 0, id, message, terms15?.password);
    this.#sequence = this.#sequence === undefined ? terms15.initialOutbound : nextSequence(this.#sequence);
    return build15(authType, this.#sequence, id, message, terms15.password);
  }
}
