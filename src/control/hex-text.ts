import { z } from '@hono/zod-openapi';

/** Bytes of a request: blanks may stand between them. */
export const hexText = z
  .string()
  .regex(/^(\s*[\da-fA-F]{2})*\s*$/, 'expected hex digits, two a byte')
  .openapi({ description: 'Hex digits, two a byte; blanks may stand between bytes.' });

export const bytesOfHex = (text: string): Uint8Array =>
  Uint8Array.from(text.replace(/\s/g, '').match(/../g) ?? [], (pair) => parseInt(pair, 16));
