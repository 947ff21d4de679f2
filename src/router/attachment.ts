import { CC } from '../codec/index.ts';
import { SESSION_COMMANDS } from '../commands/app/sessions.ts';
import { NetFn } from '../commands/command.ts';
import { prefixIn, refuse } from './answers.ts';
import { RegistrationError } from './errors.ts';
import type { CounterTable, Counts } from '../joint/counters.ts';
import type { Answer, Channel, Context, Dispatch, Message, SessionView } from '../joint/message.ts';
import { sharerOf, Shares } from '../joint/shares.ts';
import type { Timers } from '../joint/timers.ts';

/** The lower wing's contract: frames in, one function call, frames out. */
export interface Interface<B = unknown> {
  readonly channel: Channel;
  /**
   * Requests under way at once; more are answered C0h. Default 256 (R41). An account has its share of them
   * and a session a quarter, so that one's slow requests are its own; session commands are never refused for
   * others'.
   */
  readonly inFlightLimit?: number;
  /** Milliseconds that a handler has, below the transport's own time-out; then C3h. Default 5000. */
  readonly deadline?: number;
  /**
   * A system interface shows its host that something waits (SMS_ATN), and interrupts it if it may (IPMI 2.0
   * §9.9). Called with each change, and when the interface is attached.
   */
  attention?(attention: { readonly set: boolean; readonly interrupt: boolean }): void;
  /** A session has ended, or a log-in that was given a challenge: of whichever channel. */
  ended?(session: SessionView): void;
  /**
   * Answers that the medium could not take yet (OutQueue.length). They count as requests in flight, so that
   * the queue is bounded.
   */
  readonly unsent?: number;
  /**
   * What it counts of its own, beside what its attachment counts (`attachmentCounters`, whose names it leaves
   * alone); `counterTable` says what each is.
   */
  readonly counters?: Counts;
  readonly counterTable?: CounterTable;
  /** A network's interface can send a datagram of the BMC's own, as PET traps are. */
  send?(datagram: Uint8Array, to: { readonly host: string; readonly port: number }): void;
  /** Begins to take requests. Rejects if the medium cannot be had (a port in use). */
  open(dispatch: Dispatch<B>): Promise<void>;
  /** As `open`, at once, where its medium was left open (`release`). One that has none cannot sleep. */
  resume?(dispatch: Dispatch<B>): void;
  /** Why its BMC has to stay awake; undefined: not because of this. */
  readonly wakeful?: string | undefined;
  /** No request is taken any more; answers to those under way may still be sent until it resolves. */
  close(): Promise<void>;
}

/** What is counted of every interface from when it is attached. */
export const attachmentCounters = {
  requests: { unit: 'requests', counts: 'handed to the router' },
  busy: {
    unit: 'requests',
    counts: 'answered C0h: as many under way as interface, account or session may have',
  },
  expired: { unit: 'requests', counts: 'answered C3h at the deadline' },
  late: { unit: 'answers', counts: 'dropped: they came after the C3h' },
} satisfies CounterTable;

/** What an attachment needs of its router. */
export interface AttachmentRouter<B> {
  readonly clock: Timers;
  /** What wraps `carryOut` now; asked for with each request, since wrappers come and go. Undefined: nothing. */
  readonly outermost: Dispatch<B> | undefined;
  carryOut(message: Message, context: Context<B>): Answer | Promise<Answer>;
  /** A wrapper of the dispatch threw: what the requester is answered. */
  failure(who: string, prefix: Uint8Array, error: unknown, context: Context<B>): Answer;
}

/** Whoever has an attachment is told when it is closed. */
export interface AttachmentOwner<B = never> {
  removed(iface: Interface<B>): void;
}

/** For people. */
export const nameOf = ({ channel }: Pick<Interface, 'channel'>): string =>
  `channel ${channel.number} (${channel.medium})`;

/** An interface's connection to the router: each request it hands in is answered exactly once. */
export class Attachment<B = unknown> {
  readonly interface: Interface<B>;
  readonly counters: Record<keyof typeof attachmentCounters, number> = {
    requests: 0,
    busy: 0,
    expired: 0,
    late: 0,
  };
  readonly #router: AttachmentRouter<B>;
  readonly #owner: AttachmentOwner<B>;
  readonly #limit: number;
  readonly #deadline: number;
  /** Made with the first request that is not answered at once. */
  #running: Set<Promise<Answer>> | undefined = undefined;
  /** What runs for accounts and for sessions; made when something does. */
  #shares: { readonly accounts: Shares; readonly sessions: Shares } | undefined;
  #detaching: Promise<void> | undefined;

  constructor(router: AttachmentRouter<B>, iface: Interface<B>, owner: AttachmentOwner<B>) {
    this.interface = iface;
    this.#router = router;
    this.#owner = owner;
    this.#limit = iface.inFlightLimit ?? 256;
    this.#deadline = iface.deadline ?? 5000;
  }

  /** What the interface calls: the router's dispatch under this interface's limits. */
  readonly dispatch: Dispatch<B> = (message, context) => {
    this.counters.requests++;
    if (this.#detaching || !this.#hasPlace(message, context)) {
      this.counters.busy++;
      return refuse(message, CC.NodeBusy);
    }
    context.deadline = this.#deadline;
    let answer: Answer | Promise<Answer>;
    try {
      const { outermost } = this.#router;
      answer =
        outermost === undefined ? this.#router.carryOut(message, context) : outermost(message, context);
    } catch (error) {
      answer = this.#failed(message, error, context);
    }
    if (answer instanceof Promise) return this.#track(answer, message, context);
    context.done();
    return this.#fitting(message, answer);
  };

  /** Requests are under way, or answers wait for their medium. */
  get isBusy(): boolean {
    return this.#underWay > 0 || (this.interface.unsent ?? 0) > 0;
  }

  get #underWay(): number {
    return this.#running?.size ?? 0;
  }

  #failed(message: Message, error: unknown, context: Context<B>): Answer {
    return this.#router.failure(nameOf(this.interface), prefixIn(message), error, context);
  }

  /** Resolves when it is detached; undefined while nobody has asked for that. */
  get detached(): Promise<void> | undefined {
    return this.#detaching;
  }

  /**
   * Closes the interface and resolves when its requests have been answered or have timed out. Rejects with
   * RegistrationError if it is detached, or being detached, already.
   */
  async detach(): Promise<void> {
    if (this.#detaching)
      throw new RegistrationError([`${nameOf(this.interface)}: this interface is not attached`]);
    this.#detaching = (async () => {
      if (this.#running) await Promise.all(this.#running);
      try {
        await this.interface.close();
      } finally {
        this.#owner.removed(this.interface);
      }
    })();
    await this.#detaching;
  }

  /** Nothing is looked at while nothing is under way. */
  #hasPlace({ netFn, cmd }: Message, context: Context<B>): boolean {
    const under = this.#underWay + (this.interface.unsent ?? 0);
    if (under === 0) return this.#limit > 0;
    const isSessionCommand = netFn === NetFn.App && SESSION_COMMANDS.has(cmd);
    // Others' slow requests do not keep anybody from its session; these have an end, too.
    if (isSessionCommand) return under < 2 * this.#limit;
    if (under >= this.#limit) return false;
    if (this.#shares === undefined) return true;
    const { session } = context.origin;
    const { accounts, sessions } = this.#shares;
    return (
      accounts.hasPlace(sharerOf(context)) &&
      (session === undefined || sessions.held(session) < Math.max(1, this.#limit >> 2))
    );
  }

  #take(context: Context<B>): () => void {
    const { accounts, sessions } = (this.#shares ??= {
      accounts: new Shares(this.#limit),
      sessions: new Shares(this.#limit),
    });
    const party = sharerOf(context);
    const { session } = context.origin;
    accounts.add(party);
    sessions.add(session);
    return () => {
      accounts.give(party);
      sessions.give(session);
    };
  }

  /** An answer that the channel cannot carry is CAh (IPMI 2.0 table 5-2). */
  #fitting(message: Message, answer: Answer): Answer {
    return answer.length <= this.interface.channel.maxAnswer ? answer : refuse(message, CC.CannotReturnBytes);
  }

  /** The first of answer and deadline is the answer; the other one is counted and dropped. */
  #track(answer: Promise<Answer>, message: Message, context: Context<B>): Promise<Answer> {
    const answered = new Promise<Answer>((resolve) => {
      let open = true;
      const timer = this.#router.clock.after(this.#deadline, () => {
        open = false;
        this.counters.expired++;
        context.expire();
        resolve(refuse(message, CC.Timeout));
      });
      void answer
        .catch((error: unknown) => this.#failed(message, error, context))
        .then((body) => {
          if (open) {
            timer.cancel();
            context.done();
            resolve(this.#fitting(message, body));
          } else {
            this.counters.late++;
          }
        });
    });
    (this.#running ??= new Set()).add(answered);
    const give = this.#take(context);
    void answered.then(() => {
      this.#running?.delete(answered);
      give();
    });
    return answered;
  }
}
