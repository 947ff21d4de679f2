import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PackedRecords } from './packed-records.ts';

test('holds what a Map would hold, whatever is written, deleted and read', () => {
  const key = fc.integer({ min: 1, max: 12 }).map(String);
  const record = fc.uint8Array({ minLength: 4, maxLength: 4 });
  const step = fc.record({ key, record: fc.option(record, { nil: undefined }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const packed = new PackedRecords(4);
      const model = new Map<string, Uint8Array>();
      for (const { key, record } of steps) {
        if (record) {
          packed.set(key, record);
          model.set(key, record);
        } else expect(packed.delete(key)).toBe(model.delete(key));
        expect([packed.size, packed.has(key), packed.get(key)]).toEqual([
          model.size,
          model.has(key),
          model.get(key),
        ]);
      }
      expect([...packed.keys()]).toEqual([...model.keys()]);
      expect([...packed.entries()]).toEqual([...model.entries()]);
    }),
  );
});

test('what was read stays as it was', () => {
  const packed = new PackedRecords(4);
  packed.set('1', Uint8Array.of(1, 2, 3, 4));
  const read = packed.get('1');
  packed.delete('1');
  packed.set('2', Uint8Array.of(5, 6, 7, 8));
  expect(read).toEqual(Uint8Array.of(1, 2, 3, 4));
});
