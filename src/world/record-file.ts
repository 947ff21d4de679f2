import type { Files, OpenFile } from './world.ts';

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
   * Hears that the file cannot be written. What lasts hears of it once, until something could be written
   * again; of others, nothing more is written.
   */
  readonly failed: (error: unknown) => void;
}

const MIB = 1024 * 1024;
const SIZE = 100 * MIB;
/** Most bytes that wait for the disk; records that come meanwhile are left out, and counted. */
const WAITING = 16 * MIB;
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
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
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
    this.#file = file;
  }

  /** An older file of this name is overwritten, unless it lasts. Rejects with the system's error. */
  static async open(files: Files, path: string, options: RecordFileOptions): Promise<RecordFile> {
    const { lasts = false } = options;
    const file = await begun(files, path, lasts);
    const made = new RecordFile(files, path, options, file);
    if (lasts) made.#written = await file.size();
    if (made.#written === 0) made.#put(options.header);
    return made;
  }

  /** Records that were left out: the disk was too slow, or would not take them. */
  get missing(): number {
    return this.#missing;
  }

  /** `make` is told how many records before this one were left out since somebody was told. */
  write(make: (missing: number) => Uint8Array): void {
    if (this.#state === 'broken') return;
    if (this.#waitingBytes > WAITING) return this.#leftOut(1);
    const unsaid = this.#unsaid;
    this.#unsaid = 0;
    this.#saying += unsaid;
    this.#put([make(unsaid)]);
  }

  /** Somebody has moved the file away: one of its name is begun, or gone on with. */
  reopen(): void {
    if (this.#state === 'broken') return;
    this.#isStale = true;
    this.#writing ??= this.#drain();
  }

  /** Everything that was given is in the file then, or was told to have failed. */
  async close(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
    await this.#file.close();
  }

  #put(blocks: readonly Uint8Array[]): void {
    for (const block of blocks) {
      this.#waiting.push(block);
      this.#waitingBytes += block.length;
    }
    this.#writing ??= this.#drain();
  }

  #leftOut(records: number): void {
    this.#missing += records;
    this.#unsaid += records;
  }

  async #drain(): Promise<void> {
    let batch: readonly Uint8Array[] = [];
    let saying = 0;
    try {
      // What comes in one turn is one write.
      await Promise.resolve();
      while (this.#isStale || this.#waiting.length > 0) {
        if (this.#isStale) await this.#openAnew();
        if (this.#waiting.length === 0) break;
        batch = this.#waiting;
        saying = this.#saying;
        const bytes = joined(batch, this.#waitingBytes);
        this.#waiting = [];
        this.#waitingBytes = 0;
        await this.#file.append(bytes);
        batch = [];
        this.#saying -= saying;
        this.#written += bytes.length;
        this.#state = 'good';
        if (this.#written >= (this.#options.size ?? SIZE)) await this.#turn();
      }
    } catch (error) {
      const isNews = this.#state === 'good';
      this.#state = this.#options.lasts ? 'failing' : 'broken';
      this.#isStale = true;
      this.#leftOut(batch.length + this.#waiting.length);
      this.#unsaid += this.#saying;
      this.#saying = 0;
      this.#waiting = [];
      this.#waitingBytes = 0;
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
    for (let i = keep - 1; i >= 0; i--)
      if (i === 0 || (await this.#files.stat(older(i))) !== undefined)
        await this.#files.rename(older(i), older(i + 1));
    const old = this.#file;
    this.#file = await begun(this.#files, this.#path, false);
    await old.close();
    await this.#begin();
  }

  async #begin(): Promise<void> {
    const { header } = this.#options;
    const bytes = joined(
      header,
      header.reduce((sum, { length }) => sum + length, 0),
    );
    if (bytes.length > 0) await this.#file.append(bytes);
    this.#written = bytes.length;
  }
}

async function begun(files: Files, path: string, goesOn: boolean): Promise<OpenFile> {
  // Whoever may read an older one may not read this one for that.
  if (!goesOn) await files.remove(path);
  return files.open(path, 'append', MODE);
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
