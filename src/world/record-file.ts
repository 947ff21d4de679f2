import type { Clock, Files, OpenFile } from './world.ts';

export interface RecordFileOptions {
  /** What a file begins with. */
  readonly header: readonly Uint8Array[];
  /** Bytes after which the file becomes `PATH.1`, and older ones move on. Default 100 MiB. */
  readonly size?: number;
  /** Older files that stay: `PATH.1` to this number. Default 1. */
  readonly keep?: number;
  /** It goes on behind what is there, and tries again after a failure; else that ends it. */
  readonly lasts?: boolean;
  /**
   * Records wait for others so many milliseconds at most, as a write costs more than what is written. A
   * crash takes those that wait. Default: those of one turn of the event loop are one write.
   */
  readonly gather?: { readonly clock: Pick<Clock, 'after'>; readonly ms: number };
  /**
   * Hears that the file cannot be written. What lasts hears of it once, until something could be written
   * again; of others, nothing more is written.
   */
  readonly failed: (error: unknown) => void;
}

const MIB = 1024 * 1024;
const SIZE = 100 * MIB;
/** Most bytes that wait for the disk; records that come meanwhile are left out, and counted. */
const WAITING = 16 * MIB;
/** Bytes that do not wait for others. */
const ENOUGH = 256 * 1024;
/** Memory for what waits: what was larger is given back. */
const LEAST = 4 * 1024;
const KEPT = MIB;
const NONE = new Uint8Array(0);
/** Those who may read what passes a BMC: the file's owner. */
const MODE = 0o600;

/**
 * Records in a file, in the order in which they came. Nobody waits for the disk: what waits is bounded, and
 * how many records were left out the next one can say.
 */
export class RecordFile {
  readonly #files: Files;
  readonly #path: string;
  readonly #options: RecordFileOptions;
  #file: OpenFile;
  /** Bytes that are whole records. */
  #written = 0;
  /** What waits, one record behind the other. */
  #memory = NONE;
  #fill = 0;
  #waiting = 0;
  /** Used in turns with the other: one is filled while the other is written. */
  #spare = NONE;
  /** Of what waits, what each file begins with from then on. */
  #heads: Uint8Array[] = [];
  #header: readonly Uint8Array[];
  #hurry: (() => void) | undefined;
  #isClosing = false;
  #writing: Promise<void> | undefined;
  #state: 'good' | 'failing' | 'broken' = 'good';
  /** The file is opened anew before the next record. */
  #isStale = false;
  #missing = 0;
  /** Of these, what no record has said yet. */
  #unsaid = 0;
  /** What those say that wait, or are being written: said only when they are in the file. */
  #saying = 0;

  private constructor(files: Files, path: string, options: RecordFileOptions, file: OpenFile) {
    this.#files = files;
    this.#path = path;
    this.#options = options;
    this.#header = options.header;
    this.#file = file;
  }

  /** An older file of this name is overwritten, unless it lasts. Rejects with the system's error. */
  static async open(files: Files, path: string, options: RecordFileOptions): Promise<RecordFile> {
    const { lasts = false } = options;
    const file = await begun(files, path, lasts);
    const recordFile = new RecordFile(files, path, options, file);
    if (lasts) recordFile.#written = await file.size();
    if (recordFile.#written === 0) for (const part of options.header) recordFile.#put(part);
    return recordFile;
  }

  /** Records that were left out: the disk was too slow, or would not take them. */
  get missing(): number {
    return this.#missing;
  }

  /** Of these, those that no record has said yet. */
  get unsaid(): number {
    return this.#unsaid;
  }

  /** `make` is told how many records before this one were left out since somebody was told. */
  write(make: (missing: number) => Uint8Array): void {
    if (this.#isFull()) return;
    const bytes = make(this.#unsaid);
    const at = this.#take(bytes.length);
    this.#memory.set(bytes, at);
  }

  /** Where `reserve` has made room. */
  get memory(): Uint8Array {
    return this.#memory;
  }

  /**
   * Room for a record that says `unsaid`: where it begins in `memory`. It is to be filled at once, what is
   * there may be anything. -1: there is none, and it is left out. `records`: it is so many, of which the
   * first says it.
   */
  reserve(length: number, records = 1): number {
    return this.#isFull(records) ? -1 : this.#take(length, records);
  }

  /** Written now, and at the beginning of each file that is begun from now on. It is never left out. */
  begin(bytes: Uint8Array): void {
    if (this.#state === 'broken') return;
    this.#heads.push(bytes);
    this.#put(bytes);
  }

  #isFull(records = 1): boolean {
    if (this.#state === 'broken') return true;
    if (this.#fill <= WAITING) return false;
    this.#leftOut(records);
    return true;
  }

  #take(length: number, records = 1): number {
    this.#saying += this.#unsaid;
    this.#unsaid = 0;
    this.#waiting += records;
    return this.#room(length);
  }

  /** Somebody has moved the file away: one of its name is begun, or gone on with. */
  reopen(): void {
    if (this.#state === 'broken') return;
    this.#isStale = true;
    this.#hurry?.();
    this.#writing ??= this.#drain();
  }

  /** Waits until nothing waits for the disk: at once, where enough for a write does. */
  async settled(): Promise<void> {
    while (this.#fill > 0 && this.#writing !== undefined) await this.#writing;
  }

  /** Everything that was given is in the file then, or was told to have failed. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#hurry?.();
    while (this.#writing !== undefined) await this.#writing;
    await this.#file.close();
  }

  #put(bytes: Uint8Array): void {
    const at = this.#room(bytes.length);
    this.#memory.set(bytes, at);
  }

  #room(length: number): number {
    const at = this.#fill;
    const end = at + length;
    if (end > this.#memory.length) {
      const larger = new Uint8Array(Math.max(LEAST, end, 2 * this.#memory.length));
      larger.set(this.#memory.subarray(0, at));
      this.#memory = larger;
    }
    this.#fill = end;
    if (this.#writing === undefined) this.#writing = this.#drain();
    else if (end >= ENOUGH) this.#hurry?.();
    return at;
  }

  #leftOut(records: number): void {
    this.#missing += records;
    this.#unsaid += records;
  }

  /** Until there is enough for a write, or it has waited long enough. */
  async #gathered(): Promise<void> {
    const { gather } = this.#options;
    if (gather === undefined || this.#isClosing || this.#isStale || this.#fill >= ENOUGH) return;
    await new Promise<void>((resolve) => {
      const timer = gather.clock.after(gather.ms, resolve);
      this.#hurry = () => {
        timer.cancel();
        resolve();
      };
    });
    this.#hurry = undefined;
  }

  async #drain(): Promise<void> {
    let records = 0;
    let saying = 0;
    try {
      // What comes in one turn is one write.
      await Promise.resolve();
      while (this.#isStale || this.#fill > 0) {
        await this.#gathered();
        if (this.#isStale) await this.#openAnew();
        if (this.#fill === 0) break;
        records = this.#waiting;
        saying = this.#saying;
        const heads = this.#heads;
        this.#heads = [];
        const bytes = this.#memory.subarray(0, this.#fill);
        this.#memory = this.#spare;
        this.#fill = this.#waiting = 0;
        await this.#file.append(bytes);
        this.#spare = bytes.buffer.byteLength > KEPT ? NONE : new Uint8Array(bytes.buffer);
        records = 0;
        if (heads.length > 0) this.#header = [...this.#header, ...heads];
        this.#saying -= saying;
        this.#written += bytes.length;
        this.#state = 'good';
        if (this.#written >= (this.#options.size ?? SIZE)) await this.#turn();
      }
    } catch (error) {
      const isNews = this.#state === 'good';
      this.#state = this.#options.lasts ? 'failing' : 'broken';
      this.#isStale = true;
      this.#leftOut(records + this.#waiting);
      this.#unsaid += this.#saying;
      this.#saying = 0;
      this.#fill = this.#waiting = 0;
      if (isNews) this.#options.failed(error);
    } finally {
      this.#writing = undefined;
    }
  }

  /** After a failure half a record may stand at the end: it goes. */
  async #openAnew(): Promise<void> {
    if (this.#state === 'failing') await this.#file.truncate(this.#written);
    const old = this.#file;
    this.#file = await begun(this.#files, this.#path, true);
    await old.close();
    this.#isStale = false;
    this.#written = await this.#file.size();
    if (this.#written === 0) await this.#begin();
  }

  async #turn(): Promise<void> {
    const { keep = 1 } = this.#options;
    const older = (i: number): string => (i === 0 ? this.#path : `${this.#path}.${i}`);
    // In place of another one, ext4 begins to write out at once, in this process, all that is renamed.
    await this.#files.remove(older(keep));
    for (let i = keep - 1; i >= 0; i--)
      if (i === 0 || (await this.#files.stat(older(i))) !== undefined)
        await this.#files.rename(older(i), older(i + 1));
    const old = this.#file;
    this.#file = await begun(this.#files, this.#path, false);
    await old.close();
    await this.#begin();
  }

  async #begin(): Promise<void> {
    const bytes = joined(this.#header);
    if (bytes.length > 0) await this.#file.append(bytes);
    this.#written = bytes.length;
  }
}

async function begun(files: Files, path: string, goesOn: boolean): Promise<OpenFile> {
  // Whoever may read an older one may not read this one for that.
  if (!goesOn) await files.remove(path);
  return files.open(path, 'append', MODE);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
