/**
 * A table of the specification: what programs call an entry, its code, and what settings and people call it.
 */
export type CodeTable = Readonly<Record<string, readonly [code: number, name: string]>>;

/** Its codes by what programs call them. */
/* @__NO_SIDE_EFFECTS__ */
export const codesOf = <const T extends CodeTable>(table: T): { readonly [K in keyof T]: T[K][0] } =>
  Object.fromEntries(Object.entries(table).map(([key, [code]]) => [key, code])) as {
    readonly [K in keyof T]: T[K][0];
  };

/** Its codes by name, in the table's order. */
/* @__NO_SIDE_EFFECTS__ */
export const byName = (table: CodeTable): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.values(table).map(([code, name]) => [name, code]));
