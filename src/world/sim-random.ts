import type { Random } from './world.ts';

/** sfc32: small, fast, passes PractRand; its 128 bits of state come from a hash of the seed text. Not for real keys. */
export class SimRandom implements Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: string) {
    this.#a = hash(seed, 0x9e3779b9);
    this.#b = hash(seed, 0x243f6a88);
    this.#c = hash(seed, 0xb7e15162);
    for (let round = 0; round < 15; round++) this.u32();
  }

  u32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ this.#b >>> 9;
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21 | this.#c >>> 11) + sum) | 0;
    return sum >>> 0;
  }

  fraction(): number {
    return ((this.u32() >>> 5) * 0x4000000 + (this.u32() >>> 6)) / 2 ** 53;
  }

  fill(bytes: Uint8Array): Uint8Array {
    for (let i = 0; i < bytes.length; i += 4) {
      const word = this.u32();
      for (let k = 0; k < 4 && i + k < bytes.length; k++) bytes[i + k] = word >>> 8 * k;
    }
    return bytes;
  }

  bytes(length: number): Uint8Array {
    return this.fill(new Uint8Array(length));
  }

  /** 0 .. `limit` - 1. */
  below(limit: number): number {
    return Math.floor(this.fraction() * limit);
  }

  between([low, high]: readonly [number, number]): number {
    return low + this.fraction() * (high - low);
  }

  /** Draws nothing for 0, so that a fault that is switched off does not shift the others. */
  chance(probability: number): boolean {
    return probability > 0 && this.fraction() < probability;
  }
}

function hash(text: string, basis: number): number {
  let h = basis | 0;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193) ^ h >>> 15;
  h = Math.imul(h ^ h >>> 16, 0x85ebca6b);
  h = Math.imul(h ^ h >>> 13, 0xc2b2ae35);
  return h ^ h >>> 16;
}

/** FNV-1a, 8 hex digits: tells contents apart in a trace. */
export function digest(data: Uint8Array): string {
  let h = 0x811c9dc5;
  for (const byte of data) h = Math.imul(h ^ byte, 0x01000193);
  return (h >>> 0).toString(16).padStart(8, '0');
}
