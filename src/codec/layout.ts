import type { GroupedBits } from './bits.ts';
import { Reader, Writer } from './cursor.ts';
import { DecodeError, EncodeError } from './errors.ts';
import type { Field, Optional, Pad } from './fields.ts';

/** One wire structure, written once in the order of the specification's table. */
// oxlint-disable-next-line typescript/no-explicit-any -- fields of every value type
export type Shape = Readonly<Record<string, Field<any> | GroupedBits>>;

type Plain<S> = {
  [K in keyof S]: S[K] extends Pad ? never : S[K] extends Optional<unknown> ? never : K;
}[keyof S];
type Tail<S> = {
  [K in keyof S]: S[K] extends Pad ? never : S[K] extends Optional<unknown> ? K : never;
}[keyof S];
type TypeOf<F> = F extends GroupedBits<infer T> ? T : F extends Field<infer T> ? T : never;

/** The value that a shape reads and writes. */
export type Value<S> = { [K in Plain<S>]: TypeOf<S[K]> } & { [K in Tail<S>]?: TypeOf<S[K]> };

/** Both directions of one structure. */
export interface Codec<T> {
  readonly name: string;
  /** Fewest bytes of a whole value. */
  readonly min: number;
  /** Most bytes of a whole value; Infinity if open. */
  readonly max: number;
  /** Throws DecodeError (C7h) naming the field where `data[start..end)` is too short or too long. */
  decode(data: Uint8Array, start?: number, end?: number): T;
  /**
   * Throws EncodeError naming the field whose value does not fit. `before`: bytes left free in front, zeros.
   */
  encode(value: T, before?: number): Uint8Array;
  write(writer: Writer, value: T): void;
}

/** What decode and encode walk: prepared once, when the layout is defined. */
interface Slot {
  /** A field, or undefined where the slot is a group of bits. */
  readonly field: Field<unknown> | undefined;
  readonly name: string;
  readonly min: number;
  readonly optional: boolean;
  readonly pad: boolean;
  readonly members: readonly Member[];
}

interface Member {
  readonly name: string;
  /** Its lowest bit. */
  readonly low: number;
  /** The place value of its lowest bit. */
  readonly unit: number;
  /** 2^width: values lie below it. */
  readonly span: number;
  readonly lowest: number;
  readonly highest: number;
  readonly as: 'boolean' | 'unsigned' | 'signed';
}

/* @__NO_SIDE_EFFECTS__ */
export function layout<const S extends Shape>(name: string, shape: S): Layout<Value<S>> {
  return new Layout<Value<S>>(name, shape);
}

export class Layout<T> implements Codec<T> {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Names of the values in wire order. */
  readonly names: readonly string[];
  /** For each byte of the fields of fixed size the bits that have a meaning; the others are reserved. */
  readonly masks: readonly number[];
  /** Most that a byte may be, by its offset, where its field says so. */
  readonly mosts: readonly { readonly at: number; readonly most: number }[];
  readonly #slots: readonly Slot[];

  constructor(name: string, shape: Shape) {
    this.name = name;
    this.#slots = prepare(name, shape);
    this.min = this.#slots.reduce((sum, slot) => sum + (slot.optional ? 0 : slot.min), 0);
    this.max = this.#slots.reduce((sum, slot) => sum + (slot.field?.max ?? slot.min), 0);
    this.names = this.#slots.flatMap((slot) =>
      slot.pad ? [] : slot.field ? [slot.name] : slot.members.map((member) => member.name),
    );
    this.masks = this.#slots.flatMap(masksOf);
    this.mosts = this.#slots.flatMap(({ field, min }, i) => {
      const at = this.#slots.slice(0, i).reduce((sum, slot) => sum + slot.min, 0);
      return min === 1 && field?.most !== undefined ? [{ at, most: field.most }] : [];
    });
  }

  /** What each value is, by its name: `u16`, `bytes(16)`, `rest`; a bit or several are `boolean` and `bits`. */
  get kinds(): ReadonlyMap<string, string> {
    return new Map(
      this.#slots.flatMap(({ field, pad, name, members }) =>
        pad
          ? []
          : field
            ? [[name, field.kind] as const]
            : members.map((member) => [member.name, member.as === 'boolean' ? 'boolean' : 'bits'] as const),
      ),
    );
  }

  decode(data: Uint8Array, start = 0, end: number = data.length): T {
    if (end - start < this.min) throw this.#short(start, end);
    const reader = new Reader(data, start, end);
    const out: Record<string, unknown> = {};
    for (const slot of this.#slots) {
      const { field } = slot;
      if (slot.optional && reader.left < slot.min) {
        if (reader.left > 0)
          throw new DecodeError(
            this.name,
            slot.name,
            reader.pos - start,
            `need ${slot.min} byte(s), have ${reader.left} of ${end - start} in all`,
          );
        break;
      }
      if (slot.optional && reader.left === 0) break;
      if (field) {
        const value = field.read(reader);
        if (!slot.pad) out[slot.name] = value;
      } else {
        const raw = reader.uint(slot.min);
        for (const { name, low, unit, span, highest, as } of slot.members) {
          // By shifts up to 31 bits, which is all but a few.
          const value = slot.min < 4 ? (raw >> low) & (span - 1) : Math.floor(raw / unit) % span;
          out[name] = as === 'boolean' ? value === 1 : value > highest ? value - span : value;
        }
      }
    }
    if (reader.pos < end)
      throw new DecodeError(
        this.name,
        'end',
        reader.pos - start,
        `${end - reader.pos} byte(s) too many of ${end - start} in all`,
      );
    return out as T;
  }

  encode(value: T, before = 0): Uint8Array {
    const writer = new Writer(before + (this.max === Infinity ? this.#openSize(value) : this.max));
    writer.pos = before;
    this.write(writer, value);
    return writer.pos === writer.bytes.length ? writer.bytes : writer.done();
  }

  /** Bytes of a value whose last field is open: right where that is bytes, as most are. */
  #openSize(value: T): number {
    const open = (value as Record<string, unknown>)[this.#slots[this.#slots.length - 1].name];
    return this.min + (open instanceof Uint8Array ? open.length : 32);
  }

  write(writer: Writer, value: T): void {
    const values = value as Record<string, unknown>;
    let absent: string | undefined;
    for (const slot of this.#slots) {
      const { field } = slot;
      if (slot.optional && values[slot.name] === undefined) {
        absent ??= slot.name;
        continue;
      }
      if (field) {
        // A later value would be read in the place of the absent one.
        if (absent !== undefined && slot.optional)
          throw new EncodeError(this.name, slot.name, `given without ${absent}, which comes before it`);
        const problem = field.write(writer, values[slot.name]);
        if (problem !== undefined) throw new EncodeError(this.name, slot.name, problem);
      } else {
        let raw = 0;
        for (const member of slot.members) raw += this.#bits(member, values[member.name]);
        writer.uint(raw, slot.min);
      }
    }
  }

  #bits({ name, unit, span, lowest, highest, as }: Member, value: unknown): number {
    if (as === 'boolean') {
      if (typeof value !== 'boolean')
        throw new EncodeError(this.name, name, `${String(value)} is not true or false`);
      return value ? unit : 0;
    }
    if (typeof value !== 'number' || !Number.isInteger(value) || value < lowest || value > highest) {
      throw new EncodeError(
        this.name,
        name,
        `${String(value)} is not a whole number from ${lowest} to ${highest}`,
      );
    }
    return (value < 0 ? value + span : value) * unit;
  }

  /** Finds the first field that the data ends in. */
  #short(start: number, end: number): DecodeError {
    let offset = 0;
    for (const slot of this.#slots) {
      if (!slot.optional && offset + slot.min > end - start) {
        return new DecodeError(
          this.name,
          slot.name,
          offset,
          `need ${slot.min} byte(s), have ${end - start - offset} of ${end - start} in all`,
        );
      }
      offset += slot.min;
    }
    throw new Error('unreachable: called only when the data is shorter than the fields');
  }
}

/** The meaningful bits of each byte of a slot. */
function masksOf({ field, min, pad, members }: Slot): number[] {
  if (field) return Array.from({ length: min }, () => (pad ? 0 : 0xff));
  const taken = members.reduce((sum, { unit, span }) => sum + unit * (span - 1), 0);
  return Array.from({ length: min }, (_, i) => Math.floor(taken / 256 ** i) % 256);
}

/** Checks a shape and turns it into slots; a bad one fails here, when it is defined. */
function prepare(layoutName: string, shape: Shape): Slot[] {
  const slots: Slot[] = [];
  const entries = Object.entries(shape);
  const bad = (problem: string): RangeError => new RangeError(`bad layout ${layoutName}: ${problem}`);
  for (let i = 0; i < entries.length;) {
    const [name, entry] = entries[i];
    if (isBits(entry)) {
      const { group } = entry;
      const members: Member[] = group.names.map((member, n) => {
        const [at, found] = entries[i + n] ?? [];
        // Two spreads with one name leave the second's value in the first's place.
        if (at !== member || !found || !isBits(found) || found.group !== group)
          throw bad(`${member} is used twice, or its byte is not in one piece`);
        const span = 2 ** (found.high - found.low + 1);
        const lowest = found.as === 'signed' ? -span / 2 : 0;
        const { low } = found;
        return { name: member, low, unit: 2 ** low, span, lowest, highest: lowest + span - 1, as: found.as };
      });
      slots.push({
        field: undefined,
        name: members.map((member) => member.name).join('/'),
        min: group.size,
        optional: false,
        pad: false,
        members,
      });
      i += members.length;
    } else {
      slots.push({
        field: entry as Field<unknown>,
        name,
        min: entry.min,
        optional: 'optional' in entry,
        pad: 'pad' in entry,
        members: [],
      });
      i++;
    }
  }
  const open = slots.findIndex((slot) => slot.field?.max === Infinity);
  if (open >= 0 && open < slots.length - 1)
    throw bad(`${slots[open].name} takes all that is left, but ${slots[open + 1].name} follows`);
  const firstOptional = slots.findIndex((slot) => slot.optional);
  if (firstOptional >= 0) {
    const needed = slots.slice(firstOptional).find((slot) => !slot.optional && slot.min > 0);
    if (needed)
      throw bad(`${needed.name} is needed, but ${slots[firstOptional].name} before it may be absent`);
  }
  return slots;
}

const isBits = (entry: Field<unknown> | GroupedBits): entry is GroupedBits => entry.kind === 'bits';

/** A structure within another one, as one field. */
export function nested<T>(inner: Codec<T>): Field<T> {
  return {
    kind: inner.name,
    min: inner.min,
    max: inner.max,
    read(reader) {
      const end = inner.max === Infinity ? reader.end : Math.min(reader.end, reader.pos + inner.max);
      const value = inner.decode(reader.bytes, reader.pos, end);
      reader.pos = end;
      return value;
    },
    write(writer, value) {
      inner.write(writer, value);
      return undefined;
    },
  };
}
