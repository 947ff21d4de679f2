import { utf8Bytes } from '../codec/index.ts';

/**
 * What a stored value must look like before anybody works with it: a file of another version, or of another
 * hand, is not believed.
 */
export type Shape<T> = (value: unknown) => value is T;
export type Shaped<S> = S extends Shape<infer T> ? T : never;

const shape = <T>(is: (value: unknown) => boolean): Shape<T> => is as Shape<T>;

export const anything: Shape<unknown> = shape(() => true);
export const flag: Shape<boolean> = shape((value) => typeof value === 'boolean');
export const number: Shape<number> = shape((value) => typeof value === 'number' && Number.isFinite(value));
export const between = (least: number, most: number): Shape<number> =>
  shape((value) => typeof value === 'number' && value >= least && value <= most);
/** Text of at most `most` characters. */
export const text = (most: number): Shape<string> =>
  shape((value) => typeof value === 'string' && value.length <= most);
/** Text of at most `most` bytes in UTF-8, none of them zero: what a field of that size can show. */
export const utf8 = (most: number): Shape<string> =>
  shape(
    (value) => typeof value === 'string' && !value.includes('\0') && utf8Bytes(value, most) !== undefined,
  );
/** A UUID as people write it. */
export const uuid: Shape<string> = shape(
  (value) => typeof value === 'string' && /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(value),
);
/** A whole number; default: whatever a number can say exactly. */
export const integer = (
  least: number = Number.MIN_SAFE_INTEGER,
  most: number = Number.MAX_SAFE_INTEGER,
): Shape<number> =>
  shape((value) => Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most);
export const byte: Shape<number> = integer(0, 0xff);
export const nibble: Shape<number> = integer(0, 0x0f);
export const word: Shape<number> = integer(0, 0xffff);
export const long: Shape<number> = integer(0, 0xffffffff);
export const bytes = (least: number, most: number = least): Shape<Uint8Array> =>
  shape((value) => value instanceof Uint8Array && value.length >= least && value.length <= most);
export const mark: Shape<1> = shape((value) => value === 1);

/** A list of at most `most`. */
export const list = <T>(of: Shape<T>, most: number): Shape<readonly T[]> =>
  shape((value) => Array.isArray(value) && value.length <= most && value.every((item) => of(item)));

/** By a number of 0..`most`. */
export const numbered = <T>(of: Shape<T>, most: number): Shape<Readonly<Record<number, T>>> =>
  shape(
    (value) =>
      isObject(value) && Object.entries(value).every(([key, item]) => isCount(key, most) && of(item)),
  );

type Fields = Readonly<Record<string, Shape<unknown>>>;
type Of<F extends Fields> = { readonly [K in keyof F]: Shaped<F[K]> };

/** Every field of `fields`; those of `optional` may be absent. Others are let be. */
export function object<F extends Fields>(fields: F): Shape<Of<F>>;
export function object<F extends Fields, O extends Fields>(
  fields: F,
  optional: O,
): Shape<Of<F> & Partial<Of<O>>>;
export function object(fields: Fields, optional: Fields = {}): Shape<unknown> {
  return shape(
    (value) =>
      isObject(value) &&
      Object.entries(fields).every(([key, of]) => Object.hasOwn(value, key) && of(value[key])) &&
      Object.entries(optional).every(([key, of]) => value[key] === undefined || of(value[key])),
  );
}

/** What a store declares of its keys and values. */
interface KeysAndValues<V> {
  readonly key: (key: string) => boolean;
  readonly shape: Shape<V>;
  readonly fits: (key: string, value: V) => boolean;
}

/** For a store of few values, each under a name of its own and of its own kind. */
export function named<F extends Fields>(fields: F): KeysAndValues<Shaped<F[keyof F]>> {
  return {
    key: (key) => Object.hasOwn(fields, key),
    shape: shape((value) => Object.values(fields).some((of) => of(value))),
    fits: (key, value) => fields[key](value),
  };
}

/** `12`, at most `most`: how keys name slots, sensors and parameters. */
export const isCount = (key: string, most: number): boolean => /^\d{1,8}$/.test(key) && Number(key) <= most;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
