import { expect, test } from 'vitest';
import { latin1 } from '../codec/index.ts';
import { fruImage } from './fru-image.ts';

const BOARD = 3;
const PRODUCT = 4;
/** Language and texts of an area, as a reader of the FRU specification finds them. */
function area(image: Uint8Array, which: number): { language: number; texts: string[] } {
  const start = image[which] * 8;
  const language = image[start + 2];
  const texts: string[] = [];
  for (let at = start + (which === BOARD ? 6 : 3); image[at] !== 0xc1; at += 1 + (image[at] & 0x3f)) {
    const bytes = image.subarray(at + 1, at + 1 + (image[at] & 0x3f));
    texts.push(language === 25 ? latin1(bytes) : new TextDecoder('utf-16le').decode(bytes));
  }
  return { language, texts };
}

test.each([
  ['Gehäuse für 10 µA', 25],
  ['株式会社サーバ', 53],
  ['服务器', 135],
  ['서버', 61],
  ['Сервер', 95],
  ['Διακομιστής', 24],
  ['Łódź', 26],
  ['10 €', 26],
])('V2: %s comes back out of the FRU, in language %i', (name, language) => {
  expect(area(fruImage({ product: { manufacturer: 'Example', name } }, 512), PRODUCT)).toMatchObject({
    language,
    texts: ['Example', name, '', '', '', '', ''],
  });
});

test('V2: a language that is given counts for all texts of its area, and for no other area', () => {
  const image = fruImage(
    {
      board: { language: 'de', manufacturer: 'Müller', serial: 'S-1', custom: ['x'] },
      product: { name: 'Name' },
    },
    512,
  );
  expect(area(image, BOARD)).toEqual({ language: 22, texts: ['Müller', '', 'S-1', '', '', 'x'] });
  expect(area(image, PRODUCT).language).toBe(25);
});

test('V7: a text of one character is no end of an area, and readers see that character alone', () => {
  const { texts } = area(
    fruImage({ product: { manufacturer: 'A', version: '2', custom: ['z'] } }, 512),
    PRODUCT,
  );
  expect(texts).toEqual(['A\0', '', '', '2\0', '', '', '', 'z\0']);
});

test.each([
  [{ chassis: { serial: '服' } }, ['chassis', 'serial'], 'beyond ISO 8859-1'],
  [{ product: { name: '服'.repeat(32) } }, ['product', 'name'], 'longer than 63 bytes'],
  [{ product: { name: '😀' } }, ['product', 'name'], 'beyond two bytes'],
  [{ board: { language: 'xx' } }, ['board', 'language'], 'no language'],
  [{ board: { custom: ['ok', 'x'.repeat(64)] } }, ['board', 'custom', 1], 'longer than 63 bytes'],
  [{ product: { custom: Array(40).fill('x'.repeat(60)) as string[] } }, ['product'], 'of 2040 at most'],
  [{ internalUse: 'ab'.repeat(2100), chassis: {} }, ['chassis'], 'begins at byte 2040 at the latest'],
  [
    { board: { date: '2027-11-24T20:16' } },
    ['board', 'date'],
    'a FRU can hold 1996-01-01T00:01 to 2027-11-24T20:15',
  ],
  [{ board: { date: '2028-01-01' } }, ['board', 'date'], 'a FRU can hold'],
  [{ board: { date: '1996-01-01' } }, ['board', 'date'], 'a FRU can hold'],
  [{ board: { date: '1995-06-01' } }, ['board', 'date'], 'a FRU can hold'],
  [{ board: { date: '2026-01-15T12:30:20' } }, ['board', 'date'], 'to the minute'],
  [{ board: { date: 'soon' } }, ['board', 'date'], 'expected a date'],
])('V7: %j is refused at %j', (content, path, message) => {
  const problem = expect.objectContaining({
    path,
    message: expect.stringContaining(message) as string,
  }) as Error;
  expect(() => fruImage(content, 8192)).toThrow(problem);
});

test.each([
  ['2027-11-24T20:15', 0xff_ffff],
  ['1996-01-01T00:01', 1],
  ['1996-01-02', 1440],
  ['1996-01-02T00:00+01:00', 1380],
  ['1996-01-02T01:00Z', 1500],
])('V7: the date %s is minute %i, in any time zone', (date, minute) => {
  const image = fruImage({ board: { date } }, 256);
  const at = image[BOARD] * 8 + 3;
  expect(image[at] | (image[at + 1] << 8) | (image[at + 2] << 16)).toBe(minute);
});
