import type { Scalar } from 'yaml';
import type { z } from 'zod';
import type { Mistake, SettingsDocument } from './document.ts';
import { isMarkedSecret, schemasAt } from './schema-walk.ts';
import { isSecret } from './wording.ts';

const QUOTES = 'expected text in quotes';

type Schema = z.core.$ZodType;

const LEADING_ZERO = /^[-+]?0\d/;
/** What YAML 1.1, and with it many people and programs, takes for a truth or a number with minutes. */
const WORD = /^(y|n|yes|no|on|off)$/i;
const SEXAGESIMAL = /^[-+]?\d[\d_]*(:[0-5]?\d)+(\.\d*)?$/;

/**
 * Values that are not what they look like: `entity: 32.10` is the number 32.1, `0123` is 123 or, to others,
 * octal, and `no` and `12:30` are to others a truth and a number. Where it matters they have to be written in
 * quotes.
 */
export function trapsIn(document: SettingsDocument, schema: Schema): (Mistake & { readonly path: string })[] {
  return document.scalars(isSuspect).flatMap(({ path, scalar }) => {
    const problem = problemOf(scalar, schemasAt(schema, document.value, path));
    if (problem === undefined) return [];
    const key = path.join('.');
    const shown = isSecret(path) || isMarkedSecret(schema, path) ? '' : `, received ${scalar.source}`;
    return [{ path: key, offset: scalar.range?.[0] ?? 0, message: `${key}: ${problem}${shown}` }];
  });
}

/** Text without quotes that could be meant otherwise. */
const isSuspect = ({ type, source = '', value, tag }: Scalar): boolean =>
  type === 'PLAIN' &&
  tag === undefined &&
  (typeof value === 'number' ? String(value) !== source : WORD.test(source) || SEXAGESIMAL.test(source));

function problemOf({ source = '', value }: Scalar, schemas: readonly Schema[]): string | undefined {
  if (typeof value === 'number') {
    if (schemas.some((schema) => accepts(schema, source))) return QUOTES;
    return LEADING_ZERO.test(source) ? 'expected a number without leading zeros (octal: 0o17)' : undefined;
  }
  // Where only some words are taken, or a form, the word is one of them or it is told elsewhere.
  return schemas.some((schema) => accepts(schema, 'text')) ? QUOTES : undefined;
}

const accepts = (schema: Schema, value: unknown): boolean => (schema as z.ZodType).safeParse(value).success;
