import { expect, test } from 'vitest';
import { atOnce } from '../world/pace.ts';
import { SettingsDocument } from './document.ts';
import { ConfigError, optionsIn } from './load.ts';
import { plainJson } from './plain-json.ts';
import { ReadSettings, type WrittenSettings } from './written-settings.ts';

const user = 'users: [{ id: 2, name: admin, password: secret-enough }]';
const texts = {
  good: `bmcs:\n  - { name: 'n{n}', count: 3, interfaces: [{ type: lan, listen: '127.0.0.1:{6230+n}' }], ${user} }\n  - name: other\n    labels: &l { a: b }\n`,
  'one BMC': `name: one\ninterfaces: [{ type: lan }]\n${user}\n`,
  'keys that nobody knows': 'bmcs:\n  - name: a\n    sesions: 3\n  - { name: b, sensor: [] }\nbmc: 1\n',
  'values of other kinds': `bmcs:\n- name: 'a\tb'\n  userSlots: 99\n- name: b\n  identity: { deviceId: "x", productId: ~ }\n`,
  'words and numbers without quotes': `bmcs:\n  - name: no\n    labels: { rack: 12:30 }\n    userSlots: 010\n`,
  'names twice': 'bmcs:\n  - name: a\n  - name: b\n  - name: a\n',
  'an alias': 'bmcs:\n  - &one { name: a, sessions: &s { limit: x } }\n  - { name: b, sessions: *s }\n',
  'broken YAML': 'bmcs:\n  - name: [a\n  b: }\n',
  'a list': '- 1\n- 2\n',
  'a place in a secret': `${user.replace('secret-enough', '[1]')}\n`,
  'an empty file': '',
  'letters of two units': `bmcs:\n  - { name: "\u{1F600}", labels: { x: 1 } }\r\n  - { name: c, nope: 2 }\r\n`,
};

/** What settings come to, and where some of them stand. */
function told(settings: WrittenSettings): unknown {
  try {
    const { place, ...options } = atOnce(optionsIn(settings));
    const paths = [[], ['name'], ['interfaces', 0, 'listen'], ['users', 0, 'nowhere'], ['labels', 'a']];
    const bmcs = [undefined, ...options.bmcs.keys()];
    return { ...options, places: bmcs.flatMap((bmc) => paths.map((path) => place(bmc, path))) };
  } catch (error) {
    return error instanceof ConfigError ? error.problems : String(error);
  }
}

test.each(Object.entries(texts))(
  '17.3: %s: sent by another thread they are the same, mistakes and places too',
  (_, text) => {
    const document = new SettingsDocument(text, 'f');
    const problems = document.mistakes.map(({ offset, message }) => `${document.at(offset)} ${message}`);
    const sent = new ReadSettings(structuredClone(new SettingsDocument(text, 'f').plain()));
    expect(sent.mistakes.map(({ offset, message }) => `${sent.at(offset)} ${message}`)).toEqual(problems);
    expect(told(sent)).toEqual(told(document));
  },
);

const json = {
  good: {
    bmcs: [
      { name: 'a "b"\\', interfaces: [{ type: 'lan' }] },
      { name: 'é', labels: { x: 'no' } },
    ],
  },
  'keys that nobody knows': { bmcs: [{ name: 'a', sesions: 3 }], bmc: 1 },
  'values of other kinds': { name: 'a', userSlots: 99, identity: { deviceId: 'x', productId: null } },
  'a number for a text': { name: 1.5 },
  'names twice': { bmcs: [{ name: 'a' }, { name: 'a' }] },
  'a list': [1, 2],
};

test.each(Object.entries(json))(
  '18.5: %s: JSON of programs is read as such, and is what YAML has it to be, places included',
  (_, value) => {
    for (const text of [JSON.stringify(value), `\n${JSON.stringify(value, undefined, 2)}\n`]) {
      expect(plainJson(text, 64)).toEqual(value);
      const asYaml = `${text}\n# so it is no JSON`;
      expect(plainJson(asYaml, 64)).toBeUndefined();
      expect(told(new SettingsDocument(text, 'f'))).toEqual(told(new SettingsDocument(asYaml, 'f')));
      expect(told(new ReadSettings(new SettingsDocument(text, 'f').plain()))).toEqual(
        told(new SettingsDocument(asYaml, 'f')),
      );
    }
  },
);

test.each([
  ['a key twice', '{"name":"a","name":"b"}', 'f:1:13 Map keys must be unique'],
  [
    'too deep',
    `${'['.repeat(65)}${']'.repeat(65)}`,
    'f:1:65 expected at most 64 lists and objects within each other',
  ],
  [
    'much too deep',
    `${'['.repeat(20_000)}${']'.repeat(20_000)}`,
    'expected at most 64 lists and objects within each other',
  ],
  [
    'a number with more digits than it has',
    '{"name":1.50}',
    'f:1:9 name: expected text in quotes, received 1.50',
  ],
  ['an alias', '{"name":*a}', 'there is no anchor &a before this alias'],
  ['broken', '{"name":', 'f:1:9'],
])('18.5: %s is told of JSON as of YAML', (_, text, problem) => {
  expect(plainJson(text, 64)).toBeUndefined();
  expect(String(told(new SettingsDocument(text, 'f')))).toContain(problem);
});
