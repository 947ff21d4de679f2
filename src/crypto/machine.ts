import { ciphers, putTables, TABLES } from './aes-rounds.ts';
import { assemble } from './assembler.ts';
import { compressions } from './hash-rounds.ts';

/** What of WebAssembly is needed; Node's types leave it to those of browsers. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

/** Compresses so many blocks of 64 bytes at `data` into the state. */
export type Compression = (state: number, data: number, blocks: number) => void;
/** Takes so many blocks of 16 bytes behind, or up to, the one at `before`. */
export type Cipher = (key: number, before: number, blocks: number) => void;

/** Where in the machine's memory; what is hashed or encrypted has ROOM bytes, and a few for what is put behind. */
export const STATE = TABLES.end;
export const KEY = STATE + 0x40;
export const DATA = KEY + 0x100;
export const ROOM = 0x8000;

/**
 * Hashes and ciphers in WebAssembly, assembled from their standards' formulas in this process, and the memory
 * that they work in. Nothing is kept there from one call of this room to the next.
 */
export interface Machine {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  readonly sha1: Compression;
  readonly sha256: Compression;
  readonly md5: Compression;
  readonly encrypt: Cipher;
  readonly decrypt: Cipher;
}

interface Exports extends Pick<Machine, 'sha1' | 'sha256' | 'md5' | 'encrypt' | 'decrypt'> {
  readonly memory: { readonly buffer: ArrayBuffer };
}

function make(): Machine {
  const module = new WebAssembly.Module(assemble([...compressions(), ...ciphers()]));
  const { memory, ...procedures } = new WebAssembly.Instance(module).exports as Exports;
  const [bytes, words] = [new Uint8Array(memory.buffer), new Int32Array(memory.buffer)];
  putTables(bytes, words);
  return { bytes, words, ...procedures };
}

class WhenAsked {
  #machine: Machine | undefined;

  get machine(): Machine {
    return (this.#machine ??= make());
  }
}

/** One for the process, made when something is hashed or encrypted for the first time: it takes some ms. */
export const crypto = new WhenAsked();

/** Copies data[start..end) to `at` of the memory. */
export function bring(memory: Uint8Array, at: number, data: Uint8Array, start: number, end: number): void {
  // A message is shorter than what it takes to make a window of it.
  if (end - start > 256) memory.set(data.subarray(start, end), at);
  else for (let i = start, to = at; i < end; i++, to++) memory[to] = data[i];
}
