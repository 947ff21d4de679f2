import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Contents } from './contents.ts';
import { decodeChanges, encodeChange, RecordReader, type Change } from './record.ts';

const PLAIN = { weight: 12, arbitrary: fc.constantFrom('node-1', 'node-2', 'node-22') };
const anyName = fc.oneof(PLAIN, { weight: 1, arbitrary: fc.constantFrom('nöde', 'a"b', 'x/y') });
const anyKey = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom('1', '2', '22') },
  { weight: 1, arbitrary: fc.constantFrom('é', '"', '],["sel","1"', '') },
);
const anyValue = fc.oneof(
  fc.constant(undefined),
  fc.integer(),
  fc.constantFrom('],["sel","1",2]', 'text', ''),
  fc.constant([['a', 1], ['b']]),
  fc.uint8Array({ maxLength: 20 }),
  fc.record({ on: fc.boolean(), bytes: fc.uint8Array({ maxLength: 3 }) }),
);
const anyEntry = fc.record({
  store: fc.constantFrom('sel', 'sel-marks', 'chassis'),
  key: anyKey,
  value: anyValue,
  version: fc.constantFrom(undefined, undefined, 2),
});
/** One entry, as most are, or some. */
const anyChange: fc.Arbitrary<Change> = fc.record({
  bmc: anyName,
  entries: fc
    .oneof(
      { weight: 12, arbitrary: fc.tuple(anyEntry) },
      { weight: 1, arbitrary: fc.array(anyEntry, { minLength: 1, maxLength: 3 }) },
    )
    .map((entries) =>
      entries.map(({ version, ...entry }) =>
        version === undefined || entry.value === undefined ? entry : { ...entry, version },
      ),
    ),
});

const payloadOf = (change: Change): Uint8Array => {
  const [payload] = new RecordReader().push(encodeChange(change));
  if (!(payload instanceof Uint8Array)) throw new Error('no record');
  return payload;
};

/** As a journal is read: late where it can be. Returns how many were not read. */
function taken(contents: Contents, changes: readonly Change[], isLate: boolean): number {
  let unread = 0;
  for (const change of changes) {
    const payload = payloadOf(change);
    if (isLate && contents.applyUnread(payload)) unread++;
    else for (const read of decodeChanges(payload) ?? []) contents.apply(read);
  }
  contents.finish();
  return unread;
}

const names = ['node-1', 'node-2', 'node-22', 'nöde', 'a"b', 'x/y'];
/** Order does not matter between BMCs and stores. */
const sorted = (contents: Contents): string[] =>
  Array.from(contents.entries(), (entry) =>
    JSON.stringify([entry.bmc, entry.store, entry.key, entry.value, entry.version]),
  ).sort();

test('Z21: records that nobody has read say what they would have said when they were read at once', () => {
  let unread = 0;
  fc.assert(
    fc.property(
      fc.array(anyChange, { maxLength: 30 }),
      fc.array(anyChange, { maxLength: 4 }),
      fc.array(fc.tuple(anyName, fc.constantFrom('sel', 'sel-marks', 'chassis')), { maxLength: 4 }),
      (changes, later, asked) => {
        const [late, early] = [new Contents(), new Contents()];
        unread += taken(late, changes, true);
        taken(early, changes, false);
        expect([late.count, late.isMostlyHistory]).toEqual([early.count, early.isMostlyHistory]);
        expect(late.left(new Set(['node-2']))).toEqual(early.left(new Set(['node-2'])));
        for (const [bmc, store] of asked) {
          expect(late.holds(bmc, store)).toBe(early.holds(bmc, store));
          expect(late.has(bmc, store, '2')).toBe(early.has(bmc, store, '2'));
          expect([...late.take(bmc, store)]).toEqual([...early.take(bmc, store)]);
        }
        // What a process writes goes over what was read.
        for (const change of later) for (const contents of [late, early]) contents.apply(change);
        expect(sorted(late)).toEqual(sorted(early));
        for (const name of names) {
          const [from, to] = [new Contents(), new Contents()];
          taken(from, changes, true);
          to.putBack(name, from);
          expect(sorted(to)).toEqual(
            sorted(from).filter((line) => line.startsWith(`[${JSON.stringify(name)},`)),
          );
        }
      },
    ),
    { numRuns: 300 },
  );
  expect(unread).toBeGreaterThan(300);
});

test('Z21: of a store in which something is deleted, what is left is known', () => {
  const contents = new Contents();
  const entry = (key: string, value: unknown): Change => ({
    bmc: 'a',
    entries: [{ store: 'sel', key, value }],
  });
  expect(taken(contents, [entry('1', 1), entry('1', undefined)], true)).toBe(2);
  expect(contents.holds('a', 'sel')).toBe(false);
  expect(contents.left(new Set())).toEqual(new Map());
});

test('Z21: a guess of how much is history, from some of a thousand stores', () => {
  const history = (times: number): boolean => {
    const contents = new Contents();
    const changes = Array.from({ length: 1000 }, (_, n) => n).flatMap((n) =>
      Array.from({ length: times }, (): Change => {
        return { bmc: `node-${n}`, entries: [{ store: 'chassis', key: 'minutes', value: n }] };
      }),
    );
    expect(taken(contents, changes, true)).toBe(changes.length);
    return contents.isMostlyHistory;
  };
  expect([history(1), history(2), history(3)]).toEqual([false, false, true]);
});
