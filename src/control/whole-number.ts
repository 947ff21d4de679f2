import { z } from '@hono/zod-openapi';

/** A whole number in a path or a query, where it is a text: digits and nothing else. */
export const wholeNumber = (least: number, most: number, description?: string) => {
  const expected = `expected a whole number of ${least} to ${most}`;
  return z
    .string()
    .regex(/^\d{1,16}$/, expected)
    .transform(Number)
    .refine((value) => value >= least && value <= most, expected)
    .openapi({
      type: 'integer',
      minimum: least,
      maximum: most,
      ...(description !== undefined && { description }),
    });
};

/** The same in a query that may leave it out. */
export const wholeNumberOr = (otherwise: number, least: number, most: number) =>
  wholeNumber(least, most).default(otherwise).openapi({ default: otherwise });
