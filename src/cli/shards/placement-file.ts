import { Placement, type Moved } from '../../fleet/placement.ts';
import { KeptFile } from '../../storage/kept-file.ts';
import type { Files } from '../../world/world.ts';
import { CliError } from '../errors.ts';

const NAME = 'shards.json';

/** A BMC that is elsewhere already, with what it has left to be forgotten. */
type Leaving = Readonly<Record<string, number>>;

interface Value {
  readonly shards: number;
  readonly moved: Moved;
  readonly leaving: Leaving;
}

/** Which shard has which BMC, in memory or in `shards.json` of the state directory. */
export class PlacementFile {
  now: Placement;
  #leaving: Leaving;
  readonly #file: KeptFile | undefined;

  private constructor(file: KeptFile | undefined, now: Placement, leaving: Leaving) {
    this.#file = file;
    this.now = now;
    this.#leaving = leaving;
  }

  /** In memory. */
  static of(shards: number): PlacementFile {
    return new PlacementFile(undefined, new Placement(shards), {});
  }

  /** As the directory has it; undefined: no shards have served it. Rejects with CliError. */
  static async read(files: Files, directory: string): Promise<PlacementFile | undefined> {
    const file = new KeptFile(files, directory, NAME);
    const value = await file.read();
    if (value === undefined) return undefined;
    if (!isValue(value)) throw new CliError(`${directory}/${NAME}: says not which shard has which BMC`);
    return new PlacementFile(file, new Placement(value.shards, value.moved), value.leaving);
  }

  /** So many from now on: whoever was moved before is where its name says. Resolves when it is on disk. */
  static async begin(files: Files, directory: string, shards: number): Promise<PlacementFile> {
    const begun = new PlacementFile(new KeptFile(files, directory, NAME), new Placement(shards), {});
    await begun.#write();
    return begun;
  }

  /** BMCs that are elsewhere already, and the shard that may still have something of them. */
  get leaving(): Leaving {
    return this.#leaving;
  }

  /** Resolves when it holds, whatever happens next. */
  async move(bmc: string, to: number, from: number): Promise<void> {
    this.now = this.now.with(bmc, to);
    this.#leaving = { ...this.#leaving, [bmc]: from };
    await this.#write();
  }

  /** Nothing of it is left where it was. */
  async left(bmc: string): Promise<void> {
    this.#leaving = Object.fromEntries(Object.entries(this.#leaving).filter(([name]) => name !== bmc));
    await this.#write();
  }

  async #write(): Promise<void> {
    const value: Value = { shards: this.now.of, moved: this.now.moved, leaving: this.#leaving };
    await this.#file?.write(value);
  }
}

function isValue(value: unknown): value is Value {
  if (typeof value !== 'object' || value === null) return false;
  const { shards, moved, leaving } = value as Partial<Record<keyof Value, unknown>>;
  return typeof shards === 'number' && shards > 0 && isNumbers(moved) && isNumbers(leaving);
}

const isNumbers = (value: unknown): value is Readonly<Record<string, number>> =>
  typeof value === 'object' &&
  value !== null &&
  Object.values(value).every((shard) => typeof shard === 'number' && Number.isSafeInteger(shard));
