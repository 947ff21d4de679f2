/** By part of what tells events together, the last event of it that was told: `PART:ID,PART:ID`. */
export class Position {
  readonly #ids = new Map<string, string>();

  constructor(text: string | undefined) {
    for (const place of (text ?? '').split(',')) {
      const [, part, id] = /^([\w=-]+):(.+)$/.exec(place) ?? [];
      if (part !== undefined) this.#ids.set(part, decoded(id));
    }
  }

  of(part: string): string | undefined {
    return this.#ids.get(part);
  }

  /** As it is behind an event of this part, whose name has letters, digits, `_`, `-` and `=`. */
  after(part: string, id: string): string {
    this.#ids.set(part, id);
    return [...this.#ids].map(([name, last]) => `${name}:${encodeURIComponent(last)}`).join(',');
  }
}

/** What is no encoding is nobody's id. */
function decoded(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}
