import type { Durable, Journal } from '../state/store.ts';
import { makeDirectory } from '../world/make-directory.ts';
import type { Files, FileLock } from '../world/world.ts';
import { JournalFile, StorageError, type JournalFileOptions } from './journal-file.ts';
import type { Entry } from './record.ts';

/** Stores whose content is secret: they lie in a file of their own that nobody else may read. */
const SECRET = new Set(['passwords', 'channel-keys', 'serial-secrets']);

export const STATE_FILE = 'state.journal';
export const SECRETS_FILE = 'secrets.journal';
export const isSecret = (store: string): boolean => SECRET.has(store);

export interface StorageOptions {
  /** Encrypts the file of secrets. */
  readonly sealKey?: string;
  /** Told, a line each, of what was lost, and of trouble that ends by itself. */
  readonly warn: (message: string) => void;
  /** Bytes above which a journal is worth compacting. Default 1 MiB. */
  readonly compactAbove?: number;
}

/** A state directory: one journal for all BMCs of the process, and one for their secrets. */
export class Storage {
  readonly #state: JournalFile;
  readonly #secrets: JournalFile;
  readonly #lock: FileLock;

  private constructor(state: JournalFile, secrets: JournalFile, lock: FileLock) {
    this.#state = state;
    this.#secrets = secrets;
    this.#lock = lock;
  }

  /**
   * Makes the directory (0700) where there is none. Rejects with StorageError, having changed nothing, if another process has
   * it, if its files are not ours or of another version, or if they are sealed with another key.
   */
  static async open(files: Files, directory: string, { sealKey, ...options }: StorageOptions): Promise<Storage> {
    const lock = await lockDirectory(files, directory);
    try {
      const common: Omit<JournalFileOptions, 'name'> = { files, directory, ...options };
      const state = await JournalFile.open({ ...common, name: STATE_FILE });
      try {
        const secrets = await JournalFile.open({ ...common, name: SECRETS_FILE, sealKey });
        await files.syncDir(directory);
        return new Storage(state, secrets, lock);
      } catch (error) {
        await state.close();
        throw error;
      }
    } catch (error) {
      await lock.release();
      throw error instanceof StorageError ? error : new StorageError(`${directory}: ${(error as Error).message}`, { cause: error });
    }
  }

  /** The journal of one BMC, by its name. */
  journal(bmc: string): Journal {
    return {
      load: (store) => this.#fileOf(store).contents.take(bmc, store),
      write: (changes) => this.#write(bmc, changes),
      satellite: (name) => this.journal(`${bmc}/${name}`),
    };
  }

  /** BMCs beside the known ones of which the directory holds values, each with how many. */
  strangers(known: ReadonlySet<string>): [string, number][] {
    const counts = new Map<string, number>();
    for (const { contents } of [this.#state, this.#secrets])
      for (const [bmc, count] of contents.left()) if (!known.has(bmc)) counts.set(bmc, (counts.get(bmc) ?? 0) + count);
    return [...counts];
  }

  /** Resolves when everything that was acknowledged is on disk and the directory is free again. */
  async close(): Promise<void> {
    await Promise.all([this.#state.close(), this.#secrets.close()]);
    await this.#lock.release();
  }

  #fileOf(store: string): JournalFile {
    return isSecret(store) ? this.#secrets : this.#state;
  }

  /** A store's changes go into one file, as one record. */
  #write(bmc: string, entries: readonly Entry[]): Durable {
    return entries.length === 0 ? undefined : this.#fileOf(entries[0].store).append({ bmc, entries });
  }
}

/** One process a directory. */
export async function lockDirectory(files: Files, directory: string): Promise<FileLock> {
  try {
    await makeDirectory(files, directory);
    return await files.lock(`${directory}/lock`);
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    throw new StorageError(`${directory}: ${code === 'ELOCKED' ? 'another process uses this state directory' : message}`, { cause: error });
  }
}
