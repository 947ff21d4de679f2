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

/** Seconds since 1970 that a time stamp of four bytes holds; the last value says "unspecified" (IPMI 2.0 §37). */
const LAST_SECOND = 0xfffffffe;

/** A date, or date and time, as a time stamp. Without a zone it is UTC. */
export const secondsOf = (time: string): number =>
  Math.floor(Date.parse(/T.*(Z|[+-]\d\d:?\d\d)$/.test(time) || !time.includes('T') ? time : `${time}Z`) / 1000);

const zoned = { local: true, offset: true, error: 'expected a date and time (2026-01-15T12:30)' };
/** A date and time of ISO 8601, to the minute or finer, with a zone or without. */
export const dateTime = z.iso.datetime(zoned).or(z.iso.datetime({ ...zoned, precision: -1 }));

export const timeText = dateTime
  .or(z.iso.date('expected a date (2026-01-15)'))
  .refine((time) => secondsOf(time) >= 0 && secondsOf(time) <= LAST_SECOND, 'expected a time from 1970-01-01 to 2106-02-07');
