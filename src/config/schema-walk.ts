import type { z } from 'zod';

type Schema = z.core.$ZodType;
export type Def = z.core.$ZodTypes['_zod']['def'];

export const defOf = (schema: Schema): Def => (schema as z.ZodType).def as Def;

/** A schema without what only says that its value may be absent, or is made of another one. */
export function inner(schema: Schema): Schema {
  const def = defOf(schema);
  if (def.type === 'optional') return inner(def.innerType);
  return def.type === 'pipe' ? inner(def.in) : schema;
}

/**
 * What the value at a path may be: more than one thing in a union. `value` is what stands at the root, by
 * which kinds are known.
 */
export function schemasAt(schema: Schema, value: unknown, path: readonly (string | number)[]): Schema[] {
  const here = inner(schema);
  const def = defOf(here);
  if (def.type === 'union') {
    const { discriminator } = def as z.core.$ZodDiscriminatedUnionDef;
    const meant = def.options.filter((option) =>
      discriminator === undefined ? hasItsKeys(option, value) : isKind(option, discriminator, value),
    );
    return (meant.length > 0 || discriminator !== undefined ? meant : def.options).flatMap((option) =>
      schemasAt(option, value, path),
    );
  }
  const [step, ...rest] = path;
  if (step === undefined) return [here];
  const below = (value as Record<string | number, unknown> | undefined | null)?.[step];
  const next = stepInto(def, step);
  return next === undefined ? [] : schemasAt(next, below, rest);
}

/**
 * The value at a path, or one that it lies in, is marked in its schema: `zod.string().meta({ secret: true
 * })`.
 */
export function isMarkedSecret(schema: Schema, path: readonly (string | number)[]): boolean {
  const def = defOf(schema);
  if ((schema as z.ZodType).meta()?.secret === true) return true;
  if (def.type === 'optional' || def.type === 'nullable' || def.type === 'default')
    return isMarkedSecret(def.innerType, path);
  if (def.type === 'pipe') return isMarkedSecret(def.in, path) || isMarkedSecret(def.out, path);
  // Whatever it is: better too little shown than too much.
  if (def.type === 'union') return def.options.some((option) => isMarkedSecret(option, path));
  const [step, ...rest] = path;
  const next = step === undefined ? undefined : stepInto(def, step);
  return next !== undefined && isMarkedSecret(next, rest);
}

function stepInto(def: Def, step: string | number): Schema | undefined {
  switch (def.type) {
    case 'array':
      return def.element;
    case 'tuple':
      return def.items[Number(step)];
    case 'record':
      return def.valueType;
    case 'object':
      return Object.hasOwn(def.shape, step) ? def.shape[step] : undefined;
    default:
      return undefined;
  }
}

/**
 * The keys that an object may have: what the schema says of its place, and of the kind that its value says
 * it is.
 */
export const keysAt = (schema: Schema, value: unknown, path: readonly (string | number)[]): string[] => [
  ...new Set(
    schemasAt(schema, value, path).flatMap((part) => {
      const def = defOf(part);
      return def.type === 'object' ? Object.keys(def.shape) : [];
    }),
  ),
];

/** An object has all keys that this kind cannot be without. */
function hasItsKeys(schema: Schema, value: unknown): boolean {
  const def = defOf(inner(schema));
  if (typeof value !== 'object' || value === null) return true;
  return (
    def.type === 'object' &&
    Object.entries(def.shape).every(([key, part]) => defOf(part).type === 'optional' || key in value)
  );
}

function isKind(schema: Schema, key: string, value: unknown): boolean {
  const def = defOf(schema);
  const literal = def.type === 'object' && key in def.shape ? defOf(def.shape[key]) : undefined;
  const literalThere = (value as Record<string, z.core.util.Literal> | null | undefined)?.[key];
  return literal?.type === 'literal' && literal.values.includes(literalThere);
}
