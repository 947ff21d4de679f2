import { describe, expect, test } from 'vitest';
import { DecodeError } from '../../src/codec/index.ts';
import type { Command } from '../../src/commands/command.ts';

export const hex = (text: string): Uint8Array => {
  const digits = text.replace(/[\s:]/g, '');
  if (!/^([\da-f]{2})*$/i.test(digits)) throw new Error(`not hex: ${text}`);
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
};

export const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join(' ');

/**
 * Real bytes of a command, `request -> response`, data only (no completion code, no body or IANA). Each line
 * is decoded, encoded back to the same bytes, and every cut below the layout's minimum must be refused with
 * C7h.
 */
export function vectors(command: Command, lines: Record<string, string>): void {
  describe(`${command.name} vectors`, () => {
    for (const [title, line] of Object.entries(lines)) {
      const [request, response] = line.split('->').map((part) => hex(part.trim()));
      test(title, () => {
        for (const [codec, bytes] of [
          [command.request, request],
          [command.response, response],
        ] as const) {
          if (!bytes) continue;
          const value: unknown = codec.decode(bytes);
          expect(
            toHex(codec.encode(value)),
            `${codec.name}, encoded again from ${JSON.stringify(value)}`,
          ).toBe(toHex(bytes));
          for (let length = 0; length < codec.min; length++) {
            expect(() => codec.decode(bytes, 0, length), `${codec.name} cut to ${length}`).toThrow(
              DecodeError,
            );
          }
          if (codec.max !== Infinity)
            expect(() => codec.decode(new Uint8Array(codec.max + 1))).toThrow(DecodeError);
        }
      });
    }
  });
}
