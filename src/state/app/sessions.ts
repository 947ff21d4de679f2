import type { Channel, SessionView } from '../../router/message.ts';
import type { Setup } from '../setup.ts';
import { Listeners } from '../listeners.ts';

export interface SessionsOptions {
  /** Most sessions at once, half-open ones included; 1..254. Default 64. */
  readonly limit?: number;
  /** Milliseconds without a message after which an active session ends. Default 60 000 (IPMI 2.0 §6.12.15). */
  readonly inactivity?: number;
  /** Milliseconds that a log-in may take from its first message. Default 60 000. */
  readonly setUp?: number;
}

/** Handles 1..FEh: 0 is none, FFh reserved. */
const HANDLES = 0xfe;

export type SessionKind = 'ipmi-1.5' | 'rmcp+';
export type CloseReason = 'closed' | 'timeout' | 'evicted' | 'user-changed' | 'reset' | 'failed';

export interface Peer {
  readonly address: string;
  readonly port: number;
}

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
  /** Set by Activate Session: the console's first number as the BMC wants it, and the BMC's as the console does. */
  readonly initialInbound?: number;
  readonly initialOutbound?: number;
}

/** A log-in under way, and then the session that it became. */
export class Session implements SessionView {
  readonly kind: SessionKind;
  readonly channel: Channel;
  readonly peer: Peer;
  readonly handle: number;
  readonly id: number;
  userId = 0;
  userName = '';
  privilege = 0;
  maxPrivilege = 0;
  /** False until the log-in is complete: no command but those of the log-in itself. */
  active = false;
  terms15: Terms15 | undefined;
  /** Milliseconds without a message after which it ends, where its channel has a setting of its own. */
  inactivity: number | undefined;
  /** Monotonic milliseconds of the last valid message. */
  lastHeard: number;

  constructor(start: SessionStart, handle: number, id: number, now: number) {
    this.kind = start.kind;
    this.channel = start.channel;
    this.peer = start.peer;
    this.handle = handle;
    this.id = id;
    this.lastHeard = now;
  }
}

/** All sessions of a BMC, by handle and by id. Interfaces keep their keys and sequence numbers beside them. */
export class Sessions {
  readonly limit: number;
  readonly #setup: Setup;
  readonly #inactivity: number;
  readonly #setUp: number;
  readonly #byHandle: (Session | undefined)[] = [];
  #lastHandle = 0;
  readonly #byId = new Map<number, Session>();
  readonly #listeners = new Listeners<[session: Session, reason: CloseReason]>();
  /** Set only while there are sessions. */
  #sweeping = false;

  constructor(setup: Setup, { limit = 64, inactivity = 60_000, setUp = 60_000 }: SessionsOptions = {}) {
    this.#setup = setup;
    this.limit = Math.min(limit, HANDLES);
    this.#inactivity = inactivity;
    this.#setUp = setUp;
  }

  /** A place for a new log-in; a full table gives up its oldest half-open one. Undefined: all places hold active sessions. */
  begin(start: SessionStart): Session | undefined {
    if (this.#byId.size >= this.limit) {
      const halfOpen = [...this.#byId.values()].filter((session) => !session.active);
      if (halfOpen.length === 0) return undefined;
      this.close(
        halfOpen.reduce((oldest, session) => (session.lastHeard < oldest.lastHeard ? session : oldest)),
        'evicted',
      );
    }
    // Moves on, so that an old handle does not mean the next user's session (IPMI 2.0 §22.20).
    do this.#lastHandle = (this.#lastHandle % HANDLES) + 1;
    while (this.#byHandle[this.#lastHandle]);
    const handle = this.#lastHandle;
    const session = new Session(start, handle, this.#freshId(), this.#setup.clock.monotonic());
    this.#byHandle[handle] = session;
    this.#byId.set(session.id, session);
    if (!this.#sweeping) this.#setup.clock.after(1000, this.#expire);
    this.#sweeping = true;
    return session;
  }

  /** The log-in is complete. */
  activate(session: Session, privilege: number): void {
    session.active = true;
    session.privilege = privilege;
    this.heard(session);
  }

  heard(session: Session): void {
    session.lastHeard = this.#setup.clock.monotonic();
  }

  byId(id: number): Session | undefined {
    return this.#byId.get(id);
  }

  byHandle(handle: number): Session | undefined {
    return this.#byHandle[handle];
  }

  /** Active sessions, by handle. */
  get active(): Session[] {
    return this.#byHandle.filter((session) => session?.active) as Session[];
  }

  /** Active sessions of a channel, and of one user there. */
  count(channel: number, userId?: number): number {
    return this.active.filter((session) => session.channel.number === channel && (userId === undefined || session.userId === userId)).length;
  }

  /** The session of a channel that has one at most: messages there carry no session id. */
  onChannel(channel: number): Session | undefined {
    return this.#byHandle.find((session) => session?.active && session.channel.number === channel);
  }

  /** The last log-in that was begun on a channel and is not complete. */
  begunOn(channel: number): Session | undefined {
    return [...this.#byId.values()].findLast((session) => !session.active && session.channel.number === channel);
  }

  /** Ends a session; closing one twice is nothing. */
  close(session: Session, reason: CloseReason): void {
    if (this.#byId.get(session.id) !== session) return;
    this.#byId.delete(session.id);
    this.#byHandle[session.handle] = undefined;
    session.active = false;
    session.privilege = 0;
    this.#listeners.tell(session, reason);
  }

  closeAll(reason: CloseReason): void {
    for (const session of this.#byId.values()) this.close(session, reason);
  }

  /** A user whose password, name or rights changed has to log in again. */
  closeUser(userId: number): void {
    for (const session of this.active) if (session.userId === userId) this.close(session, 'user-changed');
  }

  onClose(listener: (session: Session, reason: CloseReason) => void): () => void {
    return this.#listeners.add(listener);
  }

  readonly #expire = (): void => {
    const now = this.#setup.clock.monotonic();
    for (const session of this.#byId.values()) {
      if (now - session.lastHeard >= (session.active ? (session.inactivity ?? this.#inactivity) : this.#setUp)) this.close(session, 'timeout');
    }
    this.#sweeping = this.#byId.size > 0;
    if (this.#sweeping) this.#setup.clock.after(1000, this.#expire);
  };

  /** Random and never 0, so that an old session's late datagram cannot meet a new one's id. */
  #freshId(): number {
    for (;;) {
      const id = this.#setup.random.u32();
      if (id !== 0 && !this.#byId.has(id)) return id;
    }
  }
}
