/** A request below the router: what every interface makes of its frames. */
export interface Message {
  /** Even, 00h..3Eh. */
  readonly netFn: number;
  readonly lun: number;
  readonly cmd: number;
  /**
   * Request data; for NetFn 2Ch and 2Eh still with the body or IANA in front. Valid until the answer is
   * given.
   */
  readonly data: Uint8Array;
}

/**
 * Completion code, then response data. Without even the code, nobody is answered: only who wraps the dispatch
 * gives that, to be a BMC that has lost its tongue.
 */
export type Answer = Uint8Array;

/**
 * The one joint of the house. Interfaces call it, the router is it, a client takes it, a bridge forwards to
 * another one, a tracer or a fault injector wraps it. A synchronous handler's answer comes back
 * synchronously.
 */
export type Dispatch<B = unknown> = (message: Message, context: Context<B>) => Answer | Promise<Answer>;

export type Medium = 'lan' | 'system-interface' | 'ipmb' | 'serial' | 'smbus' | 'icmb' | 'internal';

/** A way into the BMC (IPMI 2.0 §6.3). */
export interface Channel {
  /** 0..0Bh; Fh is the system interface. */
  readonly number: number;
  readonly medium: Medium;
  /** Most bytes of an answer (completion code + data) that one response of this channel carries. */
  readonly maxAnswer: number;
}

/** What handlers may know and change of a session; kept by the session table. */
export interface SessionView {
  /** 1..FFh, the session's short name in Get Session Info and Close Session. */
  readonly handle: number;
  /** The managed system's session id, 32 bits. */
  readonly id: number;
  readonly userId: number;
  readonly userName: string;
  /** Set Session Privilege Level changes it, up to `maxPrivilege`. */
  privilege: number;
  readonly maxPrivilege: number;
  readonly channel: Channel;
}

/** Who asks, by which way, with which rights. One per request; `bmc` is the state that handlers work on. */
export class Context<B = unknown> {
  readonly bmc: B;
  readonly channel: Channel;
  readonly lun: number;
  readonly session: SessionView | undefined;
  /** The slave address or software id that an addressed message named as its requester. */
  requesterAddress: number | undefined = undefined;
  /**
   * A whole message for the requester besides the answer, some time after it: the response to a bridged
   * request. Set by the handler.
   */
  followUp: Promise<Uint8Array | undefined> | undefined = undefined;
  /** Milliseconds from the request's arrival until its requester gets C3h; 0: nobody waits with a clock. */
  deadline = 0;
  /** 0 while nobody has asked its BMC's router for it (`Router.idOf`). */
  id = 0;
  /**
   * The request that this one was carried in or caused by, in this BMC or in another one of the process. It
   * stays attached for as long as the request is under way, so that rights which its session loses meanwhile
   * are lost here, too.
   */
  readonly cause: Context | undefined;
  readonly #privilege: number;
  readonly #requester: string;
  #abort: AbortController | undefined;
  #expired = false;
  #whenExpired: (() => void)[] | undefined;
  #isDone = false;
  #whenDone: (() => void)[] | undefined;

  constructor(
    bmc: B,
    channel: Channel,
    privilege: number,
    lun = 0,
    session?: SessionView,
    requester = '',
    cause?: Context,
  ) {
    this.bmc = bmc;
    this.channel = channel;
    this.lun = lun;
    this.session = session;
    this.#requester = requester;
    this.cause = cause;
    this.#privilege = privilege;
  }

  /** Where the request came from, as an interface names it (`127.0.0.1:40712`, `20h`). */
  get requester(): string {
    return this.#requester;
  }

  /**
   * The session's present level, at most what the interface grants to this message, and never more than its
   * cause has.
   */
  get privilege(): number {
    const own =
      this.session === undefined ? this.#privilege : Math.min(this.session.privilege, this.#privilege);
    return this.cause === undefined ? own : Math.min(own, this.cause.privilege);
  }

  /** The request that everything began with; itself, where nothing carried it. */
  get origin(): Context {
    return this.cause === undefined ? this : this.cause.origin;
  }

  /**
   * In whose name the request acts, whichever way it came: what belongs to a session or an account goes by
   * this one. Undefined: nobody's who has an account here; a session of another BMC is judged by its level
   * alone.
   */
  get actor(): SessionView | undefined {
    const { origin } = this;
    return origin.bmc === this.bmc ? origin.session : undefined;
  }

  /** Aborts when the request's deadline passes. Made when first asked for: most handlers never do. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#expired) this.#abort.abort();
    return this.#abort.signal;
  }

  /** The deadline has passed: an answer is dropped. */
  get expired(): boolean {
    return this.#expired;
  }

  /**
   * Runs `action` at the deadline; at once if that has passed. For the router's own use, and for handlers
   * that wait for others. Returns its undoing, for who need not wait any more.
   */
  onExpire(action: () => void): () => void {
    if (this.#expired) action();
    else (this.#whenExpired ??= []).push(action);
    return () => {
      const place = this.#whenExpired?.indexOf(action) ?? -1;
      if (place >= 0) this.#whenExpired?.splice(place, 1);
    };
  }

  /**
   * Runs `action` when nobody waits for an answer any more: it was given, or the deadline has passed. At
   * once if that is so.
   */
  whenDone(action: () => void): void {
    if (this.#isDone) action();
    else (this.#whenDone ??= []).push(action);
  }

  /** Called by the attachment with the answer. */
  done(): void {
    this.#isDone = true;
    if (this.#whenDone === undefined) return;
    for (const action of this.#whenDone.splice(0)) action();
  }

  /** Called by the attachment at the deadline. */
  expire(): void {
    if (this.#expired) return;
    this.#expired = true;
    this.#abort?.abort();
    for (const action of this.#whenExpired?.splice(0) ?? []) action();
    this.done();
  }
}
