import type { Random } from './world.ts';

/** sfc32, seeded from one number. */
export class SeededRandom implements Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number) {
    this.#a = seed | 0;
    this.#b = Math.imul(seed, 0x9e3779b1);
    this.#c = ~seed;
    for (let i = 0; i < 12; i++) this.u32();
  }

  u32(): number {
    const t = (this.#a + this.#b + this.#counter++) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + t;
    return t >>> 0;
  }

  fill(bytes: Uint8Array, start = 0, end: number = bytes.length): Uint8Array {
    for (let i = start; i < end; i++) bytes[i] = this.u32() >>> 24;
    return bytes;
  }

  bytes(length: number): Uint8Array {
    return this.fill(new Uint8Array(length));
  }

  /** 0 <= x < 1. */
  fraction(): number {
    return this.u32() / 2 ** 32;
  }
}
