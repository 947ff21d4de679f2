import { Listeners } from './listeners.ts';

type Told = readonly unknown[];

/** Something that happens to a piece of state, and what is told of it: one for all BMCs. */
export class Occasion<A extends Told> {
  /**
   * What an error is of in the log, where whoever throws keeps no other from hearing of it; undefined: it
   * reaches whoever tells.
   */
  readonly guarded: string | undefined;
  /** For the types alone: what is told. */
  declare readonly told: A;

  constructor(guarded?: string) {
    this.guarded = guarded;
  }
}

type Reaction<B, A extends Told> = (bmc: B, ...told: A) => unknown;

/**
 * What the pieces of a BMC do about one another: one list for all BMCs, in place of closures in each. Filled
 * where it is made, and not changed afterwards.
 */
export class Reactions<B> {
  readonly #all = new Map<object, readonly unknown[]>();

  /** Those to one occasion come in the order in which they were added. */
  on<O extends Occasion<Told>>(occasion: O, reaction: Reaction<B, O['told']>): this {
    this.#all.set(occasion, [...(this.#all.get(occasion) ?? []), reaction]);
    return this;
  }

  to<A extends Told>(occasion: Occasion<A>): readonly Reaction<B, A>[] {
    return (this.#all.get(occasion) ?? NONE) as readonly Reaction<B, A>[];
  }
}

const NONE: readonly never[] = [];

/** What happens in one BMC: first its own pieces hear of it, then whoever else listens, as they came. */
export class Occasions {
  readonly #log: { error(message: string, error?: unknown): void };
  #bmc: unknown = undefined;
  #reactions: Reactions<unknown> | undefined = undefined;
  /** By occasion; made with the first who listens. */
  #listeners: Map<object, object> | undefined = undefined;

  constructor(log: { error(message: string, error?: unknown): void }) {
    this.#log = log;
  }

  /** What is done about whatever happens from now on. */
  react<B>(bmc: B, reactions: Reactions<B>): void {
    this.#bmc = bmc;
    this.#reactions = reactions as Reactions<unknown>;
  }

  /** Returns what takes the listener away again. */
  listen<O extends Occasion<Told>>(occasion: O, listener: (...told: O['told']) => void): () => void {
    const all = (this.#listeners ??= new Map());
    let listeners = all.get(occasion) as Listeners<O['told']> | undefined;
    if (listeners === undefined) all.set(occasion, (listeners = new Listeners<O['told']>()));
    const { guarded } = occasion;
    if (guarded === undefined) return listeners.add(listener);
    return listeners.add((...told) => this.#guard(guarded, () => listener(...told)));
  }

  tell<A extends Told>(occasion: Occasion<A>, ...told: A): void {
    const { guarded } = occasion;
    for (const reaction of this.#reactions?.to(occasion) ?? NONE)
      if (guarded === undefined) reaction(this.#bmc, ...told);
      else this.#guard(guarded, () => reaction(this.#bmc, ...told));
    (this.#listeners?.get(occasion) as Listeners<A> | undefined)?.tell(...told);
  }

  /** One of its own pieces takes what is told, and says so by returning true: others are not asked then. */
  isTaken<A extends Told>(occasion: Occasion<A>, ...told: A): boolean {
    return this.#reactions?.to(occasion).some((reaction) => reaction(this.#bmc, ...told) === true) ?? false;
  }

  #guard(guarded: string, act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#log.error(guarded, error);
    }
  }
}
