import { twoSocketServer } from '../config/two-socket-server.ts';
import type { BmcOptions } from '../config/options.ts';
import type { Random } from '../world/world.ts';

/** No letters that look like digits; 32 of them, so that five bits choose one evenly. */
const LETTERS = 'abcdefghijkmnpqrstuvwxyz23456789';

/** 16 characters, which every kind of session takes: 80 bits of chance. */
export const randomPassword = (random: Random): string =>
  Array.from(random.bytes(16), (byte) => LETTERS[byte & 31]).join('');

/**
 * What runs without a file. Its users have passwords of this start alone: those of the library's sample are
 * public.
 */
export const defaultServer = (random: Random): BmcOptions => ({
  ...twoSocketServer,
  users: twoSocketServer.users?.map((user) => ({ ...user, password: randomPassword(random) })),
});
