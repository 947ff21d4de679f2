/** Texts of FRU areas (FRU Information Storage Definition §13): a type/length byte, and characters. */

import { DecodeError, latin1 } from '../codec/index.ts';
import { bcdPlusText, sixBitText } from './packed-text.ts';

/** Type/length bytes have six bits for the length. */
const LONGEST = 63;
/** A type/length byte that ends the texts of an area. */
const END = 0xc1;
/**
 * Type 11b: 8-bit ASCII + Latin-1 where the area's language is English, 2-byte Unicode where it is another.
 */
const TEXT = 0xc0;
/** Languages in the order of their codes (§15): ISO 639 as it was in 1988. 0 and 25 are English. */
const LANGUAGES = (
  'en aa ab af am ar as ay az ba be bg bh bi bn bo br ca co cs cy da de dz el en eo es et eu fa fi fj fo fr fy ga gd gl gn gu ha hi hr hu hy ia ' +
  'ie ik in is it iw ja ji jw ka kk kl km kn ko ks ku ky la ln lo lt lv mg mi mk ml mn mo mr ms mt my na ne nl no oc om or pa pl ps pt qu rm rn ' +
  'ro ru rw sa sd sg sh si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw uk ur uz vi vo wo xh yo zh zu'
).split(' ');
export const ENGLISH = 25;
/** A language that belongs to no country, for text that does not say whose it is. */
const ESPERANTO = 26;

/** Letters that tell a language, or one that shares them. */
const SCRIPTS: readonly (readonly [RegExp, string])[] = [
  [/[\p{Script=Hiragana}\p{Script=Katakana}]/u, 'ja'],
  [/\p{Script=Hangul}/u, 'ko'],
  [/\p{Script=Han}/u, 'zh'],
  [/\p{Script=Cyrillic}/u, 'ru'],
  [/\p{Script=Greek}/u, 'el'],
  [/\p{Script=Arabic}/u, 'ar'],
  [/\p{Script=Hebrew}/u, 'iw'],
  [/\p{Script=Thai}/u, 'th'],
  [/\p{Script=Devanagari}/u, 'hi'],
];

/** The code of a language; undefined: it has none. */
export function languageCode(name: string): number | undefined {
  if (name === 'en') return ENGLISH;
  const code = LANGUAGES.indexOf({ he: 'iw', yi: 'ji', jv: 'jw', id: 'in' }[name] ?? name);
  return code < 0 ? undefined : code;
}

/** The language that texts need: English as long as Latin-1 has all of their letters. */
export function languageOf(texts: readonly string[]): number {
  const whole = texts.join('');
  if (/^[\0-\xff]*$/.test(whole)) return ENGLISH;
  const [, name] = SCRIPTS.find(([letters]) => letters.test(whole)) ?? [];
  return name === undefined ? ESPERANTO : LANGUAGES.indexOf(name);
}

/** Type/length byte and text. Throws RangeError for what does not fit. */
export function textField(text: string, language: number): number[] {
  const bytes = language === ENGLISH || language === 0 ? latin1Bytes(text) : unicodeBytes(text);
  if (bytes.length > LONGEST) throw new RangeError(`'${text}' is longer than ${LONGEST} bytes`);
  // A length of 1 would make the byte that ends the area: a zero, which no reader shows, goes behind it.
  if (bytes.length === 1) bytes.push(0);
  return [TEXT | bytes.length, ...bytes];
}

/** A character a byte. Throws RangeError. */
export function latin1Bytes(text: string): number[] {
  return Array.from(text, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code > 0xff) throw new RangeError(`'${text}' has a character beyond ISO 8859-1 (Latin-1)`);
    return code;
  });
}

/** Two bytes each, least significant first. Throws RangeError. */
function unicodeBytes(text: string): number[] {
  return Array.from(text).flatMap((character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code > 0xffff) throw new RangeError(`'${text}' has a character beyond two bytes`);
    return [code & 0xff, code >> 8];
  });
}

/** What a language's code stands for; undefined: English, or no language's. */
export const languageName = (code: number): string | undefined =>
  code === 0 || code === ENGLISH ? undefined : LANGUAGES[code];

/**
 * The texts of an area from `start` on, to the byte that ends them. Throws DecodeError where one goes on
 * behind the area.
 */
export function fruTexts(area: Uint8Array, start: number, language: number): string[] {
  const texts: string[] = [];
  for (let at = start; area[at] !== END;) {
    const next = at + 1 + (area[at] & LONGEST);
    if (next >= area.length)
      throw new DecodeError('FRU area', `text ${texts.length + 1}`, at, 'goes on behind the area');
    texts.push(fruText(area[at] & TEXT, area.subarray(at + 1, next), language));
    at = next;
  }
  return texts;
}

/** Bytes that are no text are hex digits. */
function fruText(type: number, bytes: Uint8Array, language: number): string {
  switch (type) {
    case 0x00:
      return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
    case 0x40:
      return bcdPlusText(bytes).trimEnd();
    case 0x80:
      return sixBitText(bytes).trimEnd();
    default:
      return (language === ENGLISH || language === 0 ? latin1(bytes) : unicode(bytes)).replace(/\0+$/, '');
  }
}

function unicode(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i + 1 < bytes.length; i += 2) text += String.fromCharCode(bytes[i] | (bytes[i + 1] << 8));
  return text;
}
