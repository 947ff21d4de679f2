import {
  isAlias,
  isCollection,
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

/**
 * Values that aliases may stand for in all: an alias of aliases of aliases would fill the memory (a "bomb").
 */
const MOST_ALIASED = 10_000;
/** Lists and objects within each other. */
const DEEPEST = 64;
const TOO_DEEP = `expected at most ${DEEPEST} lists and objects within each other`;

/** One mistake, and how many characters into the file it stands. */
export interface Mistake {
  readonly offset: number;
  readonly message: string;
}

/** Settings as they stand in a file: their values, and the place of each. */
export class SettingsDocument {
  /** Undefined where a mistake keeps it from having a value. */
  readonly value: unknown;
  /** Of the YAML itself; not of what it says. */
  readonly mistakes: readonly Mistake[];
  readonly #file: string;
  readonly #lines = new LineCounter();
  readonly #document: Document;

  constructor(text: string, file: string) {
    this.#file = file;
    this.#document = parseDocument(text, { lineCounter: this.#lines, logLevel: 'error' });
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

  /** `file:line:column` of an offset. */
  at(offset: number): string {
    const { line, col } = this.#lines.linePos(offset);
    return `${this.#file}:${line}:${col}`;
  }

  /** The scalar at a path, as it is written. */
  scalar(path: SettingsPath): Scalar | undefined {
    const node = path.length === 0 ? this.#document.contents : this.#document.getIn(path, true);
    return isScalar(node) ? node : undefined;
  }

  /** Where the value at a path stands, or the nearest parent that is there. */
  valueOffset(path: SettingsPath): number {
    for (let length = path.length; length >= 0; length--) {
      const node = length === 0 ? this.#document.contents : this.#document.getIn(path.slice(0, length), true);
      const range = (node as { range?: [number, number, number] | null } | null | undefined)?.range;
      if (range) return range[0];
    }
    return 0;
  }

  /** Where a key of the object at a path stands. */
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

  /** The scalars that are values and of which `wanted` holds, with their paths. */
  scalars(wanted: (scalar: Scalar) => boolean): { readonly path: SettingsPath; readonly scalar: Scalar }[] {
    const found: { path: SettingsPath; scalar: Scalar }[] = [];
    visit(this.#document, {
      Scalar: (key, scalar, parents) => {
        if (key !== 'key' && wanted(scalar)) found.push({ path: pathOf(scalar, parents), scalar });
      },
    });
    return found;
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
