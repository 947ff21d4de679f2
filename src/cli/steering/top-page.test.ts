import { expect, test } from 'vitest';
import type { TopFigures } from './top-figures.ts';
import { topPage } from './top-page.ts';

const event = (text: string) => ({ kind: 'sel', time: '2026-11-28T10:00:00Z', bmc: 'node-1', text }) as const;
const many = <T>(count: number, of: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => of(i));
const full: TopFigures = {
  time: '2026-11-28T10:00:00Z',
  seconds: 2,
  running: 1000,
  stopped: 1,
  sessions: 40,
  requestsPerSecond: 12.5,
  refusedPerSecond: 0.5,
  isIncomplete: false,
  bmcs: many(1000, (i) => ({
    name: `node-${i}`,
    power: 'on',
    health: 'ok',
    sessions: 1,
    requestsPerSecond: 1,
    refusedPerSecond: 0,
  })),
  commands: many(30, (i) => ({ command: `Command ${i}`, count: 3, mean: 1234, most: 5678 })),
  open: [],
  sel: many(50, (i) => event(`${i} ${'long '.repeat(30)}\n\x1b[2J`)),
  refused: [],
};

test('17.2: top: a page fits its terminal, every part has a head, and what is empty leaves its room', () => {
  for (const [columns, rows] of [
    [80, 24],
    [40, 12],
    [200, 60],
    [1, 1],
  ]) {
    const lines = topPage(full, { columns, rows });
    expect(lines.length).toBeLessThanOrEqual(rows);
    expect(lines.every((line) => Array.from(line).length <= columns)).toBe(true);
  }
  const lines = topPage(full, { columns: 80, rows: 24 });
  expect(lines).toHaveLength(24);
  for (const head of ['BMC ', 'SLOWEST COMMANDS', 'SESSIONS OF', 'SEL ', 'LOG-INS REFUSED'])
    expect(lines.filter((line) => line.startsWith(head))).toHaveLength(1);
  expect(lines.filter((line) => /^(node-|Command )|long/.test(line))).toHaveLength(13);
  expect(lines).toContainEqual(expect.stringMatching(/^Command 0 +3 +1\.23 +5\.68$/));
});

test('17.2: top: what a client has named draws nothing of its own on the terminal', () => {
  const page = topPage({ ...full, sel: [event('a\n\x1b[2Jb')] }, { columns: 200, rows: 60 }).join('\n');
  expect(page).toContain('a\\x0a\\x1b[2Jb');
});
