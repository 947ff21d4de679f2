import { CC, IpmiError } from '../codec/index.ts';
import type { Files, OpenFile } from '../world/world.ts';
import { readRecords, type Contents } from './contents.ts';
import { encodeChange, MAGIC, SEALED_MAGIC, type Change } from './record.ts';
import { Seal, SEAL_HEADER } from './seal.ts';

/** A state directory that cannot be used as it is; nothing in it was changed. */
export class StorageError extends Error {
  override name = 'StorageError';
}

export interface JournalFileOptions {
  readonly files: Files;
  readonly directory: string;
  /** Within the directory. */
  readonly name: string;
  /** Encrypts the records. A file that is not sealed yet is sealed as it is opened. */
  readonly sealKey?: string;
  /** Told of what was lost, and of trouble that ends by itself. */
  readonly warn: (message: string) => void;
  /** Bytes above which a journal is worth compacting. Default 1 MiB. */
  readonly compactAbove?: number;
}

/** A batch of changes, or a piece of other work that needs the file for itself. */
type Turn =
  | { readonly bytes: Uint8Array; readonly resolve: () => void; readonly reject: (error: Error) => void }
  | { readonly run: () => Promise<void> };

const MODE = 0o600;
/** A journal is compacted when it is this many times as long as its live content was. */
const GROWTH = 4;
const PIECE = 256 * 1024;

/**
 * One append-only file. Changes that come while a batch is being written go together into the next: one datasync for all.
 * When most of it is history, a new file with the live content takes its place, written beside it while appending goes on.
 */
export class JournalFile {
  /** What was read as it was opened; stores take their values out of it. */
  readonly contents: Contents;
  readonly #options: JournalFileOptions;
  readonly #path: string;
  readonly #seal: Seal | undefined;
  #file: OpenFile;
  #size: number;
  #compactAbove: number;
  #turns: Turn[] = [];
  #writing: Promise<void> | undefined;
  #compacting: Promise<void> | undefined;
  /** Bytes of a failed batch may stand behind the end; they must go before anything is written. */
  #dirty = false;
  /** The disk refused the last batch; said once, and once more when it works again. */
  #failing = false;
  /** The directory does not surely know the file's new name yet. */
  #unnamed = false;

  private constructor(options: JournalFileOptions, seal: Seal | undefined, file: OpenFile, size: number, contents: Contents) {
    this.#options = options;
    this.#path = `${options.directory}/${options.name}`;
    this.#seal = seal;
    this.#file = file;
    this.#size = size;
    this.contents = contents;
    this.#compactAbove = Math.max(options.compactAbove ?? 1024 * 1024, size);
  }

  /** Cuts a torn tail; `warn` is told what was lost. Rejects with StorageError for a file that is none of ours, or sealed with another key. */
  static async open(options: JournalFileOptions): Promise<JournalFile> {
    const { files, directory, name, warn, sealKey } = options;
    const path = `${directory}/${name}`;
    // A compaction that the power ended: the journal itself is whole.
    await files.remove(`${path}.new`);
    const { head, size, seal, start } = await identify(files, path, sealKey);
    const file = await files.open(path, 'write', MODE);
    if (head === 'none') {
      const fresh = sealKey === undefined ? undefined : Seal.create(sealKey);
      const header = headerOf(fresh);
      await file.truncate(0);
      await file.writeAt(0, header);
      await file.datasync();
      return new JournalFile(options, fresh, file, header.length, (await readRecords(file, 0, 0, undefined)).contents);
    }
    const { contents, whole, damaged } = await readRecords(file, start, size, seal);
    if (damaged > 0) {
      warn(`${path}: ${damaged} damaged stretch(es) in the middle are lost; serving with the rest, the file as it was is kept as ${name}.damaged`);
      await copy(files, path, `${path}.damaged`, size);
    }
    if (size > whole) {
      warn(`${path}: a torn tail of ${size - whole} byte(s) was cut`);
      await file.truncate(whole);
    }
    await file.datasync();
    const target = sealKey !== undefined && seal === undefined ? Seal.create(sealKey) : seal;
    const journal = new JournalFile(options, target, file, whole, contents);
    // Damage is history once a fresh file stands; an open file becomes a sealed one.
    if (damaged > 0 || target !== seal) await journal.#compact(contents);
    return journal;
  }

  /** Bytes of the file. */
  get size(): number {
    return this.#size;
  }

  /** Resolves when the change is on disk; rejects with IpmiError C4h when it is not, and none of it then is. */
  append(change: Change): Promise<void> {
    return new Promise((resolve, reject) => this.#take({ bytes: encodeChange(change, this.#seal), resolve, reject }));
  }

  /** Waits for what is being written. */
  async close(): Promise<void> {
    await this.#compacting;
    await this.#writing;
    if (this.#dirty) await this.#clean();
    await this.#file.close();
  }

  /** What was written of a refused batch must not be found by the next start. */
  #clean(): Promise<unknown> {
    return this.#file.truncate(this.#size).then(
      () => (this.#dirty = false),
      () => undefined,
    );
  }

  #take(turn: Turn): void {
    this.#turns.push(turn);
    this.#writing ??= this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    // One turn later, so that changes of the same moment share the first batch.
    await Promise.resolve();
    while (this.#turns.length > 0) {
      const [first] = this.#turns;
      if ('run' in first) {
        this.#turns.shift();
        await first.run();
        continue;
      }
      const other = this.#turns.findIndex((turn) => 'run' in turn);
      const batch = this.#turns.splice(0, other < 0 ? this.#turns.length : other);
      await this.#writeBatch(batch as Exclude<Turn, { run: unknown }>[]);
    }
    this.#writing = undefined;
  }

  async #writeBatch(batch: readonly Exclude<Turn, { run: unknown }>[]): Promise<void> {
    const bytes = joined(batch.map((one) => one.bytes));
    try {
      if (this.#unnamed) await this.#options.files.syncDir(this.#options.directory);
      this.#unnamed = false;
      if (this.#dirty) await this.#file.truncate(this.#size);
      this.#dirty = true;
      await this.#file.writeAt(this.#size, bytes);
      await this.#file.datasync();
      this.#dirty = false;
      this.#size += bytes.length;
      if (this.#failing) this.#options.warn(`${this.#path}: changes are stored again`);
      this.#failing = false;
      for (const { resolve } of batch) resolve();
    } catch (error) {
      const failure = new IpmiError(CC.OutOfSpace, `${this.#path}: ${(error as Error).message}`, { cause: error });
      if (!this.#failing) this.#options.warn(`${this.#path}: ${(error as Error).message}; changes are refused until this ends`);
      this.#failing = true;
      await this.#clean();
      for (const { reject } of batch) reject(failure);
      return;
    }
    if (this.#size > this.#compactAbove && !this.#compacting) {
      this.#compacting = this.#compact().finally(() => (this.#compacting = undefined));
    }
  }

  /** Writes the live content to a file beside this one, then what was appended meanwhile, then lets it take this one's name. */
  async #compact(contents?: Contents): Promise<void> {
    const { files, warn } = this.#options;
    const path = `${this.#path}.new`;
    let next: OpenFile | undefined;
    try {
      next = await files.open(path, 'write', MODE);
      await next.truncate(0);
      let read = this.#size;
      const live = contents ?? (await readRecords(this.#file, (await this.#start()) ?? 0, read, this.#seal)).contents;
      let size = await writeContents(next, live, this.#seal);
      const liveSize = size;
      const follow = async (): Promise<void> => {
        for (; read < this.#size;) {
          const piece = await this.#file.readAt(read, Math.min(PIECE, this.#size - read));
          await next!.writeAt(size, piece);
          read += piece.length;
          size += piece.length;
        }
      };
      if (!contents) await follow();
      await next.datasync();
      const replace = async (): Promise<void> => {
        if (!contents) await follow();
        await next!.datasync();
        await files.rename(path, this.#path);
        const old = this.#file;
        this.#file = next!;
        this.#size = size;
        this.#dirty = false;
        this.#unnamed = true;
        this.#compactAbove = Math.max(this.#options.compactAbove ?? 1024 * 1024, liveSize * GROWTH);
        await old.close().catch(() => undefined);
        await files.syncDir(this.#options.directory).then(
          () => (this.#unnamed = false),
          () => undefined,
        );
      };
      if (contents) await replace();
      else {
        await new Promise<void>((resolve, reject) => this.#take({ run: () => replace().then(resolve, reject) }));
      }
    } catch (error) {
      // Nothing is lost: the journal only stays long. Try again when it has grown as much once more.
      this.#compactAbove = this.#size * 2;
      warn(`${this.#path}: could not be compacted (${(error as Error).message}); it stays as it is`);
      if (this.#file !== next) {
        await next?.close().catch(() => undefined);
        await files.remove(path).catch(() => undefined);
      }
    }
  }

  /** Where the records of the present file begin. */
  async #start(): Promise<number | undefined> {
    const head = await this.#file.readAt(0, SEALED_MAGIC.length);
    return startOf(head);
  }
}

function headerOf(seal: Seal | undefined): Uint8Array {
  const encoder = new TextEncoder();
  return seal ? joined([encoder.encode(SEALED_MAGIC), seal.header]) : encoder.encode(MAGIC);
}

function startOf(head: Uint8Array): number | undefined {
  const text = new TextDecoder('latin1').decode(head);
  if (text.startsWith(SEALED_MAGIC)) return SEALED_MAGIC.length + SEAL_HEADER;
  return text.startsWith(MAGIC) ? MAGIC.length : undefined;
}

export interface Identity {
  /** none: there is no file, or its making was cut short. */
  readonly head: 'none' | 'plain' | 'sealed';
  readonly size: number;
  readonly seal: Seal | undefined;
  /** Where the records begin. */
  readonly start: number;
}

/** Looks at a file without changing it. Rejects with StorageError for one that is none of ours, or sealed with another key. */
export async function identify(files: Files, path: string, sealKey: string | undefined): Promise<Identity> {
  const nothing: Identity = { head: 'none', size: 0, seal: undefined, start: 0 };
  const stat = await files.stat(path);
  if (stat === undefined) return nothing;
  const file = await files.open(path, 'read');
  try {
    const head = await file.readAt(0, SEALED_MAGIC.length + SEAL_HEADER);
    const text = new TextDecoder('latin1').decode(head.subarray(0, SEALED_MAGIC.length));
    const start = startOf(head);
    // A file that ends within its header was being made when the power went.
    if (start === undefined && (MAGIC.startsWith(text) || SEALED_MAGIC.startsWith(text))) return nothing;
    if (start === undefined) throw new StorageError(`${path}: not a journal of this version of ipmi-bmc; move it away or name another directory`);
    if (start === MAGIC.length) return { head: 'plain', size: stat.size, seal: undefined, start };
    if (head.length < start) return nothing;
    if (sealKey === undefined) throw new StorageError(`${path}: sealed; give its key with --seal-key or IPMI_BMC_SEAL_KEY`);
    const seal = Seal.read(sealKey, head.subarray(SEALED_MAGIC.length));
    if (!seal) throw new StorageError(`${path}: sealed with another key`);
    return { head: 'sealed', size: stat.size, seal, start };
  } finally {
    await file.close();
  }
}

async function writeContents(file: OpenFile, contents: Contents, seal: Seal | undefined): Promise<number> {
  let size = 0;
  let pieces: Uint8Array[] = [headerOf(seal)];
  let length = pieces[0].length;
  const flush = async (): Promise<void> => {
    await file.writeAt(size, joined(pieces));
    size += length;
    pieces = [];
    length = 0;
  };
  for (const { bmc, store, key, value } of contents.entries()) {
    const record = encodeChange({ bmc, entries: [{ store, key, value }] }, seal);
    pieces.push(record);
    length += record.length;
    if (length > PIECE) await flush();
  }
  await flush();
  return size;
}

async function copy(files: Files, from: string, to: string, size: number): Promise<void> {
  const [source, target] = [await files.open(from, 'read'), await files.open(to, 'write', MODE)];
  await target.truncate(0);
  for (let at = 0; at < size; at += PIECE) await target.writeAt(at, await source.readAt(at, Math.min(PIECE, size - at)));
  await target.datasync();
  await Promise.all([source.close(), target.close()]);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
