import { fileAccess } from './file-access.ts';
import { normal, parent, type SimDisk } from './sim-disk.ts';
import type { Inode } from './sim-inode.ts';
import type { Life } from './sim-life.ts';
import { systemError } from './system-error.ts';
import type { FileLock, Files, OpenFile, OpenHow } from './world.ts';

/**
 * A disk as one process sees it. Changes happen at the call, in the order of the calls; the promise tells
 * when the disk is done.
 */
export function simFiles(disk: SimDisk, life: Life): Files {
  return {
    async read(path) {
      disk.check('read', path);
      const inode = disk.file(path, 'read');
      const data = disk.get(inode, 0, inode.size);
      await disk.settle(life);
      return data;
    },
    async write(path, data, options) {
      await work(disk, life, 'write', path, () => {
        const inode = disk.make(path, options?.mode ?? 0o644, 'write');
        inode.truncate(0);
        disk.put(inode, 0, data, 'write', path);
      });
    },
    async open(path, how, mode = 0o644) {
      return work(disk, life, 'open', path, () => {
        const inode = how === 'read' ? disk.file(path, 'open') : disk.make(path, mode, 'open');
        return new SimFile(disk, life, inode, how, path);
      });
    },
    rename: async (from, to) => work(disk, life, 'rename', `${from} > ${to}`, () => disk.rename(from, to)),
    remove: async (path) => work(disk, life, 'remove', path, () => disk.remove(path)),
    list: async (directory) => work(disk, life, 'list', directory, () => disk.list(directory)),
    mkdir: async (directory, mode = 0o755) =>
      work(disk, life, 'mkdir', directory, () => disk.makeDirectory(directory, mode)),
    async syncDir(directory) {
      await work(disk, life, 'syncDir', directory, () => void disk.directory(directory, 'syncDir'));
      disk.syncNames(directory);
    },
    async stat(path) {
      await disk.settle(life);
      const inode = disk.find(path);
      return inode && { size: inode.size, mode: inode.mode };
    },
    async access(path) {
      await disk.settle(life);
      const inode = disk.find(path);
      return inode && fileAccess(inode.mode, false);
    },
    lock: async (path) => lock(disk, life, path),
  };
}

/** Work, then wait; a failure is reported as late as a success. A dead process does nothing. */
async function work<T>(
  disk: SimDisk,
  life: Life,
  operation: Parameters<SimDisk['check']>[0],
  path: string,
  action: () => T,
): Promise<T> {
  if (!life.alive) return new Promise(() => {});
  let failure: unknown;
  let result: T | undefined;
  try {
    disk.check(operation, path);
    result = action();
  } catch (error) {
    failure = error;
  }
  await disk.settle(life);
  if (failure) throw failure;
  return result as T;
}

function lock(disk: SimDisk, life: Life, path: string): FileLock {
  const place = normal(path);
  disk.directory(parent(place), 'lock');
  if (disk.locks.get(place)?.life.alive) throw systemError('ELOCKED', 'lock', path);
  const mine = { life };
  disk.locks.set(place, mine);
  return {
    release: async () => {
      if (disk.locks.get(place) === mine) disk.locks.delete(place);
    },
  };
}

class SimFile implements OpenFile {
  readonly #disk: SimDisk;
  readonly #life: Life;
  readonly #inode: Inode;
  readonly #how: OpenHow;
  readonly #path: string;
  readonly #boot: number;
  #closed = false;

  constructor(disk: SimDisk, life: Life, inode: Inode, how: OpenHow, path: string) {
    this.#disk = disk;
    this.#life = life;
    this.#inode = inode;
    this.#how = how;
    this.#path = path;
    this.#boot = disk.boots;
  }

  append(data: Uint8Array): Promise<void> {
    return this.#work('append', this.#how !== 'read', () =>
      this.#disk.put(this.#inode, this.#inode.size, data, 'append', this.#path),
    );
  }

  readAt(position: number, length: number): Promise<Uint8Array> {
    return this.#work('readAt', true, () => this.#disk.get(this.#inode, position, length));
  }

  writeAt(position: number, data: Uint8Array): Promise<void> {
    return this.#work('writeAt', this.#how === 'write', () =>
      this.#disk.put(this.#inode, position, data, 'writeAt', this.#path),
    );
  }

  truncate(size: number): Promise<void> {
    return this.#work('truncate', this.#how !== 'read', () => this.#inode.truncate(size));
  }

  async datasync(): Promise<void> {
    // What is written while the disk is busy belongs to the next sync.
    const begun = await this.#work('datasync', true, () => this.#inode.made);
    this.#inode.sync(begun);
  }

  size(): Promise<number> {
    return Promise.resolve(this.#inode.size);
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #work<T>(operation: Parameters<SimDisk['check']>[0], allowed: boolean, action: () => T): Promise<T> {
    return work(this.#disk, this.#life, operation, this.#path, () => {
      if (!allowed || this.#closed || this.#boot !== this.#disk.boots)
        throw systemError('EBADF', operation, this.#path);
      return action();
    });
  }
}
