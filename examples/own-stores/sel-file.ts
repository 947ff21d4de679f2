import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { OwnStore } from 'ipmi-bmc';

/** `1: 010002...` a line, written whole with each change. */
export class SelFile implements OwnStore<Uint8Array> {
  readonly #records = new Map<string, Uint8Array>();
  readonly #file: string;

  constructor(path: string) {
    this.#file = path;
    const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
    for (const [, id, hex] of lines.flatMap((line) => [/^(\d+): ([\da-f]{32})$/.exec(line) ?? []]))
      if (id !== undefined) this.#records.set(id, Uint8Array.from(Buffer.from(hex, 'hex')));
  }

  keys(): Iterable<string> {
    return this.#records.keys();
  }

  get(id: string): Uint8Array | undefined {
    return this.#records.get(id);
  }

  set(id: string, record: Uint8Array): void {
    this.#records.set(id, record);
    this.#write();
  }

  delete(id: string): void {
    this.#records.delete(id);
    this.#write();
  }

  clear(): void {
    this.#records.clear();
    this.#write();
  }

  #write(): void {
    const lines = [...this.#records].map(([id, record]) => `${id}: ${Buffer.from(record).toString('hex')}\n`);
    const descriptor = openSync(`${this.#file}.new`, 'w');
    writeFileSync(descriptor, lines.join(''));
    fsyncSync(descriptor);
    closeSync(descriptor);
    renameSync(`${this.#file}.new`, this.#file);
  }
}
