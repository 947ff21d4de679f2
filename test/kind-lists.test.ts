// The lists of src/kinds/ are written from the files beside them: a kind is one file.
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { foldersOfKinds, kindsIn, listed, listText, withNew } from '../scripts/kind-lists.ts';

const kinds = join(import.meta.dirname, '..', 'src', 'kinds');

test.each(foldersOfKinds(kinds))(
  'every kind of src/kinds/%s is in its list: `npm run docs` writes it',
  (folder) => {
    const path = join(kinds, folder);
    const text = readFileSync(join(path, 'list.ts'), 'utf8');
    const withSchema = readdirSync(path).filter(
      (file) =>
        !file.endsWith('.test.ts') && /^const schema = /m.test(readFileSync(join(path, file), 'utf8')),
    );
    expect(withSchema.length).toBeGreaterThanOrEqual(5);
    expect(kindsIn(path).map(({ file }) => file)).toEqual(withSchema);
    expect(listed(text).toSorted()).toEqual(withSchema);
  },
);

test('all four folders of kinds have a list', () => {
  expect(foldersOfKinds(kinds)).toEqual(['backends', 'consoles', 'interfaces', 'sources']);
});

test('a new file comes last, one that is gone goes, and what is there keeps its place', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kinds-'));
  const kind = (name: string): void =>
    writeFileSync(
      join(folder, `${name}.ts`),
      `const schema = 1;\nexport type ${name}Value = Settings<typeof schema>;\nexport const ${name}: SourceKind<${name}Value> = {};\n`,
    );
  for (const name of ['a', 'b', 'c', 'd']) kind(name);
  writeFileSync(join(folder, 'source.ts'), 'export interface SourceKind<V> {}\n');
  const before = listText(
    ['c', 'gone', 'b'].map((name) => ({ file: `${name}.ts`, kind: name, settings: `${name}Value` })),
  );
  expect(listed(before)).toEqual(['c.ts', 'gone.ts', 'b.ts']);
  const after = listText(withNew(before, kindsIn(folder)));
  expect(listed(after)).toEqual(['c.ts', 'b.ts', 'a.ts', 'd.ts']);
  expect(after).toContain('export const kinds = [c, b, a, d] as const;');
  expect(after).toContain('export type KindSettings = cValue | bValue | aValue | dValue;');
});
