import { z } from 'zod';
import type { Zod } from '../settings/texts.ts';

/** Settings of one of the kinds, which `type` tells apart. */
export function kindsSchema<Options>(
  kinds: readonly { readonly schema: (zod: Zod) => z.ZodObject }[],
): z.ZodType<Options> {
  const [first, ...more] = kinds.map(({ schema }) => schema(z));
  return z.discriminatedUnion('type', [first, ...more]) as z.ZodType as z.ZodType<Options>;
}
