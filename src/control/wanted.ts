import { nameOf } from '../fleet/index.ts';
import type { BmcOptions } from '../config/options.ts';

/** A BMC that a command added: its settings as they came, and when. */
export interface AddedBmc {
  readonly settings: string;
  readonly written: string;
}

/** What commands changed of which BMCs there are, as it is kept. */
export interface Kept {
  readonly added: Readonly<Record<string, AddedBmc>>;
  /** Of the file, and not to run. */
  readonly removed: readonly string[];
  readonly stopped: readonly string[];
}

export const NOTHING_KEPT: Kept = { added: {}, removed: [], stopped: [] };

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

/** Undefined: it is none. */
export function keptIn(value: unknown): Kept | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { added, removed, stopped } = value as Partial<Record<keyof Kept, unknown>>;
  if (typeof added !== 'object' || added === null || !isTexts(removed) || !isTexts(stopped)) return undefined;
  const good = Object.values(added).every(
    (entry: Partial<AddedBmc> | null) =>
      typeof entry === 'object' && typeof entry?.settings === 'string' && typeof entry.written === 'string',
  );
  return good ? { added: added as Kept['added'], removed, stopped } : undefined;
}

/** Where a BMC comes from, and whether it is to run. */
export interface WantedBmc {
  readonly settings: BmcOptions;
  readonly origin: 'file' | 'added';
  readonly isStopped: boolean;
}

/**
 * Which BMCs there are to be: those of the file in its order, without those that a command removed, then
 * those that commands added. A file that has the name of an added one takes it over.
 */
export function wantedOf(
  ofFile: readonly BmcOptions[],
  added: readonly BmcOptions[],
  { removed, stopped }: Pick<Kept, 'removed' | 'stopped'>,
): ReadonlyMap<string, WantedBmc> {
  const wanted = new Map<string, WantedBmc>();
  const put = (settings: BmcOptions, origin: WantedBmc['origin']): void => {
    const name = nameOf(settings);
    if (!wanted.has(name)) wanted.set(name, { settings, origin, isStopped: stopped.includes(name) });
  };
  for (const settings of ofFile) if (!removed.includes(nameOf(settings))) put(settings, 'file');
  for (const settings of added) put(settings, 'added');
  return wanted;
}

/** The settings of those that are to run. */
export const toRun = (wanted: ReadonlyMap<string, WantedBmc>): BmcOptions[] =>
  [...wanted.values()].flatMap(({ settings, isStopped }) => (isStopped ? [] : [settings]));
