import type { FileOptions } from '../config/load.ts';

/** BMCs, and where their settings stand if they come from a file. */
export type FileSettings = Pick<FileOptions, 'bmcs'> & Partial<FileOptions>;
