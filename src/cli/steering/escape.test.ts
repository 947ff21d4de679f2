import { expect, test } from 'vitest';
import { EscapeKeys } from './escape.ts';

const typed = (...pieces: string[]) => {
  const keys = new EscapeKeys();
  return pieces.flatMap((piece) => keys.take(piece));
};

test('17.2: ~. at the beginning of a line closes a console, also in two pieces', () => {
  expect(typed('~.')).toEqual([{ text: '', escape: 'close' }]);
  expect(typed('~', '.')).toEqual([{ text: '', escape: 'close' }]);
  expect(typed('ls\r~.')).toEqual([{ text: 'ls\r', escape: 'close' }]);
  expect(typed('a\r~?b')).toEqual([{ text: 'a\r', escape: 'help' }, { text: 'b' }]);
  expect(typed('\n~B~.')).toEqual([
    { text: '\n', escape: 'break' },
    { text: '', escape: 'close' },
  ]);
});

test('17.2: elsewhere a tilde is a tilde, and ~~ is one at the beginning', () => {
  expect(typed('cd ~/x\r')).toEqual([{ text: 'cd ~/x\r' }]);
  expect(typed('a~.')).toEqual([{ text: 'a~.' }]);
  expect(typed('~~.')).toEqual([{ text: '~.' }]);
  expect(typed('~/bin\r')).toEqual([{ text: '~/bin\r' }]);
  expect(typed('~x~.')).toEqual([{ text: '~x~.' }]);
});
