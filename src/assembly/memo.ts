/** Most values that are remembered by their content; the one that was asked for longest ago makes way. */
const REMEMBERED = 64;

/**
 * Values by the parts that they are made of: of the same objects, or of objects with the same content, one
 * is made for all. Parts are plain data, and are not changed afterwards.
 */
export class Memo<V extends object> {
  /** The value, by the objects; a settings section of a file's entry is one object for all its BMCs. */
  readonly #byObjects = new WeakMap<object, { readonly parts: readonly unknown[]; readonly value: V }>();
  readonly #byContent = new Map<string, V>();

  /** What `make` throws is thrown, and nothing remembered. */
  of(parts: readonly unknown[], make: () => V): V {
    const head = parts.find((part) => typeof part === 'object' && part !== null);
    const known = head && this.#byObjects.get(head);
    if (known?.parts.every((part, i) => part === parts[i])) return known.value;
    const content = JSON.stringify(parts, asText);
    const value = this.#byContent.get(content) ?? make();
    this.#byContent.delete(content);
    this.#byContent.set(content, value);
    if (this.#byContent.size > REMEMBERED) this.#byContent.delete(oldest(this.#byContent));
    if (head) this.#byObjects.set(head, { parts, value });
    return value;
  }
}

function oldest(map: ReadonlyMap<string, unknown>): string {
  const [first = ''] = map.keys();
  return first;
}

/** JSON has no bytes, and takes numbers that are none for null. */
function asText(_key: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return `\0bytes ${value.join()}`;
  return typeof value === 'number' && !Number.isFinite(value) ? `\0number ${value}` : value;
}
