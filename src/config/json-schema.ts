import { z } from 'zod';
import type { Kinds } from './kinds.ts';
import { kinds as backends } from '../kinds/backends/list.ts';
import { kinds as consoles } from '../kinds/consoles/list.ts';
import { kinds as interfaces } from '../kinds/interfaces/list.ts';
import { kinds as sources } from '../kinds/sources/list.ts';

/** A part of the JSON schema that the package carries, as far as kinds are looked for in it. */
export interface SchemaPart {
  properties?: Record<string, SchemaPart>;
  const?: unknown;
  oneOf?: SchemaPart[];
  anyOf?: SchemaPart[];
  [key: string]: unknown;
}

/** Kinds of one sort: how those of ours are known in a schema, and the schemas of those that are brought. */
interface Sort {
  readonly ours: readonly ((part: SchemaPart) => boolean)[];
  readonly brought: readonly SchemaPart[];
}

/** Puts the kinds that are brought wherever the schema says which of ours there can be. */
export function schemaWith(schema: SchemaPart, kinds: Kinds): SchemaPart {
  const sorts: readonly Sort[] = [
    { ours: interfaces.map(({ type }) => ofType(type)), brought: partsOf(kinds.interfaces) },
    { ours: backends.map(({ type }) => ofType(type)), brought: partsOf(kinds.backends) },
    { ours: consoles.map(({ type }) => ofType(type)), brought: partsOf(kinds.consoles) },
    { ours: sources.map(({ key }) => withKey(key)), brought: partsOf(kinds.sources) },
  ];
  extend(schema, sorts);
  return schema;
}

const ofType =
  (type: string) =>
  ({ properties }: SchemaPart): boolean =>
    properties?.type?.const === type;
const withKey =
  (key: string) =>
  ({ properties }: SchemaPart): boolean =>
    properties !== undefined && key in properties;

const partsOf = (kinds: readonly { readonly schema: (zod: typeof z) => z.ZodObject }[] = []): SchemaPart[] =>
  kinds.map(({ schema }) => {
    const { $schema: _version, ...part } = z.toJSONSchema(schema(z), { io: 'input', unrepresentable: 'any' });
    return part as SchemaPart;
  });

function extend(part: unknown, sorts: readonly Sort[]): void {
  if (typeof part !== 'object' || part === null) return;
  for (const choices of [(part as SchemaPart).oneOf, (part as SchemaPart).anyOf])
    for (const { ours, brought } of choices ? sorts : [])
      if (ours.every((is) => choices?.some(is))) choices?.push(...brought);
  for (const below of Object.values(part)) extend(below, sorts);
}
