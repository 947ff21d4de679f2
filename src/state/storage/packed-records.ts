import { LateMap } from '../late-map.ts';
import type { Values } from '../records.ts';

const NOTHING = new Uint8Array(0);

/**
 * Records of one size by their number, side by side in one buffer: an array of its own would take more than
 * ten times the sixteen bytes of a SEL entry. What is read is a copy.
 */
export class PackedRecords implements Values<Uint8Array> {
  readonly #size: number;
  #bytes = NOTHING;
  readonly #places = new LateMap<number, number>();
  readonly #free: number[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  get size(): number {
    return this.#places.size;
  }

  get(key: string): Uint8Array | undefined {
    const place = this.#places.get(Number(key));
    return place === undefined ? undefined : this.#at(place);
  }

  has(key: string): boolean {
    return this.#places.has(Number(key));
  }

  *keys(): MapIterator<string> {
    for (const key of this.#places.keys()) yield String(key);
  }

  *entries(): MapIterator<[string, Uint8Array]> {
    for (const [key, place] of this.#places) yield [String(key), this.#at(place)];
  }

  /** Bytes past a record's size are cut. */
  set(key: string, record: Uint8Array): void {
    const place = this.#places.get(Number(key)) ?? this.#free.pop() ?? this.#places.size;
    const start = place * this.#size;
    if (start + this.#size > this.#bytes.length) this.#grow(start + this.#size);
    this.#bytes.set(record.subarray(0, this.#size), start);
    this.#places.set(Number(key), place);
  }

  delete(key: string): boolean {
    const place = this.#places.get(Number(key));
    if (place === undefined) return false;
    this.#places.delete(Number(key));
    this.#free.push(place);
    if (this.#places.size === 0) {
      this.#bytes = NOTHING;
      this.#free.length = 0;
    }
    return true;
  }

  #at(place: number): Uint8Array {
    return this.#bytes.slice(place * this.#size, (place + 1) * this.#size);
  }

  /** By a quarter, so that little lies idle. */
  #grow(needed: number): void {
    const bytes = new Uint8Array(
      Math.max(needed, 4 * this.#size, Math.ceil((this.#bytes.length * 1.25) / this.#size) * this.#size),
    );
    bytes.set(this.#bytes);
    this.#bytes = bytes;
  }
}
