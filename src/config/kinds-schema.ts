import { z } from 'zod';
import type { Zod } from '../settings/texts.ts';

interface Declared {
  readonly type: string;
  readonly schema: (zod: Zod) => z.ZodObject;
}

/**
 * Settings of one of the kinds, ours or `brought` ones, which `type` tells apart. Throws TypeError where it
 * does not.
 */
export function kindsSchema<Options>(
  ours: readonly Declared[],
  brought: readonly Declared[] = [],
): z.ZodType<Options> {
  const kinds = [...ours, ...brought];
  const types = new Set<string>();
  for (const { type } of kinds)
    if (types.size === types.add(type).size) throw new TypeError(`kinds: two of them have type ${type}`);
  const [first, ...more] = kinds.map(({ schema }) => schema(z));
  return z.discriminatedUnion('type', [first, ...more]) as z.ZodType as z.ZodType<Options>;
}
