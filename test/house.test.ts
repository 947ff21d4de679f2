// The house's rules, read from the import lines: arrows go down only, the two wings never meet, the lower floors use
// nothing from Node, and the outside world is reached through World alone.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const src = fileURLToPath(new URL('../src', import.meta.url));

/** What each room may import besides itself. */
const below: Record<string, string[]> = {
  codec: [],
  commands: ['codec'],
  wire: ['codec'],
  router: ['codec', 'commands', 'wire'],
  world: [],
  state: ['codec', 'commands', 'router', 'wire', 'world'],
  storage: ['codec', 'state', 'world'],
  config: ['codec', 'commands', 'state', 'wire', 'world'],
  handlers: ['codec', 'commands', 'router', 'state', 'wire'],
  interfaces: ['codec', 'commands', 'router', 'state', 'wire', 'world'],
  backends: ['codec', 'state', 'wire', 'world', 'config'],
  client: ['codec', 'commands', 'router', 'wire', 'world'],
  assembly: ['backends', 'codec', 'commands', 'router', 'wire', 'world', 'state', 'config', 'handlers', 'interfaces', 'storage'],
  'bmc.ts': ['assembly', 'codec', 'commands', 'router', 'wire', 'world', 'state', 'storage', 'config', 'handlers', 'interfaces'],
  fleet: ['bmc.ts', 'codec', 'commands', 'router', 'wire', 'world', 'state', 'storage', 'config', 'handlers', 'interfaces'],
  cli: ['bmc.ts', 'client', 'fleet', 'codec', 'commands', 'router', 'wire', 'world', 'state', 'storage', 'config', 'handlers', 'interfaces'],
};
/** Packages and Node modules that a room may use; floors 1-4 depend on Node built-ins alone. */
const outside: Record<string, RegExp> = {
  world: /^node:/,
  storage: /^node:(crypto|path)$/,
  config: /^(yaml|zod|node:path)$/,
  cli: /^(commander|picocolors|pino|node:.*)$/,
};

interface Line {
  readonly file: string;
  readonly room: string;
  readonly target: string;
}

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));
const roomOf = (file: string): string => file.split('/')[0];
const lines: Line[] = files.flatMap((file) => {
  const text = readFileSync(join(src, file), 'utf8');
  const targets = [...text.matchAll(/^(?:import|export)\b[^'";]*?\bfrom '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm)];
  return targets.map((match) => ({ file, room: roomOf(file), target: match[1] ?? match[2] ?? match[3] }));
});

test('every room is in the plan', () => {
  expect(files.map(roomOf).filter((room) => !(room in below))).toEqual([]);
});

test('R48: imports go down only, and handlers and interfaces never import each other', () => {
  const wrong = lines
    .filter(({ target }) => target.startsWith('.'))
    .map(({ file, room, target }) => ({ file, room, to: roomOf(relative(src, resolve(src, dirname(file), target))) }))
    .filter(({ room, to }) => to !== room && !below[room].includes(to));
  expect(wrong).toEqual([]);
});

test('floors 1-4 use Node built-ins alone, and only where the plan says so', () => {
  const wrong = lines.filter(({ room, target }) => !target.startsWith('.') && !outside[room]?.test(target));
  expect(wrong).toEqual([]);
});

test('time, chance, sockets and files are reached through World', () => {
  const forbidden = /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bset(?:Timeout|Interval|Immediate)\(|\bperformance\.now\(|\bprocess\.hrtime/;
  const wrong = files
    .filter((file) => !/^(world|cli)\//.test(file))
    .filter((file) => forbidden.test(readFileSync(join(src, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')));
  expect(wrong).toEqual([]);
});

test('no number that has to be unforeseeable comes from a generator that can be foreseen: nobody uses Math.random, the world neither', () => {
  expect(files.filter((file) => /\bMath\.random\b/.test(readFileSync(join(src, file), 'utf8')))).toEqual([]);
});

test('no module-level state: nothing at the top of a file can be assigned again', () => {
  const wrong = files.filter((file) => /^(?:export )?let /m.test(readFileSync(join(src, file), 'utf8')));
  expect(wrong).toEqual([]);
});

test('no error goes nowhere: what nobody waits for is told (unwaited), or somebody else tells it (settled)', () => {
  expect(files.filter((file) => /\.catch\(\(\) => (?:undefined|\{\s*\})\)/.test(readFileSync(join(src, file), 'utf8')))).toEqual([]);
});
