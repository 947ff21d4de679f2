import { CC, IpmiError } from '../codec/index.ts';
import type { Files, OpenFile } from '../world/world.ts';
import { encodeEntry, MAGIC, scan, type Entry } from './record.ts';

/** A state directory that cannot be used as it is; nothing in it was changed. */
export class StorageError extends Error {
  override name = 'StorageError';
}

interface Waiting {
  readonly bytes: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** One append-only file. Changes that come while a batch is being written go together into the next: one datasync for all. */
export class JournalFile {
  /** What was read when it was opened, in order. */
  readonly entries: readonly Entry[];
  readonly #file: OpenFile;
  readonly #path: string;
  #size: number;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;

  private constructor(file: OpenFile, path: string, size: number, entries: readonly Entry[]) {
    this.#file = file;
    this.#path = path;
    this.#size = size;
    this.entries = entries;
  }

  /** Cuts a torn tail; `warn` is told what was lost. Rejects with StorageError for a file that is none of ours. */
  static async open(files: Files, path: string, mode: number, warn: (message: string) => void): Promise<JournalFile> {
    const isNew = (await files.stat(path)) === undefined;
    const bytes = isNew ? new Uint8Array(0) : await files.read(path);
    const magic = new TextEncoder().encode(MAGIC);
    const head = new TextDecoder('latin1').decode(bytes.subarray(0, magic.length));
    // A file that ends within the magic line was being made when the power went.
    if (!MAGIC.startsWith(head)) throw new StorageError(`${path}: not a journal of this version of ipmi-bmc; move it away or name another directory`);
    const { entries, whole, damaged } = scan(bytes);
    if (damaged > 0) warn(`${path}: ${damaged} damaged record(s) in the middle are lost; serving with the rest`);
    if (bytes.length > whole) warn(`${path}: a torn tail of ${bytes.length - whole} byte(s) was cut`);
    const file = await files.open(path, 'write', mode);
    if (head !== MAGIC) {
      await file.truncate(0);
      await file.writeAt(0, magic);
    } else if (bytes.length > whole) {
      await file.truncate(whole);
    }
    await file.datasync();
    return new JournalFile(file, path, whole, entries);
  }

  /** Resolves when the changes are on disk; rejects with IpmiError C4h when they are not, and none of them then is. */
  append(entries: readonly Entry[]): Promise<void> {
    const records = entries.map(encodeEntry);
    const bytes = new Uint8Array(records.reduce((sum, record) => sum + record.length, 0));
    let at = 0;
    for (const record of records) {
      bytes.set(record, at);
      at += record.length;
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ bytes, resolve, reject });
      this.#writing ??= this.#writeAll();
    });
  }

  /** Waits for what is being written. */
  async close(): Promise<void> {
    await this.#writing;
    await this.#file.close();
  }

  async #writeAll(): Promise<void> {
    // One turn later, so that changes of the same moment share the first batch.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#writeBatch(this.#waiting.splice(0));
    this.#writing = undefined;
  }

  async #writeBatch(batch: readonly Waiting[]): Promise<void> {
    const bytes = new Uint8Array(batch.reduce((sum, one) => sum + one.bytes.length, 0));
    let at = 0;
    for (const one of batch) {
      bytes.set(one.bytes, at);
      at += one.bytes.length;
    }
    try {
      // At the known end, not at the file's: what a failed batch left behind is written over.
      await this.#file.writeAt(this.#size, bytes);
      await this.#file.datasync();
      this.#size += bytes.length;
      for (const { resolve } of batch) resolve();
    } catch (error) {
      await this.#file.truncate(this.#size).catch(() => undefined);
      const failure = new IpmiError(CC.OutOfSpace, `${this.#path}: ${(error as Error).message}`, { cause: error });
      for (const { reject } of batch) reject(failure);
    }
  }
}
