/** What keys of a console mean besides themselves. */
export type Escape = 'close' | 'break' | 'help' | 'suspend';

const MEANINGS: Readonly<Record<string, Escape>> = {
  '.': 'close',
  B: 'break',
  '?': 'help',
  '\x1a': 'suspend',
};

/** What was typed, for the machine, and what of it was for us. */
export interface Typed {
  readonly text: string;
  readonly escape?: Escape;
}

/**
 * Tells keys for the machine from those for us, as ipmitool and ssh do: `~` at the beginning of a line, and a
 * key behind it; `~~` is a tilde. What comes behind an escape in the same piece is for the next call.
 */
export class EscapeKeys {
  #isLineStart = true;
  #isPending = false;

  /** The pieces of what was typed, in order. */
  take(typed: string): Typed[] {
    const pieces: Typed[] = [];
    let text = '';
    for (const key of typed) {
      if (this.#isPending) {
        this.#isPending = false;
        const escape = MEANINGS[key];
        if (escape !== undefined) {
          pieces.push({ text, escape });
          text = '';
          this.#isLineStart = true;
          continue;
        }
        // Anything else was meant for the machine, tilde and all.
        text += key === '~' ? key : `~${key}`;
      } else if (key === '~' && this.#isLineStart) {
        this.#isPending = true;
        continue;
      } else text += key;
      this.#isLineStart = key === '\r' || key === '\n';
    }
    if (text !== '') pieces.push({ text });
    return pieces;
  }
}
