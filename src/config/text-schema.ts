import { z } from 'zod';

const CONTROL = /\p{Cc}/u;
const NO_CONTROL = 'expected text without control characters';
const LATIN1 = /^[\0-\xff]*$/;
const SURROGATE = /\p{Surrogate}/u;

export const utf8Length = (text: string): number => new TextEncoder().encode(text).length;

/** Text without control characters: nothing that shows it could. */
export const plainText = (most: number) =>
  z
    .string()
    .max(most)
    .refine((text) => !CONTROL.test(text) && !SURROGATE.test(text), NO_CONTROL);

/** Sensor names, community strings: what goes out a byte a character (IPMI 2.0 §43.15, 8-bit ASCII + Latin-1). */
export const latin1Text = (most: number) => plainText(most).refine((text) => LATIN1.test(text), 'expected characters of ISO 8859-1 (Latin-1)');

/** User names, passwords, keys: UTF-8 as clients send it. */
export const utf8Text = (most: number) =>
  z
    .string()
    .refine((text) => !CONTROL.test(text) && !SURROGATE.test(text), NO_CONTROL)
    .refine((text) => utf8Length(text) <= most, {
      error: ({ input }) => `expected at most ${most} bytes in UTF-8, these are ${utf8Length(String(input))}`,
    });
