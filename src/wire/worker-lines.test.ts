import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LINE_LIMIT, LineReader } from './userland.ts';
import { workerLine } from './worker-lines.ts';

const TYPES = ['hello', 'register', 'unregister', 'answer', 'next', 'sensor', 'press', 'ping', 'pong'];
const FIELDS = [
  'id',
  'protocol',
  'owner',
  'handlers',
  'default',
  'token',
  'cc',
  'data',
  'name',
  'value',
  'button',
];
/** What turns itself into text by a method that is none. */
const HOSTILE = { toString: 'x', valueOf: 7, toJSON: null };
const deep = (depth: number): unknown => JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`);

test.each(TYPES)('H1: %s with fields of any kind is a line that is checked, never an exception', (type) => {
  for (const value of [
    undefined,
    null,
    true,
    'x',
    '',
    -1,
    1.5,
    1e300,
    [],
    [HOSTILE],
    {},
    HOSTILE,
    deep(5000),
  ]) {
    const line = Object.fromEntries(FIELDS.map((field) => [field, value]));
    const read = workerLine({ ...line, type });
    expect(['bad', type]).toContain(read.type);
    if ('id' in read && read.id !== undefined) expect(read.id).toBeTypeOf('number');
    if ('token' in read) expect(Number.isSafeInteger(read.token)).toBe(true);
    if (read.type === 'bad') expect(read.problem.length).toBeLessThan(200);
  }
});

test('H1: a type of any kind is told of in a few words', () => {
  for (const type of [HOSTILE, deep(5000), 'x'.repeat(60_000), null, 7]) {
    const read = workerLine({ type });
    expect([read.type, JSON.stringify(read).length < 150]).toEqual(['bad', true]);
  }
});

describe.each([
  ['netFn', [undefined, '6', -2, 1.5, HOSTILE]],
  ['cmd', [undefined, '7', -1, HOSTILE, ['*']]],
  ['body', ['1', -1, HOSTILE, null]],
  ['channel', ['1', HOSTILE, null, -1]],
  ['lun', ['1', HOSTILE, null, 0.5]],
  ['manufacturer', ['1', HOSTILE, null]],
  ['name', [7, '', HOSTILE, 'x'.repeat(200), 'two\nlines']],
  ['override', [7, '', HOSTILE, null]],
  ['privilege', ['king', 4, HOSTILE, null, 'toString']],
])('H1: a claim with a wrong %s', (field, values) => {
  test.each(values.map((value) => [value]))('%j', (value) => {
    const read = workerLine({
      type: 'register',
      id: 1,
      owner: 'x',
      handlers: [{ netFn: 0x30, cmd: 1, [field]: value }],
    });
    expect(read).toMatchObject({ type: 'bad', id: 1 });
  });
});

test('H1 property: no line of JSON makes the reader or the check throw', () => {
  const value = fc.jsonValue({ maxDepth: 4 });
  const line = fc.dictionary(fc.constantFrom(...FIELDS, 'type', '__proto__', 'toString'), value);
  fc.assert(
    fc.property(fc.constantFrom(...TYPES), line, (type, fields) => {
      let count = 0;
      const reader = new LineReader(
        (message) => {
          count++;
          workerLine(message);
        },
        () => undefined,
      );
      reader.push(
        new TextEncoder().encode(`${JSON.stringify(fields)}\n${JSON.stringify({ ...fields, type })}\n`),
      );
      expect(count).toBe(2);
    }),
  );
});

test('H1: a line over the limit is fatal, also when it comes whole', () => {
  const problems: string[] = [];
  const reader = new LineReader(
    () => undefined,
    (problem, fatal) => void (fatal && problems.push(problem)),
  );
  reader.push(new TextEncoder().encode(`{"type":"${'x'.repeat(LINE_LIMIT)}"}\n{}\n`));
  expect(problems).toHaveLength(1);
});
