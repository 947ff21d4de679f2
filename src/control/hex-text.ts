import { z } from '@hono/zod-openapi';

/** Bytes of a request: blanks may stand between them. */
export const hexText = z
  .string()
  .regex(/^(\s*[\da-fA-F]{2})*\s*$/, 'expected hex digits, two a byte')
  .openapi({ description: 'Hex digits, two a byte; blanks may stand between bytes.' });

/** So many of them. */
export const hexOf = (bytes: number) =>
  z
    .string()
    .regex(new RegExp(`^(\\s*[\\da-fA-F]{2}){${bytes}}\\s*$`), `expected ${bytes} bytes as hex digits`);

export const bytesOfHex = (text: string): Uint8Array =>
  Uint8Array.from(text.replace(/\s/g, '').match(/../g) ?? [], (pair) => parseInt(pair, 16));
