import { isAlias, visit, isMap, isSeq, parseDocument, type Document, type YAMLMap, type YAMLSeq } from 'yaml';
import { parseConfig } from '../config/load.ts';
import { nameOf } from '../fleet/index.ts';

const EMPTY = 'bmcs: []\n';

/** A fleet file with one more BMC, all else as it stands. `bmc`: YAML or JSON of an entry. */
export function withBmc(text: string | undefined, bmc: string): string {
  const { document, list } = listed(text ?? EMPTY);
  list.flow = false;
  // As it is written: a text in quotes stays one.
  list.add(parseDocument(bmc).contents);
  return document.toString({ lineWidth: 0 });
}

/**
 * A fleet file without a BMC, all else as it stands; undefined: none is left. An entry that makes several is
 * divided into those before and those behind.
 */
export function withoutBmc(text: string, name: string): string | undefined {
  const { document, list } = listed(text);
  for (const [i, item] of list.items.entries()) {
    const entry = isAlias(item) ? item.resolve(document) : item;
    if (!isMap(entry)) continue;
    const names = namesOf(entry.toJS(document) as Entry);
    const at = names.indexOf(name);
    if (at < 0) continue;
    if (names.length === 1) spread(document, entry);
    list.items.splice(i, 1, ...(names.length === 1 ? [] : around(document, entry, at)));
    return list.items.length === 0 ? undefined : document.toString({ lineWidth: 0 });
  }
  return text;
}

interface Entry {
  readonly count?: number | { readonly from: number; readonly to: number };
}

/** A file that is one BMC becomes a list of it. */
function listed(text: string): { readonly document: Document; readonly list: YAMLSeq } {
  const document: Document = parseDocument(text);
  const list = document.get('bmcs');
  if (isSeq(list)) return { document, list };
  const whole = listed(EMPTY);
  whole.list.flow = false;
  whole.list.add(document.contents);
  return whole;
}

const namesOf = (entry: Entry): string[] =>
  parseConfig(JSON.stringify({ bmcs: [entry] }), 'entry').map((bmc) => nameOf(bmc));

/** What others name of an entry that goes stands with them. */
function spread(document: Document, gone: YAMLMap): void {
  const own = new Set<unknown>();
  visit(gone, { Node: (_key, node) => void own.add(node) });
  visit(document, {
    Alias(_key, alias) {
      const source = alias.resolve(document);
      if (source === undefined || !own.has(source)) return undefined;
      const copy = source.clone() as typeof source;
      copy.anchor = undefined;
      return copy;
    },
  });
}

/** The entries of the numbers before and behind one of them. */
function around(document: Document, entry: YAMLMap, at: number): YAMLMap[] {
  const { count = 1 } = entry.toJS(document) as Entry;
  const { from, to } = typeof count === 'number' ? { from: 0, to: count - 1 } : count;
  return [
    { from, to: from + at - 1 },
    { from: from + at + 1, to },
  ].flatMap((range) => {
    if (range.to < range.from) return [];
    const part = entry.clone() as YAMLMap;
    part.set('count', document.createNode(range));
    return [part];
  });
}
