import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageFile } from '../world/package-files.ts';
import { schemaText } from './schema.ts';

const KINDS = `
const strip = {
  type: 'strip',
  schema: (zod) => zod.strictObject({ type: zod.literal('strip'), outlet: zod.int().min(1).max(8) }),
  make: () => ({}),
};
const daily = { key: 'daily', schema: (zod) => zod.strictObject({ daily: zod.number() }), make: () => 20 };
export const kinds = { backends: [strip], sources: [daily] };
`;

/** Every list of choices of a schema, by its path, as what can be chosen. */
function choicesOf(part: unknown, path = '', found: Record<string, string[]> = {}): Record<string, string[]> {
  if (typeof part !== 'object' || part === null) return found;
  for (const [key, below] of Object.entries(part)) {
    if ((key === 'oneOf' || key === 'anyOf') && Array.isArray(below))
      found[path] = below.map((choice: { properties?: Record<string, { const?: string }> }) =>
        choice.properties === undefined
          ? ''
          : (choice.properties.type?.const ?? Object.keys(choice.properties)[0]),
      );
    choicesOf(below, `${path}/${key}`, found);
  }
  return found;
}

test('schema: without modules it is the file of the package', async () => {
  expect(await schemaText()).toBe(packageFile('schema/config.schema.json'));
});

test('schema: kinds of modules stand beside ours, wherever those do, and nowhere else', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'schema-')), 'strip.mjs');
  writeFileSync(file, KINDS);
  const before = choicesOf(JSON.parse(packageFile('schema/config.schema.json')));
  const after = choicesOf(JSON.parse(await schemaText([file])));
  const changed = Object.keys(after).filter((path) => after[path].join() !== before[path]?.join());
  expect(changed.toSorted()).toEqual(
    Object.keys(before)
      .filter((path) => before[path].includes('libvirt') || before[path].includes('formula'))
      .toSorted(),
  );
  expect(changed).toContain('/properties/chassis/properties/backend');
  expect(changed).toContain('/properties/bmcs/items/properties/sensors/items/properties/value');
  for (const path of changed)
    expect(after[path]).toEqual([...before[path], before[path].includes('libvirt') ? 'strip' : 'daily']);
  expect(await schemaText([file])).toContain('"outlet":{"type":"integer","minimum":1,"maximum":8}');
});

test('schema: a module that is not there is a line', async () => {
  await expect(schemaText(['./gone.mjs'])).rejects.toThrow(/gone\.mjs/);
});
