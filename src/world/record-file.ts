import type { Files, OpenFile } from './world.ts';

export interface RecordFileOptions {
  /** What a file begins with. */
  readonly header: readonly Uint8Array[];
  /** Bytes after which the file becomes `PATH.1`, in place of an older one. Default 100 MiB. */
  readonly size?: number;
  /** Hears once that the file cannot be written; nothing more is written then. */
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
  #written = 0;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #writing: Promise<void> | undefined;
  #isBroken = false;
  #missing = 0;
  /** Of these, what no record has said yet. */
  #unsaid = 0;

  private constructor(files: Files, path: string, options: RecordFileOptions, file: OpenFile) {
    this.#files = files;
    this.#path = path;
    this.#options = options;
    this.#file = file;
  }

  /** An older file of this name is overwritten. Rejects with the system's error. */
  static async open(files: Files, path: string, options: RecordFileOptions): Promise<RecordFile> {
    const made = new RecordFile(files, path, options, await begun(files, path));
    made.#put(options.header);
    return made;
  }

  /** Records that were left out, as the disk was too slow. */
  get missing(): number {
    return this.#missing;
  }

  /** `make` is told how many records before this one were left out since somebody was told. */
  write(make: (missing: number) => Uint8Array): void {
    if (this.#isBroken) return;
    if (this.#waitingBytes > WAITING) {
      this.#missing++;
      this.#unsaid++;
      return;
    }
    const unsaid = this.#unsaid;
    this.#unsaid = 0;
    this.#put([make(unsaid)]);
  }

  /** Everything that was given is in the file then. */
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

  async #drain(): Promise<void> {
    try {
      // What comes in one turn is one write.
      await Promise.resolve();
      while (this.#waiting.length > 0) {
        const batch = joined(this.#waiting, this.#waitingBytes);
        this.#waiting = [];
        this.#waitingBytes = 0;
        await this.#file.append(batch);
        this.#written += batch.length;
        if (this.#written >= (this.#options.size ?? SIZE)) await this.#turn();
      }
    } catch (error) {
      this.#isBroken = true;
      this.#waiting = [];
      this.#waitingBytes = 0;
      this.#options.failed(error);
    } finally {
      this.#writing = undefined;
    }
  }

  async #turn(): Promise<void> {
    await this.#file.close();
    await this.#files.rename(this.#path, `${this.#path}.1`);
    this.#file = await begun(this.#files, this.#path);
    const header = joined(
      this.#options.header,
      this.#options.header.reduce((sum, { length }) => sum + length, 0),
    );
    await this.#file.append(header);
    this.#written = header.length;
  }
}

async function begun(files: Files, path: string): Promise<OpenFile> {
  // Whoever may read an older one may not read this one for that.
  await files.remove(path);
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
