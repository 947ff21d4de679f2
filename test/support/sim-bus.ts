import {
  ConflictError,
  NobodyError,
  type Bucket,
  type Bus,
  type EventLog,
  type LogEntry,
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
  readonly served: { subject: string; answer: Parameters<Bus['serve']>[1]; line: SimLine }[] = [];

  constructor(clock: SimClock, random: () => number) {
    this.clock = clock;
    this.#random = random;
  }

  connect(): SimLine {
    return new SimLine(this, this.#random);
  }
}

/** One host's way there. */
export class SimLine implements Bus {
  readonly #server: SimServer;
  readonly #random: () => number;
  /** Nothing passes. */
  isCut = false;
  /** Part of what passes is lost on its way there or back. */
  loss = 0;
  #whenResumed: (() => void)[] | undefined;

  constructor(server: SimServer, random: () => number) {
    this.#server = server;
    this.#random = random;
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

  async #awake(): Promise<void> {
    if (this.#whenResumed) await new Promise<void>((resolve) => this.#whenResumed?.push(resolve));
  }

  /** A message there, and what came of it back: each takes its time, and may be lost. */
  async carry<T>(work: () => T): Promise<T> {
    const { clock } = this.#server;
    const way = (): Promise<boolean> =>
      new Promise((resolve) => {
        clock.after(1 + this.#random() * 20, () => resolve(!this.isCut && this.#random() >= this.loss));
      });
    const none = async (): Promise<never> => {
      await new Promise<void>((resolve) => void clock.after(1000, resolve));
      await this.#awake();
      throw new TimeoutError('no answer');
    };
    if (!(await way())) return none();
    let done: { value: T } | { error: unknown };
    try {
      done = { value: work() };
    } catch (error) {
      done = { error };
    }
    if (!(await way())) return none();
    await this.#awake();
    if ('error' in done) throw done.error;
    return done.value;
  }

  async bucket(name: string, { ttl }: { ttl?: number } = {}): Promise<Bucket> {
    const { buckets, clock } = this.#server;
    const shared = buckets.get(name) ?? new SimBucket(clock, ttl);
    buckets.set(name, shared);
    return {
      create: (key, value) => this.carry(() => shared.put(key, value, 0)),
      update: (key, value, revision) => this.carry(() => shared.put(key, value, revision)),
      remove: (key, revision) => this.carry(() => shared.remove(key, revision)),
      get: (key) => this.carry(() => shared.get(key)),
      watch: async (hear) => {
        for (const [key, entry] of shared.entries) hear(key, entry);
        const listener: typeof hear = (key, entry) => {
          clock.after(this.#random() * 20, () => {
            if (!this.isCut) hear(key, entry);
          });
        };
        shared.listeners.add(listener);
        return { isComplete: Promise.resolve(), stop: () => void shared.listeners.delete(listener) };
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
      read: (subject, behind = 0) =>
        this.carry(() => (shared.subjects.get(subject) ?? []).filter(({ sequence }) => sequence > behind)),
    };
  }

  async request(subject: string, bytes: Uint8Array, { headers = {} }: Parameters<Bus['request']>[2]) {
    const one = this.#server.served.find((each) => each.subject === subject && !each.line.isCut);
    const answer = await this.carry(async () => {
      if (!one) throw new NobodyError(subject);
      return one.answer({ subject, bytes, headers });
    });
    return answer ?? new Uint8Array(0);
  }

  publish(): void {}

  serve(subject: string, answer: Parameters<Bus['serve']>[1]): () => void {
    const one = { subject, answer, line: this as SimLine };
    this.#server.served.push(one);
    return () => void this.#server.served.splice(this.#server.served.indexOf(one), 1);
  }

  async close(): Promise<void> {}
}

type Hear = Parameters<Bucket['watch']>[0];

class SimBucket {
  readonly entries = new Map<string, { value: Uint8Array; revision: number }>();
  readonly listeners = new Set<Hear>();
  readonly #clock: SimClock;
  readonly #ttl: number | undefined;
  #revision = 0;

  constructor(clock: SimClock, ttl: number | undefined) {
    this.#clock = clock;
    this.#ttl = ttl;
  }

  get(key: string) {
    return this.entries.get(key);
  }

  put(key: string, value: Uint8Array, revision: number): number {
    if ((this.entries.get(key)?.revision ?? 0) !== revision) throw new ConflictError(key);
    const entry = { value, revision: ++this.#revision };
    this.entries.set(key, entry);
    for (const hear of this.listeners) hear(key, entry);
    if (this.#ttl !== undefined)
      this.#clock.after(this.#ttl, () => {
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

  append(subject: string, bytes: Uint8Array, last: number, replacing = false): number {
    const entries = this.subjects.get(subject) ?? [];
    if ((entries.at(-1)?.sequence ?? 0) !== last) throw new ConflictError(subject);
    const entry = { sequence: ++this.#sequence, bytes };
    this.subjects.set(subject, replacing ? [entry] : [...entries, entry]);
    return entry.sequence;
  }
}
