import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { answersText } from './text-answers.ts';

interface Document {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly responses: Readonly<Record<string, Response>> }>>>
  >;
}
interface Response {
  readonly content?: Readonly<Record<string, unknown>>;
}

test('17.1: the client takes a text from the routes that answer with one, and from no other', () => {
  const text = readFileSync(new URL('../../openapi.json', import.meta.url), 'utf8');
  const { paths } = JSON.parse(text) as Document;
  const all = Object.entries(paths).map(([path, methods]) => ({
    path: path.replaceAll(/\{[^}]*\}/g, 'x'),
    isText: Object.values(methods).some(({ responses }) => responses['200']?.content?.['text/plain']),
  }));
  expect(all.filter(({ isText }) => isText).length).toBeGreaterThan(3);
  for (const { path, isText } of all)
    expect([path, answersText(path), answersText(`${path}?a=b`)]).toEqual([path, isText, isText]);
});
