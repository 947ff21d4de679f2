import { parseFile } from '../config/load.ts';
import type { BmcOptions } from '../config/options.ts';
import { nameOf } from '../fleet/index.ts';
import { Listeners } from '../state/listeners.ts';
import type { Log } from '../state/setup.ts';
import { StorageError } from '../storage/journal-head.ts';
import type { Seal } from '../storage/seal.ts';
import type { Bucket, BucketEntry, Watch } from './bus.ts';
import { newerThan, SCHEMA } from './hosts.ts';

/** The key of the fleet file in its bucket. */
export const FLEET_KEY = 'fleet';
/** The key of the names of those that are not to run, in the same bucket: a list in JSON. */
export const STOPPED_KEY = 'stopped';

/** The key of the kind of what stands in the bucket: a number; where it is not there, 1. */
export const SCHEMA_KEY = 'schema';

/** Which BMCs a cluster is to have: its fleet file, less those that somebody stopped. */
export class Desired {
  readonly #bucket: Bucket;
  readonly #log: Log;
  readonly #seal: Pick<Seal, 'open'> | undefined;
  readonly #changed = new Listeners<[]>();
  #all: ReadonlyMap<string, BmcOptions> = new Map();
  #stopped: ReadonlySet<string> = new Set();
  #running: ReadonlyMap<string, BmcOptions> = this.#all;
  /** By key, of what is not understood. */
  readonly #problems = new Map<string, string>();
  #watch: Watch | undefined;

  constructor(bucket: Bucket, { log, seal }: { readonly log: Log; readonly seal?: Pick<Seal, 'open'> }) {
    this.#bucket = bucket;
    this.#log = log;
    this.#seal = seal;
  }

  /** Resolves when what there is now is known. */
  async watch(wentBack?: () => void): Promise<void> {
    this.#watch = await this.#bucket.watch((key, entry) => this.#hear(key, entry), wentBack);
    await this.#watch.isComplete;
  }

  /** As the bucket has it now: what was not understood, or not heard of, is looked at again. */
  async read(): Promise<void> {
    for (const key of [SCHEMA_KEY, STOPPED_KEY, FLEET_KEY]) this.#hear(key, await this.#bucket.get(key));
  }

  /** The BMCs of the fleet file, by name. */
  get all(): ReadonlyMap<string, BmcOptions> {
    return this.#all;
  }

  /** Those that somebody is to serve. */
  get running(): ReadonlyMap<string, BmcOptions> {
    return this.#running;
  }

  /** Names, of BMCs that there may be no longer. */
  get stopped(): ReadonlySet<string> {
    return this.#stopped;
  }

  /** Why this host goes by an older file than what is there; undefined: it does not. */
  get problem(): string | undefined {
    return this.#problems.get(SCHEMA_KEY) ?? [...this.#problems.values()].at(0);
  }

  onChanged(listener: () => void): () => void {
    return this.#changed.add(listener);
  }

  stop(): void {
    this.#watch?.stop();
  }

  #hear(key: string, entry: BucketEntry | undefined): void {
    if (key !== FLEET_KEY && key !== STOPPED_KEY && key !== SCHEMA_KEY) return;
    try {
      if (key === SCHEMA_KEY) checkSchema(entry);
      else if (key === STOPPED_KEY) this.#stopped = stoppedIn(entry);
      else {
        const bmcs = entry ? parseFile(this.#textOf(entry.value), FLEET_KEY).bmcs : [];
        this.#all = new Map(bmcs.map((bmc) => [nameOf(bmc), bmc]));
      }
      this.#problems.delete(key);
    } catch (error) {
      // `apply` has looked at it; another version may know keys that this one does not.
      this.#log.error('cluster: the fleet file is not understood: what ran runs on', error);
      const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
      this.#problems.set(key, `the fleet file is not understood: ${why}`);
    }
    // What is of a later kind is not half read: what ran runs on.
    if (!this.#problems.has(SCHEMA_KEY))
      this.#running = new Map([...this.#all].filter(([name]) => !this.#stopped.has(name)));
    this.#changed.tell();
  }

  #textOf(value: Uint8Array): string {
    const bytes = this.#seal ? this.#seal.open(value) : value;
    if (!bytes) throw new StorageError('the fleet file is sealed with another key, or not at all');
    return new TextDecoder().decode(bytes);
  }
}

/** Throws TypeError for what is no list of names. */
export function stoppedIn(entry: BucketEntry | undefined): ReadonlySet<string> {
  const names: unknown = entry ? JSON.parse(new TextDecoder().decode(entry.value)) : [];
  if (!Array.isArray(names)) throw new TypeError('the list of those that are stopped is none');
  return new Set(names as string[]);
}

/** Throws TypeError for a later one. */
export function checkSchema(entry: BucketEntry | undefined): void {
  const schema: unknown = entry ? JSON.parse(new TextDecoder().decode(entry.value)) : SCHEMA;
  if (typeof schema !== 'number' || schema > SCHEMA) throw new TypeError(newerThan(schema));
}
