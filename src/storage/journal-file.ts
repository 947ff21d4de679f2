import { CC, IpmiError } from '../codec/index.ts';
import type { OpenFile } from '../world/world.ts';
import { doubtChange, isOfBmc, trustChange, type Contents } from './contents.ts';
import { readRecords, type Reading } from './read-records.ts';
import { joined } from './bytes.ts';
import { headerOf, identify, startOf } from './journal-head.ts';
import { encodeChange, encodeChanges, SEALED_MAGIC, type Change } from './record.ts';
import { Seal } from './seal.ts';
import { settled } from '../world/settled.ts';
import { writeContents, copyDamaged, MODE, PIECE, SPARE, PAGE, SPARE_MOST, isFull } from './journal-copy.ts';
import type { JournalFileOptions } from './journal-options.ts';

export type { JournalFileOptions } from './journal-options.ts';

/** A batch of changes, or a piece of other work that needs the file for itself. */
type Turn =
  | { readonly change: Change; readonly resolve: () => void; readonly reject: (error: Error) => void }
  | { readonly run: () => Promise<void> };

/** A journal is compacted when it is this many times as long as its live content was. */
const GROWTH = 4;
/** Below this a journal is not compacted as it is opened, whatever it holds. */
const WORTH_IT = 16 * 1024;
/** Bytes above which a journal is worth compacting, where it is not said. */
const COMPACT_ABOVE = 32 * 1024;
/**
 * One append-only file. Changes that come while a batch is being written go together into the next: one
 * datasync for all. When most of it is history, a new file with the live content takes its place, written
 * beside it while appending goes on. A file of zeros keeps the room for that: a disk that is full is made
 * room on before a change is refused.
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
  #compacting: Promise<boolean> | undefined;
  /** Bytes of a failed batch may stand behind the end; they must go before anything is written. */
  #dirty = false;
  /** The disk refused the last batch; said once, and once more when it works again. */
  #failing = false;
  /** The directory does not surely know the file's new name yet. */
  #unnamed = false;
  /** Bytes after the last compaction, tried or done: nothing is won by another one before it has grown. */
  #compacted = 0;
  /** A batch waits in its turn for the compaction that is under way. */
  #yielded = false;
  /** The file was there, and not empty. */
  readonly wasThere: boolean;
  /** Something in it could not be read. */
  readonly wasDamaged: boolean;

  #count: number;

  private constructor(
    options: JournalFileOptions,
    seal: Seal | undefined,
    file: OpenFile,
    size: number,
    { contents, damaged }: Pick<Reading, 'contents' | 'damaged'>,
    wasThere: boolean,
  ) {
    this.#options = options;
    this.#path = `${options.directory}/${options.name}`;
    this.#seal = seal;
    this.#file = file;
    this.#size = size;
    this.contents = contents;
    this.#count = contents.count;
    this.wasThere = wasThere;
    this.wasDamaged = damaged > 0;
    this.#compactAbove = Math.max(options.compactAbove ?? COMPACT_ABOVE, size);
  }

  /**
   * Cuts a torn tail; `warn` is told what was lost. Rejects with StorageError for a file that is none of
   * ours, or sealed with another key.
   */
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
      const journal = new JournalFile(
        options,
        fresh,
        file,
        header.length,
        await readRecords(file, 0, 0, undefined),
        false,
      );
      await journal.#keepSpare(0);
      return journal;
    }
    const reading = await readRecords(file, start, size, seal, { readsAll: options.guards, path, warn });
    const { contents, whole, damaged, tail } = reading;
    let kept: string | undefined;
    if (damaged > 0) {
      kept = await copyDamaged(files, directory, name, size, warn);
      const gap = tail === 'damaged' ? 'its end' : `${damaged} damaged stretch(es) in the middle`;
      const are = tail === 'damaged' ? 'is' : 'are';
      warn(
        `${path}: ${gap} ${are} lost; serving with the rest${kept && `, the file as it was is kept as ${kept}`}`,
      );
    }
    if (tail === 'torn') {
      warn(`${path}: a torn tail of ${size - whole} byte(s) was cut`);
      await file.truncate(whole);
    }
    await file.datasync();
    const target = sealKey !== undefined && seal === undefined ? Seal.create(sealKey) : seal;
    // What is damaged at the end stays until the fresh file stands: it is all that says that something is
    // lost.
    const journal = new JournalFile(options, target, file, tail === 'damaged' ? size : whole, reading, true);
    const isHistory = journal.size > WORTH_IT && contents.isMostlyHistory;
    // Damage is history once a fresh file stands; an open file becomes a sealed one.
    if (kept !== '' && (damaged > 0 || target !== seal || isHistory)) await journal.#compact({ contents });
    else await journal.#keepSpare(journal.size);
    // Half of it is live at least: the first change of each start is no reason to write it all anew.
    if (!contents.isMostlyHistory)
      journal.#compactAbove = Math.max(journal.#compactAbove, (journal.size * GROWTH) / 2);
    return journal;
  }

  /** Changes that it has taken since it was made. */
  get count(): number {
    return this.#count;
  }

  /** Resolves when what was appended until now is on disk, or refused. */
  async settled(): Promise<void> {
    await this.#compacting;
    await this.#writing;
  }

  /** What the file says now of some BMCs, none of which writes: their stores may take it again. */
  async putBack(bmcs: readonly string[]): Promise<void> {
    for (;;) {
      await this.settled();
      const file = this.#file;
      try {
        const { contents } = await this.#readAgain(file, this.#size);
        // A compaction that another BMC's change began may have put a new file in its place meanwhile.
        if (file !== this.#file) continue;
        for (const bmc of bmcs) this.contents.putBack(bmc, contents);
        return;
      } catch (error) {
        if (file === this.#file) throw error;
      }
    }
  }

  /** Bytes of the file. */
  get size(): number {
    return this.#size;
  }

  /**
   * Resolves when the change is on disk; rejects with IpmiError C4h when it is not, and none of it then is.
   */
  append(change: Change): Promise<void> {
    return new Promise((resolve, reject) => this.#take({ change, resolve, reject }));
  }

  /**
   * What was written until now may not be all that was: locked, in this life and in the next ones, until it
   * is set anew.
   */
  loseSome(): Promise<void> {
    this.contents.loseSome();
    return this.append(doubtChange());
  }

  /** Somebody has looked: what is there holds. */
  trust(): Promise<void> {
    this.contents.trust();
    return this.append(trustChange());
  }

  /** Waits for what is being written. */
  async close(): Promise<void> {
    await this.settled();
    if (this.#dirty) await this.#clean();
    await this.#file.close();
  }

  /** What was written of a refused batch must not be found by the next start. */
  async #clean(): Promise<void> {
    try {
      await this.#file.truncate(this.#size);
      this.#dirty = false;
    } catch {
      // Tried again before the next batch, and at the end.
    }
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
    try {
      // What fails first may be due to our own history: once there is room, the batch is tried again.
      await this.#put(batch).catch(async (error: unknown) => {
        if (!isFull(error) || !(await this.#makeRoom())) throw error;
        await this.#put(batch);
      });
      if (this.#failing) this.#options.warn(`${this.#path}: changes are stored again`);
      this.#failing = false;
      for (const { resolve } of batch) resolve();
    } catch (error) {
      const failure = new IpmiError(CC.OutOfSpace, `${this.#path}: ${(error as Error).message}`, {
        cause: error,
      });
      if (!this.#failing)
        this.#options.warn(`${this.#path}: ${(error as Error).message}; changes are refused until this ends`);
      this.#failing = true;
      await this.#clean();
      for (const { reject } of batch) reject(failure);
      return;
    }
    if (this.#size > this.#compactAbove && !this.#compacting) {
      this.#compacting = this.#compact({}).finally(() => (this.#compacting = undefined));
    }
  }

  async #put(batch: readonly Exclude<Turn, { run: unknown }>[]): Promise<void> {
    const { files, directory, guards = false, timing } = this.#options;
    const changes = batch.map(({ change }) => change);
    const bytes = guards
      ? encodeChanges(changes, this.#seal)
      : joined(changes.map((change) => encodeChange(change, this.#seal)));
    if (this.#unnamed) await files.syncDir(directory);
    this.#unnamed = false;
    if (this.#dirty) await this.#file.truncate(this.#size);
    this.#dirty = true;
    await this.#file.writeAt(this.#size, bytes);
    const begun = timing?.monotonic() ?? 0;
    await this.#file.datasync();
    timing?.took(timing.monotonic() - begun);
    this.#dirty = false;
    this.#size += bytes.length;
    this.#count += changes.filter(isOfBmc).length;
  }

  /**
   * The disk is full: our history goes, in the turn of the batch that found it so. False: there was none, or
   * no room even for the rest.
   */
  async #makeRoom(): Promise<boolean> {
    await this.#clean();
    if (this.#dirty) return false;
    if (this.#compacting) {
      // One is under way, and has taken the room: it gets this turn.
      this.#yielded = true;
      const at = this.#turns.findIndex((turn) => 'run' in turn);
      const [turn] = at < 0 ? [] : this.#turns.splice(at, 1);
      if (turn && 'run' in turn) await turn.run();
      await this.#compacting;
      this.#yielded = false;
      return true;
    }
    return this.#size > this.#compacted && this.#compact({ inTurn: true });
  }

  /**
   * Writes the live content to a file beside this one, then what was appended meanwhile, then lets it take
   * this one's name.
   * `contents`: what lives, where it is known and nothing is appended meanwhile; `inTurn`: nobody else
   * writes. False: it stays as it is.
   */
  async #compact({
    contents,
    inTurn = contents !== undefined,
  }: {
    contents?: Contents;
    inTurn?: boolean;
  }): Promise<boolean> {
    const { files, warn } = this.#options;
    const path = `${this.#path}.new`;
    let next: OpenFile | undefined;
    await this.#dropSpare();
    try {
      const file = await files.open(path, 'write', MODE);
      next = file;
      await file.truncate(0);
      let read = this.#size;
      const live = contents ?? (await this.#readAgain(this.#file, read)).contents;
      let size = await writeContents(next, live, this.#seal);
      const liveSize = size;
      // As far as the file went when it was called: whoever writes all the time would be run after for ever.
      const follow = async (): Promise<void> => {
        for (const end = this.#size; read < end;) {
          const piece = await this.#file.readAt(read, Math.min(PIECE, end - read));
          await file.writeAt(size, piece);
          read += piece.length;
          size += piece.length;
        }
      };
      if (!inTurn) await follow();
      await next.datasync();
      const replace = async (): Promise<void> => {
        if (!inTurn) await follow();
        await file.datasync();
        await files.rename(path, this.#path);
        const old = this.#file;
        this.#file = file;
        this.#size = size;
        this.#dirty = false;
        this.#unnamed = true;
        this.#compacted = size;
        this.#compactAbove = Math.max(this.#options.compactAbove ?? COMPACT_ABOVE, liveSize * GROWTH);
        await settled(old.close());
        await files.syncDir(this.#options.directory).then(
          () => (this.#unnamed = false),
          () => undefined,
        );
        await this.#keepSpare(liveSize);
      };
      if (inTurn) await replace();
      else if (this.#yielded) await replace();
      else
        await new Promise<void>((resolve, reject) =>
          this.#take({ run: () => replace().then(resolve, reject) }),
        );
      return true;
    } catch (error) {
      // Nothing is lost: the journal only stays long. Try again when it has grown as much once more.
      this.#compactAbove = this.#size * 2;
      if (inTurn) this.#compacted = this.#size;
      warn(`${this.#path}: could not be compacted (${(error as Error).message}); it stays as it is`);
      if (this.#file !== next) {
        if (next) await settled(next.close());
        await settled(files.remove(path));
      }
      return false;
    }
  }

  /** Keeps room for `live` bytes and some more; on a disk that has none, a compaction has to find its own. */
  async #keepSpare(live: number): Promise<void> {
    const { files } = this.#options;
    const path = `${this.#path}.spare`;
    const size = Math.min(Math.ceil((live * 1.25 + SPARE) / PAGE) * PAGE, SPARE_MOST);
    if (live > SPARE_MOST) return this.#dropSpare();
    try {
      if (((await files.stat(path))?.size ?? 0) !== size)
        await files.write(path, new Uint8Array(size), { mode: MODE });
    } catch {
      await this.#dropSpare();
    }
  }

  #dropSpare(): Promise<void> {
    return settled(this.#options.files.remove(`${this.#path}.spare`));
  }

  async #readAgain(file: OpenFile, end: number): Promise<Reading> {
    return readRecords(file, (await this.#start()) ?? 0, end, this.#seal, { readsAll: this.#options.guards });
  }

  /** Where the records of the present file begin. */
  async #start(): Promise<number | undefined> {
    const head = await this.#file.readAt(0, SEALED_MAGIC.length);
    return startOf(head);
  }
}
