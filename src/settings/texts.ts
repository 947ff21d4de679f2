import type { z } from 'zod';
import { ENDPOINT, meantEndpoint, parseUdpPlace, UDP_PLACE } from '../world/endpoint-forms.ts';

/**
 * The library that checks settings. Schemas get it handed in, so that who has settings from no file does not
 * load it.
 */
export type Zod = typeof z;

const CONTROL = /\p{Cc}/u;
const NO_CONTROL = 'expected text without control characters';
const LATIN1 = /^[\0-\xff]*$/;
const SURROGATE = /\p{Surrogate}/u;

export const utf8Length = (text: string): number => new TextEncoder().encode(text).length;

/** Text without control characters: nothing that shows it could. */
export const plainText = (zod: Zod, most: number) =>
  zod
    .string()
    .max(most)
    .refine((text) => !CONTROL.test(text) && !SURROGATE.test(text), NO_CONTROL);

/**
 * Sensor names, community strings: what goes out a byte a character (IPMI 2.0 §43.15, 8-bit ASCII + Latin-1).
 */
export const latin1Text = (zod: Zod, most: number) =>
  plainText(zod, most).refine((text) => LATIN1.test(text), 'expected characters of ISO 8859-1 (Latin-1)');

/** User names, passwords, keys: UTF-8 as clients send it. */
export const utf8Text = (zod: Zod, most: number) =>
  zod
    .string()
    .refine((text) => !CONTROL.test(text) && !SURROGATE.test(text), NO_CONTROL)
    .refine((text) => utf8Length(text) <= most, {
      error: ({ input }) => `expected at most ${most} bytes in UTF-8, these are ${utf8Length(String(input))}`,
    });

/**
 * Seconds since 1970 that a time stamp of four bytes holds; the last value says "unspecified" (IPMI 2.0 §37).
 */
const LAST_SECOND = 0xfffffffe;

/** A date, or date and time, as a time stamp. Without a zone it is UTC. */
export const secondsOf = (time: string): number =>
  Math.floor(
    Date.parse(/T.*(Z|[+-]\d\d:?\d\d)$/.test(time) || !time.includes('T') ? time : `${time}Z`) / 1000,
  );

const zoned = { local: true, offset: true, error: 'expected a date and time (2026-01-15T12:30)' };
/** A date and time of ISO 8601, to the minute or finer, with a zone or without. */
export const dateTime = (zod: Zod) =>
  zod.iso.datetime(zoned).or(zod.iso.datetime({ ...zoned, precision: -1 }));

export const timeText = (zod: Zod) =>
  dateTime(zod)
    .or(zod.iso.date('expected a date (2026-01-15)'))
    .refine(
      (time) => secondsOf(time) >= 0 && secondsOf(time) <= LAST_SECOND,
      'expected a time from 1970-01-01 to 2106-02-07',
    );

const isPort = (text: string): boolean => !(Number(/:(\d+)$/.exec(text)?.[1]) > 65_535);

/** `host:port`, `[v6]:port`, `[v6%zone]:port`. */
export const endpoint = (zod: Zod) =>
  zod
    .string()
    .regex(ENDPOINT, { error: ({ input }) => `expected host:port, like ${meantEndpoint(String(input))}` })
    .refine(isPort, 'expected a port of 0 to 65535');

/** The same, or an address of a prefix: `10.9.0.7/16:623`, `[fd00:9::7/64]:623`. */
export const udpPlace = (zod: Zod) =>
  zod
    .string()
    .regex(UDP_PLACE, { error: ({ input }) => `expected host:port, like ${meantEndpoint(String(input))}` })
    .refine(isPort, 'expected a port of 0 to 65535')
    .refine((text) => !text.includes('/') || parseUdpPlace(text) !== undefined, {
      error: ({ input }) => `expected host:port, like ${meantEndpoint(String(input))}`,
    });

/** `host:port` or the path of a Unix socket. */
export const streamAddress = (zod: Zod) =>
  zod
    .string()
    .regex(
      /^(.*\/.+|(\[[\da-f:.]+(%[\w.-]+)?\]|[^:\s/]+):\d{1,5})$/i,
      'expected host:port or a path with a /',
    )
    .refine(isPort, 'expected a port of 0 to 65535');

/** An 8-bit slave address of a controller. */
export const slaveAddress = (zod: Zod) =>
  zod.int().refine((address) => address >= 0x10 && address <= 0xee && address % 2 === 0, {
    error: 'expected an even slave address, 0x10 to 0xee',
  });
