import { CC, ERROR_CODES, IpmiError } from '../codec/index.ts';
import type { Change, Durable, Journal } from '../state/store.ts';
import { tolerated } from '../state/store.ts';
import { Contents } from '../storage/contents.ts';
import { decodeChanges, encodeChanges, RecordReader, type Change as BmcChange } from '../storage/record.ts';
import type { Seal } from '../storage/seal.ts';
import type { Clock } from '../world/world.ts';
import { ConflictError, type EventLog, type LogEntry } from './bus.ts';
import { tokenOf } from './names.ts';

/** Changes after which a subject is written anew, if it is then much smaller. */
const COMPACT_AFTER = 256;
/** What is longer does not go into one message. */
const LONGEST = 900 * 1024;
/** Milliseconds until a write whose end nobody knows is asked for again. */
const AGAIN = 250;

/** The BMC is another host's: nothing more of it is stored here. */
export class FencedError extends IpmiError {
  override name = 'FencedError';
  override readonly code = ERROR_CODES.FencedError;

  constructor(bmc: string) {
    super(CC.NodeBusy, `${bmc} is another host's now`);
  }
}

export interface StreamSurroundings {
  readonly clock: Clock;
  /** Of this host, written down with each BMC that it takes. */
  readonly host: string;
  /** Seals everything that is written. Default: it is readable to who reads the stream. */
  readonly seal?: Seal;
  readonly warn: (message: string) => void;
  /** Somebody else has taken a BMC that this host thought to have. */
  readonly onFenced: (bmc: string) => void;
}

/**
 * What clients changed, in a log that all hosts share, a subject a BMC. Whoever takes a BMC reads its subject
 * and writes its own name behind it; from then on nobody who had it before can write, whatever he believes.
 * A change is acknowledged when it is in the log.
 */
export class StreamStorage {
  readonly #log: EventLog;
  readonly #around: StreamSurroundings;
  readonly #taken = new Map<string, Subject>();

  constructor(log: EventLog, around: StreamSurroundings) {
    this.#log = log;
    this.#around = around;
  }

  /** What is stored of a BMC is there, and nobody else can write any more. Rejects as the log does. */
  async take(bmc: string, epoch: number): Promise<void> {
    const subject = new Subject(this.#log, bmc, {
      ...this.#around,
      onFenced: () => {
        if (this.#taken.get(bmc) === subject) this.#taken.delete(bmc);
        this.#around.onFenced(bmc);
      },
    });
    await subject.take(epoch);
    this.#taken.set(bmc, subject);
  }

  /** It was taken, and nobody has taken it since as far as is known here. */
  has(bmc: string): boolean {
    return this.#taken.has(bmc);
  }

  /** Everything of the BMC is in the log, and it is no longer ours. */
  async give(bmc: string): Promise<void> {
    const subject = this.#taken.get(bmc);
    this.#taken.delete(bmc);
    await subject?.end();
  }

  /** Nothing more is written of any BMC: they may be others'. */
  fence(): void {
    for (const subject of this.#taken.values()) subject.fence();
    this.#taken.clear();
  }

  /** Throws FencedError for one that was not taken. */
  journal(bmc: string): Journal {
    const subject = this.#taken.get(bmc);
    if (!subject) throw new FencedError(bmc);
    return subject.journal(bmc);
  }

  /** BMCs, with their satellites, are made again in this process. */
  async putBack(bmcs: readonly string[]): Promise<void> {
    // A satellite's name begins with its BMC's, whose own may have a stroke in it.
    const isOf = (root: string) => (name: string) => name === root || name.startsWith(`${root}/`);
    const again = [...this.#taken].filter(([root]) => bmcs.some(isOf(root)));
    await Promise.all(again.map(([, subject]) => subject.reload()));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#taken.keys()].map((bmc) => this.give(bmc)));
  }
}

interface Waiting {
  readonly change: BmcChange;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** One BMC's changes. They go out in batches, one after the other, each behind the one before. */
class Subject {
  readonly #log: EventLog;
  readonly #bmc: string;
  readonly #subject: string;
  readonly #around: StreamSurroundings;
  #contents = new Contents();
  /** The sequence of the last message of the subject, as far as this host knows it. */
  #last = 0;
  #messages = 0;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #isFenced = false;

  constructor(log: EventLog, bmc: string, around: StreamSurroundings) {
    this.#log = log;
    this.#bmc = bmc;
    this.#subject = tokenOf(bmc);
    this.#around = around;
  }

  async take(epoch: number): Promise<void> {
    const owner = { host: this.#around.host, epoch };
    for (;;) {
      await this.reload();
      const own = this.#encoded([{ bmc: '', entries: [{ store: 'cluster', key: 'owner', value: owner }] }]);
      try {
        this.#last = await this.#log.append(this.#subject, own, this.#last);
        return;
      } catch (error) {
        // The one before wrote something between: it is read, too.
        if (!(error instanceof ConflictError)) throw error;
      }
    }
  }

  async reload(): Promise<void> {
    await this.#writing;
    const entries = await this.#log.read(this.#subject);
    this.#contents = this.#contentsOf(entries);
    this.#last = entries.at(-1)?.sequence ?? this.#last;
    this.#messages = entries.length;
  }

  fence(): void {
    if (this.#isFenced) return;
    this.#isFenced = true;
    for (const { reject } of this.#waiting.splice(0)) reject(new FencedError(this.#bmc));
  }

  async end(): Promise<void> {
    await this.#writing;
    this.fence();
  }

  journal(bmc: string): Journal {
    return {
      load: (store) => this.#contents.take(bmc, store),
      holds: (store) => this.#contents.holds(bmc, store),
      doubt: (store) => this.#contents.doubt(bmc, store),
      write: (changes) => this.#write(bmc, changes),
      satellite: (name) => this.journal(`${bmc}/${name}`),
    };
  }

  #write(bmc: string, entries: readonly Change[]): Durable {
    if (entries.length === 0) return undefined;
    if (this.#isFenced) return tolerated(Promise.reject(new FencedError(this.#bmc)));
    const done = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ change: { bmc, entries }, resolve, reject });
    });
    this.#writing ??= this.#writeAll();
    return done;
  }

  async #writeAll(): Promise<void> {
    // One turn later: changes of the same moment share a message.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#writeBatch(this.#waiting.splice(0));
    this.#writing = undefined;
  }

  /** In one message if they fit into it, else half by half; one that never will is refused. */
  async #writeBatch(batch: readonly Waiting[]): Promise<void> {
    const bytes = this.#encoded(batch.map(({ change }) => change));
    if (bytes.length > LONGEST) {
      const half = batch.length >> 1;
      if (half === 0) {
        batch[0].reject(new IpmiError(CC.OutOfSpace, `${this.#bmc}: a change of ${bytes.length} bytes`));
        return;
      }
      await this.#writeBatch(batch.slice(0, half));
      return this.#writeBatch(batch.slice(half));
    }
    const isWritten = await this.#append(bytes);
    for (const { resolve, reject } of batch) {
      if (isWritten) resolve();
      else reject(new FencedError(this.#bmc));
    }
    if (isWritten && ++this.#messages > COMPACT_AFTER) await this.#compact();
  }

  /** Until it is known whether it is written. False: it is not, and nothing ever will be. */
  async #append(bytes: Uint8Array, replacing = false): Promise<boolean> {
    while (!this.#isFenced) {
      try {
        this.#last = await this.#log.append(this.#subject, bytes, this.#last, replacing);
        return true;
      } catch (error) {
        const outcome = await this.#outcome(bytes, error);
        if (outcome === 'written') return true;
        if (outcome === 'lost') {
          const { onFenced } = this.#around;
          const wasFenced = this.#isFenced;
          this.fence();
          if (!wasFenced) onFenced(this.#bmc);
          return false;
        }
        await this.#pause();
      }
    }
    return false;
  }

  /** What became of a message of which nobody heard: only who has taken the BMC since writes behind us. */
  async #outcome(bytes: Uint8Array, error: unknown): Promise<'written' | 'lost' | 'unknown'> {
    try {
      const [next, ...later] = await this.#log.read(this.#subject, this.#last);
      if (next === undefined) return error instanceof ConflictError ? 'lost' : 'unknown';
      if (later.length > 0 || !equal(next.bytes, bytes)) return 'lost';
      this.#last = next.sequence;
      return 'written';
    } catch {
      return 'unknown';
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => void this.#around.clock.after(AGAIN, resolve));
  }

  /** All that is left of the subject's changes becomes one message in the place of the others. */
  async #compact(): Promise<void> {
    this.#messages = 0;
    try {
      const entries = await this.#log.read(this.#subject);
      if (entries.at(-1)?.sequence !== this.#last) return;
      const whole = this.#encoded([...this.#contentsOf(entries).changes()]);
      const size = entries.reduce((sum, { bytes }) => sum + bytes.length, 0);
      if (whole.length < LONGEST && whole.length < size / 2) await this.#append(whole, true);
    } catch (error) {
      this.#around.warn(`${this.#bmc}: its history stays as it is: ${(error as Error).message}`);
    }
  }

  #contentsOf(entries: readonly LogEntry[]): Contents {
    const contents = new Contents();
    for (const { bytes, sequence } of entries) {
      const reader = new RecordReader();
      for (const payload of [...reader.push(bytes), ...reader.finish()]) {
        const changes = decodeChanges(payload, this.#around.seal);
        for (const change of changes ?? []) contents.apply(change);
        if (changes) continue;
        contents.loseSome();
        this.#around.warn(`${this.#bmc}: message ${sequence} of its history cannot be read`);
      }
    }
    return contents;
  }

  #encoded(changes: readonly BmcChange[]): Uint8Array {
    return encodeChanges(changes, this.#around.seal);
  }
}

const equal = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && one.every((byte, i) => byte === other[i]);
