/** Some bits of a byte or word, written like the specification's `[7]` and `[3:0]`. */
export interface Bits<T extends number | boolean = number | boolean> {
  readonly kind: 'bits';
  readonly high: number;
  readonly low: number;
  /** How the bits are read: one bit as a boolean, several as an unsigned or a two's complement number. */
  readonly as: 'boolean' | 'unsigned' | 'signed';
  /** Names the value's type; never present at run time. */
  readonly type?: T;
}

/** The bits of one byte (or word): spread into a layout, so that the values lie flat. */
export interface GroupedBits<T extends number | boolean = number | boolean> extends Bits<T> {
  readonly group: BitGroup;
}

export interface BitGroup {
  /** Bytes of the group, least significant first. */
  readonly size: number;
  readonly names: readonly string[];
}

export const bit = (position: number): Bits<boolean> => ({
  kind: 'bits',
  high: position,
  low: position,
  as: 'boolean',
});
export const bits = (high: number, low: number): Bits<number> => ({
  kind: 'bits',
  high,
  low,
  as: 'unsigned',
});
export const signedBits = (high: number, low: number): Bits<number> => ({
  kind: 'bits',
  high,
  low,
  as: 'signed',
});

type Grouped<G> = { [K in keyof G]: G[K] extends Bits<infer T> ? GroupedBits<T> : never };

function group<G extends Record<string, Bits>>(size: number, members: G): Grouped<G> {
  const owner: BitGroup = { size, names: Object.keys(members) };
  const taken: (string | undefined)[] = [];
  for (const [name, { high, low }] of Object.entries(members)) {
    if (!(Number.isInteger(high) && Number.isInteger(low) && low >= 0 && high >= low && high < size * 8)) {
      throw new RangeError(`bad layout: ${name} [${high}:${low}] does not lie in ${size} byte(s)`);
    }
    for (let i = low; i <= high; i++) {
      if (taken[i] !== undefined)
        throw new RangeError(`bad layout: ${name} and ${taken[i]} both take bit ${i}`);
      taken[i] = name;
    }
  }
  if (owner.names.length === 0) throw new RangeError('bad layout: a byte without bits; say pad(1)');
  const grouped: object = Object.fromEntries(
    Object.entries(members).map(([name, member]) => [name, { ...member, group: owner }]),
  );
  return grouped as Grouped<G>;
}

/** One wire byte. Bits left out are reserved: written 0, ignored on read. */
export const byte = <G extends Record<string, Bits>>(members: G): Grouped<G> => group(1, members);
/** Two wire bytes, least significant first; bit 8 is bit 0 of the second. */
export const word = <G extends Record<string, Bits>>(members: G): Grouped<G> => group(2, members);
/** Three wire bytes, least significant first. */
export const triple = <G extends Record<string, Bits>>(members: G): Grouped<G> => group(3, members);
