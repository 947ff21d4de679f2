import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { commandsPage } from '../src/cli/commands-page.ts';

test('docs/commands.md is what the declarations say; if not: npm run docs', () => {
  expect(readFileSync(new URL('../docs/commands.md', import.meta.url), 'utf8')).toBe(commandsPage());
});

test('every declared command is answered', () => {
  expect(commandsPage()).not.toContain('| no |');
});

test('docs/rfc.md: every row has a test of its number, or a reason', () => {
  const page = readFileSync(new URL('../docs/rfc.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| R(\d+) \|.*\| (test|reason: [^|]+) \|$/gm)].map(([, number, proof]) => ({ number: Number(number), proof }));
  expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
  const root = new URL('..', import.meta.url);
  const titles = ['src', 'test']
    .flatMap((folder) => readdirSync(new URL(`${folder}/`, root), { recursive: true, encoding: 'utf8' }).map((file) => `${folder}/${file}`))
    .filter((file) => file.endsWith('.test.ts'))
    .flatMap((file) => [...readFileSync(new URL(file, root), 'utf8').matchAll(/['"`]((?:R\d+, )*R\d+): /g)].map(([, numbers]) => numbers));
  const tested = new Set(titles.flatMap((numbers) => numbers.split(', ').map((number) => Number(number.slice(1)))));
  expect(rows.filter(({ number, proof }) => proof === 'test' && !tested.has(number)).map(({ number }) => `R${number}`)).toEqual([]);
  expect(rows.filter(({ number, proof }) => proof !== 'test' && tested.has(number)).map(({ number }) => `R${number} has a test`)).toEqual([]);
});
