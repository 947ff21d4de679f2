import { CC, IpmiError } from '../../codec/index.ts';
import { callSite, RegistrationError } from '../../router/errors.ts';
import type { SessionView } from '../../joint/message.ts';
import { accountOf, Shares } from '../../joint/shares.ts';
import type { Timer } from '../../world/world.ts';
import type { Setup } from '../../state/setup.ts';
import {
  BlobError,
  type BlobHandler,
  type BlobRequester,
  type BlobSession,
  type BlobStat,
} from './handler.ts';

export interface BlobsOptions {
  /** Called before the first handler is there: until then nothing serves the protocol. */
  readonly serve?: () => void;
  /** Milliseconds without a message after which a session is ended. Default 60 000. */
  readonly expiry?: number;
  /** Sessions at once; an account has its share of them. Default 16. */
  readonly limit?: number;
}

/** An open session, for people. */
export interface BlobSessionInfo {
  readonly id: number;
  readonly path: string;
  readonly owner: string;
  readonly from: string;
  /** Milliseconds since its last message. */
  readonly idle: number;
}

interface Open {
  readonly id: number;
  readonly path: string;
  readonly flags: number;
  readonly handler: BlobHandler;
  readonly session: BlobSession;
  readonly requester: BlobRequester;
  /** Nothing has been done with it yet. */
  fresh: boolean;
  heard: number;
}

/** Milliseconds between two lines of failures. */
const BETWEEN_LINES = 1000;
/** Closed sessions that are remembered, so that a repeated Close is no failure. */
const REMEMBERED = 8;

/**
 * The blobs of a BMC by path, and who has them open (phosphor-ipmi-blobs). Handlers register the paths that
 * are theirs.
 */
export class Blobs {
  readonly #setup: Setup;
  readonly #expiry: number;
  readonly #places: Shares;
  /** Opens that a handler is at; true: their session has ended meanwhile. */
  readonly #opening = new Map<BlobRequester, boolean>();
  #serve: (() => void) | undefined;
  readonly #handlers = new Map<BlobHandler, string>();
  readonly #open = new Map<number, Open>();
  readonly #closed: { readonly id: number; readonly party: unknown }[] = [];
  /** As the last Get Count saw them: what Enumerate counts by. */
  #listed: readonly string[] = [];
  #timer: Timer | undefined;
  #toldAt = -Infinity;
  #untold = 0;

  constructor(setup: Setup, { serve, expiry = 60_000, limit = 16 }: BlobsOptions = {}) {
    this.#serve = serve;
    this.#setup = setup;
    this.#expiry = expiry;
    this.#places = new Shares(limit);
  }

  /** Throws one RegistrationError that names every path that is another's, and both owners. */
  register(handler: BlobHandler): { unregister(): void } {
    const site = callSite();
    const problems = [...this.#handlers].flatMap(([other, where]) =>
      handler.claims.flatMap((claim) =>
        other.claims
          .filter((theirs) => covers(claim, theirs) || covers(theirs, claim))
          .map(
            (theirs) =>
              `${handler.owner} cannot claim ${claim}: ${other.owner} has claimed ${theirs}, registered at ${where}`,
          ),
      ),
    );
    if (this.#handlers.has(handler))
      problems.push(`${handler.owner} is registered already, at ${this.#handlers.get(handler)}`);
    if (problems.length > 0) throw new RegistrationError(problems);
    this.#serve?.();
    this.#serve = undefined;
    this.#handlers.set(handler, site);
    return {
      unregister: () => {
        if (!this.#handlers.delete(handler))
          throw new RegistrationError([`${handler.owner} is not registered`]);
        for (const open of this.#open.values())
          if (open.handler === handler) this.#drop(open, 'its handler is gone');
      },
    };
  }

  /** How many there are; Enumerate then counts by this list. */
  count(): number {
    this.#listed = [...this.#handlers.keys()].flatMap((handler) => handler.list());
    return this.#listed.length;
  }

  /** Throws CCh beyond the last one. */
  pathAt(index: number): string {
    const path = this.#listed[index];
    if (path === undefined) throw new IpmiError(CC.InvalidDataField, `there is no blob ${index}`);
    return path;
  }

  /**
   * The id of a new session. A request that is repeated before anything was done with its session gets that
   * one again.
   */
  async open(path: string, flags: number, requester: BlobRequester): Promise<number> {
    const again = [...this.#open.values()].find(
      (session) =>
        session.fresh &&
        session.path === path &&
        session.flags === flags &&
        session.requester.party === requester.party,
    );
    if (again) return this.#heard(again).id;
    const handler = this.#handlerOf(path);
    handler.permit?.(requester, path);
    const account = accountIn(requester);
    if (!this.#places.take(account)) throw new IpmiError(CC.NodeBusy, 'too many blob sessions');
    this.#opening.set(requester, false);
    let session: BlobSession;
    try {
      session = await handler.open(path, flags, requester);
    } catch (error) {
      this.#opening.delete(requester);
      this.#places.give(account);
      throw error;
    }
    const isOver = this.#opening.get(requester) === true;
    this.#opening.delete(requester);
    if (isOver) {
      this.#places.give(account);
      session.expire();
      throw new BlobError('the session has ended');
    }
    const id = this.#freshId();
    this.#open.set(id, { id, path, flags, handler, session, requester, fresh: true, heard: this.#now() });
    this.#arm();
    return id;
  }

  /** Ends what a session that is over has open. */
  release(session: SessionView): void {
    for (const requester of this.#opening.keys())
      if (requester.session === session) this.#opening.set(requester, true);
    for (const open of this.#open.values())
      if (open.requester.session === session) this.#drop(open, 'its session has ended');
    for (const handler of this.#handlers.keys()) handler.released?.(session);
  }

  /** Bytes, none where they cannot be read: the protocol has no other word for it. */
  async read(id: number, requester: BlobRequester, offset: number, size: number): Promise<Uint8Array> {
    const { session } = this.#used(id, requester);
    try {
      return (await session.read?.(offset, size)) ?? new Uint8Array(0);
    } catch (error) {
      if (!(error instanceof BlobError)) throw error;
      return new Uint8Array(0);
    }
  }

  write(id: number, requester: BlobRequester, offset: number, data: Uint8Array): void | Promise<void> {
    const { session, path } = this.#used(id, requester);
    if (!session.write) throw new BlobError(`${path} cannot be written`);
    return session.write(offset, data);
  }

  writeMeta(id: number, requester: BlobRequester, offset: number, data: Uint8Array): void | Promise<void> {
    const { session, path } = this.#used(id, requester);
    if (!session.writeMeta) throw new BlobError(`${path} takes no metadata`);
    return session.writeMeta(offset, data);
  }

  commit(id: number, requester: BlobRequester, data: Uint8Array): void | Promise<void> {
    const { session, path } = this.#used(id, requester);
    if (!session.commit) throw new BlobError(`${path} cannot be committed`);
    return session.commit(data);
  }

  async close(id: number, requester: BlobRequester): Promise<void> {
    // Its answer was lost.
    if (
      this.#closed.some((closed) => closed.id === id && closed.party === requester.party) &&
      !this.#open.has(id)
    )
      return;
    const open = this.#used(id, requester);
    await open.session.close();
    this.#forget(open);
    this.#closed.push({ id, party: requester.party });
    if (this.#closed.length > REMEMBERED) this.#closed.shift();
  }

  delete(path: string, requester: BlobRequester): void | Promise<void> {
    const handler = this.#handlerOf(path);
    handler.permit?.(requester, path);
    if ([...this.#open.values()].some((open) => open.path === path)) throw new BlobError(`${path} is open`);
    if (!handler.delete) throw new BlobError(`${path} cannot be deleted`);
    return handler.delete(path, requester);
  }

  stat(path: string): BlobStat | Promise<BlobStat> {
    const handler = this.#handlerOf(path);
    if (!handler.stat) throw new BlobError(`${path} has nothing to tell`);
    return handler.stat(path);
  }

  sessionStat(id: number, requester: BlobRequester): BlobStat | Promise<BlobStat> {
    return this.#heard(this.#get(id, requester)).session.stat();
  }

  /**
   * What its requester hears of as FFh alone. A line a second, which says how many had none: whoever may ask
   * may ask often.
   */
  failed({ message }: BlobError): void {
    const now = this.#now();
    if (now - this.#toldAt < BETWEEN_LINES) {
      this.#untold++;
      return;
    }
    this.#setup.log.warn(
      `blob: ${message}${this.#untold === 0 ? '' : `; ${this.#untold} more since the last line`}`,
    );
    this.#toldAt = now;
    this.#untold = 0;
  }

  get sessions(): BlobSessionInfo[] {
    return [...this.#open.values()].map(({ id, path, handler, requester, heard }) => ({
      id,
      path,
      owner: handler.owner,
      from: requester.from,
      idle: this.#now() - heard,
    }));
  }

  /** Ends a session, or all of them, as if they had expired. */
  kill(id?: number): number {
    const ended = [...this.#open.values()].filter((open) => id === undefined || open.id === id);
    for (const open of ended) this.#drop(open, 'killed');
    return ended.length;
  }

  #handlerOf(path: string): BlobHandler {
    for (const handler of this.#handlers.keys()) {
      if (handler.claims.some((claim) => covers(claim, path)) && handler.list().includes(path))
        return handler;
    }
    throw new BlobError(`there is no blob ${path}`);
  }

  /** To everybody but who opened it, a session is not there. */
  #get(id: number, requester: BlobRequester): Open {
    const open = this.#open.get(id);
    if (open === undefined || open.requester.party !== requester.party)
      throw new BlobError(`${requester.from || 'the host'} has no session ${id}`);
    open.handler.permit?.(requester, open.path);
    return open;
  }

  #used(id: number, requester: BlobRequester): Open {
    const open = this.#heard(this.#get(id, requester));
    open.fresh = false;
    return open;
  }

  #heard(open: Open): Open {
    open.heard = this.#now();
    return open;
  }

  #drop(open: Open, reason: string): void {
    this.#forget(open);
    this.#setup.log.warn(`blob session ${open.id} on ${open.path} by ${open.requester.from} ends: ${reason}`);
    open.session.expire();
  }

  #forget(open: Open): void {
    if (!this.#open.delete(open.id)) return;
    this.#places.give(accountIn(open.requester));
    if (this.#open.size === 0) {
      this.#timer?.cancel();
      this.#timer = undefined;
    }
  }

  /** Runs only while something is open: at the time at which the session that is silent longest would end. */
  #arm(): void {
    if (this.#timer || this.#open.size === 0) return;
    const oldest = Math.min(...[...this.#open.values()].map(({ heard }) => heard));
    this.#timer = this.#setup.clock.after(Math.max(1, oldest + this.#expiry - this.#now()), () => {
      this.#timer = undefined;
      for (const open of this.#open.values()) {
        if (this.#now() - open.heard >= this.#expiry)
          this.#drop(open, `nothing came for ${Math.round(this.#expiry / 1000)} s`);
      }
      this.#arm();
    });
  }

  /** By chance, so that nobody can tell another one's from its own. */
  #freshId(): number {
    for (;;) {
      const id = this.#setup.random.u32() & 0xffff;
      if (!this.#open.has(id) && !this.#closed.some((closed) => closed.id === id)) return id;
    }
  }

  #now(): number {
    return this.#setup.clock.monotonic();
  }
}

/** Whether a claim takes a path, or another claim. */
const covers = (claim: string, path: string): boolean =>
  claim.endsWith('/') ? path.startsWith(claim) : path === claim;

const accountIn = ({ session }: BlobRequester): number | undefined => session && accountOf(session);
