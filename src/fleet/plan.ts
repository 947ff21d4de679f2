import { isLive } from '../assembly/live.ts';
import type { BmcOptions } from '../config/options.ts';
import { atOnce } from '../world/pace.ts';

/** A setting that differs: taken while its BMC runs, or by making that one BMC anew. */
export interface ChangedKey {
  readonly key: string;
  readonly how: 'live' | 'restart';
}

export interface ChangedBmc {
  readonly name: string;
  /** In the order of their names. */
  readonly keys: readonly ChangedKey[];
  /** `live` only where all keys are. */
  readonly how: 'live' | 'restart';
}

/** What has to be done so that a fleet is what its settings say: names, in the order of the settings. */
export interface Plan {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly ChangedBmc[];
  readonly unchanged: readonly string[];
}

export const nameOf = ({ name = 'bmc' }: BmcOptions): string => name;

/** The difference between what runs and what is wanted. A BMC with another name is another BMC. */
export const planOf = (now: ReadonlyMap<string, BmcOptions>, wanted: readonly BmcOptions[]): Plan =>
  atOnce(planSteps(now, wanted));

/** The same, a step a BMC. */
export function* planSteps(
  now: ReadonlyMap<string, BmcOptions>,
  wanted: readonly BmcOptions[],
): Generator<undefined, Plan> {
  const added: string[] = [];
  const changed: ChangedBmc[] = [];
  const unchanged: string[] = [];
  const compare = new Comparison();
  const names = new Set(wanted.map(nameOf));
  for (const settings of wanted) {
    yield;
    const name = nameOf(settings);
    const before = now.get(name);
    if (before === undefined) {
      added.push(name);
      continue;
    }
    const keys = compare.keys(before, settings);
    if (keys.length === 0) unchanged.push(name);
    else changed.push({ name, keys, how: keys.every(({ how }) => how === 'live') ? 'live' : 'restart' });
  }
  return { added, removed: [...now.keys()].filter((name) => !names.has(name)), changed, unchanged };
}

type Key = keyof BmcOptions;

/** Sections that a thousand BMCs of one entry share are compared once. */
class Comparison {
  readonly #last = new Map<Key, { readonly a: unknown; readonly b: unknown; readonly same: boolean }>();

  keys(a: BmcOptions, b: BmcOptions): ChangedKey[] {
    const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort() as Key[];
    return keys
      .filter((key) => key !== 'name' && !this.#same(key, a[key], b[key]))
      .map((key) => ({ key, how: isLive(key) ? 'live' : 'restart' }));
  }

  #same(key: Key, a: unknown, b: unknown): boolean {
    const last = this.#last.get(key);
    if (last && last.a === a && last.b === b) return last.same;
    const same = isSame(a, b);
    this.#last.set(key, { a, b, same });
    return same;
  }
}

/** Plain data with the same content; a key without a value is none. */
export function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (a instanceof Uint8Array || b instanceof Uint8Array)
    return (
      a instanceof Uint8Array &&
      b instanceof Uint8Array &&
      a.length === b.length &&
      a.every((byte, i) => byte === b[i])
    );
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  if (Array.isArray(a) && Array.isArray(b) && a.length !== b.length) return false;
  const [first, second] = [a as Readonly<Record<string, unknown>>, b as Readonly<Record<string, unknown>>];
  return [...new Set([...Object.keys(first), ...Object.keys(second)])].every((key) =>
    isSame(first[key], second[key]),
  );
}
