// docs/cli.md: its examples are run, and together they use every command, every verb and every route.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NOUNS } from '../src/cli/steering/commands.ts';
import { ALL_ROUTES } from '../src/control/all-routes.ts';
import { anyPort, page, rack } from './support/cli-page.ts';
import { root } from './support/cli.ts';
import { startDaemon, type RunningDaemon } from './support/daemon.ts';

const blocks = [...page.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, block]) => anyPort(block));

/** The examples build on each other. */
let sample: RunningDaemon;
beforeAll(async () => {
  sample = await startDaemon(anyPort(rack));
});
afterAll(() => sample.stop());

test('17.2: every command has an example in docs/cli.md and one in its --help', async () => {
  expect(NOUNS.map(({ name }) => name).filter((name) => !page.includes(`\n### ${name}\n`))).toEqual([]);
  const shown = blocks.join('\n');
  for (const { name, examples } of NOUNS) {
    expect(shown, name).toMatch(new RegExp(`ipmi-bmc ${name}\\b`));
    for (const example of examples) expect(example).toContain(`ipmi-bmc ${name}`);
  }
  const help = await sample.ipmi(['power', '--help']);
  expect([help.code, help.out]).toEqual([0, expect.stringContaining('Example:\n  ipmi-bmc power node-1\n')]);
});

/** Verbs of commands whose first word is a verb, as `with -- ...` and `raw` have none. */
const verbsOf = ({ verbs = [] }: (typeof NOUNS)[number]): string[] => [
  ...new Set(verbs.map(([usage]) => usage.split(' ')[0])),
];

test('17.2: every verb of a command stands in an example of docs/cli.md', () => {
  const lines = blocks.join('\n').split('\n');
  const missing = NOUNS.flatMap((noun) =>
    verbsOf(noun)
      // The first is done where none is given.
      .filter((verb, i) => {
        const command = new RegExp(`ipmi-bmc ${noun.name}\\b.* ${verb}\\b`);
        const alone = new RegExp(`ipmi-bmc ${noun.name}( node-\\d)?( -o wide)?$`);
        return !lines.some((line) => command.test(line) || (i === 0 && alone.test(line)));
      })
      .map((verb) => `${noun.name} ${verb}`),
  );
  expect(missing).toEqual([]);
});

/** Routes that no command asks for, and why. */
const NO_COMMAND: Readonly<Record<string, string>> = {
  'GET /healthz': 'for what watches over processes',
  'GET /readyz': 'for what watches over processes; `status` says it to people',
  'GET /metrics': 'for Prometheus',
  'GET /v1/watch': 'for the web console, which has one stream for all that it shows',
};

/** Lines `METHOD path` of what the commands of the examples asked for. */
const requests = (): string[] => readFileSync(join(sample.folder, 'asked'), 'utf8').trim().split('\n');
const recorder = join(root, 'test/support/asked-for.mjs');

/** Commands that change nothing, or BMCs of their own: neighbours of which all are run at a time. */
const BESIDE =
  /\bipmi-bmc (?:list|show|status|shards|pef|counters|raw|events|trace|top|handlers|capture|record|with|completion)\b/;
const isBeside = (block: string): boolean =>
  block
    .split('\n')
    .every((line) => !line.includes('ipmi-bmc ') || BESIDE.test(line) || line.startsWith('  '));

for (const block of blocks)
  test('17.2: the example works: ' + block, { timeout: 180_000, concurrent: isBeside(block) }, async () => {
    const recording = `export NODE_OPTIONS='--import=${recorder}' ASKED_FOR='${sample.folder}/asked'\n`;
    const { code, out } = await sample.bash(recording + block);
    expect([code, out]).toEqual([0, out]);
  });

test('17.2: every route is asked for by a command of an example, or says why not', () => {
  // What is said in letters goes before what is in braces: `/faults/presets` is none of `/faults/{id}`.
  const patterns = ALL_ROUTES.map(({ method, path }) => ({
    name: `${method.toUpperCase()} ${path}`,
    whole: new RegExp(`^${method.toUpperCase()} ${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
  })).sort((one, other) => one.name.split('{').length - other.name.split('{').length);
  const reached = new Set(
    requests().map((line) => patterns.find(({ whole }) => whole.test(line.replace(/\?.*/, '')))?.name),
  );
  const unasked = patterns.map(({ name }) => name).filter((name) => !reached.has(name));
  expect(unasked.sort()).toEqual(Object.keys(NO_COMMAND).sort());
});
