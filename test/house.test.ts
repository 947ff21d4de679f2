// The house's rules, read from the import lines: arrows go down only, the two wings never meet, the lower
// floors use nothing from Node, and the outside world is reached through World alone.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const src = fileURLToPath(new URL('../src', import.meta.url));

/**
 * What each room may import besides itself, from the ground up: nothing imports a room that stands after its
 * own.
 */
const plan: Readonly<Record<string, string>> = {
  codec: '',
  world: '',
  joint: '',
  settings: 'codec world',
  crypto: '',
  images: 'codec',
  commands: 'codec',
  records: 'codec commands',
  wire: 'codec crypto',
  router: 'codec joint commands',
  state: 'codec joint commands records crypto wire world',
  storage: 'codec state world',
  taps: 'codec joint commands wire router state world',
  capture: 'codec joint commands wire router taps world',
  explain: 'codec joint commands wire router taps capture world',
  machine: 'codec commands records wire state world',
  services: 'codec joint commands records crypto images wire router state machine world',
  'bmc-state.ts': 'router taps state machine services',
  audit: 'codec joint commands router taps bmc-state.ts world',
  handlers: 'codec joint commands records images wire router state machine services bmc-state.ts',
  interfaces: 'codec joint commands wire router taps state machine services bmc-state.ts world',
  faults: 'codec joint commands wire router taps state machine services bmc-state.ts settings world',
  kinds: 'codec joint commands wire router state machine services bmc-state.ts settings interfaces world',
  config: 'codec commands records wire state machine services settings faults kinds world',
  reactions: 'codec joint commands wire router state machine services bmc-state.ts world',
  client: 'codec commands records crypto images wire router world',
  tape: 'codec joint commands records wire router state taps capture explain client',
  assembly: `
    codec commands records crypto wire router taps state storage machine services bmc-state.ts settings
    faults kinds config handlers interfaces reactions world`,
  'bmc.ts': `
    codec joint commands wire router taps state storage machine services bmc-state.ts settings faults
    kinds config handlers interfaces reactions assembly world`,
  fleet: 'state storage settings config kinds interfaces assembly bmc.ts world',
  metrics: 'codec joint commands records router machine client bmc.ts fleet world',
  control: `
    codec joint commands records images wire router taps capture tape state storage machine services
    settings faults config interfaces audit client bmc.ts fleet metrics world`,
  cluster:
    'codec crypto joint commands wire router state interfaces storage settings config bmc.ts fleet control world',
  testing: `
    codec joint commands records router taps state settings config faults interfaces client bmc.ts
    control world`,
  cli: `
    codec commands records images wire router taps capture explain tape state storage machine settings
    config handlers interfaces client bmc.ts fleet audit metrics control cluster testing world`,
};
const below: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries(plan).map(([room, rooms]) => [room, rooms.split(/\s+/).filter(Boolean)]),
);
/**
 * The same inside of the rooms that have folders with ways between them; what lies loose in a room is under
 * all of its folders.
 */
const folders: Record<string, Record<string, string[]>> = {
  state: { app: [], storage: ['app'], log: ['app', 'storage'], parameters: ['app', 'log'] },
  machine: { chassis: [], sensors: ['chassis'], 'serial-port': ['chassis'] },
  kinds: { backends: [], consoles: [], interfaces: [], sources: [] },
  services: {
    update: [],
    blobs: ['update'],
    alerting: [],
    payloads: [],
    bridging: [],
    dcmi: [],
    serial: [],
    watchdog: [],
  },
};
/** The largest part of the house that one room may be. */
const LARGEST = 0.15;
/** Packages and Node modules that a room may use; floors 1-4 depend on Node built-ins alone. */
const outside: Record<string, RegExp> = {
  world: /^(node:.*|koffi)$/,
  crypto: /^node:crypto$/,
  storage: /^node:(crypto|path)$/,
  settings: /^zod$/,
  kinds: /^zod$/,
  config: /^(yaml|zod|node:path)$/,
  fleet: /^node:path$/,
  control: /^(ws|hono(\/.*)?|@hono\/.*|node:(crypto|http|https|net|stream))$/,
  cluster: /^(@nats-io\/.*|node:(net|stream))$/,
  testing: /^(vitest|node:test)$/,
  cli: /^(commander|picocolors|yaml|node:.*)$/,
};

interface Line {
  readonly file: string;
  readonly room: string;
  readonly target: string;
}

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.ts') && !file.endsWith('.test.ts'),
);
const roomOf = (file: string): string => file.split('/')[0];
const lines: Line[] = files.flatMap((file) => {
  const text = readFileSync(join(src, file), 'utf8');
  const targets = [
    ...text.matchAll(
      /^(?:import|export)\b[^'";]*?\bfrom '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm,
    ),
  ];
  return targets.map((match) => ({ file, room: roomOf(file), target: match[1] ?? match[2] ?? match[3] }));
});

test('every room is in the plan', () => {
  expect(files.map(roomOf).filter((room) => !(room in below))).toEqual([]);
});

test('R48: imports go down only, and handlers and interfaces never import each other', () => {
  const wrong = lines
    .filter(({ target }) => target.startsWith('.'))
    .map(({ file, room, target }) => ({
      file,
      room,
      to: roomOf(relative(src, resolve(src, dirname(file), target))),
    }))
    .filter(({ room, to }) => to !== room && !below[room].includes(to));
  expect(wrong).toEqual([]);
});

test('the plan has no circle: each room names only rooms that are named before it', () => {
  const order = Object.keys(below);
  const wrong = order.flatMap((room, at) =>
    below[room].filter((to) => order.indexOf(to) >= at).map((to) => `${room} -> ${to}`),
  );
  expect(wrong).toEqual([]);
});

test('inside of a room imports go down only too', () => {
  const folderOf = (file: string): string | undefined =>
    file.split('/').length > 2 ? file.split('/')[1] : undefined;
  const wrong = lines
    .filter(({ room, target }) => target.startsWith('.') && folders[room])
    .map(({ file, room, target }) => ({ file, room, to: relative(src, resolve(src, dirname(file), target)) }))
    .filter(({ room, to }) => roomOf(to) === room)
    .map(({ file, room, to }) => ({
      file,
      to,
      plan: folders[room],
      from: folderOf(file),
      into: folderOf(to),
    }))
    .filter(
      ({ plan, from, into }) =>
        into !== undefined && into !== from && !(from !== undefined && plan[from]?.includes(into)),
    )
    .map(({ file, to }) => `${file} -> ${to}`);
  expect(wrong).toEqual([]);
  const unnamed = Object.keys(folders).flatMap((room) =>
    [...new Set(files.filter((file) => roomOf(file) === room).map(folderOf))].filter(
      (name) => name !== undefined && !folders[room][name],
    ),
  );
  expect(unnamed).toEqual([]);
});

test('no room is more than 15 % of the house', () => {
  const size = (file: string): number => readFileSync(join(src, file), 'utf8').split('\n').length;
  const total = files.reduce((sum, file) => sum + size(file), 0);
  const shares = Object.keys(below).map((room) => ({
    room,
    share: files.filter((file) => roomOf(file) === room).reduce((sum, file) => sum + size(file), 0) / total,
  }));
  expect(shares.filter(({ share }) => share > LARGEST)).toEqual([]);
});

test('floors 1-4 use Node built-ins alone, and only where the plan says so', () => {
  const wrong = lines.filter(({ room, target }) => !target.startsWith('.') && !outside[room]?.test(target));
  expect(wrong).toEqual([]);
});

test('native calls are in one file', () => {
  const native = lines.filter(({ target }) => target === 'koffi').map(({ file }) => file);
  expect([...new Set(native)]).toEqual(['world/native-sockets.ts']);
});

test('only what reads files loads the library that checks them: kinds get it handed in', () => {
  const wrong = files
    .filter((file) => /^(settings|kinds)\//.test(file))
    .filter((file) => /^import (?!type )[^;]*from 'zod'/m.test(readFileSync(join(src, file), 'utf8')));
  expect(wrong).toEqual([]);
  const loaded = loadedBy('bmc.ts');
  expect(loaded.filter((file) => !file.endsWith('.ts') && !file.startsWith('node:'))).toEqual([]);
  expect(loaded.length).toBeGreaterThan(100);
});

/** Everything that is there when a file is loaded: itself, files, packages. */
function loadedBy(entry: string): string[] {
  const loaded = new Set<string>();
  const load = (file: string): void => {
    if (loaded.size === loaded.add(file).size || !file.endsWith('.ts')) return;
    const imports = readFileSync(join(src, file), 'utf8').matchAll(
      /^(?:import|export)\b(?! type\b)[^'";]*?\bfrom '([^']+)'/gm,
    );
    for (const [, target] of imports) load(target.startsWith('.') ? join(dirname(file), target) : target);
  };
  load(entry);
  return [...loaded];
}

test('17.1: what serves the control API is loaded with its first request, and its client loads next to nothing', () => {
  const ofServer = (file: string): boolean => /hono|^control\/(app|routes)/.test(file);
  const begins = loadedBy('cli/run.ts');
  expect(begins).toContain('control/server.ts');
  expect(begins.filter(ofServer)).toEqual([]);
  expect(loadedBy('control/app.ts').some(ofServer)).toBe(true);
  expect(loadedBy('control/client.ts').sort()).toEqual([
    'codec/error-codes.ts',
    'control/client.ts',
    'control/problem.ts',
    'control/sse.ts',
    'control/text-answers.ts',
    'node:http',
    'node:https',
  ]);
});

test('time, chance, sockets and files are reached through World', () => {
  // How long a request of Node's HTTP may be silent is its own matter.
  const forbidden =
    /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|(?<!\brequest\.)\bset(?:Timeout|Interval|Immediate)\(|\bperformance\.now\(|\bprocess\.hrtime/;
  const wrong = files
    .filter((file) => !/^(world|cli)\//.test(file))
    .filter((file) =>
      forbidden.test(readFileSync(join(src, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')),
    );
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
  expect(
    files.filter((file) =>
      /\.catch\(\(\w*\) => (?:undefined|null|void 0|\{\s*\})\)|\.then\(undefined, \(\) => undefined\)|\bcatch \{\s*\}/.test(
        readFileSync(join(src, file), 'utf8'),
      ),
    ),
  ).toEqual([]);
});

test('a code of a command is refused with by its name: nobody throws the number', () => {
  expect(files.filter((file) => /new IpmiError\(0x/.test(readFileSync(join(src, file), 'utf8')))).toEqual([]);
});

/** The code of a file without its comments, strings and regular expressions. */
const codeOf = (file: string): string =>
  readFileSync(join(src, file), 'utf8')
    .replace(/\/\*[\s\S]*?\*\/|(?<![:'"\\])\/\/.*/g, '')
    .replace(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, "''");

/** Streams, sockets and programs have one reader each, which is put in place once: decision 90. */
const STREAMS =
  /^(?:world|client)\/|^interfaces\/serial\/line\.ts$|^machine\/serial-port\/console\.ts$|^kinds\/backends\/qmp\.ts$|^faults\/datagrams\.ts$|^cluster\/(?:handler-stream|fenced-udp)\.ts$/;

test('D9: one way to tell: every onX takes a listener and returns its undoing; nobody is told by an assigned function', () => {
  const wrong: string[] = [];
  let listens = 0;
  for (const file of files.filter((name) => !STREAMS.test(name))) {
    for (const [line, returned] of codeOf(file).matchAll(/^ +on[A-Z]\w*\??\(.*?\): ([^{;\n]*)/gm)) {
      listens++;
      if (returned.trim() !== '() => void') wrong.push(`${file}: ${line.trim()}`);
    }
    for (const [line] of codeOf(file).matchAll(/^ {2}(?:set )?on[A-Z]\w*(?:[?!]?: |\(\w+: .*\) \{| = ).*/gm))
      wrong.push(`${file}: ${line.trim()}`);
  }
  expect(wrong).toEqual([]);
  expect(listens).toBeGreaterThan(20);
});

test('D10: the body or the IANA number at the head of data is read and written in one place', () => {
  const byHand = /\bdata\[2\] << 16|\bbody >> 16/;
  expect(files.filter((file) => byHand.test(codeOf(file)))).toEqual(['commands/body.ts']);
});

test('P8: no cast by way of unknown, in tests, examples, benchmarks and the web console neither', () => {
  const root = join(src, '..');
  const all = ['src', 'test', 'examples', 'bench', 'scripts', 'console'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.[cm]?[jt]sx?$/.test(file) && !/\b(?:node_modules|dist)\b/.test(file))
      .map((file) => join('..', folder, file)),
  );
  expect(all.length).toBeGreaterThan(files.length);
  expect(all.filter((file) => /\bas unknown\s+as\b/.test(codeOf(file)))).toEqual([]);
});

test('P8: what is known to be there is known to the types: 14 non-null assertions at most', () => {
  const assertion = /[\w\])]!(?![=:])/g;
  const assertions = files.flatMap((file) => Array.from(codeOf(file).matchAll(assertion), () => file));
  expect(assertions.length, assertions.join('\n')).toBeLessThan(15);
  // What it should see: on the day the last is gone, the line above says `toEqual([])`.
  expect('a.b!.c + d[e!] < f()!; g !== !h; declare i!: number'.match(assertion)).toHaveLength(3);
});

test('P8: every door of the package begins with what it is for', () => {
  const { exports: doors } = JSON.parse(readFileSync(join(src, '../package.json'), 'utf8')) as {
    exports: Record<string, { default: string }>;
  };
  const sources = Object.values(doors).map((door) =>
    door.default.replace('./dist/', '').replace(/\.js$/, '.ts'),
  );
  expect(sources.length).toBeGreaterThan(10);
  expect(
    sources.filter((file) => !/^\/\*\*\n(?: \*.*\n)*? \* \w/.test(readFileSync(join(src, file), 'utf8'))),
  ).toEqual([]);
});

/**
 * Text that stands in quotes is one thing, however long: a table row, a help page; one file is such a
 * page.
 */
const IN_QUOTES = /['"`]/;
const PAGES = ['cli/sample.ts'];
const WIDEST = 110;
test('no line is wider than a reader likes', () => {
  const wide: string[] = [];
  for (const file of files) {
    const text = readFileSync(join(src, file), 'utf8').split('\n');
    for (const [i, line] of text.entries())
      if (line.length > WIDEST && !IN_QUOTES.test(line) && !PAGES.includes(file))
        wide.push(`${file}:${i + 1}`);
  }
  expect(wide).toEqual([]);
});

/** Of a file, with its comments: what a reader has to scroll. Files of tests are rows of cases. */
const LONGEST = 400;
test('no file is longer than a reader likes', () => {
  const long = files
    .filter((file) => !file.endsWith('.test.ts'))
    .map((file) => [file, readFileSync(join(src, file), 'utf8').split('\n').length - 1] as const)
    .filter(([, lines]) => lines > LONGEST);
  expect(long).toEqual([]);
});

test('D17: a value is called by what it is, not `one`', () => {
  // As code uses it: `one.name`, `(one)`, `one === other`; not as a word of a text.
  const used = /(?<![.\w#])one(?=\.\w|\[| [!=]==| \?)|[(,] ?one\)/;
  expect(files.filter((file) => used.test(codeOf(file)))).toEqual([]);
});

test('D17: nothing is declared as `what`, `around`, `given`, `made` or `said`: these say nothing of it', () => {
  const declared =
    /\b(?:const|let) (?:one|what|around|given|made|said)\b|[({,] ?(?:one|what|around|given|made|said)\??: [A-Z(]|(?:^|[^.\w])\(?(?:one|what|around|given|made|said)\)? =>|#(?:one|what|around|given|made|said)\b|\b(?:type|interface|class) (?:One|What|Around|Given|Made|Said)\b/;
  expect(files.filter((file) => declared.test(codeOf(file)))).toEqual([]);
  for (const line of [
    'const made = 1',
    '(given: Given, b) =>',
    '.map((one) => 1)',
    'this.#around',
    'type Said = 1',
  ])
    expect(line).toMatch(declared);
  for (const line of ['({ what, place }) => 1', 'tell({ what: text })', 'readonly what: string'])
    expect(line).not.toMatch(declared);
});
