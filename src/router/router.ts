import { CC, DecodeError, IpmiError } from '../codec/index.ts';
import type { Command } from '../commands/command.ts';
import type { Attachment, Interface } from './attachment.ts';
import { Attachments } from './attachments.ts';
import { bare, NO_PREFIX, prefixed, prefixIn, refusal, refuse } from './answers.ts';
import { entriesOf, warnOfVendors } from './clashes.ts';
import { callSite, RegistrationError } from './errors.ts';
import { claimName } from './handlers.ts';
import type { Claim, CommandHandler, HandlerSet, MessageHandler } from './handlers.ts';
import type { Answer, Context, Dispatch, Message } from '../joint/message.ts';
import { livesAtLun } from './lun.ts';
import type { Policy } from '../joint/policy.ts';
import { COMMAND_RANK, Table, type Entry, type Preset } from './table.ts';
import type { Timers } from '../joint/timers.ts';
import { wrapped } from './options.ts';
import type { Place, RouterLog, RouterOptions, Registration, Wrapper } from './options.ts';
import { DefaultHandler, OwnedSet } from './owned-set.ts';
import { WaysIn } from './ways-in.ts';
import { encode, restored, whole, nothingBelow, noNext, type Next } from './bodies.ts';

export type { RouterLog, RouterOptions, Registration } from './options.ts';

const NO_PLACES: readonly never[] = [];

type Ran = Answer | Promise<Answer>;

/** Finds the one handler that claims a request and turns bytes into values and back. */
export class Router<B = unknown> extends WaysIn<B> {
  readonly clock: Timers;
  readonly #standard: Table | undefined;
  /** Decides before any handler; none: everything that the privilege allows. */
  policy: Policy | undefined;
  /** Are there sensors at this LUN? Undefined: nobody knows, and handlers say it themselves. */
  sensorsAt: ((lun: number) => boolean) | undefined;
  /**
   * Every request is refused with this code while the whole BMC is not to be asked (D2h, D1h); undefined: it
   * is.
   */
  suspended: number | undefined;
  readonly #log: RouterLog | undefined;
  readonly #tell: RouterOptions['tell'];
  readonly #manufacturer: number | undefined;
  /** Made with the first registration: a BMC without handlers of its own has no table of its own. */
  #own: Table | undefined;
  /** Others share the table: it is copied before it is changed. */
  readonly #preset: Preset | undefined;
  #owners: Map<string, OwnedSet> | undefined;
  #default: DefaultHandler<B> | undefined;
  readonly #attached: Attachments<B>;
  /** Around the dispatch, the innermost first. */
  #places: readonly Place<B>[] = NO_PLACES;
  /** Undefined: nobody wraps. */
  #entrance: Dispatch<B> | undefined = undefined;
  /** The number of the last request that somebody looked at. */
  lastId = 0;

  constructor({ standard, preset, clock, log, manufacturer, tell }: RouterOptions) {
    super();
    this.#tell = tell;
    this.#preset = preset;
    this.#own = preset?.table;
    this.#manufacturer = manufacturer;
    this.#standard = standard;
    this.clock = clock;
    this.#log = log;
    this.#attached = new Attachments<B>(this);
  }

  /**
   * Registers all claims of a set, or none. Throws one RegistrationError that lists every clash with both
   * owners and where each was registered, every override of nothing or of another owner, and an owner name
   * already in use.
   */
  register(set: HandlerSet<B>): Registration {
    const site = set.site ?? callSite();
    const find = (claim: Claim): Entry | undefined => this.#get(claim);
    const { added, problems } = entriesOf(set, site, find, this.#manufacturer);
    const before = this.#owned(set.owner);
    if (before) problems.unshift(`${set.owner} is registered already, at ${before.site}`);
    if (problems.length > 0) throw new RegistrationError(problems);
    // Who brings it from elsewhere has looked at it once for all BMCs.
    if (set.site === undefined) warnOfVendors(set, this.#log);
    if (this.#own === undefined || this.#own === this.#preset?.table)
      this.#own = this.#own?.copy() ?? new Table();
    for (const entry of added) this.#own.put(entry);
    const owned = new OwnedSet(added, site);
    (this.#owners ??= new Map()).set(set.owner, owned);
    this.#tell?.(set.owner, 'registered', added.length);
    return { owner: set.owner, unregister: () => this.#unregister(set.owner, owned) };
  }

  /** What would forbid to register a set, if nothing of its owner were there. Nothing is changed. */
  clashes(set: HandlerSet<B>): readonly string[] {
    const find = (claim: Claim): Entry | undefined => {
      const taken = this.#get(claim);
      return taken?.owner === set.owner ? taken.below : taken;
    };
    return entriesOf(set, '', find, this.#manufacturer).problems;
  }

  /** Takes every request that nobody claims. There is one. */
  setDefaultHandler(owner: string, dispatch: Dispatch<B>): Registration {
    if (this.#default)
      throw new RegistrationError([
        `${owner} cannot be the default handler: ${this.#default.owner} is, set at ${this.#default.site}`,
      ]);
    const mine = new DefaultHandler(owner, dispatch, callSite());
    this.#default = mine;
    return {
      owner,
      unregister: async () => {
        if (this.#default !== mine) throw new RegistrationError([`${owner} is not the default handler`]);
        this.#default = undefined;
        await mine.running.idle();
      },
    };
  }

  /**
   * Connects an interface; its requests come in from now on. Throws RegistrationError if it is attached
   * already.
   */
  attach(iface: Interface<B>): Promise<Attachment<B>> {
    return this.#attached.attach(iface);
  }

  /** As `attach`, at once: an interface of a BMC that slept, whose medium is held already. */
  resume(iface: Interface<B>): Attachment<B> {
    return this.#attached.resume(iface);
  }

  get attachments(): readonly Attachment<B>[] {
    return this.#attached.all;
  }

  /** How many wrap its dispatch. */
  get wrapped(): number {
    return this.#places.length;
  }

  /** Why its BMC has to stay awake; undefined: not because of this. */
  get wakeful(): string | undefined {
    if (this.#owners?.size || this.#default) return 'handlers are registered';
    if (this.#attached.areBusy) return 'requests are under way';
    return this.suspended === undefined ? undefined : 'it is suspended';
  }

  /**
   * The number by which trace, log, audit and events speak of a request: 1, 2, 3 ... in the order in which
   * the requests of this BMC are first looked at. One that nobody looks at has none and costs nothing.
   */
  idOf(context: Context): number {
    return (context.id ||= ++this.lastId);
  }

  /** Every claim with its owner, this router's own before the standard ones they hide. */
  *claims(): IterableIterator<Entry> {
    if (this.#own) yield* this.#own.entries();
    for (const entry of this.#standard?.entries() ?? [])
      if (!this.#own?.get(entry.handler.claim)) yield entry;
  }

  /**
   * What would answer a message that came by this channel; undefined: the default handler, or nobody. A
   * router's own claim hides a standard one that is not more specific.
   */
  find(message: Message, channel: number): Entry | undefined {
    const own = this.#own?.find(message, channel);
    if (own === undefined) return this.#standard?.find(message, channel);
    if (own.rank >= COMMAND_RANK) return own;
    const standard = this.#standard?.find(message, channel);
    return standard && standard.rank > own.rank ? standard : own;
  }

  /**
   * Every request passes through what this makes of the dispatch: a tracer, a fault injector. From the next
   * request on, whichever way it comes. `looksOn`: it sees what all others make of it, also those that come
   * later. Returns what takes it off again.
   */
  wrap(wrapper: Wrapper<B>, { looksOn = false }: { readonly looksOn?: boolean } = {}): () => void {
    const mine: Place<B> = { wrapper, looksOn };
    const put = (places: readonly Place<B>[]): void => {
      this.#places = places;
      this.#entrance = places.length === 0 ? undefined : wrapped(this.dispatch, places);
    };
    put([...this.#places, mine]);
    return () => put(this.#places.filter((other) => other !== mine));
  }

  /** As `enter`, at this moment: what stands in nobody's way while nobody wraps. */
  get entrance(): Dispatch<B> {
    return this.#entrance ?? this.dispatch;
  }

  /** What wraps `carryOut` now; undefined: nothing. Interfaces go in by these two. */
  get outermost(): Dispatch<B> | undefined {
    return this.#entrance;
  }

  /**
   * The completion code that refuses a request before any handler sees it; CC.Ok: it may be carried out. For
   * whoever would answer it from memory.
   */
  check(message: Message, context: Context): number {
    return this.suspended ?? this.#judge(this.find(message, context.channel.number), message, context);
  }

  /** Has whoever claims a request carry it out, whoever wraps. */
  carryOut(message: Message, context: Context<B>): Ran {
    if (this.suspended !== undefined) return refuse(message, this.suspended);
    const entry = this.find(message, context.channel.number);
    const cc = this.#judge(entry, message, context);
    if (cc !== CC.Ok) return refuse(message, cc);
    if (entry === undefined) return this.#unclaimed(message, context);
    try {
      const { handler } = entry;
      const answer =
        handler.raw === undefined
          ? this.#run(entry, handler, message, context)
          : this.#runRaw(entry, handler, message, context);
      return answer instanceof Promise ? this.#settle(entry, answer, context) : answer;
    } catch (error) {
      return this.#failureOf(entry, error, context);
    }
  }

  /** Policy and privilege. */
  #judge(entry: Entry | undefined, message: Message, context: Context): number {
    if (message.lun !== 0 && !this.#livesAt(entry, message)) return CC.InvalidForLun;
    const cc = this.policy === undefined ? CC.Ok : this.policy.check(message, context);
    // What nobody serves is unknown before it is forbidden.
    if (cc !== CC.Ok && (entry !== undefined || this.#default !== undefined)) return cc;
    if (entry === undefined) return CC.Ok;
    if (entry.systemInterfaceOnly && context.channel.medium !== 'system-interface')
      return CC.InsufficientPrivilege;
    return context.privilege < entry.privilege ? CC.InsufficientPrivilege : CC.Ok;
  }

  #livesAt(entry: Entry | undefined, message: Message): boolean {
    if (entry !== undefined) return livesAtLun(entry, message, this.#standard, this.sensorsAt);
    // Without standard commands there is no BMC that could live somewhere: what nobody claims is unknown.
    return this.#default !== undefined || this.#standard === undefined;
  }

  /** A declared command: decode, the handler, encode. */
  #run(entry: Entry, handler: CommandHandler<B>, message: Message, context: Context<B>): Ran {
    const { prefix } = entry;
    const { command } = handler;
    const request = command.request.decode(message.data, prefix.length);
    if (this.policy !== undefined && command.subFunctions !== undefined) {
      const subFunction = (request as Record<string, number>)[command.subFunctions.field];
      if (!this.policy.allowsSubFunction(message, context, subFunction))
        throw new IpmiError(CC.SubFunctionDisabled, 'sub-function disabled');
    }
    const next = entry.below ? this.#nextOf(entry, command, message, context) : noNext;
    const response: unknown = handler.run(request, context, next);
    return response instanceof Promise
      ? response.then((value: unknown) => encode(command, prefix, value))
      : encode(command, prefix, response);
  }

  /**
   * A handler of messages in bytes. Apart from `#run`, so that neither pays for what the other's closures
   * capture.
   */
  #runRaw(entry: Entry, handler: MessageHandler<B>, message: Message, context: Context<B>): Ran {
    const { prefix } = entry;
    const stripped =
      prefix.length === 0 ? message : { ...message, data: message.data.subarray(prefix.length) };
    const answer = handler.raw(
      stripped,
      context,
      entry.below === undefined ? nothingBelow : (m, c) => this.#askBelow(entry, m, c),
    );
    return answer instanceof Promise
      ? answer.then((body) => prefixed(prefix, whole(body)))
      : prefixed(prefix, whole(answer));
  }

  /**
   * What `next` is for a raw override: the handler below, in bytes without body or IANA. Its failures are
   * answers too. Whoever overrides may take its time: what was taken from the requester meanwhile counts.
   */
  #askBelow(entry: Entry, message: Message, context: Context<B>): Ran {
    const { below, prefix } = entry;
    if (below === undefined) return refusal(NO_PREFIX, CC.InvalidCommand);
    const whole = restored(message, prefix);
    const cc = this.#judge(entry, whole, context);
    if (cc !== CC.Ok) return refusal(NO_PREFIX, cc);
    try {
      const { handler } = below;
      const answer =
        handler.raw === undefined
          ? this.#run(below, handler, whole, context)
          : this.#runRaw(below, handler, whole, context);
      return answer instanceof Promise
        ? this.#settle(below, answer, context).then((body) => bare(prefix, body))
        : bare(prefix, answer);
    } catch (error) {
      return bare(prefix, this.#failureOf(below, error, context));
    }
  }

  /** What `next` is for a typed override of a command: values in, values out, IpmiError thrown. */
  #nextOf(entry: Entry, command: Command, message: Message, context: Context<B>): Next {
    const { below } = entry;
    if (!below) return noNext;
    const { handler } = below;
    if (handler.raw === undefined) {
      return (request) => {
        const cc = this.#judge(entry, message, context);
        if (cc !== CC.Ok) throw new IpmiError(cc, 'no longer allowed');
        const response = handler.run(
          request,
          context,
          this.#nextOf(below, handler.command, message, context),
        );
        return response instanceof Promise ? this.#counted(below, response, context) : response;
      };
    }
    // The handler below takes bytes: the same layout, once more in each direction.
    return async (request) => {
      const data = command.request.encode(request);
      const answer = await this.#askBelow(entry, { ...message, data }, context);
      if (answer[0] !== CC.Ok) throw new IpmiError(answer[0], undefined, { data: answer.subarray(1) });
      return command.response.decode(answer, 1);
    };
  }

  #settle(entry: Entry, answer: Promise<Answer>, context: Context<B>): Promise<Answer> {
    return this.#counted(
      entry,
      answer.catch((error: unknown) => this.#failureOf(entry, error, context)),
      context,
    );
  }

  /**
   * Counts the request as running until it is answered or its deadline passes, so that unregister can wait
   * for it.
   */
  #counted<T>({ owner }: Entry, running: Promise<T>, context: Context<B>): Promise<T> {
    const stop = this.#owned(owner)?.running.start(context);
    return stop ? running.finally(stop) : running;
  }

  #unclaimed(message: Message, context: Context<B>): Ran {
    const taker = this.#default;
    if (!taker) return refuse(message, CC.InvalidCommand);
    return taker.answer(message, context, (error) =>
      this.failure(taker.owner, prefixIn(message), error, context),
    );
  }

  #failureOf(entry: Entry, error: unknown, context: Context): Answer {
    return this.failure(`${entry.owner}, ${claimName(entry.handler)}`, entry.prefix, error, context);
  }

  /** The one way out for what handlers throw: IpmiError has an answer, everything else is a bug. */
  failure(who: string, prefix: Uint8Array, error: unknown, context: Context): Answer {
    if (error instanceof IpmiError) {
      if (error instanceof DecodeError) this.#log?.debug?.(error.message);
      return refusal(prefix, error.cc, error.data);
    }
    const request = this.idOf(context);
    this.#log?.error(`${who}: handler failed (request ${request})`, error, { request });
    return refusal(prefix, CC.Unspecified);
  }

  async #unregister(owner: string, owned: OwnedSet): Promise<void> {
    if (this.#owners?.get(owner) !== owned) throw new RegistrationError([`${owner} is not registered`]);
    this.#owners.delete(owner);
    this.#tell?.(owner, 'unregistered', owned.entries.length);
    for (const entry of owned.entries) this.#own?.takeOut(entry, this.#standard);
    await owned.running.idle();
  }

  /** Requests of a shared set are counted by each router for itself. */
  #owned(owner: string): OwnedSet | undefined {
    const owned = this.#owners?.get(owner);
    const shared = owned === undefined ? this.#preset?.sites.get(owner) : undefined;
    if (shared === undefined) return owned;
    const mine = new OwnedSet([], shared);
    (this.#owners ??= new Map()).set(owner, mine);
    return mine;
  }

  #get(claim: Claim): Entry | undefined {
    return this.#own?.get(claim) ?? this.#standard?.get(claim);
  }
}
