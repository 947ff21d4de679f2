import { expect, test } from 'vitest';
import { tortureOptions } from './options.ts';

test('torture: numbers are taken, the others are as they are', () => {
  expect(tortureOptions([])).toMatchObject({ rounds: 20, datagrams: 100_000, cluster: 0, from: 1 });
  expect(tortureOptions(['--rounds', '3', '--from=7'])).toMatchObject({ rounds: 3, sim: 1000, from: 7 });
});

test('torture: help is the usage with an example that is right', () => {
  const shown = tortureOptions(['--rounds', '3', '--help']);
  expect(shown).toMatchObject({ code: 0, say: expect.stringMatching(/--datagrams +N .*\(default 100000\)/) });
  const [, example] = /npm run torture -- (--.*)\n$/.exec((shown as { say: string }).say)!;
  expect(tortureOptions(example.split(' '))).toMatchObject({ sim: 1, from: 4711, stories: 0 });
});

test.each([
  [['--round', '3'], 'torture: there is no option --round; --help shows the options\n'],
  [['-x'], 'torture: there is no option -x; --help shows the options\n'],
  [['--rounds'], 'torture: --rounds takes a whole number; --help shows the options\n'],
  [['--rounds', 'many'], 'torture: --rounds takes a whole number; --help shows the options\n'],
  [['--rounds', '--sim', '1'], 'torture: --rounds takes a whole number; --help shows the options\n'],
  [['300'], "torture: '300' is no option; --help shows the options\n"],
])('torture: %j is one line and exit code 2', (args, say) => {
  expect(tortureOptions(args)).toEqual({ say, code: 2 });
});
