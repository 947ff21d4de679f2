/** Bytes that a name of a file may have on every file system. */
const LONGEST = 200;

/**
 * A name as one step of a path: of another BMC's name another one, and never a way out (`..`), down (`/`) or
 * a hidden file. Letters, digits, `-`, `_` and `.` stay; everything else is `%` and the bytes in hex. Throws
 * RangeError where that is too long for a file.
 */
export function fileNameOf(name: string): string {
  if (/\p{Surrogate}/u.test(name)) throw new RangeError('a name that is no text has no file');
  const encoded =
    name === ''
      ? '%'
      : encodeURIComponent(name)
          .replace(/[!'()*~]/g, percent)
          .replace(/^\./, percent);
  if (encoded.length > LONGEST)
    throw new RangeError(`'${name.slice(0, 40)}...' is too long for the name of a file`);
  return encoded;
}

const percent = (character: string): string =>
  `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
