import { CC, IpmiError } from '../codec/index.ts';
import type { Change, Durable, Journal } from '../state/store.ts';
import { tolerated } from '../state/store.ts';
import { joined } from '../storage/bytes.ts';
import { Contents } from '../storage/contents.ts';
import { decodeChanges, encodeChanges, RecordReader, type Change as BmcChange } from '../storage/record.ts';
import type { Seal } from '../storage/seal.ts';
import type { Clock } from '../world/world.ts';
import { ConflictError, NoRoomError, type EventLog, type LogEntry } from './bus.ts';
import { FencedError } from './fenced-error.ts';
import { tokenOf } from './names.ts';
import { Parts, placeIn, type PartsPlace } from './parts.ts';
import { streamImages, type OpenObjects } from './stream-images.ts';

/** Changes after which a subject is written anew, if it is then much smaller. */
const COMPACT_AFTER = 256;
/** What is longer goes into more than one message. */
const LONGEST = 900 * 1024;
/** Bytes of one change, and of a whole history as it is written anew. */
const LONGEST_CHANGE = 8 * 1024 * 1024;
const LONGEST_WHOLE = 64 * 1024 * 1024;
/** Changes of one record of a history that is written anew. */
const RECORD = 500;
/** Where a message says that what it stands for lies in parts. */
const PARTS = 'parts';
/** Milliseconds until a write whose end nobody knows is asked for again. */
const AGAIN = 250;
/** How often a write may be refused while nothing stands behind ours: one of our own is under way there. */
const REFUSALS = 120;

export interface StreamSurroundings {
  readonly clock: Clock;
  /** Of this host, written down with each BMC that it takes. */
  readonly host: string;
  /** Seals everything that is written. Default: it is readable to who reads the stream. */
  readonly seal?: Seal;
  /** Where firmware images lie. Default: in a directory of each host, or in memory. */
  readonly objects?: OpenObjects;
  readonly warn: (message: string) => void;
  /** Somebody else has taken a BMC that this host thought to have. */
  readonly onFenced: (bmc: string) => void;
}

/**
 * What clients changed, in a log that all hosts share, a subject a BMC. Whoever takes a BMC reads its
 * subject and writes its own name behind it; from then on nobody who had it before can write, whatever
 * he believes. A change is acknowledged when it is in the log.
 */
export class StreamStorage {
  readonly #log: EventLog;
  readonly #surroundings: StreamSurroundings;
  readonly #taken = new Map<string, Subject>();

  constructor(log: EventLog, surroundings: StreamSurroundings) {
    this.#log = log;
    this.#surroundings = surroundings;
  }

  /** What is stored of a BMC is there, and nobody else can write any more. Rejects as the log does. */
  async take(bmc: string, epoch: number): Promise<void> {
    const subject = new Subject(this.#log, bmc, {
      ...this.#surroundings,
      onFenced: () => {
        if (this.#taken.get(bmc) === subject) this.#taken.delete(bmc);
        this.#surroundings.onFenced(bmc);
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
    await Promise.all(again.map(([, subject]) => subject.putBack()));
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
  readonly #surroundings: StreamSurroundings;
  #contents = new Contents();
  /** The sequence of the last message of the subject, as far as this host knows it. */
  #last = 0;
  #messages = 0;
  readonly #parts: Parts;
  /** Of those that messages name, and of what is written next. */
  #partIds: string[] = [];
  #nextPart = '';
  #partsLength = 0;
  #partCount = 0;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #isFenced = false;
  /** What was written last was refused, for there was no room. */
  #isRefusing = false;
  /** Somebody has loaded or written some of it since it was read. */
  #isUsed = false;

  constructor(log: EventLog, bmc: string, surroundings: StreamSurroundings) {
    this.#log = log;
    this.#bmc = bmc;
    this.#subject = tokenOf(bmc);
    this.#parts = new Parts(log, this.#subject);
    this.#surroundings = surroundings;
  }

  async take(epoch: number): Promise<void> {
    const owner = { host: this.#surroundings.host, epoch };
    this.#nextPart = `${tokenOf(owner.host)}_${epoch}_`;
    for (let refusals = 0; ; refusals++) {
      await this.reload();
      const own = this.#encoded([{ bmc: '', entries: [{ store: 'cluster', key: 'owner', value: owner }] }]);
      try {
        this.#last = await this.#log.append(this.#subject, own, this.#last);
        return;
      } catch (error) {
        // The one before wrote something between: it is read, too.
        if (!(error instanceof ConflictError) || refusals > REFUSALS) throw error;
        if (refusals > 0) await this.#pause();
      }
    }
  }

  async reload(): Promise<void> {
    await this.#writing;
    const entries = await this.#log.read(this.#subject);
    this.#isUsed = false;
    this.#contents = await this.#contentsOf(entries);
    this.#last = entries.at(-1)?.sequence ?? this.#last;
    this.#messages = entries.length;
  }

  /** What was read when it was taken serves whoever is made first. */
  async putBack(): Promise<void> {
    if (this.#isUsed) await this.reload();
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
    const { objects } = this.#surroundings;
    return {
      load: (store) => {
        this.#isUsed = true;
        return this.#contents.take(bmc, store);
      },
      holds: (store) => this.#contents.holds(bmc, store),
      doubt: (store) => this.#contents.doubt(bmc, store),
      write: (changes) => this.#write(bmc, changes),
      satellite: (name) => this.journal(`${bmc}/${name}`),
      images: objects && streamImages(objects, bmc, this.#surroundings),
    };
  }

  #write(bmc: string, entries: readonly Change[]): Durable {
    if (entries.length === 0) return undefined;
    this.#isUsed = true;
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

  /** In one message if they fit into it, else half by half; one that never will goes in parts. */
  async #writeBatch(batch: readonly Waiting[]): Promise<void> {
    const bytes = this.#encoded(batch.map(({ change }) => change));
    if (bytes.length > LONGEST) {
      const half = batch.length >> 1;
      if (half === 0) return this.#writeLong(batch[0], bytes);
      await this.#writeBatch(batch.slice(0, half));
      return this.#writeBatch(batch.slice(half));
    }
    let isWritten = false;
    try {
      isWritten = await this.#append(bytes);
    } catch (error) {
      return this.#refuse(batch, error as Error);
    }
    for (const { resolve, reject } of batch) {
      if (isWritten) resolve();
      else reject(new FencedError(this.#bmc));
    }
    this.#isRefusing = false;
    if (isWritten && ++this.#messages > COMPACT_AFTER) await this.#compact();
  }

  /** Nothing of it was written, and is tried again: who made the changes is told, and memory is as before. */
  #refuse(batch: readonly Waiting[], { message }: Error): void {
    if (!this.#isRefusing)
      this.#surroundings.warn(`${this.#bmc}: ${message}; changes are refused until this ends`);
    this.#isRefusing = true;
    for (const { reject } of batch) reject(new IpmiError(CC.OutOfSpace, `${this.#bmc}: ${message}`));
  }

  async #writeLong({ resolve, reject }: Waiting, bytes: Uint8Array): Promise<void> {
    if (bytes.length > LONGEST_CHANGE)
      return reject(new IpmiError(CC.OutOfSpace, `${this.#bmc}: a change of ${bytes.length} bytes`));
    try {
      if (!(await this.#appendParts(bytes))) return reject(new FencedError(this.#bmc));
      this.#messages++;
      resolve();
    } catch (error) {
      reject(new IpmiError(CC.OutOfSpace, `${this.#bmc}: ${(error as Error).message}`));
    }
  }

  /** Rejects where its parts could not be written: nothing is changed then. False: as `append` says. */
  async #appendParts(bytes: Uint8Array, replacing = false): Promise<boolean> {
    const place = await this.#parts.write(`${this.#nextPart}${this.#partCount++}`, bytes);
    const named: BmcChange = { bmc: '', entries: [{ store: 'cluster', key: PARTS, value: place }] };
    const isWritten = await this.#append(this.#encoded([named]), replacing);
    if (isWritten) this.#partIds.push(place.id);
    return isWritten;
  }

  /**
   * Until it is known whether it is written. False: it is not, and nothing ever will be. Rejects with
   * NoRoomError where there is no room for it, and none of its tries can have been written.
   */
  async #append(bytes: Uint8Array, replacing = false): Promise<boolean> {
    for (let refusals = 0, isSure = true; !this.#isFenced; isSure = false) {
      try {
        this.#last = await this.#log.append(this.#subject, bytes, this.#last, replacing);
        return true;
      } catch (error) {
        if (error instanceof NoRoomError && isSure) throw error;
        if (error instanceof ConflictError) refusals++;
        const outcome = await this.#outcome(bytes, refusals > REFUSALS);
        if (outcome === 'written') return true;
        if (outcome === 'lost') {
          const { onFenced } = this.#surroundings;
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

  /**
   * What became of a message of which nobody heard: only who has taken the BMC since writes behind us.
   * One that was refused while nothing stands there has met one of ours, of a try before, that is still
   * on its way.
   */
  async #outcome(bytes: Uint8Array, isOften: boolean): Promise<'written' | 'lost' | 'unknown'> {
    try {
      const entries = await this.#log.read(this.#subject, Math.max(0, this.#last - 1));
      const isOursThere = this.#last === 0 || entries[0]?.sequence === this.#last;
      // Not what stood there when we took it: a backup of the log was restored.
      if (!isOursThere) return 'lost';
      const [next, ...later] = entries.slice(this.#last === 0 ? 0 : 1);
      if (next === undefined) return isOften ? 'lost' : 'unknown';
      if (later.length > 0 || Buffer.compare(next.bytes, bytes) !== 0) return 'lost';
      this.#last = next.sequence;
      return 'written';
    } catch {
      return 'unknown';
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => void this.#surroundings.clock.after(AGAIN, resolve));
  }

  /** All that is left of the subject's changes becomes one message in the place of the others. */
  async #compact(): Promise<void> {
    this.#messages = 0;
    try {
      const entries = await this.#log.read(this.#subject);
      if (entries.at(-1)?.sequence !== this.#last) return;
      const all = [...(await this.#contentsOf(entries)).changes()];
      const whole = this.#records(all);
      const length = entries.reduce((sum, { bytes }) => sum + bytes.length, this.#partsLength);
      if (whole.length > LONGEST_WHOLE || whole.length >= length / 2) return;
      const before = this.#partIds;
      this.#partIds = [];
      const isWritten = await (whole.length < LONGEST
        ? this.#append(whole, true)
        : this.#appendParts(whole, true));
      if (isWritten) for (const id of before) await this.#parts.remove(id);
    } catch (error) {
      this.#surroundings.warn(`${this.#bmc}: its history stays as it is: ${(error as Error).message}`);
    }
  }

  async #contentsOf(entries: readonly LogEntry[]): Promise<Contents> {
    const contents = new Contents();
    const lose = (sequence: number): void => {
      contents.loseSome();
      this.#surroundings.warn(`${this.#bmc}: message ${sequence} of its history cannot be read`);
    };
    this.#partIds = [];
    this.#partsLength = 0;
    for (const { bytes, sequence } of entries) {
      const place = this.#apply(contents, bytes, () => lose(sequence));
      if (place === undefined) continue;
      this.#partIds.push(place.id);
      this.#partsLength += place.length;
      const whole = await this.#parts.read(place);
      if (whole) this.#apply(contents, whole, () => lose(sequence));
      else lose(sequence);
    }
    return contents;
  }

  /** Where more of it lies, if it says so. */
  #apply(contents: Contents, bytes: Uint8Array, lose: () => void): PartsPlace | undefined {
    const reader = new RecordReader();
    let place: PartsPlace | undefined;
    for (const payload of [...reader.push(bytes), ...reader.finish()]) {
      const changes = decodeChanges(payload, this.#surroundings.seal);
      if (!changes) lose();
      for (const change of changes ?? []) {
        contents.apply(change);
        const named = change.bmc === '' ? change.entries.find(({ key }) => key === PARTS) : undefined;
        if (named) place = placeIn(named.value);
      }
    }
    return place;
  }

  /** Several records, so that none is too long to be read. */
  #records(changes: readonly BmcChange[]): Uint8Array {
    const records: Uint8Array[] = [];
    for (let at = 0; at < changes.length; at += RECORD)
      records.push(this.#encoded(changes.slice(at, at + RECORD)));
    return joined(records);
  }

  #encoded(changes: readonly BmcChange[]): Uint8Array {
    return encodeChanges(changes, this.#surroundings.seal);
  }
}
