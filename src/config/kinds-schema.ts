import { z } from 'zod';
import type { Zod } from '../settings/texts.ts';

/** Settings of one of the kinds, which `type` tells apart. Throws TypeError where it does not. */
export function kindsSchema<Options>(
  kinds: readonly { readonly type: string; readonly schema: (zod: Zod) => z.ZodObject }[],
): z.ZodType<Options> {
  const types = new Set<string>();
  for (const { type } of kinds)
    if (types.size === types.add(type).size) throw new TypeError(`kinds: two of them have type ${type}`);
  const [first, ...more] = kinds.map(({ schema }) => schema(z));
  return z.discriminatedUnion('type', [first, ...more]) as z.ZodType as z.ZodType<Options>;
}
