import { constants } from 'node:fs';
import {
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  stat,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { listenUnix } from './node-unix.ts';
import { codeOf, systemError } from './system-error.ts';
import { fileAccess } from './file-access.ts';
import { settled } from './settled.ts';
import type { FileLock, Files, OpenFile, OpenHow } from './world.ts';

/** Files of the real world. */
export const nodeFiles: Files = {
  // Buffers are handed out as plain Uint8Array, so that `slice` copies in both worlds.
  read: async (path) => plain(await readFile(path)),
  write: (path, data, options) => writeFile(path, data, { mode: options?.mode ?? 0o666 }),
  open: async (path, how, mode) => new NodeFile(await open(path, flags[how], mode), how, path),
  rename: (from, to) => rename(from, to),
  remove: (path) => unlink(path).catch(unlessMissing),
  list: async (directory) => (await readdir(directory)).sort(),
  mkdir: makeDirectory,
  syncDir,
  async stat(path) {
    const found = await stat(path).catch(unlessMissing);
    return found && { size: found.size, mode: found.mode & 0o7777 };
  },
  async access(path) {
    const found = await stat(path).catch(unlessMissing);
    const mine = process.getuid?.();
    return (
      found && fileAccess(found.mode & 0o7777, mine !== undefined && found.uid !== 0 && found.uid !== mine)
    );
  },
  lock,
};

/** Not Node's `recursive`: where no directory can be made, as in /proc, it would try for ever. */
async function makeDirectory(directory: string, mode?: number): Promise<void> {
  const above = dirname(directory);
  const make = (): Promise<void> =>
    mkdir(directory, { mode }).catch(async (error: unknown) => {
      if (codeOf(error) !== 'EEXIST' || !(await stat(directory)).isDirectory()) throw error;
    });
  await make().catch(async (error: unknown) => {
    if (codeOf(error) !== 'ENOENT' || above === directory) throw error;
    await makeDirectory(above, mode);
    await make();
  });
}

const flags: Readonly<Record<OpenHow, number>> = {
  append: constants.O_RDWR | constants.O_CREAT | constants.O_APPEND,
  read: constants.O_RDONLY,
  write: constants.O_RDWR | constants.O_CREAT,
};

function unlessMissing(error: unknown): undefined {
  if (codeOf(error) !== 'ENOENT') throw error;
}

function plain(data: Uint8Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

async function syncDir(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * A listening socket is the one thing in Node's own library that the kernel both keeps exclusive and frees
 * with its process.
 */
async function lock(path: string): Promise<FileLock> {
  const server = createServer((probe) => probe.destroy());
  server.unref();
  try {
    const withdraw = await listenUnix(server, path, 0o600);
    let released: Promise<void> | undefined;
    const release = async (): Promise<void> => {
      await withdraw();
      server.close();
    };
    return { release: () => (released ??= release()) };
  } catch (error) {
    throw codeOf(error) === 'EADDRINUSE' ? systemError('ELOCKED', 'lock', path, { cause: error }) : error;
  }
}

class NodeFile implements OpenFile {
  readonly #file: FileHandle;
  readonly #how: OpenHow;
  readonly #path: string;
  /** The pool of threads would run two writes in either order. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(file: FileHandle, how: OpenHow, path: string) {
    this.#file = file;
    this.#how = how;
    this.#path = path;
  }

  append(data: Uint8Array): Promise<void> {
    return this.#inTurn(async () => this.#write(data, this.#how === 'append' ? null : await this.size()));
  }

  async readAt(position: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    let have = 0;
    while (have < length) {
      const { bytesRead } = await this.#file.read(bytes, have, length - have, position + have);
      if (bytesRead === 0) break;
      have += bytesRead;
    }
    return bytes.subarray(0, have);
  }

  writeAt(position: number, data: Uint8Array): Promise<void> {
    // Linux would ignore the position in append mode and write at the end.
    if (this.#how === 'append') return Promise.reject(systemError('EBADF', 'writeAt', this.#path));
    return this.#inTurn(() => this.#write(data, position));
  }

  truncate(size: number): Promise<void> {
    return this.#inTurn(() => this.#file.truncate(size));
  }

  datasync(): Promise<void> {
    return this.#inTurn(() => this.#file.datasync());
  }

  async size(): Promise<number> {
    return (await this.#file.stat()).size;
  }

  close(): Promise<void> {
    return this.#inTurn(() => this.#file.close());
  }

  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(action, action);
    this.#last = settled(turn);
    return turn;
  }

  /** `null`: at the end. The system may take less than it was given. */
  async #write(data: Uint8Array, position: number | null): Promise<void> {
    let done = 0;
    while (done < data.length) {
      const at = position === null ? null : position + done;
      done += (await this.#file.write(data, done, data.length - done, at)).bytesWritten;
    }
  }
}
