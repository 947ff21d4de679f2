// What all kinds have in common. A kind is one file: what settings say of it, what they mean by it, and what
// makes it.
import type { z } from 'zod';
import type { Zod } from '../settings/texts.ts';

/** Settings as a schema reads them; nothing in them is changed. */
export type Settings<Schema extends (zod: Zod) => z.ZodType> = Fixed<z.infer<ReturnType<Schema>>>;

type Fixed<T> = T extends Uint8Array ? T : { readonly [K in keyof T]: Fixed<T[K]> };

/** The settings with which something of a kind is made. */
export type OptionsOf<Kind extends { make(options: never, around: never): unknown }> = Parameters<
  Kind['make']
>[0];
