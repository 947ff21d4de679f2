// Files that import each other in a circle have to be read all at once. In the house there are none.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const IMPORT = /^(?:import|export)\b[^'";]*?\bfrom '(\.[^']+)'|^import '(\.[^']+)'|\bimport\('(\.[^']+)'\)/gm;

/** What each file of a folder imports of the others; types and what is loaded late count as well. */
function importsIn(folder: string): Map<string, string[]> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const modules = files.filter((file) => /\.(mjs|tsx?)$/.test(file) && !/\.test\.tsx?$/.test(file));
  return new Map(
    modules.map((file) => {
      const targets = [...readFileSync(join(folder, file), 'utf8').matchAll(IMPORT)];
      return [
        file,
        targets.map(([, from, alone, late]) =>
          relative(folder, resolve(folder, dirname(file), from ?? alone ?? late)),
        ),
      ];
    }),
  );
}

/** What is left when those are taken off that import nothing of what is left, and those that nothing imports. */
function circles(imports: Map<string, string[]>): string[] {
  for (let before = Infinity; imports.size < before;) {
    before = imports.size;
    for (const [file, to] of imports) if (!to.some((other) => imports.has(other))) imports.delete(file);
    const imported = new Set([...imports.values()].flat());
    for (const file of imports.keys()) if (!imported.has(file)) imports.delete(file);
  }
  return [...imports.keys()];
}

test.each(['src', 'console/src', 'scripts', 'bench'])(
  'no files of %s import each other in a circle',
  (folder) => {
    const imports = importsIn(fileURLToPath(new URL(`../${folder}`, import.meta.url)));
    expect(imports.size).toBeGreaterThan(5);
    expect(circles(imports)).toEqual([]);
  },
);

test('a circle is found, and who stands above or below it is not blamed', () => {
  const imports = { a: ['b', 'e'], b: ['c'], c: ['b', 'd'], d: [], e: [] };
  expect(circles(new Map(Object.entries(imports)))).toEqual(['b', 'c']);
});
