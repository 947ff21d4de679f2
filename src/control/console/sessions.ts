import type { Bmc } from '../../bmc.ts';
import type { Clock, Random, Timer } from '../../world/world.ts';
import type { Role } from '../caller.ts';

/** Log-ins at a time; the longest silent makes way. */
const MOST = 256;
/** Milliseconds after which one ends, however busy it is. */
const LONGEST = 12 * 3600_000;
/** Bytes of an id and of a CSRF token. */
const ID_BYTES = 32;

/** Who logged in, and as what. */
export interface Visitor {
  readonly name: string;
  readonly role: Role;
  /** Undefined: it may see all BMCs, by a token. */
  readonly account?: BmcAccount;
}

/** A user of a BMC. */
export interface BmcAccount {
  readonly bmc: Bmc;
  readonly userId: number;
  readonly channel: number;
}

/** A log-in to the web console, until it ends. */
export interface ConsoleSession extends Visitor {
  readonly id: string;
  /** What a page sends with every change, in a header that no other origin can set. */
  readonly csrf: string;
}

interface Held extends ConsoleSession {
  /** Monotonic milliseconds. */
  readonly began: number;
  lastHeard: number;
  /** What goes on in its name: streams, sockets. */
  readonly open: Set<() => void>;
  readonly forget: () => void;
}

/**
 * Log-ins to the web console. One ends when its visitor logs out, is silent for too long, or is a user of a
 * BMC that has another password or fewer rights since; with it ends everything that goes on in its name.
 */
export class ConsoleSessions {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #idle: number;
  /** The longest silent first. */
  readonly #held = new Map<string, Held>();
  #sweep: Timer | undefined;

  /** `idle`: milliseconds. */
  constructor({ clock, random }: { readonly clock: Clock; readonly random: Random }, idle: number) {
    this.#clock = clock;
    this.#random = random;
    this.#idle = idle;
  }

  get count(): number {
    return this.#held.size;
  }

  open(visitor: Visitor): ConsoleSession {
    const now = this.#clock.monotonic();
    for (const [id] of this.#held) {
      if (this.#held.size < MOST) break;
      this.end(id);
    }
    const id = this.#secret();
    const { account } = visitor;
    const forget = account?.bmc.users.onRevoked((userId) => {
      if (userId === account.userId) this.end(id);
    });
    const session: Held = {
      ...visitor,
      id,
      csrf: this.#secret(),
      began: now,
      lastHeard: now,
      open: new Set(),
      forget: forget ?? (() => undefined),
    };
    this.#held.set(id, session);
    this.#watch();
    return session;
  }

  /** The session of a cookie; undefined: there is none. `counts`: it is heard of, and so goes on. */
  find(id: string | undefined, counts = true): ConsoleSession | undefined {
    const session = id === undefined ? undefined : this.#held.get(id);
    if (session === undefined) return undefined;
    const now = this.#clock.monotonic();
    if (this.#isOver(session, now)) {
      this.end(session.id);
      return undefined;
    }
    if (counts) {
      session.lastHeard = now;
      this.#held.delete(session.id);
      this.#held.set(session.id, session);
    }
    return session;
  }

  /** `end` is called when the session ends, at once where it has. Returns its undoing. */
  hold(id: string, end: () => void): () => void {
    const open = this.#held.get(id)?.open;
    if (open === undefined) end();
    else open.add(end);
    return () => void open?.delete(end);
  }

  end(id: string): void {
    const session = this.#held.get(id);
    if (session === undefined) return;
    this.#held.delete(id);
    session.forget();
    for (const end of session.open) end();
  }

  /** The users of a BMC that is gone are gone too; the process asks after each change of which BMCs run. */
  review(isThere: (bmc: Bmc) => boolean): void {
    for (const { id, account } of this.#held.values()) if (account && !isThere(account.bmc)) this.end(id);
  }

  close(): void {
    this.#sweep?.cancel();
    this.#sweep = undefined;
    for (const id of this.#held.keys()) this.end(id);
  }

  #isOver({ began, lastHeard }: Held, now: number): boolean {
    return now - lastHeard >= this.#idle || now - began >= LONGEST;
  }

  /** A stream that nobody asks anything beside ends with its session, and not with the next request. */
  #watch(): void {
    this.#sweep ??= this.#clock.after(Math.min(this.#idle, 30_000), () => {
      this.#sweep = undefined;
      const now = this.#clock.monotonic();
      for (const session of this.#held.values()) if (this.#isOver(session, now)) this.end(session.id);
      if (this.#held.size > 0) this.#watch();
    });
  }

  #secret(): string {
    return Buffer.from(this.#random.bytes(ID_BYTES)).toString('base64url');
  }
}
