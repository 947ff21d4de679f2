import type { Change, Durable, Journal } from '../state/store.ts';
import type { Files, FileLock } from '../world/world.ts';
import { JournalFile, StorageError } from './journal-file.ts';
import type { Entry } from './record.ts';

/** Stores whose content is secret: they lie in a file of their own that nobody else may read. */
const SECRET = new Set(['passwords', 'channel-keys']);

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

  /** Makes the directory (0700) where there is none. Rejects with StorageError if another process has it, or its files are not ours. */
  static async open(files: Files, directory: string, warn: (message: string) => void): Promise<Storage> {
    await files.mkdir(directory, 0o700);
    const lock = await files.lock(`${directory}/lock`).catch((error: unknown) => {
      throw new StorageError(
        `${directory}: ${(error as { code?: string }).code === 'ELOCKED' ? 'another process uses this state directory' : (error as Error).message}`,
        { cause: error },
      );
    });
    try {
      const state = await JournalFile.open(files, `${directory}/state.journal`, 0o600, warn);
      const secrets = await JournalFile.open(files, `${directory}/secrets.journal`, 0o600, warn);
      await files.syncDir(directory);
      return new Storage(state, secrets, lock);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** The journal of one BMC, by its name. */
  journal(bmc: string): Journal {
    return {
      load: (store) => this.#load(bmc, store),
      write: (changes) => this.#write(changes.map((change) => ({ bmc, ...change }))),
    };
  }

  /** Resolves when everything that was acknowledged is on disk and the directory is free again. */
  async close(): Promise<void> {
    await Promise.all([this.#state.close(), this.#secrets.close()]);
    await this.#lock.release();
  }

  #fileOf(store: string): JournalFile {
    return SECRET.has(store) ? this.#secrets : this.#state;
  }

  #load(bmc: string, store: string): Iterable<readonly [string, unknown]> {
    const values = new Map<string, unknown>();
    for (const entry of this.#fileOf(store).entries) {
      if (entry.bmc !== bmc || entry.store !== store) continue;
      if (entry.value === undefined) values.delete(entry.key);
      else values.set(entry.key, entry.value);
    }
    return values;
  }

  /** A store's changes go into one file, and so into one batch. */
  #write(entries: readonly (Change & Entry)[]): Durable {
    return entries.length === 0 ? undefined : this.#fileOf(entries[0].store).append(entries);
  }
}
