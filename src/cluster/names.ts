const PLAIN = /[A-Za-z\d_-]/;

/** A name as one token of a subject and as a key: letters, digits, `_` and `-` as they are, all else as `=XX`. */
export const tokenOf = (name: string): string =>
  Array.from(new TextEncoder().encode(name), (byte) => {
    const letter = String.fromCharCode(byte);
    return PLAIN.test(letter) ? letter : `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');

export function nameOfToken(token: string): string {
  const bytes = token.replaceAll(/=([\dA-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(parseInt(hex, 16)),
  );
  return new TextDecoder().decode(Uint8Array.from(bytes, (letter) => letter.charCodeAt(0)));
}

/** Asks a host to give its BMCs away (a byte 1), or to take some again (0). */
export const drainSubject = (host: string): string => `drain.${tokenOf(host)}`;
