import { RegistrationError, Router, type Registration, type Table } from '../router/index.ts';
import { Pace } from '../world/pace.ts';
import type { Clock } from '../world/world.ts';
import { ConflictError, NobodyError, type Bucket, type BucketEntry, type Bus, type Watch } from './bus.ts';
import { HandlerCalls, type CallCounters } from './handler-calls.ts';
import {
  askedIn,
  bytesOf,
  claimsText,
  fieldsIn,
  handlerEntryOf,
  handlerSubjects,
  HANDLER_TIMES,
  isFor,
  setOf,
  type Asked,
  type Handled,
  type HandlerEntry,
} from './handler-entry.ts';
import { nameOfToken, tokenOf } from './names.ts';

/** A BMC that is awake here. */
export interface HandledBmc<B> extends Handled {
  readonly router: Router<B>;
}

export interface BusHandlersOptions {
  readonly bus: Bus;
  /** Name of this host. */
  readonly host: string;
  readonly clock: Clock;
  readonly warn: (message: string) => void;
  /** What BMCs answer by themselves, where none is awake to be asked. */
  readonly standard?: Table;
  /** BMCs of the cluster: handlers that have none in common do not clash. Default: as if all were for all. */
  readonly bmcs?: () => Iterable<Handled>;
  /** Requests that one owner may have open here. Default 256. */
  readonly maxOpen?: number;
}

/** What a host thinks of handlers of one owner. */
export interface HandlerState {
  readonly owner: string;
  /** BMCs here that ask it. */
  readonly bmcs: number;
  /** Why others do not, or why it was refused altogether. */
  readonly problems: readonly string[];
  readonly counters: CallCounters;
}

interface Member<B> {
  readonly bmc: HandledBmc<B>;
  readonly registered: Map<string, { readonly registration: Registration; readonly epoch: number }>;
  readonly problems: Map<string, string>;
}

interface Refused {
  readonly owner: string;
  readonly problem: string;
  /** Milliseconds of the monotonic clock. */
  readonly at: number;
}

type Reply = Readonly<Record<string, unknown>>;

/** Milliseconds in which a process that lives answers. */
const PATIENCE = 1000;
const TRIES = 5;
/** BMCs that are looked at before handlers are let in: those of a host have the same plugins. */
const SAMPLE = 16;
/** Refusals that are remembered for who looks. */
const MOST_REFUSED = 64;
/** Milliseconds for which a refusal is news. */
const REFUSED_FOR = 60_000;
/** Complaints that are not said again. */
const MOST_COMPLAINTS = 1024;

/**
 * Handlers that any process on the bus serves, for the BMCs of a host (docs/cluster.md). Whichever host is
 * asked to register some writes them down for all; on each BMC who was first has the claim.
 */
export class BusHandlers<B> {
  readonly #options: BusHandlersOptions;
  readonly #bucket: Bucket;
  readonly #calls: HandlerCalls<B>;
  readonly #entries = new Map<string, HandlerEntry>();
  readonly #members = new Map<string, Member<B>>();
  /** By owner and process. */
  readonly #refused = new Map<string, Refused>();
  readonly #complaints = new Set<string>();
  #watch: Watch | undefined;
  #undo: (() => void)[] = [];
  #isSettling = false;
  #isStale = false;

  private constructor(options: BusHandlersOptions, bucket: Bucket) {
    const { bus, host, maxOpen = 256, warn } = options;
    this.#options = options;
    this.#bucket = bucket;
    this.#calls = new HandlerCalls(bus, host, maxOpen, warn);
  }

  /** Resolves when all handlers that there are now are known. */
  static async open<B>(options: BusHandlersOptions): Promise<BusHandlers<B>> {
    const { bus, host } = options;
    const handlers = new BusHandlers<B>(options, await bus.bucket('handlers', { ttl: HANDLER_TIMES.ttl }));
    handlers.#watch = await handlers.#bucket.watch((key, entry) => handlers.#heard(nameOfToken(key), entry));
    await handlers.#watch.isComplete;
    handlers.#undo = [
      bus.serve('handlers.register.*', ({ subject, bytes }) => handlers.#register(subject, bytes), 'hosts'),
      bus.serve('handlers.unregister.*', ({ subject, bytes }) => handlers.#remove(subject, bytes), 'hosts'),
      bus.serve(handlerSubjects.state(host), () => bytesOf(handlers.state)),
    ];
    return handlers;
  }

  /** A BMC that was made, or woke: it is asked nothing before. */
  put(bmc: HandledBmc<B>): void {
    const member = { bmc, registered: new Map(), problems: new Map() };
    this.#members.set(bmc.name, member);
    this.#settle(member);
  }

  /** It sleeps, or is gone. */
  drop({ name, router }: Pick<HandledBmc<B>, 'name' | 'router'>): void {
    if (this.#members.get(name)?.bmc.router === router) this.#members.delete(name);
  }

  /** Of all owners that there are, and of those that were refused lately. */
  get state(): HandlerState[] {
    const members = [...this.#members.values()];
    const since = this.#options.clock.monotonic() - REFUSED_FOR;
    const refused = [...this.#refused.values()].filter(({ at }) => at >= since);
    const owners = new Set([...this.#entries.keys(), ...refused.map(({ owner }) => owner)]);
    return Array.from(owners, (owner): HandlerState => {
      const { open: _, ...counters } = this.#calls.countsOf(owner);
      const problems = [
        ...refused.flatMap((each) => (each.owner === owner ? each.problem : [])),
        ...members.flatMap(({ problems: own }) => own.get(owner) ?? []),
      ];
      const bmcs = members.filter(({ registered }) => registered.has(owner)).length;
      return { owner, bmcs, problems: [...new Set(problems)], counters };
    });
  }

  /** What handlers of each owner did, with requests that are open at this moment. */
  get byOwner(): ReadonlyMap<string, CallCounters & { readonly open: number }> {
    return this.#calls.byOwner;
  }

  get counters(): CallCounters & { readonly stray: number } {
    return this.#calls.counters;
  }

  close(): void {
    for (const undo of this.#undo) undo();
    this.#watch?.stop();
    this.#calls.close();
  }

  #heard(owner: string, entry: BucketEntry | undefined): void {
    try {
      this.#changed(owner, entry && handlerEntryOf(entry));
    } catch (error) {
      this.#once(`handlers of ${owner} are not understood: ${String(error)}`, owner);
    }
  }

  /** Renewals change nothing but when they were. */
  #changed(owner: string, entry: HandlerEntry | undefined): void {
    const before = this.#entries.get(owner);
    if (entry) this.#entries.set(owner, entry);
    else this.#entries.delete(owner);
    const isSame =
      before && entry && before.epoch === entry.epoch && claimsText(before) === claimsText(entry);
    if (entry) this.#refused.delete(`${owner}\n${entry.instance}`);
    if (!isSame) this.settle();
  }

  /** What BMCs are called by their labels has changed, or what there is for them. */
  settle(): void {
    this.#isStale = true;
    if (!this.#isSettling) void this.#settleAll();
  }

  /** All BMCs, while others have their turn. */
  async #settleAll(): Promise<void> {
    const pace = new Pace(this.#options);
    this.#isSettling = true;
    while (this.#isStale) {
      this.#isStale = false;
      for (const member of this.#members.values()) {
        this.#settle(member);
        const rest = pace.rest();
        if (rest !== undefined) await rest;
      }
    }
    this.#isSettling = false;
  }

  /** In the order in which they came, on every host. */
  get #inOrder(): HandlerEntry[] {
    return [...this.#entries.values()].toSorted((a, b) => a.epoch - b.epoch);
  }

  #settle(member: Member<B>): void {
    const wanted = this.#inOrder.filter((entry) => isFor(entry, member.bmc));
    const { registered } = member;
    const takeOff = (owner: string): void => {
      // It is gone at once; what it waits for are the requests under way, which end by themselves.
      void registered.get(owner)?.registration.unregister();
      registered.delete(owner);
    };
    const epochs = new Map(wanted.map(({ owner, epoch }) => [owner, epoch]));
    for (const [owner, { epoch }] of registered) if (epochs.get(owner) !== epoch) takeOff(owner);
    // Whoever came later gives way to who came before, and tries again behind it.
    const first = wanted.find(({ owner }) => !registered.has(owner) && !member.problems.has(owner));
    for (const [owner, { epoch }] of registered) if (first && epoch > first.epoch) takeOff(owner);
    for (const owner of member.problems.keys()) if (!epochs.has(owner)) member.problems.delete(owner);
    for (const entry of wanted) if (!registered.has(entry.owner)) this.#put(member, entry);
  }

  #put(member: Member<B>, entry: HandlerEntry): void {
    const { owner, epoch, handlers, from } = entry;
    const { name, router } = member.bmc;
    try {
      const registration =
        handlers === 'default'
          ? router.setDefaultHandler(owner, (message, context) =>
              this.#calls.ask({ owner, bmc: name, message, context, isWhole: true }),
            )
          : router.register(
              setOf<B>(entry, ({ body, override }) => (message, context, below) => {
                const next = override === undefined ? undefined : below;
                return this.#calls.ask({ owner, bmc: name, message, context, next, body });
              }),
            );
      member.registered.set(owner, { registration, epoch });
      member.problems.delete(owner);
    } catch (error) {
      // A clash; or claims that a host of another version has written, and this one does not know.
      const problem = error instanceof RegistrationError ? error.problems.join('; ') : String(error);
      member.problems.set(owner, problem);
      this.#once(
        `handlers of ${owner} (${from}) are not those of ${name}: ${problem}`,
        `${owner} ${problem}`,
      );
    }
  }

  async #register(subject: string, bytes: Uint8Array): Promise<Uint8Array> {
    const asked = askedIn(bytes, subject.slice(subject.lastIndexOf('.') + 1));
    if (typeof asked === 'string') {
      const id = fieldsIn(bytes)?.id;
      return bytesOf({ type: 'refused', id: typeof id === 'number' ? id : 0, problems: [asked] });
    }
    const { id, entry } = asked;
    const problems = await this.#written(entry);
    if (problems.length === 0)
      return bytesOf({
        type: 'registered',
        id,
        calls: this.#options.bus.whole(handlerSubjects.calls(entry.owner)),
        ping: this.#options.bus.whole(handlerSubjects.ping(entry.owner, entry.instance)),
        renewal: HANDLER_TIMES.renewal,
      } satisfies Reply);
    const problem = problems.join('; ');
    const key = `${entry.owner}\n${entry.instance}`;
    this.#refused.delete(key);
    this.#refused.set(key, { owner: entry.owner, problem, at: this.#options.clock.monotonic() });
    for (const oldest of this.#refused.keys())
      if (this.#refused.size > MOST_REFUSED) this.#refused.delete(oldest);
    this.#once(
      `handlers of ${entry.owner} (${entry.from}) are refused: ${problem}`,
      `${entry.owner} ${problem}`,
    );
    return bytesOf({ type: 'refused', id, problems } satisfies Reply);
  }

  /** What forbids it; nothing: it is written down, or was renewed. */
  async #written(asked: Asked['entry']): Promise<readonly string[]> {
    const key = tokenOf(asked.owner);
    for (let tries = 0; tries < TRIES; tries++) {
      const there = await this.#bucket.get(key);
      const before = there && handlerEntryOf(there);
      const isRenewal = before !== undefined && isSameAgain(before, asked);
      if (before && !isRenewal && (await this.#isThere(before, asked)))
        return [
          `${asked.owner} is registered already, by ${before.from}` +
            (before.shared && asked.shared ? ', with other claims' : '; say shared to share its requests'),
        ];
      const problems = this.#clashes(asked, isRenewal ? before.epoch : Infinity);
      if (problems.length > 0) return problems;
      try {
        if (!there) await this.#bucket.create(key, bytesOf(asked));
        else {
          const written = isRenewal ? { ...asked, epoch: before.epoch } : asked;
          await this.#bucket.update(key, bytesOf(written), there.revision);
        }
        return [];
      } catch (error) {
        // Somebody else has written it meanwhile: what stands there now decides.
        if (!(error instanceof ConflictError)) throw error;
      }
    }
    return [`${asked.owner}: others register it at this moment; try again`];
  }

  /** Whether the process that has the owner's name lives. */
  async #isThere(before: HandlerEntry, asked: Asked['entry']): Promise<boolean> {
    // Who shares cannot be asked one by one: they are gone when nobody renews.
    if (before.shared || before.instance === asked.instance) return before.instance !== asked.instance;
    try {
      const subject = handlerSubjects.ping(before.owner, before.instance);
      await this.#options.bus.request(subject, bytesOf({ type: 'ping', id: 0 }), { timeout: PATIENCE });
      return true;
    } catch (error) {
      return !(error instanceof NobodyError);
    }
  }

  /** What of it somebody has who came before, on a BMC that both are for, and what BMCs have of their own. */
  #clashes(asked: Asked['entry'], epoch: number): readonly string[] {
    const { clock, standard, bmcs } = this.#options;
    const wanted = setOf<B>(asked, () => () => Uint8Array.of(0));
    const isDefault = asked.handlers === 'default';
    const meets = (other: HandlerEntry): boolean => {
      if (other.owner === asked.owner || other.epoch >= epoch) return false;
      for (const bmc of bmcs?.() ?? []) if (isFor(other, bmc) && isFor(asked, bmc)) return true;
      return bmcs === undefined;
    };
    const probe = new Router<B>({ clock, standard });
    for (const other of this.#inOrder.filter(meets)) {
      if (isDefault && other.handlers === 'default')
        return [`${asked.owner} cannot be the default handler: ${other.owner} is, set at ${other.from}`];
      const set = setOf<B>(other, () => () => Uint8Array.of(0));
      if (probe.clashes(set).length === 0) probe.register(set);
    }
    const near = [...this.#members.values()].filter(({ bmc }) => isFor(asked, bmc)).slice(0, SAMPLE);
    if (isDefault || (near.length === 0 && epoch === Infinity)) return probe.clashes(wanted);
    // What it overrides may be a plugin's, of which the BMCs alone know; those of a renewal know all of it.
    const plain = { ...wanted, handlers: wanted.handlers.filter(({ override }) => override === undefined) };
    const asThere = epoch === Infinity ? near.flatMap(({ bmc }) => bmc.router.clashes(wanted)) : [];
    return [...new Set([...asThere, ...probe.clashes(plain)])];
  }

  async #remove(subject: string, bytes: Uint8Array): Promise<Uint8Array> {
    const token = subject.slice(subject.lastIndexOf('.') + 1);
    const { id = 0, instance } = fieldsIn(bytes) ?? {};
    const there = await this.#bucket.get(token);
    const entry = there && handlerEntryOf(there);
    // Of several the others may live; who is the last is forgotten in a while.
    if (there && entry && !entry.shared && entry.instance === instance)
      try {
        await this.#bucket.remove(token, there.revision);
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error;
      }
    return bytesOf({ type: 'unregistered', id } satisfies Reply);
  }

  #once(complaint: string, key: string): void {
    if (this.#complaints.has(key) || this.#complaints.size >= MOST_COMPLAINTS) return;
    this.#complaints.add(key);
    this.#options.warn(complaint);
  }
}

/** The same process, or another one that shares with it. */
function isSameAgain(before: HandlerEntry, asked: Asked['entry']): boolean {
  const isSame = before.instance === asked.instance || (before.shared && asked.shared);
  return isSame && claimsText(before) === claimsText(asked);
}
