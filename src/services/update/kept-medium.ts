import { hexText } from '../../codec/index.ts';
import type { ImageStore } from '../../state/journal.ts';
import type { Store } from '../../state/store.ts';
import type { Clock, Random, Timer } from '../../world/world.ts';
import { UpdateError } from './errors.ts';
import { MemoryMedium, type Medium, type MemoryPool, type Slot } from './medium.ts';

/** What a BMC's journal says of a component's images: the record, and where the image of each slot lies. */
export interface KeptImages {
  readonly record?: string;
  readonly a?: string;
  readonly b?: string;
  /** On its way to where images lie: it belongs to nobody unless a slot names it. */
  readonly next?: string;
}

/** Bytes of a piece as it goes to the images. */
const PIECE = 65_536;
/** Milliseconds after which what was read last is read anew. */
const FRESH = 5000;
/** Bytes of the name of an image, which is unlike all others'. */
const NAME = 8;

interface KeptSurroundings {
  readonly component: number;
  readonly store: Store<KeptImages>;
  readonly images: ImageStore;
  /** For images while they come. */
  readonly pool: MemoryPool;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Slots whose images lie where whoever has the BMC next finds them, each under a name of its own; which of
 * them boots is in the BMC's journal, where nobody writes who has lost the BMC. An image is in memory while
 * it comes, and for a moment when it is read.
 */
export class KeptMedium implements Medium {
  readonly #surroundings: KeptSurroundings;
  readonly #coming: MemoryMedium;
  /** Bytes of a slot that is being written. */
  readonly #sizes = new Map<Slot, number>();
  /** Where whole images lie. */
  readonly #names = new Map<Slot, string>();
  #read: { readonly name: string; readonly bytes: Uint8Array; readonly timer: Timer } | undefined;

  constructor(surroundings: KeptSurroundings) {
    this.#surroundings = surroundings;
    this.#coming = new MemoryMedium(surroundings.pool);
  }

  path(): undefined {
    return undefined;
  }

  async begin(slot: Slot): Promise<void> {
    await this.clear(slot);
    await this.#coming.begin(slot);
    this.#sizes.set(slot, 0);
  }

  async write(slot: Slot, position: number, data: Uint8Array): Promise<void> {
    await this.#coming.write(slot, position, data);
    this.#sizes.set(slot, Math.max(this.#sizes.get(slot) ?? 0, position + data.length));
  }

  /** Its name is written down first: who finds it there, and no slot that has it, removes it. */
  async finish(slot: Slot): Promise<void> {
    const size = this.#sizes.get(slot);
    if (size === undefined) throw new UpdateError('storage', `slot ${slot} is not open`);
    const { component, images, random } = this.#surroundings;
    const name = `${component}/${slot}/${hexText(random.bytes(NAME))}`;
    await this.#write({ ...this.#written(), next: name });
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < size; at += PIECE) pieces.push(await this.#coming.read(slot, at, PIECE));
    await images.put(name, pieces);
    this.#names.set(slot, name);
    this.#sizes.delete(slot);
    await this.#coming.clear(slot);
  }

  async read(slot: Slot, position: number, length: number): Promise<Uint8Array> {
    if (this.#sizes.has(slot)) return this.#coming.read(slot, position, length);
    const name = this.#names.get(slot);
    if (name === undefined) return new Uint8Array(0);
    return (await this.#whole(name)).subarray(position, position + length);
  }

  async clear(slot: Slot): Promise<void> {
    await this.#coming.clear(slot);
    this.#sizes.delete(slot);
    const name = this.#names.get(slot);
    this.#names.delete(slot);
    if (name !== undefined) await this.#surroundings.images.remove(name);
  }

  async load(): Promise<string | undefined> {
    const { component, store, images } = this.#surroundings;
    const { record, a, b, next } = store.get(component) ?? {};
    for (const [slot, name] of [
      ['a', a],
      ['b', b],
    ] as const)
      if (name !== undefined) this.#names.set(slot, name);
    if (next !== undefined && next !== a && next !== b) await images.remove(next);
    return record;
  }

  /** What a slot had before, and no slot has any more, is removed when nobody can ask for it. */
  async save(record: string): Promise<void> {
    const { component, store, images } = this.#surroundings;
    const { a, b } = store.get(component) ?? {};
    const now = { record, ...this.#named() };
    await this.#write(now);
    for (const name of [a, b])
      if (name !== undefined && name !== now.a && name !== now.b) await images.remove(name);
  }

  async close(): Promise<void> {
    this.#forget();
  }

  #named(): Pick<KeptImages, Slot> {
    return Object.fromEntries(this.#names);
  }

  #written(): KeptImages {
    return this.#surroundings.store.get(this.#surroundings.component) ?? {};
  }

  async #write(kept: KeptImages): Promise<void> {
    await this.#surroundings.store.set(this.#surroundings.component, kept);
  }

  async #whole(name: string): Promise<Uint8Array> {
    if (this.#read?.name === name) return this.#read.bytes;
    this.#forget();
    const { images, clock } = this.#surroundings;
    // What is not there, or not as it was, is an image that is not whole.
    const bytes = (await images.get(name)) ?? new Uint8Array(0);
    this.#read = { name, bytes, timer: clock.after(FRESH, () => this.#forget()) };
    return bytes;
  }

  #forget(): void {
    this.#read?.timer.cancel();
    this.#read = undefined;
  }
}
