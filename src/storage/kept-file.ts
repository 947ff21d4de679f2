import type { Files } from '../world/world.ts';
import { StorageError } from './journal-head.ts';
import { Seal, SEAL_HEADER } from './seal.ts';

/** First bytes of a sealed file; one that is not is JSON. */
const MAGIC = new TextEncoder().encode('ipmi-bmc sealed 1\n');
const OWN = 0o600;

/**
 * A small file of plain data beside the journals, written whole: what it had before is there until the new is
 * on disk. With a key, it is sealed.
 */
export class KeptFile {
  readonly #files: Files;
  readonly #directory: string;
  readonly #path: string;
  readonly #sealKey: string | undefined;

  constructor(files: Files, directory: string, name: string, sealKey?: string) {
    this.#files = files;
    this.#directory = directory;
    this.#path = `${directory}/${name}`;
    this.#sealKey = sealKey;
  }

  /** Undefined: there is no such file. Rejects with StorageError where it cannot be read as it is. */
  async read(): Promise<unknown> {
    if ((await this.#files.stat(this.#path)) === undefined) return undefined;
    const bytes = await this.#files.read(this.#path);
    const text = new TextDecoder().decode(this.#opened(bytes));
    try {
      return JSON.parse(text) as unknown;
    } catch (error) {
      throw new StorageError(`${this.#path}: is damaged; move it away to go on without it`, { cause: error });
    }
  }

  /** Resolves when it is on disk. Rejects with the system's error; the file is then as it was. */
  async write(value: unknown): Promise<void> {
    const plain = new TextEncoder().encode(`${JSON.stringify(value)}\n`);
    const fresh = `${this.#path}.new`;
    await this.#files.remove(fresh);
    const file = await this.#files.open(fresh, 'append', OWN);
    try {
      await file.append(this.#closed(plain));
      await file.datasync();
    } finally {
      await file.close();
    }
    await this.#files.rename(fresh, this.#path);
    await this.#files.syncDir(this.#directory);
  }

  #closed(plain: Uint8Array): Uint8Array {
    if (this.#sealKey === undefined) return plain;
    const seal = Seal.create(this.#sealKey);
    return Uint8Array.from([...MAGIC, ...seal.header, ...seal.close(plain)]);
  }

  #opened(bytes: Uint8Array): Uint8Array {
    if (!MAGIC.every((byte, i) => bytes[i] === byte)) return bytes;
    if (this.#sealKey === undefined) throw new StorageError(`${this.#path}: is sealed; its key is needed`);
    const at = MAGIC.length + SEAL_HEADER;
    const seal = Seal.read(this.#sealKey, bytes.subarray(MAGIC.length, at));
    const plain = seal?.open(bytes.subarray(at));
    if (plain) return plain;
    throw new StorageError(`${this.#path}: ${seal ? 'is damaged' : 'is sealed with another key'}`);
  }
}
