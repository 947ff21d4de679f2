import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { commandsPage } from '../src/cli/commands-page.ts';

test('docs/commands.md is what the declarations say; if not: npm run docs', () => {
  expect(readFileSync(new URL('../docs/commands.md', import.meta.url), 'utf8')).toBe(commandsPage());
});

test('every declared command is answered', () => {
  expect(commandsPage()).not.toContain('| no |');
});
