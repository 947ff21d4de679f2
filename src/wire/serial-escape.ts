/**
 * What the escape sequences of a shared serial connector ask for (IPMI 2.0 §14.2.4, Microsoft's terminal
 * conventions).
 */
export type EscapeRequest = 'to-bmc' | 'to-system' | 'reset' | 'power-up';

const SEQUENCES: readonly (readonly [string, EscapeRequest])[] = [
  ['\x1b(', 'to-bmc'],
  ['\x1bQ', 'to-system'],
  ['\x1bR\x1br\x1bR', 'reset'],
  ['\x1b^', 'power-up'],
];
const LONGEST = 6;

/** Watches a stream of characters for escape sequences. */
export class EscapeWatch {
  #seen = '';

  take(byte: number): EscapeRequest | undefined {
    this.#seen = (this.#seen + String.fromCharCode(byte)).slice(-LONGEST);
    return SEQUENCES.find(([sequence]) => this.#seen.endsWith(sequence))?.[1];
  }
}
