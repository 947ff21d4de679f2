import {
  ConflictError,
  NobodyError,
  type Bucket,
  type Bus,
  type EventLog,
  type Inbox,
  type LogEntry,
  type Objects,
} from '../../src/cluster/bus.ts';
import type { SimClock } from '../../src/world/sim-clock.ts';
import { TimeoutError } from '../../src/client/index.ts';
import type { Clock } from '../../src/world/world.ts';

/** What a cluster of NATS servers keeps, without one: hosts reach it over lines that may be cut. */
export class SimServer {
  readonly clock: SimClock;
  /** 0..1. */
  readonly #random: () => number;
  readonly buckets = new Map<string, SimBucket>();
  readonly logs = new Map<string, SimLog>();
  readonly objects = new Map<string, Uint8Array>();
  /** Milliseconds that what is to be forgotten stays for longer, as where servers have no leader. */
  forgetsLater: () => number = () => 0;
  readonly served: Served[] = [];
  /** Who of a queue is next. */
  #turn = 0;

  constructor(clock: SimClock, random: () => number) {
    this.clock = clock;
    this.#random = random;
  }

  connect(): SimLine {
    return new SimLine(this, this.#random);
  }

  /** What is stored, as a copy of its directory has it. */
  backup(): SimBackup {
    const copies = [...this.buckets].map(([name, bucket]) => [name, bucket.copy] as const);
    return { buckets: new Map(copies), logs: new Map([...this.logs].map(([name, log]) => [name, log.copy])) };
  }

  /** Puts back what was stored then: all, or what has this name. */
  restore({ buckets, logs }: SimBackup, only?: string): void {
    for (const [name, copy] of logs) if ((only ?? name) === name) this.logs.get(name)?.restore(copy);
    for (const [name, copy] of buckets) if ((only ?? name) === name) this.buckets.get(name)?.restore(copy);
  }

  /** Who serves a subject: all that have no queue, and one of each queue. */
  at(subject: string): Served[] {
    const fitting = this.served.filter((each) => !each.line.isCut && fitsSubject(each.subject, subject));
    const queues = new Map<string, Served[]>();
    for (const each of fitting)
      if (each.queue !== undefined) queues.set(each.queue, [...(queues.get(each.queue) ?? []), each]);
    const ofQueues = Array.from(queues.values(), (members) => members[this.#turn++ % members.length]);
    return [...fitting.filter(({ queue }) => queue === undefined), ...ofQueues];
  }
}

interface Copy<T> {
  readonly entries: ReadonlyMap<string, T>;
  readonly last: number;
}

export interface SimBackup {
  readonly buckets: ReadonlyMap<string, Copy<{ value: Uint8Array; revision: number }>>;
  readonly logs: ReadonlyMap<string, Copy<readonly LogEntry[]>>;
}

interface Served {
  readonly subject: string;
  readonly answer: Parameters<Bus['serve']>[1];
  readonly line: SimLine;
  readonly queue: string | undefined;
}

/** `*` is any one token, `>` all the rest. */
function fitsSubject(pattern: string, subject: string): boolean {
  const [wanted, tokens] = [pattern.split('.'), subject.split('.')];
  const length = wanted.at(-1) === '>' ? wanted.length - 1 : wanted.length;
  if (wanted.at(-1) === '>' ? tokens.length <= length : tokens.length !== length) return false;
  return wanted.slice(0, length).every((token, i) => token === '*' || token === tokens[i]);
}

/** Milliseconds until nobody waits for an answer any more. */
const PATIENCE = 1000;

/** One host's way there. */
export class SimLine implements Bus {
  readonly #server: SimServer;
  readonly #random: () => number;
  /** Part of what passes is lost on its way there or back. */
  loss = 0;
  /** Part of what goes there comes again, later. */
  doubled = 0;
  /** Milliseconds that the longest way there takes, or the slowest disk of the server. */
  slowest = 20;
  #isCut = false;
  #whenResumed: (() => void)[] | undefined;
  /** Of each watch: what it has missed while nothing passed. */
  readonly #missed = new Set<() => void>();

  constructor(server: SimServer, random: () => number) {
    this.#server = server;
    this.#random = random;
  }

  /** Nothing passes. When something does again, those who watch hear of what is there now. */
  get isCut(): boolean {
    return this.#isCut;
  }

  set isCut(isCut: boolean) {
    const wasCut = this.#isCut;
    this.#isCut = isCut;
    if (wasCut && !isCut) for (const tell of this.#missed) tell();
  }

  /** The host stands still: its timers do not fire and it hears nothing, while time goes on for all others. */
  pause(): void {
    this.#whenResumed ??= [];
  }

  resume(): void {
    const waiting = this.#whenResumed ?? [];
    this.#whenResumed = undefined;
    for (const go of waiting) go();
  }

  /** The clock of the host. */
  get clock(): Clock {
    const { clock } = this.#server;
    return {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      after: (ms, action) => {
        let isCancelled = false;
        const timer = clock.after(ms, () => {
          if (this.#whenResumed) this.#whenResumed.push(() => void (isCancelled || action()));
          else action();
        });
        return {
          cancel: () => {
            isCancelled = true;
            timer.cancel();
          },
        };
      },
    };
  }

  /**
   * A message there, and what came of it back: each takes its time, and may be lost. Who has waited for long
   * enough hears no more of it, but what was on its way may be done all the same.
   */
  carry<T>(work: () => T): Promise<T> {
    const { clock } = this.#server;
    const random = this.#random;
    return new Promise<T>((resolve, reject) => {
      let isOver = false;
      const end = (act: () => void): void => {
        if (isOver) return;
        isOver = true;
        patience.cancel();
        if (this.#whenResumed) this.#whenResumed.push(act);
        else act();
      };
      const patience = clock.after(PATIENCE, () => end(() => reject(new TimeoutError('no answer'))));
      const passes = (): boolean => !this.#isCut && random() >= this.loss;
      const arrived = (): void => {
        let answer: () => void;
        try {
          const value = work();
          answer = () => resolve(value);
        } catch (error) {
          answer = () => reject(error);
        }
        clock.after(1 + random() * 20, () => {
          if (passes()) end(answer);
        });
      };
      const send = (): void =>
        void clock.after(1 + random() * this.slowest, () => {
          if (passes()) arrived();
        });
      send();
      if (this.doubled > 0 && random() < this.doubled) send();
    });
  }

  async bucket(name: string, { ttl }: { ttl?: number } = {}): Promise<Bucket> {
    const { buckets, clock } = this.#server;
    const shared = buckets.get(name) ?? new SimBucket(clock, ttl, this.#server);
    buckets.set(name, shared);
    return {
      ttl: shared.ttl,
      create: (key, value) => this.carry(() => shared.put(key, value, 0)),
      update: (key, value, revision) => this.carry(() => shared.put(key, value, revision)),
      remove: (key, revision) => this.carry(() => shared.remove(key, revision)),
      get: (key) => this.carry(() => shared.get(key)),
      watch: async (hear, wentBack) => {
        for (const [key, entry] of shared.entries) hear(key, entry);
        const known = new Set(shared.entries.keys());
        // In order, as they happened.
        let last = 0;
        const listener: typeof hear = (key, entry) => {
          const now = clock.monotonic();
          last = Math.max(last, now + this.#random() * 20);
          this.clock.after(last - now, () => {
            if (this.#isCut) return;
            known.add(key);
            hear(key, entry);
          });
        };
        const missed = (): void => {
          for (const key of known) if (!shared.entries.has(key)) hear(key, undefined);
          for (const [key, entry] of shared.entries) listener(key, entry);
        };
        // Whoever is cut off finds it when it comes back.
        let isBack = false;
        const back = (): void => {
          isBack = this.#isCut;
          if (isBack) return;
          wentBack?.();
          missed();
        };
        const caughtUp = (): void => (isBack ? back() : missed());
        shared.listeners.add(listener);
        shared.restored.add(back);
        this.#missed.add(caughtUp);
        const stop = (): void => {
          shared.listeners.delete(listener);
          shared.restored.delete(back);
          this.#missed.delete(caughtUp);
        };
        const again = (): void => {
          if (!this.#isCut) caughtUp();
        };
        return { isComplete: Promise.resolve(), again, stop };
      },
    };
  }

  async entries(name: string) {
    return new Map(this.#server.buckets.get(name)?.entries);
  }

  async log(name: string): Promise<EventLog> {
    const { logs } = this.#server;
    const shared = logs.get(name) ?? new SimLog();
    logs.set(name, shared);
    return {
      append: (subject, bytes, last, replacing) =>
        this.carry(() => shared.append(subject, bytes, last, replacing)),
      forget: (subject) => this.carry(() => void shared.subjects.delete(subject)),
      read: (subject, behind = 0) =>
        this.carry(() => {
          const entries = shared.subjects.get(subject) ?? [];
          return entries.slice(entries.findLastIndex(({ sequence }) => sequence <= behind) + 1);
        }),
    };
  }

  async objects(bucket: string): Promise<Objects> {
    const { objects } = this.#server;
    return {
      put: (name, pieces) => this.carry(() => void objects.set(`${bucket} ${name}`, Buffer.concat(pieces))),
      get: (name) => this.carry(() => objects.get(`${bucket} ${name}`)),
      remove: (name) => this.carry(() => void objects.delete(`${bucket} ${name}`)),
    };
  }

  async request(
    subject: string,
    bytes: Uint8Array,
    { headers = {}, timeout }: Parameters<Bus['request']>[2],
  ): Promise<Uint8Array> {
    const { clock } = this.#server;
    const answer = this.carry(async () => {
      const [each] = this.#server.at(subject);
      if (!each) throw new NobodyError(subject);
      return each.answer({ subject, bytes, headers });
    });
    const late = new Promise<never>((_, reject) => {
      clock.after(timeout, () => reject(new TimeoutError('no answer')));
    });
    // A server that serves says nothing where whoever serves it does not answer.
    const never = new Promise<Uint8Array>(() => undefined);
    return Promise.race([answer.then(async (given) => (await given) ?? never), late]);
  }

  async keep(): Promise<void> {}

  inbox(hear: Parameters<Bus['inbox']>[0]): Inbox {
    let isOpen = true;
    return {
      ask: (token, subject, bytes, headers = {}) => {
        const [each] = this.#server.at(subject);
        const work = async (): Promise<Uint8Array | undefined> =>
          each ? each.answer({ subject, bytes, headers }) : undefined;
        const told = async (given: Promise<Uint8Array | undefined>): Promise<void> => {
          const answer = await given;
          if (isOpen && (answer !== undefined || !each)) hear(token, answer);
        };
        // What is lost is never heard of.
        void this.carry(work).then(told, () => undefined);
      },
      close: () => void (isOpen = false),
    };
  }

  publish(subject: string, bytes: Uint8Array): void {
    for (const each of this.#server.at(subject))
      void this.carry(() => each.answer({ subject, bytes, headers: {} })).catch(() => undefined);
  }

  whole(subject: string): string {
    return `ipmi.${subject}`;
  }

  serve(subject: string, answer: Parameters<Bus['serve']>[1], queue?: string): () => void {
    const served = { subject, answer, line: this as SimLine, queue };
    this.#server.served.push(served);
    return () => {
      const at = this.#server.served.indexOf(served);
      if (at >= 0) this.#server.served.splice(at, 1);
    };
  }

  async close(): Promise<void> {}
}

type Hear = Parameters<Bucket['watch']>[0];

class SimBucket {
  readonly entries = new Map<string, { value: Uint8Array; revision: number }>();
  readonly listeners = new Set<Hear>();
  readonly restored = new Set<() => void>();
  readonly #clock: SimClock;
  readonly ttl: number | undefined;
  readonly #server: Pick<SimServer, 'forgetsLater'>;
  #revision = 0;

  constructor(clock: SimClock, ttl: number | undefined, server: Pick<SimServer, 'forgetsLater'>) {
    this.#server = server;
    this.#clock = clock;
    this.ttl = ttl;
  }

  get copy(): Copy<{ value: Uint8Array; revision: number }> {
    return { entries: new Map(this.entries), last: this.#revision };
  }

  /** What has a time to live has outlived it. */
  restore({ entries, last }: Copy<{ value: Uint8Array; revision: number }>): void {
    this.entries.clear();
    if (this.ttl === undefined) for (const [key, entry] of entries) this.entries.set(key, entry);
    this.#revision = last;
    for (const tell of this.restored) tell();
  }

  get(key: string) {
    return this.entries.get(key);
  }

  put(key: string, value: Uint8Array, revision: number): number {
    if ((this.entries.get(key)?.revision ?? 0) !== revision) throw new ConflictError(key);
    const entry = { value, revision: ++this.#revision };
    this.entries.set(key, entry);
    for (const hear of this.listeners) hear(key, entry);
    if (this.ttl !== undefined)
      this.#clock.after(this.ttl + this.#server.forgetsLater(), () => {
        if (this.entries.get(key) === entry) this.#forget(key);
      });
    return entry.revision;
  }

  remove(key: string, revision: number): void {
    if (this.entries.get(key)?.revision !== revision) throw new ConflictError(key);
    this.#revision++;
    this.#forget(key);
  }

  #forget(key: string): void {
    this.entries.delete(key);
    for (const hear of this.listeners) hear(key, undefined);
  }
}

export class SimLog {
  readonly subjects = new Map<string, LogEntry[]>();
  #sequence = 0;

  get copy(): Copy<readonly LogEntry[]> {
    const entries = [...this.subjects].map(([subject, all]) => [subject, [...all]] as const);
    return { entries: new Map(entries), last: this.#sequence };
  }

  restore({ entries, last }: Copy<readonly LogEntry[]>): void {
    this.subjects.clear();
    for (const [subject, all] of entries) this.subjects.set(subject, [...all]);
    this.#sequence = last;
  }

  append(subject: string, bytes: Uint8Array, last: number, replacing = false): number {
    const entries = this.subjects.get(subject) ?? [];
    if ((entries.at(-1)?.sequence ?? 0) !== last) throw new ConflictError(subject);
    const entry = { sequence: ++this.#sequence, bytes };
    if (replacing) entries.length = 0;
    entries.push(entry);
    this.subjects.set(subject, entries);
    return entry.sequence;
  }
}
