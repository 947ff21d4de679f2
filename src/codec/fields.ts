import type { Reader, Writer } from './cursor.ts';

/**
 * One value of a layout. `min` bytes must be there before `read` is called; a field of open length (`max` is
 * Infinity) may go on to the end of the data. `write` returns why a value does not fit, or undefined when it
 * wrote it.
 */
export interface Field<T> {
  readonly kind: string;
  readonly min: number;
  readonly max: number;
  /** Most that a number of one byte may be, where that is less than the byte can hold. */
  readonly most?: number;
  read(reader: Reader): T;
  write(writer: Writer, value: T): string | undefined;
}

/** A field that may be absent at the end of the data; everything after it is then absent as well. */
export interface Optional<T> extends Field<T | undefined> {
  readonly optional: true;
}

/** Bytes without meaning: written as a constant, ignored on read, absent from the value. */
export interface Pad extends Field<undefined> {
  readonly pad: true;
}

const whole = (value: unknown, low: number, high: number): string | undefined =>
  typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high
    ? undefined
    : `${String(value)} is not a whole number from ${low} to ${high}`;

function unsigned(size: number): Field<number> {
  const high = 256 ** size - 1;
  return {
    kind: `u${size * 8}`,
    min: size,
    max: size,
    read: (reader) => reader.uint(size),
    write: (writer, value) => whole(value, 0, high) ?? void writer.uint(value, size),
  };
}

function signed(size: number): Field<number> {
  const span = 256 ** size;
  return {
    kind: `i${size * 8}`,
    min: size,
    max: size,
    read(reader) {
      const value = reader.uint(size);
      return value >= span / 2 ? value - span : value;
    },
    write: (writer, value) =>
      whole(value, -span / 2, span / 2 - 1) ?? void writer.uint(value < 0 ? value + span : value, size),
  };
}

/** Multi-byte integers of IPMI are least significant byte first. */
export const u8: Field<number> = unsigned(1);
export const u16: Field<number> = unsigned(2);
export const u24: Field<number> = unsigned(3);
export const u32: Field<number> = unsigned(4);
export const i8: Field<number> = signed(1);
export const i16: Field<number> = signed(2);

/** One byte, 0..`most`. What is read may be more: whoever keeps values says no. */
export const upTo = (most: number): Field<number> => ({
  ...u8,
  kind: `0..${most}`,
  most,
  write: (writer, value) => whole(value, 0, most) ?? void writer.u8(value),
});

/** Most significant byte first, as UDP ports in DCMI and addresses in LAN parameters are. */
export const u16be: Field<number> = {
  kind: 'u16be',
  min: 2,
  max: 2,
  read(reader) {
    const high = reader.u8();
    return high * 256 + reader.u8();
  },
  write: (writer, value) => whole(value, 0, 0xffff) ?? (writer.u8(value >> 8), void writer.u8(value & 0xff)),
};

/** Most significant byte first, as SNMP has its numbers. */
export const u32be: Field<number> = {
  kind: 'u32be',
  min: 4,
  max: 4,
  read: (reader) => u16be.read(reader) * 65_536 + u16be.read(reader),
  write: (writer, value) =>
    whole(value, 0, 0xffffffff) ??
    u16be.write(writer, Math.floor(value / 65_536)) ??
    u16be.write(writer, value % 65_536),
};

/**
 * Seconds since 1970-01-01 in the BMC's time (IPMI 2.0 §37.1); FFFFFFFFh unspecified, up to 20000000h
 * relative to start-up.
 */
export const timestamp: Field<number> = { ...u32, kind: 'timestamp' };

/** Two decimal digits in one byte, 0..99 (IPMI 2.0 §20.1, minor firmware revision). */
export const bcd8: Field<number> = {
  kind: 'bcd8',
  min: 1,
  max: 1,
  read(reader) {
    const value = reader.u8();
    return (value >> 4) * 10 + (value & 0xf);
  },
  write: (writer, value) =>
    whole(value, 0, 99) ?? void writer.u8((Math.floor(value / 10) << 4) | (value % 10)),
};

/** Exactly `size` bytes. */
export function bytes(size: number): Field<Uint8Array> {
  return {
    kind: `bytes(${size})`,
    min: size,
    max: size,
    read: (reader) => reader.take(size),
    write: (writer, value) =>
      value instanceof Uint8Array && value.length === size
        ? void writer.put(value)
        : `need ${size} byte(s), have ${value instanceof Uint8Array ? value.length : String(value)}`,
  };
}

/** Everything that is left, at least `min` and at most `max` bytes. */
export function rest(min = 0, max: number = Infinity): Field<Uint8Array> {
  return {
    kind: 'rest',
    min,
    max,
    read: (reader) => reader.take(Math.min(reader.left, max)),
    write: (writer, value) =>
      value instanceof Uint8Array && value.length >= min && value.length <= max
        ? void writer.put(value)
        : `need ${min} to ${max} byte(s), have ${value instanceof Uint8Array ? value.length : String(value)}`,
  };
}

/** ASCII/Latin-1 text in a field of fixed size, padded with zeros; read up to the first zero. */
export function text(size: number): Field<string> {
  return {
    kind: `text(${size})`,
    min: size,
    max: size,
    read(reader) {
      const raw = reader.take(size);
      const end = raw.indexOf(0);
      return latin1(end < 0 ? raw : raw.subarray(0, end));
    },
    write(writer, value) {
      if (typeof value !== 'string' || value.length > size || !isLatin1(value))
        return `need at most ${size} Latin-1 characters`;
      for (let i = 0; i < size; i++) writer.u8(i < value.length ? value.charCodeAt(i) : 0);
      return undefined;
    },
  };
}

/** An IPv4 address as dotted text, most significant byte first. */
export const ipv4: Field<string> = {
  kind: 'ipv4',
  min: 4,
  max: 4,
  read: (reader) => `${reader.u8()}.${reader.u8()}.${reader.u8()}.${reader.u8()}`,
  write(writer, value) {
    const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(value)?.slice(1).map(Number);
    if (!parts || parts.some((part) => part > 255)) return `'${value}' is not an IPv4 address`;
    for (const part of parts) writer.u8(part);
    return undefined;
  },
};

const IPV6_GROUPS = 8;

/** An IPv6 address as text, most significant byte first; read without `::`, written with or without it. */
export const ipv6: Field<string> = {
  kind: 'ipv6',
  min: 16,
  max: 16,
  read: (reader) => Array.from({ length: IPV6_GROUPS }, () => u16be.read(reader).toString(16)).join(':'),
  write(writer, value) {
    const [head, tail, more] = value.split('::').map((half) => (half === '' ? [] : half.split(':')));
    const missing = IPV6_GROUPS - head.length - (tail?.length ?? 0);
    const groups = tail && missing > 0 ? [...head, ...Array<string>(missing).fill('0'), ...tail] : head;
    if (more || groups.length !== IPV6_GROUPS || !groups.every((group) => /^[\da-f]{1,4}$/i.test(group)))
      return `'${value}' is not an IPv6 address`;
    for (const group of groups) u16be.write(writer, parseInt(group, 16));
    return undefined;
  },
};

/** A MAC address as `aa:bb:cc:dd:ee:ff`, most significant byte first. */
export const mac: Field<string> = {
  kind: 'mac',
  min: 6,
  max: 6,
  read: (reader) => Array.from({ length: 6 }, () => reader.u8().toString(16).padStart(2, '0')).join(':'),
  write(writer, value) {
    if (!/^[\da-f]{2}(:[\da-f]{2}){5}$/i.test(value)) return `'${value}' is not a MAC address`;
    for (const part of value.split(':')) writer.u8(parseInt(part, 16));
    return undefined;
  },
};

export function optional<T>(field: Field<T>): Optional<T> {
  return {
    kind: field.kind,
    min: field.min,
    max: field.max,
    optional: true,
    read: (reader) => field.read(reader),
    write: (writer, value) => (value === undefined ? undefined : field.write(writer, value)),
  };
}

/** `size` reserved bytes, written as `fill`. */
export function pad(size: number, fill = 0): Pad {
  return {
    kind: `pad(${size})`,
    min: size,
    max: size,
    pad: true,
    read: (reader) => void (reader.pos += size),
    write(writer) {
      for (let i = 0; i < size; i++) writer.u8(fill);
      return undefined;
    },
  };
}

/** Bytes after the specified ones that a client may send and nobody reads. */
export const ignored: Pad = {
  kind: 'ignored',
  min: 0,
  max: Infinity,
  pad: true,
  read: (reader) => void (reader.pos = reader.end),
  write: () => undefined,
};

/** The same field again and again to the end of the data. */
export function many<T>(field: Field<T>, most: number = Infinity): Field<T[]> {
  return {
    kind: `many(${field.kind})`,
    min: 0,
    max: most * field.max,
    read(reader) {
      const out: T[] = [];
      while (out.length < most && reader.left >= Math.max(field.min, 1)) out.push(field.read(reader));
      return out;
    },
    write(writer, value) {
      if (!Array.isArray(value) || value.length > most) return `need a list of at most ${most}`;
      for (const item of value) {
        const problem = field.write(writer, item);
        if (problem) return problem;
      }
      return undefined;
    },
  };
}

/** Exactly `count` of the same field. */
export function repeat<T>(field: Field<T>, count: number): Field<T[]> {
  return {
    kind: `repeat(${field.kind}, ${count})`,
    min: field.min * count,
    max: field.max * count,
    read: (reader) => Array.from({ length: count }, () => field.read(reader)),
    write(writer, value) {
      if (!Array.isArray(value) || value.length !== count) return `need a list of ${count}`;
      for (const item of value) {
        const problem = field.write(writer, item);
        if (problem) return problem;
      }
      return undefined;
    },
  };
}

export function latin1(data: Uint8Array): string {
  let out = '';
  for (const byte of data) out += String.fromCharCode(byte);
  return out;
}

export const isLatin1 = (value: string): boolean =>
  Array.from(value).every((c) => (c.codePointAt(0) ?? 0) < 0x100);

/**
 * Text as Latin-1 bytes, optionally padded with zeros or cut to `size`. Characters beyond Latin-1 become `?`.
 */
export function fromLatin1(value: string, size: number = value.length): Uint8Array {
  const out = new Uint8Array(size);
  for (let i = 0; i < Math.min(size, value.length); i++) {
    const code = value.charCodeAt(i);
    out[i] = code < 0x100 ? code : 0x3f;
  }
  return out;
}
