import type { SettingsPath } from '../settings/errors.ts';

/** One mistake, and how many characters into the file it stands. */
export interface Mistake {
  readonly offset: number;
  readonly message: string;
}

/** A text, number or word as it is written. */
export interface WrittenScalar {
  /** `PLAIN`, `QUOTE_DOUBLE` and the like. */
  readonly type?: string;
  readonly source?: string;
  readonly value: unknown;
}

/** A scalar without quotes that could be meant otherwise. */
export interface Suspect extends Mistake {
  readonly path: SettingsPath;
  readonly scalar: WrittenScalar;
}

/** Settings as they stand in a file: their values, and the place of each. */
export interface WrittenSettings {
  /** Undefined where a mistake keeps it from having a value. */
  readonly value: unknown;
  /** Of the YAML itself; not of what it says. */
  readonly mistakes: readonly Mistake[];
  /** `file:line:column` of an offset. */
  at(offset: number): string;
  /** The scalar at a path. */
  scalar(path: SettingsPath): WrittenScalar | undefined;
  /** Where the value at a path stands, or the nearest parent that is there. */
  valueOffset(path: SettingsPath): number;
  /** Where a key of the object at a path stands. */
  keyOffset(path: SettingsPath, key: string): number;
  suspects(): readonly Suspect[];
}

/** What is known of a place: where its value and its key begin, and of a scalar how it is written. */
export type WrittenPlace = readonly [
  value: number | null,
  key: number | null,
  type?: string,
  source?: string,
];

/** Settings without the document that they were read from: plain data, which other threads can send. */
export interface PlainSettings {
  readonly file: string;
  readonly value: unknown;
  readonly mistakes: readonly Mistake[];
  readonly suspects: readonly Suspect[];
  /** Where each line begins. */
  readonly lines: readonly number[];
  /**
   * JSON each: `WrittenPlace` by path, whose steps have line feeds between them. Of the file, then of each
   * entry of its list `bmcs`.
   */
  readonly tables: readonly string[];
}

export const keyOf = (path: SettingsPath): string => path.join('\n');

/** Which of `tables` has a path. */
export const tableOf = ([first, entry]: SettingsPath): number =>
  first === 'bmcs' && typeof entry === 'number' ? entry + 1 : 0;

/** A position as people count: from 1. `lines`: where each line begins. */
export function lineAndColumn(lines: readonly number[], offset: number): string {
  let [low, high] = [0, lines.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (lines[middle] <= offset) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? `1:${offset + 1}` : `${low}:${offset - lines[low - 1] + 1}`;
}

type Table = Readonly<Record<string, WrittenPlace>>;

/** Settings that were read elsewhere. Their places are unpacked when somebody asks. */
export class ReadSettings implements WrittenSettings {
  readonly value: unknown;
  readonly mistakes: readonly Mistake[];
  readonly #plain: Omit<PlainSettings, 'value'>;
  /** The last one of an entry that was unpacked, and that of the file. */
  #last: readonly [number, Table] | undefined;
  #top: Table | undefined;

  constructor({ value, ...rest }: PlainSettings) {
    this.value = value;
    this.mistakes = rest.mistakes;
    this.#plain = rest;
  }

  at(offset: number): string {
    return `${this.#plain.file}:${lineAndColumn(this.#plain.lines, offset)}`;
  }

  scalar(path: SettingsPath): WrittenScalar | undefined {
    const [, , type, source] = this.#place(path) ?? [];
    return type === undefined ? undefined : { type, source, value: undefined };
  }

  valueOffset(path: SettingsPath): number {
    for (let length = path.length; length >= 0; length--) {
      const [value] = this.#place(path.slice(0, length)) ?? [];
      if (typeof value === 'number') return value;
    }
    return 0;
  }

  keyOffset(path: SettingsPath, key: string): number {
    return this.#place([...path, key])?.[1] ?? this.valueOffset(path);
  }

  suspects(): readonly Suspect[] {
    return this.#plain.suspects;
  }

  #place(path: SettingsPath): WrittenPlace | undefined {
    const which = tableOf(path);
    if (which === 0) {
      this.#top ??= unpacked(this.#plain.tables[0]);
      return this.#top[keyOf(path)];
    }
    if (this.#last?.[0] !== which) this.#last = [which, unpacked(this.#plain.tables[which])];
    return this.#last[1][keyOf(path)];
  }
}

const unpacked = (text = '{}'): Table => JSON.parse(text) as Table;
