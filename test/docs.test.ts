import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseConfig } from '../src/config/index.ts';
import { performancePage } from '../bench/lan/page.ts';
import { commandsPage } from '../src/cli/commands-page.ts';
import { parametersPage } from '../src/cli/parameters-page.ts';
import { controlPage, openApiText } from '../scripts/control-docs.ts';
import { configPage, configSchemaText } from '../scripts/config-docs.ts';

const root = new URL('..', import.meta.url);
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(new URL('docs/', root))
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
];
const textOf = (page: string): string => readFileSync(new URL(page, root), 'utf8');
const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };

test('docs/parameters.md is what the declarations say; if not: npm run docs', () => {
  expect(readFileSync(new URL('../docs/parameters.md', import.meta.url), 'utf8')).toBe(parametersPage());
});

test('docs/commands.md is what the declarations say; if not: npm run docs', () => {
  expect(readFileSync(new URL('../docs/commands.md', import.meta.url), 'utf8')).toBe(commandsPage());
});

test('the LAN section of docs/performance.md is what the kept results say; if not: npm run docs', () => {
  expect(textOf('docs/performance.md')).toBe(performancePage());
});

test('docs/control.md and openapi.json are what the routes say; if not: npm run docs', () => {
  expect(textOf('docs/control.md')).toBe(controlPage());
  expect(textOf('openapi.json')).toBe(openApiText());
});

test("V20: docs/config.md and the schema for editors are what the settings' schema says; if not: npm run docs", () => {
  expect(textOf('docs/config.md')).toBe(configPage());
  expect(textOf('schema/config.schema.json')).toBe(configSchemaText());
});

test('V20: every key has a meaning; if not: write it above the key in its type (src/config/*options.ts) or schema (src/kinds/), then npm run docs', () => {
  expect(
    configPage()
      .split('\n')
      .filter((line) => line.endsWith(' |  |')),
  ).toEqual([]);
});

test('every declared command is answered', () => {
  expect(commandsPage()).not.toContain('| no |');
});

test('docs/rfc.md: every row has a test of its number, or a reason', () => {
  const page = readFileSync(new URL('../docs/rfc.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| R(\d+) \|.*\| (test|reason: [^|]+) \|$/gm)].map(
    ([, number, proof]) => ({ number: Number(number), proof }),
  );
  expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
  const titles = ['src', 'test']
    .flatMap((folder) =>
      readdirSync(new URL(`${folder}/`, root), { recursive: true, encoding: 'utf8' }).map(
        (file) => `${folder}/${file}`,
      ),
    )
    .filter((file) => file.endsWith('.test.ts'))
    .flatMap((file) =>
      [...readFileSync(new URL(file, root), 'utf8').matchAll(/['"`]((?:R\d+, )*R\d+): /g)].map(
        ([, numbers]) => numbers,
      ),
    );
  const tested = new Set(
    titles.flatMap((numbers) => numbers.split(', ').map((number) => Number(number.slice(1)))),
  );
  expect(
    rows
      .filter(({ number, proof }) => proof === 'test' && !tested.has(number))
      .map(({ number }) => `R${number}`),
  ).toEqual([]);
  expect(
    rows
      .filter(({ number, proof }) => proof !== 'test' && tested.has(number))
      .map(({ number }) => `R${number} has a test`),
  ).toEqual([]);
});

test.each(pages)('%s names files, scripts and benchmarks that exist', (page) => {
  const text = textOf(page);
  const links = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(
    ([, target]) => new URL(target, new URL(page, root)),
  );
  const files = [...text.matchAll(/`((?:src|test|docs|examples|bench|scripts|bin)\/[\w./-]+)[` ]/g)].map(
    ([, path]) => new URL(path, root),
  );
  expect([...links, ...files].filter((file) => !existsSync(file)).map(String)).toEqual([]);
  const named = [...text.matchAll(/`npm run (?:-s )?([\w-]+)/g)].map(([, name]) => name);
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
  const benches = [...text.matchAll(/`npm run bench -- ([\w-]+)/g)]
    .map(([, name]) => name)
    .filter((name) => name !== 'NAME');
  expect(benches.filter((name) => !existsSync(new URL(`bench/${name}.ts`, root)))).toEqual([]);
});

test.each(pages)('%s: what it shows as YAML is a good config', (page) => {
  const blocks = [...textOf(page).matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, block]) => block);
  for (const block of blocks) expect(() => parseConfig(block, page), block).not.toThrow();
});

test('README leads to every page and example', () => {
  const readme = textOf('README.md');
  const missing = [
    ...pages.slice(1),
    ...readdirSync(new URL('examples/', root)).map((name) => `examples/${name}`),
  ].filter((path) => !readme.includes(`(${path}`));
  expect(missing).toEqual([]);
});

test('decisions have numbers of their own, in the name and in the title', () => {
  const names = readdirSync(new URL('docs/decisions/', root));
  const numbers = names.map((name) => Number(name.slice(0, 4)));
  expect(new Set(numbers).size).toBe(names.length);
  expect(
    names.filter((name, i) => !textOf(`docs/decisions/${name}`).startsWith(`# ${numbers[i]}. `)),
  ).toEqual([]);
});
