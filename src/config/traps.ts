import type { z } from 'zod';
import { isMarkedSecret, schemasAt } from './schema-walk.ts';
import { isSecret } from './wording.ts';
import type { Mistake, WrittenScalar, WrittenSettings } from './written-settings.ts';

const QUOTES = 'expected text in quotes';

type Schema = z.core.$ZodType;

const LEADING_ZERO = /^[-+]?0\d/;
/**
 * Values that are not what they look like: `entity: 32.10` is the number 32.1, `0123` is 123 or, to others,
 * octal, and `no` and `12:30` are to others a truth and a number. Where it matters they have to be written in
 * quotes.
 */
export function trapsIn(document: WrittenSettings, schema: Schema): (Mistake & { readonly path: string })[] {
  return document.suspects().flatMap(({ path, offset, scalar }) => {
    const problem = problemOf(scalar, schemasAt(schema, document.value, path));
    if (problem === undefined) return [];
    const key = path.join('.');
    const shown = isSecret(path) || isMarkedSecret(schema, path) ? '' : `, received ${scalar.source}`;
    return [{ path: key, offset, message: `${key}: ${problem}${shown}` }];
  });
}

function problemOf({ source = '', value }: WrittenScalar, schemas: readonly Schema[]): string | undefined {
  if (typeof value === 'number') {
    if (schemas.some((schema) => accepts(schema, source))) return QUOTES;
    return LEADING_ZERO.test(source) ? 'expected a number without leading zeros (octal: 0o17)' : undefined;
  }
  // Where only some words are taken, or a form, the word is one of them or it is told elsewhere.
  return schemas.some((schema) => accepts(schema, 'text')) ? QUOTES : undefined;
}

const accepts = (schema: Schema, value: unknown): boolean => (schema as z.ZodType).safeParse(value).success;
