import { CC } from './completion-codes.ts';
import { IpmiError } from './errors.ts';
import type { Field } from './fields.ts';

// A byte order mark is a character like others: left out, two names would be one, and one would be empty.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** The text of these bytes; undefined where they are no UTF-8, so that no two byte strings are one text. */
export function utf8Text(data: Uint8Array): string | undefined {
  try {
    return decoder.decode(data);
  } catch {
    return undefined;
  }
}

/**
 * Text as UTF-8; undefined for text that has no bytes of its own (half of a surrogate pair) or needs more
 * than `most`.
 */
export function utf8Bytes(text: string, most = Infinity): Uint8Array | undefined {
  const bytes = encoder.encode(text);
  return bytes.length <= most && utf8Text(bytes) === text ? bytes : undefined;
}

/**
 * UTF-8 text in a field of fixed size, padded with zeros; read up to the first zero. Reading throws CCh for
 * what is no UTF-8.
 */
export function utf8(size: number): Field<string> {
  return {
    kind: `utf8(${size})`,
    min: size,
    max: size,
    read(reader) {
      const raw = reader.take(size);
      const end = raw.indexOf(0);
      const text = utf8Text(end < 0 ? raw : raw.subarray(0, end));
      if (text === undefined) throw new IpmiError(CC.InvalidDataField, 'text that is not UTF-8');
      return text;
    },
    write(writer, value) {
      const bytes = typeof value === 'string' ? utf8Bytes(value, size) : undefined;
      if (!bytes || bytes.includes(0)) return `need text of at most ${size} bytes in UTF-8`;
      writer.put(bytes);
      for (let i = bytes.length; i < size; i++) writer.u8(0);
      return undefined;
    },
  };
}
