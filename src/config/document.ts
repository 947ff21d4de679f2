import {
  isAlias,
  isCollection,
  isNode,
  isPair,
  isScalar,
  LineCounter,
  parseDocument,
  visit,
  type Document,
  type Node,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import type { SettingsPath } from '../settings/errors.ts';
import { plainJson } from './plain-json.ts';
import {
  keyOf,
  lineAndColumn,
  tableOf,
  type Mistake,
  type PlainSettings,
  type Suspect,
  type WrittenPlace,
  type WrittenSettings,
} from './written-settings.ts';

/**
 * Values that aliases may stand for in all: an alias of aliases of aliases would fill the memory (a "bomb").
 */
const MOST_ALIASED = 10_000;
/** Lists and objects within each other. */
const DEEPEST = 64;
const TOO_DEEP = `expected at most ${DEEPEST} lists and objects within each other`;

/** What YAML 1.1, and with it many people and programs, takes for a truth or a number with minutes. */
const WORD = /^(y|n|yes|no|on|off)$/i;
const SEXAGESIMAL = /^[-+]?\d[\d_]*(:[0-5]?\d)+(\.\d*)?$/;

/** Settings as YAML has them. */
export class SettingsDocument implements WrittenSettings {
  readonly value: unknown;
  readonly mistakes: readonly Mistake[];
  readonly #text: string;
  readonly #file: string;
  readonly #lines = new LineCounter();
  /** Of plain JSON it is made when somebody asks where something stands. */
  #nodes: Document | undefined;

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
    const json = plainJson(text, DEEPEST);
    if (json !== undefined) {
      this.value = json;
      this.mistakes = [];
      return;
    }
    const mistakes = [...this.#document.errors, ...this.#document.warnings].map(({ pos, message }) => ({
      offset: pos[0],
      message: message
        .split('\n')[0]
        .replace(/ at line \d+, column \d+:?$/, '')
        .replace(/^Maximum call stack size exceeded$/, TOO_DEEP)
        .replace(/^Source contains multiple documents.*/, 'expected one YAML document'),
    }));
    this.mistakes = mistakes.length > 0 ? mistakes : this.#structure();
    if (this.mistakes.length === 0) this.value = this.#document.toJS({ maxAliasCount: -1 }) ?? {};
  }

  get #document(): Document {
    return (this.#nodes ??= parseDocument(this.#text, { lineCounter: this.#lines, logLevel: 'error' }));
  }

  at(offset: number): string {
    return `${this.#file}:${lineAndColumn(this.#lineStarts, offset)}`;
  }

  scalar(path: SettingsPath): Scalar | undefined {
    const node = path.length === 0 ? this.#document.contents : this.#document.getIn(path, true);
    return isScalar(node) ? node : undefined;
  }

  valueOffset(path: SettingsPath): number {
    for (let length = path.length; length >= 0; length--) {
      const node = length === 0 ? this.#document.contents : this.#document.getIn(path.slice(0, length), true);
      const range = (node as { range?: [number, number, number] | null } | null | undefined)?.range;
      if (range) return range[0];
    }
    return 0;
  }

  keyOffset(path: SettingsPath, key: string): number {
    const map = (
      path.length === 0 ? this.#document.contents : this.#document.getIn(path, true)
    ) as YAMLMap | null;
    const pair = map?.items?.find(
      (item) => String((item.key as { value?: unknown }).value ?? item.key) === key,
    );
    return (
      (pair?.key as { range?: [number, number, number] } | undefined)?.range?.[0] ?? this.valueOffset(path)
    );
  }

  get #lineStarts(): readonly number[] {
    // The reader has written them down.
    void this.#document;
    return this.#lines.lineStarts;
  }

  suspects(): readonly Suspect[] {
    // Plain JSON has texts in quotes and numbers as they are.
    if (this.#nodes === undefined) return [];
    const found: Suspect[] = [];
    visit(this.#document, {
      Scalar: (key, scalar, parents) => {
        if (key === 'key' || !isSuspect(scalar)) return;
        const { type, source, value, range } = scalar;
        const path = pathOf(scalar, parents);
        found.push({ path, offset: range?.[0] ?? 0, message: '', scalar: { type, source, value } });
      },
    });
    return found;
  }

  /** All of it as plain data. */
  plain(): PlainSettings {
    const tables: Record<string, WrittenPlace>[] = [{}];
    if (this.mistakes.length === 0)
      for (const [path, place] of placesIn(this.#document.contents, null, []))
        (tables[tableOf(path)] ??= {})[keyOf(path)] = place;
    return {
      file: this.#file,
      value: this.value,
      mistakes: this.mistakes,
      suspects: this.mistakes.length === 0 ? this.suspects() : [],
      lines: this.#lineStarts,
      tables: Array.from(tables, (table) => JSON.stringify(table ?? {})),
    };
  }

  /** What YAML allows and settings cannot be: endless, too deep, too many, with keys that are no texts. */
  #structure(): Mistake[] {
    const found: Mistake[] = [];
    const add = (node: unknown, message: string): void =>
      void found.push({ offset: (node as { range?: number[] }).range?.[0] ?? 0, message });
    const anchors = new Map<string, Node>();
    const weights = new Map<unknown, number>();
    let aliased = 0;
    visit(this.#document, (_key, node, parents) => {
      if (isPair(node) && !isScalar(node.key)) add(node.key ?? node.value, 'expected a key that is a text');
      if (isCollection(node) && parents.filter((parent) => isCollection(parent)).length >= DEEPEST) {
        add(node, TOO_DEEP);
        return visit.BREAK;
      }
      if ((isScalar(node) || isCollection(node)) && node.anchor !== undefined) anchors.set(node.anchor, node);
      if (!isAlias(node)) return undefined;
      const meant = anchors.get(node.source);
      if (!meant) add(node, `there is no anchor &${node.source} before this alias`);
      else if (parents.includes(meant))
        add(node, `*${node.source} stands within &${node.source}: it has no end`);
      else if ((aliased += weightOf(meant, anchors, weights)) > MOST_ALIASED) {
        add(node, `the aliases up to here stand for more than ${MOST_ALIASED} values`);
        return visit.BREAK;
      }
      return undefined;
    });
    return found;
  }
}

/** Text without quotes that could be meant otherwise. */
const isSuspect = ({ type, source = '', value, tag }: Scalar): boolean =>
  type === 'PLAIN' &&
  tag === undefined &&
  (typeof value === 'number' ? String(value) !== source : WORD.test(source) || SEXAGESIMAL.test(source));

/** Every value that is written, and every key of one. */
function* placesIn(
  node: unknown,
  key: number | null,
  path: SettingsPath,
): Generator<readonly [SettingsPath, WrittenPlace]> {
  const range = isNode(node) ? (node.range?.[0] ?? null) : null;
  if (isScalar(node)) yield [path, [range, key, node.type ?? 'PLAIN', node.source]];
  else yield [path, [range, key]];
  if (!isCollection(node)) return;
  for (const [i, item] of node.items.entries()) {
    if (!isPair(item)) yield* placesIn(item, null, [...path, i]);
    else if (isScalar(item.key))
      yield* placesIn(item.value, item.key.range?.[0] ?? null, [...path, String(item.key.value)]);
  }
}

/** Values in a node, those of its aliases included. */
function weightOf(node: unknown, anchors: ReadonlyMap<string, Node>, weights: Map<unknown, number>): number {
  const known = weights.get(node);
  if (known !== undefined) return known;
  let weight = 1;
  // An alias of itself is told where it stands.
  weights.set(node, weight);
  if (isAlias(node)) weight = weightOf(anchors.get(node.source), anchors, weights);
  else if (isCollection(node))
    for (const item of node.items) weight += weightOf(isPair(item) ? item.value : item, anchors, weights);
  weights.set(node, weight);
  return weight;
}

function pathOf(node: unknown, parents: readonly unknown[]): (string | number)[] {
  const path: (string | number)[] = [];
  for (const [i, parent] of parents.entries()) {
    const child = parents[i + 1] ?? node;
    if (isPair(parent)) path.push(isScalar(parent.key) ? String(parent.key.value) : '');
    else if (isCollection(parent) && !isPair(child)) path.push((parent.items as unknown[]).indexOf(child));
  }
  return path;
}
