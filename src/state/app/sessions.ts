import type { Channel, SessionView } from '../../joint/message.ts';
import { equalPeers, HalfOpen, sourceOf, type Peer } from './half-open.ts';
import type { Endpoint } from '../../world/world.ts';
import type { Setup } from '../setup.ts';
import { LateMap } from '../late-map.ts';
import { Occasion } from '../occasions.ts';
import type { Sleeper } from '../sleeper.ts';

export interface SessionsOptions {
  /** Most sessions at once; 1..254. Default 64. */
  readonly limit?: number;
  /**
   * Milliseconds without a message after which an active session ends. Default 60 000 (IPMI 2.0 §6.12.15).
   */
  readonly inactivity?: number;
  /** Milliseconds that a log-in may take from its first message. Default 60 000. */
  readonly setUp?: number;
}

/** Handles 1..FEh: 0 is none, FFh reserved. */
const HANDLES = 0xfe;
/** A session that spoke in so many milliseconds keeps its place, whoever else wants in. */
const SPOKEN_FOR = 10_000;
/** Challenges of IPMI 1.5 that may be open at once; see docs/security.md for what that withstands. */
const CHALLENGES = 2048;
/** Ids of ended sessions that are remembered. */
const ENDED = 64;
/** Milliseconds between the first and the second look at a session that has been silent too long. */
const SECOND_LOOK = 250;

export type SessionKind = 'ipmi-1.5' | 'rmcp+';
export type CloseReason = 'closed' | 'timeout' | 'evicted' | 'user-changed' | 'revoked' | 'reset' | 'failed';

/** What an interface gives when a log-in begins. */
export interface SessionStart {
  readonly kind: SessionKind;
  readonly channel: Channel;
  readonly peer: Peer;
}

/** What an IPMI 1.5 log-in agreed on (IPMI 2.0 §22.16, §22.17). */
export interface Terms15 {
  readonly authType: number;
  /** 16 bytes. */
  readonly password: Uint8Array;
  readonly challenge: Uint8Array;
  /**
   * Set by Activate Session: the console's first number as the BMC wants it, and the BMC's as the console
   * does.
   */
  readonly initialInbound?: number;
  readonly initialOutbound?: number;
}

/** A log-in under way, and then the session that it became. */
export class Session implements SessionView {
  readonly kind: SessionKind;
  readonly channel: Channel;
  /**
   * Where its last authentic message came from; what is sent to it goes there. Behind a translator of
   * addresses that changes.
   */
  peer: Peer;
  readonly source: string;
  readonly began: number;
  /** 0 until the log-in is complete: only a session has a place. */
  handle = 0;
  readonly id: number;
  userId = 0;
  userName = '';
  privilege = 0;
  maxPrivilege = 0;
  /** False until the log-in is complete: no command but those of the log-in itself. */
  active = false;
  terms15: Terms15 | undefined;
  /** The cipher suite of an RMCP+ session. */
  suite: number | undefined;
  /** Milliseconds without a message after which it ends, where its channel has a setting of its own. */
  inactivity: number | undefined;
  /** Monotonic milliseconds of the last valid message. */
  lastHeard: number;

  constructor(start: SessionStart, id: number, now: number) {
    this.kind = start.kind;
    this.channel = start.channel;
    this.peer = start.peer;
    this.source = sourceOf(start.peer.address);
    this.id = id;
    this.began = now;
    this.lastHeard = now;
  }
}

/** The last handle, and the ids of those that ended lately. */
type SessionsMemento = readonly [lastHandle: number, ended: readonly number[]];

/**
 * All sessions of a BMC, by handle and by id. Interfaces keep their keys and sequence numbers beside them.
 */
export class Sessions implements Sleeper<SessionsMemento> {
  static readonly opened = new Occasion<[session: Session]>();
  static readonly ended = new Occasion<[session: Session, reason: CloseReason]>();
  #limit: number;
  readonly #setup: Setup;
  #inactivity: number;
  /** Milliseconds that a log-in may take. */
  readonly setUp: number;
  /** Made with the first log-in of IPMI 1.5. */
  #begun: HalfOpen<Session> | undefined;
  /**
   * Ids of sessions that ended lately, oldest first: a datagram that comes late is told from one that is
   * made up.
   */
  readonly #ended: number[] = [];
  readonly #byHandle: (Session | undefined)[] = [];
  #lastHandle = 0;
  readonly #byId = new LateMap<number, Session>();
  /** Set only while there are sessions. */
  #sweeping = false;

  constructor(setup: Setup, { limit = 64, inactivity = 60_000, setUp = 60_000 }: SessionsOptions = {}) {
    this.#setup = setup;
    this.#limit = Math.min(limit, HANDLES);
    this.setUp = setUp;
    this.#inactivity = inactivity;
  }

  /** Sessions at a time. */
  get limit(): number {
    return this.#limit;
  }

  /**
   * Other limits from now on; `inactivity` in milliseconds. Sessions that there are stay, be they too many.
   */
  adjust({ limit, inactivity }: { readonly limit: number; readonly inactivity: number }): void {
    this.#limit = Math.min(limit, HANDLES);
    this.#inactivity = inactivity;
  }

  /** Sessions that one account may hold at most: half of all, so that no account keeps the others out. */
  get share(): number {
    return Math.ceil(this.limit / 2);
  }

  /** A log-in of IPMI 1.5 that is given a challenge. */
  challenge(start: SessionStart): Session {
    const session = this.make(start, this.freshId());
    this.#begun ??= new HalfOpen(this.#setup.clock, CHALLENGES, this.setUp, (evicted) =>
      this.#setup.occasions.tell(Sessions.ended, evicted, 'evicted'),
    );
    this.#begun.add(session);
    return session;
  }

  /** A session that has no place yet. */
  make(start: SessionStart, id: number): Session {
    return new Session(start, id, this.#setup.clock.monotonic());
  }

  /**
   * The log-in is complete: it has proved its password. Where all places are taken, or all that its account
   * may have, it gets that of the longest silent session, first of one of its own user, never of one that
   * spoke in the last 10 s. False: there is none.
   */
  activate(session: Session, privilege: number): boolean {
    if (this.#byId.has(session.id) || !this.#makeRoom(session.userId)) return false;
    this.#begun?.delete(session);
    // Moves on, so that an old handle does not mean the next user's session (IPMI 2.0 §22.20).
    do this.#lastHandle = (this.#lastHandle % HANDLES) + 1;
    while (this.#byHandle[this.#lastHandle]);
    session.handle = this.#lastHandle;
    this.#byHandle[session.handle] = session;
    this.#byId.set(session.id, session);
    session.active = true;
    session.privilege = privilege;
    session.lastHeard = this.#setup.clock.monotonic();
    if (!this.#sweeping) this.#setup.clock.after(1000, () => this.#expire());
    this.#sweeping = true;
    this.#setup.occasions.tell(Sessions.opened, session);
    return true;
  }

  #makeRoom(userId: number): boolean {
    // Fewer sessions than one may have: nothing has to be counted.
    if (this.#byId.size < this.share) return true;
    const own = this.active.filter((session) => session.userId === userId);
    const isFull = this.#byId.size >= this.limit;
    if (!isFull && own.length < this.share) return true;
    const silent =
      this.longestSilent(own) ?? (own.length < this.share ? this.longestSilent(this.active) : undefined);
    if (!silent) return false;
    this.close(silent, 'evicted');
    return true;
  }

  /** Of these, the one that has been silent longest, and for ten seconds at least. */
  longestSilent(sessions: readonly Session[], atLeast = SPOKEN_FOR): Session | undefined {
    const latest = this.#setup.clock.monotonic() - atLeast;
    let found: Session | undefined;
    for (const session of sessions) if (session.lastHeard <= (found?.lastHeard ?? latest)) found = session;
    return found;
  }

  /** A message of the session came. `from`: where from, if that is proved by its signature. */
  heard(session: Session, from?: Endpoint): void {
    session.lastHeard = this.#setup.clock.monotonic();
    if (from && !(equalPeers(session.peer, from) && session.peer.asked === from.asked))
      session.peer = { address: from.host, port: from.port, asked: from.asked };
  }

  /** An active session. */
  byId(id: number): Session | undefined {
    return this.#byId.get(id);
  }

  /** An IPMI 1.5 log-in that was given a challenge. */
  challenged(id: number): Session | undefined {
    return this.#begun?.get(id);
  }

  /** There was such a session, and it has ended. */
  hasEnded(id: number): boolean {
    return this.#ended.includes(id);
  }

  byHandle(handle: number): Session | undefined {
    return this.#byHandle[handle];
  }

  /** How many are active. */
  get openCount(): number {
    return this.#byId.size;
  }

  /** Active sessions, by handle. */
  get active(): Session[] {
    return this.#byHandle.filter((session) => session?.active) as Session[];
  }

  /** Active sessions of a channel, and of one user there. */
  count(channel: number, userId?: number): number {
    return this.active.filter(
      (session) => session.channel.number === channel && (userId === undefined || session.userId === userId),
    ).length;
  }

  /** The session of a channel that has one at most: messages there carry no session id. */
  activeOn(channel: number): Session | undefined {
    return this.#byHandle.find((session) => session?.active && session.channel.number === channel);
  }

  /** The last log-in that was begun on a channel and is not complete. */
  begunOn(channel: number): Session | undefined {
    let last: Session | undefined;
    for (const session of this.#begun?.values() ?? []) if (session.channel.number === channel) last = session;
    return last;
  }

  /** Ends a session, or a log-in that has a challenge; closing one twice is nothing. */
  close(session: Session, reason: CloseReason): void {
    if (this.#byId.get(session.id) === session) {
      this.#byId.delete(session.id);
      this.#byHandle[session.handle] = undefined;
      session.active = false;
      session.privilege = 0;
      if (this.#ended.push(session.id) > ENDED) this.#ended.shift();
    } else if (!this.#begun?.delete(session)) return;
    this.#setup.occasions.tell(Sessions.ended, session, reason);
  }

  closeAll(reason: CloseReason): void {
    for (const session of this.#byId.values()) this.close(session, reason);
    this.#begun?.clear();
  }

  /** A user whose password, name or rights changed has to log in again. */
  closeUser(userId: number): void {
    for (const session of this.active) if (session.userId === userId) this.close(session, 'user-changed');
  }

  /**
   * The BMC key of a channel is another: whoever proved the old one has to log in again, but who changed it.
   */
  closeRmcpPlus(channel: number, except: SessionView | undefined): void {
    for (const session of this.active)
      if (session.kind === 'rmcp+' && session.channel.number === channel && session !== except)
        this.close(session, 'revoked');
  }

  get wakeful(): string | undefined {
    if (this.#byId.size > 0) return 'sessions are open';
    return this.#begun !== undefined && this.#begun.size > 0 ? 'log-ins are under way' : undefined;
  }

  memento(): SessionsMemento | undefined {
    return this.#lastHandle === 0 ? undefined : [this.#lastHandle, [...this.#ended]];
  }

  recall([lastHandle, ended]: SessionsMemento): void {
    this.#lastHandle = lastHandle;
    this.#ended.push(...ended);
  }

  /** Called when a log-in is complete. */
  onOpen(listener: (session: Session) => void): () => void {
    return this.#setup.occasions.listen(Sessions.opened, listener);
  }

  /** Called when a session ends, or a log-in that was given a challenge: the latter has no handle. */
  onClose(listener: (session: Session, reason: CloseReason) => void): () => void {
    return this.#setup.occasions.listen(Sessions.ended, listener);
  }

  /** Random and never 0, so that an old session's late datagram cannot meet a new one's id. */
  freshId(): number {
    for (;;) {
      const id = this.#setup.random.u32();
      if (id !== 0 && !this.#byId.has(id) && !this.#begun?.has(id)) return id;
    }
  }

  #expire(): void {
    for (const session of this.#byId.values()) {
      if (!this.#overdue(session)) continue;
      // A process that was stopped wakes up here before it reads what waits in its sockets.
      this.#setup.clock.after(SECOND_LOOK, () => this.#closeOverdue());
      break;
    }
    this.#sweeping = this.#byId.size > 0;
    if (this.#sweeping) this.#setup.clock.after(1000, () => this.#expire());
  }

  #closeOverdue(): void {
    for (const session of this.#byId.values()) if (this.#overdue(session)) this.close(session, 'timeout');
  }

  #overdue(session: Session): boolean {
    return this.#setup.clock.monotonic() - session.lastHeard >= (session.inactivity ?? this.#inactivity);
  }
}
