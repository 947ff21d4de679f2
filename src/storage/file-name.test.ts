import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fileNameOf } from './file-name.ts';

test.each([
  ['bmc', 'bmc'],
  ['Rack-7_node.12', 'Rack-7_node.12'],
  ['../../out', '%2E.%2F..%2Fout'],
  ['..', '%2E.'],
  ['.', '%2E'],
  ['', '%'],
  ['/etc/passwd', '%2Fetc%2Fpasswd'],
  ['a\0b', 'a%00b'],
  ['Küche', 'K%C3%BCche'],
  ['50%', '50%25'],
])('L: the name %j is the file %s', (name, file) => expect(fileNameOf(name)).toBe(file));

test('L property: one step of a path, of two names two', () => {
  const name = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((one) => !/\p{Surrogate}/u.test(one));
  fc.assert(
    fc.property(name, name, (one, other) => {
      const [a, b] = [fileNameOf(one), fileNameOf(other)];
      expect([a === b, /^[%A-Za-z0-9_-][A-Za-z0-9._%-]*$/.test(a)]).toEqual([one === other, true]);
    }),
  );
});

test.each(['ü'.repeat(60), '\ud800'])('L: a name that no file can have is refused: %j', (name) =>
  expect(() => fileNameOf(name)).toThrow(RangeError),
);
