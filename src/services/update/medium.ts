import { fromLatin1, latin1 } from '../../codec/index.ts';
import { makeDirectory } from '../../world/make-directory.ts';
import type { Clock, Files, OpenFile } from '../../world/world.ts';
import { UpdateError } from './errors.ts';

export type Slot = 'a' | 'b';

/** Where the images of one component lie: two slots, and the record that says which one boots. */
export interface Medium {
  /** A file that programs may read, where there is one. */
  path(slot: Slot): string | undefined;
  /** Empties the slot for a new image. */
  begin(slot: Slot): Promise<void>;
  write(slot: Slot, position: number, data: Uint8Array): Promise<void>;
  /** Everything written is on the medium, and nobody writes on. */
  finish(slot: Slot): Promise<void>;
  /** Fewer bytes at the end of the image. */
  read(slot: Slot, position: number, length: number): Promise<Uint8Array>;
  /** Nothing happens if it is empty. */
  clear(slot: Slot): Promise<void>;
  /** The record as it was saved last; undefined: never. */
  load(): Promise<string | undefined>;
  /** Replaces the record: afterwards the new one is there, before the old one, never anything else. */
  save(record: string): Promise<void>;
  close(): Promise<void>;
}

const slotFile = (slot: Slot): string => `${slot}.img`;
const RECORD = 'boot.json';

/** A directory of files: `a.img`, `b.img` and `boot.json`. */
export class FileMedium implements Medium {
  readonly #files: Files;
  readonly #directory: string;
  readonly #open = new Map<Slot, OpenFile>();
  #isPrepared = false;

  constructor(files: Files, directory: string) {
    this.#files = files;
    this.#directory = directory;
  }

  path(slot: Slot): string {
    return `${this.#directory}/${slotFile(slot)}`;
  }

  async begin(slot: Slot): Promise<void> {
    await this.#make();
    await this.#open.get(slot)?.close();
    const file = await this.#files.open(this.path(slot), 'write', 0o600);
    this.#open.set(slot, file);
    await file.truncate(0);
  }

  async write(slot: Slot, position: number, data: Uint8Array): Promise<void> {
    await this.#file(slot).writeAt(position, data);
  }

  async finish(slot: Slot): Promise<void> {
    const file = this.#file(slot);
    this.#open.delete(slot);
    await file.datasync();
    await file.close();
    await this.#files.syncDir(this.#directory);
  }

  async read(slot: Slot, position: number, length: number): Promise<Uint8Array> {
    // One open file a read: reading is for verification and for programs that are gone a moment later.
    const file = await this.#files.open(this.path(slot), 'read');
    try {
      return await file.readAt(position, length);
    } finally {
      await file.close();
    }
  }

  async clear(slot: Slot): Promise<void> {
    await this.#open.get(slot)?.close();
    this.#open.delete(slot);
    await this.#files.remove(this.path(slot));
  }

  async load(): Promise<string | undefined> {
    const path = `${this.#directory}/${RECORD}`;
    if ((await this.#files.stat(path)) === undefined) return undefined;
    return latin1(await this.#files.read(path));
  }

  async save(record: string): Promise<void> {
    await this.#make();
    const path = `${this.#directory}/${RECORD}`;
    const file = await this.#files.open(`${path}.new`, 'write', 0o600);
    try {
      await file.truncate(0);
      await file.writeAt(0, fromLatin1(record));
      await file.datasync();
    } finally {
      await file.close();
    }
    await this.#files.rename(`${path}.new`, path);
    await this.#files.syncDir(this.#directory);
  }

  async close(): Promise<void> {
    for (const file of this.#open.values()) await file.close();
    this.#open.clear();
  }

  async #make(): Promise<void> {
    if (this.#isPrepared) return;
    await makeDirectory(this.#files, this.#directory);
    this.#isPrepared = true;
  }

  #file(slot: Slot): OpenFile {
    const file = this.#open.get(slot);
    if (!file) throw new UpdateError('storage', `slot ${slot} is not open`);
    return file;
  }
}

/** Bytes that all images of a BMC may take in memory. */
export interface MemoryPool {
  left: number;
}

const CHUNK = 65_536;

/** Slots in memory: they end with the process. */
export class MemoryMedium implements Medium {
  readonly #pool: MemoryPool;
  readonly #slots = new Map<Slot, { chunks: Uint8Array[]; size: number }>();
  #record: string | undefined;

  constructor(pool: MemoryPool) {
    this.#pool = pool;
  }

  path(): undefined {
    return undefined;
  }

  async begin(slot: Slot): Promise<void> {
    await this.clear(slot);
    this.#slots.set(slot, { chunks: [], size: 0 });
  }

  async write(slot: Slot, position: number, data: Uint8Array): Promise<void> {
    const image = this.#slots.get(slot);
    if (!image) throw new UpdateError('storage', `slot ${slot} is not open`);
    const end = position + data.length;
    while (image.chunks.length * CHUNK < end) {
      if (this.#pool.left < CHUNK)
        throw new UpdateError('too-large', 'no memory is left for images; give a state directory');
      this.#pool.left -= CHUNK;
      image.chunks.push(new Uint8Array(CHUNK));
    }
    for (let done = 0; done < data.length;) {
      const at = position + done;
      const piece = data.subarray(done, done + CHUNK - (at % CHUNK));
      image.chunks[Math.floor(at / CHUNK)].set(piece, at % CHUNK);
      done += piece.length;
    }
    image.size = Math.max(image.size, end);
  }

  async finish(): Promise<void> {}

  async read(slot: Slot, position: number, length: number): Promise<Uint8Array> {
    const { chunks, size } = this.#slots.get(slot) ?? { chunks: [], size: 0 };
    const out = new Uint8Array(Math.max(0, Math.min(length, size - position)));
    for (let done = 0; done < out.length;) {
      const at = position + done;
      const piece = chunks[Math.floor(at / CHUNK)].subarray(at % CHUNK, (at % CHUNK) + out.length - done);
      out.set(piece, done);
      done += piece.length;
    }
    return out;
  }

  async clear(slot: Slot): Promise<void> {
    this.#pool.left += (this.#slots.get(slot)?.chunks.length ?? 0) * CHUNK;
    this.#slots.delete(slot);
  }

  async load(): Promise<string | undefined> {
    return this.#record;
  }

  async save(record: string): Promise<void> {
    this.#record = record;
  }

  async close(): Promise<void> {}
}

/** How long a flash chip takes. */
export interface FlashSpeed {
  /** Milliseconds to empty a slot. */
  readonly erase: number;
  /** Bytes a second that it takes. */
  readonly writeRate: number;
  /** Bytes a second that it gives. */
  readonly readRate: number;
}

/** A medium that is as slow as a flash chip. */
export function slowMedium(medium: Medium, clock: Clock, { erase, writeRate, readRate }: FlashSpeed): Medium {
  const wait = (ms: number): Promise<void> => new Promise((resolve) => clock.after(ms, resolve));
  return {
    path: (slot) => medium.path(slot),
    async begin(slot) {
      await wait(erase);
      await medium.begin(slot);
    },
    async write(slot, position, data) {
      await wait((data.length * 1000) / writeRate);
      await medium.write(slot, position, data);
    },
    finish: (slot) => medium.finish(slot),
    async read(slot, position, length) {
      await wait((length * 1000) / readRate);
      return medium.read(slot, position, length);
    },
    clear: (slot) => medium.clear(slot),
    load: () => medium.load(),
    save: (record) => medium.save(record),
    close: () => medium.close(),
  };
}
