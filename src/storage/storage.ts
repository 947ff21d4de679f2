import { randomUUID } from 'node:crypto';
import { isGuard, type StoreFile } from '../state/store-declaration.ts';
import { unwaited, type Durable, type Journal } from '../state/store.ts';
import { declarationOf, isDeclared } from '../state/stores.ts';
import { settled } from '../world/settled.ts';
import type { Files, FileLock } from '../world/world.ts';
import { allNotesChange, stampChange, type Contents, type Stamp } from './contents.ts';
import { JournalFile, type JournalFileOptions } from './journal-file.ts';
import type { SyncTiming } from './journal-options.ts';
import { StorageError } from './journal-head.ts';
import type { Change, Entry } from './record.ts';
import { checkWriters, fileName, FILES, lockDirectory } from './state-directory.ts';
import { changesOf, type Belongings } from './travelling.ts';

/** Which file the values of a store of that name lie in. */
export const fileOf = (store: string): StoreFile => declarationOf(store).file;
export const isSecret = (store: string): boolean => fileOf(store) === 'secrets';

export interface StorageOptions {
  /** Encrypts the file of secrets. */
  readonly sealKey?: string;
  /** Told, a line each, of what was lost, and of trouble that ends by itself. */
  readonly warn: (message: string) => void;
  /** Bytes above which a journal is worth compacting. Default 32 KiB. */
  readonly compactAbove?: number;
  /** Told how long each datasync of changes took. Default: it is not looked at. */
  readonly timing?: SyncTiming;
}

/** The two files that guard know each other's keys. */
const NOTER: Readonly<Record<StoreFile, StoreFile | undefined>> = {
  state: undefined,
  access: 'secrets',
  secrets: 'access',
};

type Journals = Readonly<Record<StoreFile, JournalFile>>;

const HOLDS: Readonly<Record<StoreFile, string>> = {
  state: 'what clients changed of records, parameters and sensors',
  access: 'users, channel access, cipher suites and the firewall',
  secrets: 'passwords and keys',
};

/**
 * A state directory: one journal for all BMCs of the process, one for who may do what, and one for secrets.
 */
export class Storage {
  readonly #journals: Journals;
  readonly #lock: FileLock;

  readonly #log: { warn(message: string): void };

  private constructor(journals: Journals, lock: FileLock, warn: (message: string) => void) {
    this.#log = { warn };
    this.#journals = journals;
    this.#lock = lock;
  }

  /**
   * Makes the directory (0700) where there is none. Rejects with StorageError, having changed nothing, if
   * another process has it, if others may write in it, if its files are not ours or of another version, or
   * if they are sealed with another key.
   */
  static async open(files: Files, directory: string, options: StorageOptions): Promise<Storage> {
    const lock = await lockDirectory(files, directory);
    const opened: JournalFile[] = [];
    try {
      await checkWriters(files, directory, options.warn);
      const journals = await openJournals({ files, directory, ...options }, opened);
      await files.syncDir(directory);
      await lockWhatIsLost(directory, journals, options.warn);
      await moveToAccess(journals);
      await noteKeys(journals, directory, options.warn);
      await stamp(journals, directory, options.warn);
      return new Storage(journals, lock, options.warn);
    } catch (error) {
      await Promise.all(opened.map((journal) => journal.close()));
      await lock.release();
      throw error instanceof StorageError
        ? error
        : new StorageError(`${directory}: ${(error as Error).message}`, { cause: error });
    }
  }

  /** The journal of one BMC, by its name. */
  journal(bmc: string): Journal {
    return {
      load: (store) => this.#fileOf(store).contents.take(bmc, store),
      holds: (store) => {
        const { contents } = this.#fileOf(store);
        return contents.holds(bmc, store) || (contents.isInDoubt && isGuard(declarationOf(store)));
      },
      doubt: (store) => this.#fileOf(store).contents.doubt(bmc, store, this.#noterOf(store)?.contents),
      write: (changes) => this.#write(bmc, changes),
      satellite: (name) => this.journal(`${bmc}/${name}`),
    };
  }

  /**
   * Some BMCs that are closed are to be made again in this process: what is stored of them, and of their
   * satellites, can be loaded once more. Reads the files, once for all of them.
   */
  async putBack(bmcs: readonly string[]): Promise<void> {
    if (bmcs.length > 0) await Promise.all(this.#all.map((journal) => journal.putBack(bmcs)));
  }

  /**
   * What is stored of BMCs (and satellites, by their own names) that nobody has open. Rejects with
   * StorageError where something is locked: what is certain does not show in what it leaves.
   */
  async belongings(bmcs: readonly string[]): Promise<Belongings> {
    const locked = FILES.find((file) => this.#journals[file].contents.isInDoubt);
    if (locked !== undefined)
      throw new StorageError(
        `${fileName(locked)} has lost something, and what it holds is locked: look at it and 'ipmi-bmc state unlock' it first`,
      );
    await this.putBack(bmcs);
    const names = new Set(bmcs);
    const entries = this.#all.flatMap(({ contents }) =>
      [...contents.entries()].filter(({ bmc }) => names.has(bmc)),
    );
    return { bmcs: [...bmcs], changes: changesOf(entries) };
  }

  /**
   * Another directory's BMCs are this one's from now on; whatever it had of them is gone. Resolves when it is
   * on disk.
   */
  async takeOver({ bmcs, changes }: Belongings): Promise<void> {
    await this.forget(bmcs);
    await this.#store(changes);
  }

  /** Nothing of these BMCs, which nobody has open, is left. Resolves when that is on disk. */
  async forget(bmcs: readonly string[]): Promise<void> {
    const { changes } = await this.belongings(bmcs);
    await this.#store(
      changes.map(({ bmc, entries }) => ({
        bmc,
        entries: entries.map(({ store, key }) => ({ store, key, value: undefined })),
      })),
    );
  }

  /** Each change is of one store. */
  async #store(changes: readonly Change[]): Promise<void> {
    const written: Promise<void>[] = [];
    for (const change of changes) {
      this.#fileOf(change.entries[0].store).contents.apply(change);
      const done = this.#write(change.bmc, change.entries);
      if (done) written.push(done);
    }
    await Promise.all(written);
  }

  /** BMCs beside the known ones of which the directory holds values, each with how many. */
  strangers(known: ReadonlySet<string>): [string, number][] {
    const counts = new Map<string, number>();
    for (const { contents } of this.#all)
      for (const [bmc, count] of contents.left(known)) counts.set(bmc, (counts.get(bmc) ?? 0) + count);
    return [...counts];
  }

  /**
   * Somebody has looked at what is left: it holds, and nothing is locked any more. Returns the names of the
   * files that were in doubt.
   */
  async unlock(): Promise<string[]> {
    const doubtful = FILES.filter((file) => isGuard({ file }) && this.#journals[file].contents.isInDoubt);
    await Promise.all(doubtful.map((file) => this.#journals[file].trust()));
    return doubtful.map(fileName);
  }

  /** Resolves when everything that was acknowledged is on disk and the directory is free again. */
  async close(): Promise<void> {
    await Promise.all(this.#all.map((journal) => journal.settled()));
    await countAgain(this.#journals);
    await Promise.all(this.#all.map((journal) => journal.close()));
    await this.#lock.release();
  }

  get #all(): JournalFile[] {
    return FILES.map((file) => this.#journals[file]);
  }

  #fileOf(store: string): JournalFile {
    return this.#journals[fileOf(store)];
  }

  /** A store's changes go into one file, as one record. */
  #write(bmc: string, entries: readonly Entry[]): Durable {
    if (entries.length === 0) return undefined;
    const [{ store }] = entries;
    const noter = this.#noterOf(store);
    const notes = noter?.contents.missingNotes([{ bmc, entries }]);
    const done = this.#fileOf(store).append({ bmc, entries });
    if (!noter || !notes) return done;
    noter.contents.apply(notes);
    const noted = noter.append(notes);
    unwaited(noted, this.#log, 'the keys that are guarded');
    // The next start notes what this one could not.
    return Promise.all([done, settled(noted)]).then(() => undefined);
  }

  /** The file that notes which keys a store of another one has. */
  #noterOf(store: string): JournalFile | undefined {
    const noter = NOTER[fileOf(store)];
    return noter && this.#journals[noter];
  }
}

/** The three of a directory that nobody else uses; `opened` gets each, for whoever closes them. */
export async function openJournals(
  { sealKey, ...common }: Omit<JournalFileOptions, 'name' | 'guards'>,
  opened: JournalFile[] = [],
): Promise<Journals> {
  const opening = async (file: StoreFile): Promise<JournalFile> => {
    const own = { name: fileName(file), guards: isGuard({ file }), ...(file === 'secrets' && { sealKey }) };
    const journal = await JournalFile.open({ ...common, ...own });
    opened.push(journal);
    return journal;
  };
  return {
    state: await opening('state'),
    access: await opening('access'),
    secrets: await opening('secrets'),
  };
}

/**
 * What a file that is damaged, lost or older than the others may have said is locked; each such file is
 * told.
 */
async function lockWhatIsLost(
  directory: string,
  journals: Journals,
  warn: (message: string) => void,
): Promise<void> {
  const stamps = FILES.map((file) => journals[file].contents.stamp).filter((stamp) => stamp !== undefined);
  const id = stamps[0]?.id;
  const newest = Math.max(...stamps.map(({ generation }) => generation));
  for (const file of FILES) {
    const journal = journals[file];
    const reason = id === undefined ? legacyLoss(file, journals) : strangeness(file, journals, id, newest);
    if (reason === undefined && !journal.contents.isInDoubt) continue;
    const place = `${directory}/${fileName(file)}`;
    if (!isGuard({ file })) {
      if (reason !== undefined) warn(`${place}: ${reason}; ${HOLDS[file]} may be older than it was, or gone`);
      continue;
    }
    // A compaction of the damaged file has it already; a disk that refuses it has the damage itself.
    if (reason !== undefined && !journal.contents.isInDoubt)
      await journal.loseSome().catch((error: unknown) => warn(`${place}: ${(error as Error).message}`));
    const locked = `${HOLDS[file]} are locked until each is set anew from the host`;
    warn(
      `${place}: ${reason ?? 'some of it is lost'}; ${locked}, or until 'ipmi-bmc state unlock ${directory}' says that what is left is right`,
    );
  }
}

/** Before files knew each other there were two, made together; users lay in the state's. */
function legacyLoss(file: StoreFile, { state, secrets }: Journals): string | undefined {
  // Stores that nobody has declared are of a program that keeps its own things here, and no users.
  if (state.wasThere && ![...state.contents.entries()].some(({ store }) => isDeclared(store)))
    return undefined;
  if (file === 'secrets') return state.wasThere && !secrets.wasThere ? 'lost, or emptied' : undefined;
  if (file === 'state') return secrets.wasThere && !state.wasThere ? 'lost, or emptied' : undefined;
  if (state.wasDamaged) return 'what was to be moved here is damaged';
  return secrets.wasThere && !state.wasThere ? 'what was to be moved here is lost' : undefined;
}

function strangeness(file: StoreFile, journals: Journals, id: string, newest: number): string | undefined {
  const { contents, wasThere } = journals[file];
  const { stamp } = contents;
  const missing =
    Math.max(...FILES.map((other) => journals[other].contents.stamp?.counts?.[file] ?? 0)) - contents.count;
  const cut =
    wasThere && stamp?.id === id && missing > 0 ? `its last ${missing} change(s) are missing` : undefined;
  if (isCutStart(file, journals, newest)) return cut;
  if (!stamp) return wasThere ? 'not of this directory' : 'lost, or emptied';
  if (stamp.id !== id || FILES.some((other) => (journals[other].contents.stamp?.id ?? id) !== id))
    return 'not of the same directory as the others';
  return stamp.generation === newest ? cut : `older than the others (start ${stamp.generation} of ${newest})`;
}

/** Files are stamped in this order: one that has not been reached has none behind it that has. */
const STAMPED: readonly StoreFile[] = ['secrets', 'access', 'state'];

/**
 * A start that ended between two stamps: the file is one behind, so are those after it, and nothing follows
 * the stamps of the others.
 */
function isCutStart(file: StoreFile, journals: Journals, newest: number): boolean {
  const generation = (file: StoreFile): number => journals[file].contents.stamp?.generation ?? 0;
  const place = STAMPED.indexOf(file);
  return STAMPED.every((other, i) =>
    i >= place ? generation(other) === newest - 1 : journals[other].contents.endsWithStamp,
  );
}

/** Stores that now lie in the file of access were in the state's. What that says already is newer. */
async function moveToAccess({ state, access }: Journals): Promise<void> {
  if (![...state.contents.stores].some((store) => fileOf(store) === 'access')) return;
  const moved = [...state.contents.entries()].filter(({ store }) => fileOf(store) === 'access');
  if (moved.length === 0) return;
  const taken = moved.filter(({ bmc, store, key }) => !access.contents.has(bmc, store, key));
  for (const { bmc, ...entry } of taken) access.contents.apply({ bmc, entries: [entry] });
  await Promise.all(taken.map(({ bmc, ...entry }) => access.append({ bmc, entries: [entry] })));
  for (const { bmc, store, key } of moved) {
    const gone = { bmc, entries: [{ store, key, value: undefined }] };
    state.contents.apply(gone);
  }
  await Promise.all(
    moved.map(({ bmc, store, key }) => state.append({ bmc, entries: [{ store, key, value: undefined }] })),
  );
}

/** What a file that guards holds is noted in the other one: all of it, where nothing of it is lost. */
async function noteKeys(
  journals: Journals,
  directory: string,
  warn: (message: string) => void,
): Promise<void> {
  const note = async (file: 'access' | 'secrets', noter: JournalFile): Promise<void> => {
    const { contents } = journals[file];
    const add = async (change: ReturnType<Contents['missingNotes']>): Promise<void> => {
      if (!change) return;
      noter.contents.apply(change);
      await noter.append(change);
    };
    await add(noter.contents.missingNotes(contents.changes()));
    if (!noter.contents.hasAllNotes && !contents.isInDoubt) await add(allNotesChange());
  };
  try {
    await note('access', journals.secrets);
    await note('secrets', journals.access);
  } catch (error) {
    warn(`${directory}: not every key is noted: ${(error as Error).message}`);
  }
}

/**
 * Each start is a new generation in all files. Those that a cut start has left behind are brought up first,
 * so that two of them are never more than one apart. A disk that is full does not keep a BMC from starting:
 * then this start is none.
 */
async function stamp(journals: Journals, directory: string, warn: (message: string) => void): Promise<void> {
  const generations = FILES.map((file) => journals[file].contents.stamp?.generation ?? 0);
  const id =
    FILES.map((file) => journals[file].contents.stamp?.id).find((id) => id !== undefined) ?? randomUUID();
  const newest = Math.max(...generations);
  const isEven =
    generations.every((generation) => generation === newest) &&
    FILES.every((file) => journals[file].contents.stamp?.id === id);
  const next: Stamp = {
    id,
    generation: isEven || newest === 0 ? newest + 1 : newest,
    counts: countsOf(journals),
  };
  try {
    for (const file of STAMPED) {
      const { contents } = journals[file];
      if (contents.stamp?.id === id && contents.stamp.generation === next.generation) continue;
      await journals[file].append(stampChange(next));
      contents.apply(stampChange(next));
    }
  } catch (error) {
    warn(`${directory}: this start is not counted: ${(error as Error).message}`);
  }
}

const countsOf = (journals: Journals): Record<string, number> =>
  Object.fromEntries(FILES.filter((file) => isGuard({ file })).map((file) => [file, journals[file].count]));

/**
 * At its end a start says once more what the files have taken: whatever is cut off them until the next one
 * is missed.
 */
async function countAgain(journals: Journals): Promise<void> {
  const { stamp } = journals.state.contents;
  const counts = countsOf(journals);
  if (!stamp || Object.entries(counts).every(([file, count]) => stamp.counts?.[file] === count)) return;
  // A disk that is full has said so before; the counts of the start then hold.
  await Promise.all(FILES.map((file) => settled(journals[file].append(stampChange({ ...stamp, counts })))));
}
