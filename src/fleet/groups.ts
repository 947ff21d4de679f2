import { placesTaken } from '../config/together.ts';
import type { Kinds } from '../config/kinds.ts';
import type { BmcOptions } from '../config/options.ts';

/** A BMC that is made anew: what it was, if it was, and what it is to be. */
export interface Turn {
  readonly name: string;
  readonly before: BmcOptions | undefined;
  readonly wanted: BmcOptions;
}

/**
 * BMCs of which one wants a port or path that another one has until now: they go together, all closed before
 * the first is opened. Most are alone. `absolute`: where a relative path leads. A step a BMC.
 */
export function* groupsOf(
  turns: readonly Turn[],
  absolute: (path: string) => string,
  kinds?: Kinds,
): Generator<undefined, Turn[][]> {
  const hosts = new Map<string, Map<string, number[]>>();
  const shared = new Map<string, Set<boolean>>();
  for (const [i, { before, wanted }] of turns.entries()) {
    yield;
    for (const { key, host, isShared = false } of [before, wanted].flatMap((settings) =>
      settings ? placesTaken(settings, absolute, kinds) : [],
    )) {
      const ofKey = hosts.get(key) ?? new Map<string, number[]>();
      hosts.set(key, ofKey);
      shared.set(key, (shared.get(key) ?? new Set()).add(isShared));
      ofKey.set(host, [...(ofKey.get(host) ?? []), i]);
    }
  }
  const groups = new Groups(turns.length);
  for (const [key, ofKey] of hosts) {
    // Who listens at all addresses is in everybody's way; so are prefixes in that of who has one address.
    const together =
      ofKey.has('*') || shared.get(key)?.size === 2 ? [[...ofKey.values()].flat()] : [...ofKey.values()];
    for (const [first, ...others] of together) for (const other of others) groups.join(first, other);
  }
  const turnsOf = new Map<number, Turn[]>();
  for (const [i, turn] of turns.entries()) {
    const root = groups.rootOf(i);
    turnsOf.set(root, [...(turnsOf.get(root) ?? []), turn]);
  }
  return [...turnsOf.values()];
}

class Groups {
  readonly #parents: number[];

  constructor(count: number) {
    this.#parents = Array.from({ length: count }, (_, i) => i);
  }

  rootOf(member: number): number {
    let root = member;
    while (this.#parents[root] !== root) root = this.#parents[root];
    this.#parents[member] = root;
    return root;
  }

  join(member: number, other: number): void {
    this.#parents[this.rootOf(other)] = this.rootOf(member);
  }
}
