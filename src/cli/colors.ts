import { isatty } from 'node:tty';
import picocolors from 'picocolors';

/**
 * Colour only on a terminal, and not where NO_COLOR asks for none; picocolors by itself would colour the logs
 * of CI too.
 */
export const { bold, dim, green, red, yellow } = picocolors.createColors(
  isatty(1) && process.env.NO_COLOR === undefined && process.env.TERM !== 'dumb',
);
