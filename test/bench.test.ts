// The LAN benchmark: that it works and says what it should, never how fast anything is.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { NEEDED } from '../bench/lan/measure.ts';
import { flameGraph, flames, hottest } from '../bench/lan/profile.ts';
import { quantile, ratio, rowResult, type Results, type Trial } from '../bench/lan/results.ts';
import { chosen, rows, START } from '../bench/lan/rows.ts';
import { cpuTable, rateTable, startTable, suiteLines } from '../bench/lan/table.ts';
import { root, stopped } from './support/cli.ts';
import { runTool, toolTest, type Ran } from './support/tools.ts';

const folder = mkdtempSync(join(tmpdir(), 'ipmi-bmc-bench-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bench = ['--import', 'tsx', `${root}bench/index.ts`, 'lan'];
const run = (...args: string[]): Promise<Ran> =>
  runTool(process.execPath, [...bench, ...args], { timeout: 90_000 });
const resultsOf = (file: string): Results => JSON.parse(readFileSync(file, 'utf8')) as Results;
const row = (results: Results, id: string): Results['rows'][number] =>
  results.rows.find((one) => one.id === id)!;

/** Numbers that a measurement can have: no more CPU than two cores give, nothing that went wrong. */
function expectSane(trials: readonly Trial[], rounds: number): void {
  expect(trials).toHaveLength(rounds);
  for (const { cpu, perSecond, p50, p99, problems } of trials) {
    expect(cpu).toBeGreaterThan(0);
    expect(cpu * perSecond).toBeLessThan(2e6);
    expect(p50).toBeGreaterThan(0);
    expect(p99).toBeGreaterThanOrEqual(p50);
    expect(problems).toBe(0);
  }
}

toolTest(
  'a short run of the LAN benchmark prints a table and writes every trial as JSON',
  NEEDED,
  async () => {
    const file = join(folder, 'one.json');
    const { code, out } = await run(
      '--rows',
      'devid-16x4,start',
      '--rounds',
      '2',
      '--seconds',
      '0.3',
      '--json',
      file,
    );
    expect(code, out).toBe(0);
    expect(out).toContain('| Get Device ID, suite 3, 16x4 |');
    const results = resultsOf(file);
    expect(results.servers[0]).toBe('ipmi-bmc');
    expect(results.rows.map(({ id }) => id)).toEqual(['devid-16x4', 'start']);
    for (const { trials } of results.rows)
      for (const server of results.servers) expectSane(trials[server], 2);
    const { cpu } = row(results, 'devid-16x4').ratios[results.servers[1]] ?? { cpu: undefined };
    if (cpu) expect(cpu.low).toBeLessThanOrEqual(cpu.median);
  },
  120_000,
);

toolTest(
  'each way of asking works: suite 17, IPMI 1.5, log-ins, outside of sessions, walks, sensors, SOL; ours against a build of ours',
  NEEDED,
  async () => {
    const file = join(folder, 'all.json');
    const ids = [
      'devid17-1x8',
      'devid15-1x1',
      'setup-4',
      'authcap-4x8',
      'ping-4x8',
      'sdr-1x1',
      'sel-1x1',
      'sensor-16x4',
      'sol',
    ];
    const { code, out } = await run(
      '--rows',
      ids.join(','),
      '--rounds',
      '1',
      '--seconds',
      '0.2',
      '--against',
      root,
      '--json',
      file,
    );
    expect(code, out).toBe(0);
    const results = resultsOf(file);
    expect(results.servers).toEqual(['ipmi-bmc', 'before']);
    expect(results.rows.map(({ id }) => id)).toEqual(ids);
    for (const { trials } of results.rows)
      for (const server of results.servers) expectSane(trials[server], 1);
  },
  120_000,
);

toolTest(
  'a profile has a flame graph and names the functions that take the time',
  NEEDED,
  async () => {
    const { code, out } = await run(
      '--rows',
      'devid-16x4',
      '--seconds',
      '0.3',
      '--profile',
      join(folder, 'profile'),
    );
    expect(code, out).toBe(0);
    // The names of functions, in the program of one file too.
    const flames = readFileSync(join(folder, 'profile', 'devid-16x4.svg'), 'utf8');
    expect(/<title>(#?flush|receive|decryptCbc|finishInto) /.test(flames), 'functions of ours').toBe(true);
    const hot = JSON.parse(readFileSync(join(folder, 'profile', 'hottest.json'), 'utf8')) as Record<
      string,
      { name: string; share: number }[]
    >;
    const shares = hot['devid-16x4'].map(({ share }) => share);
    expect(shares).toEqual(shares.toSorted((a, b) => b - a));
    expect(shares[0]).toBeGreaterThan(0);
  },
  120_000,
);

const processes = async (): Promise<string> => (await runTool('ps', ['-eo', 'pid,ppid,stat,args'])).out;
/** Those that have the mark in their arguments, zombies left out. */
const mine = (list: string, mark: string): string[] =>
  list.split('\n').filter((line) => line.includes(mark) && !/^\s*\d+\s+\d+\s+Z/.test(line));
const underLoad = (list: string[]): boolean => list.some((line) => line.includes('loadgen -t'));

toolTest(
  'killed by SIGKILL, a run leaves no process behind',
  [...NEEDED, 'ps'],
  async () => {
    // What it starts has the folder of the run in its arguments.
    const here = mkdtempSync(join(folder, 'killed-'));
    const env = { ...process.env, BENCH_DIR: here };
    const child = spawn(process.execPath, [...bench, '--rows', 'devid-16x4', '--seconds', '20'], {
      cwd: root,
      env,
      stdio: 'ignore',
    });
    await expect.poll(async () => underLoad(mine(await processes(), here)), { timeout: 40_000 }).toBe(true);
    await stopped(child, 'SIGKILL');
    await expect.poll(async () => mine(await processes(), here), { timeout: 10_000 }).toEqual([]);
  },
  90_000,
);

test('a row that is not there, and a number that is none, are one line and exit code 2', async () => {
  const wrong = await run('--rows', 'devid,nonsense');
  expect(wrong.code).toBe(2);
  expect(wrong.out.trim()).toMatch(
    /^bench lan: --rows: no row is called 'nonsense'; there are devid-1x1, .*start$/,
  );
  const zero = await run('--seconds', '0');
  expect(zero.code).toBe(2);
  expect(zero.out.trim()).toBe("bench lan: --seconds: expected a number above 0, received '0'");
  const folder = await run('--against', '/nowhere');
  expect([folder.code, folder.out.trim()]).toEqual([
    2,
    'bench lan: --against /nowhere: no bin/ipmi-bmc in it',
  ]);
  expect((await run('--help')).out).toContain('--against FOLDER');
}, 60_000);

test('rows are chosen by id, or by what ids begin with', () => {
  expect([...chosen('devid17')]).toEqual(['devid17-1x1', 'devid17-1x8', 'devid17-16x4']);
  expect([...chosen('sol,setup-1,start')]).toEqual(['sol', 'setup-1', 'start']);
  expect(chosen(undefined).size).toBe(rows.length + 1);
});

const trial = (cpu: number, perSecond = 1): Trial => ({
  cpu,
  perSecond,
  p50: 1,
  p99: 2,
  others: 0,
  problems: 0,
});

test('ratios are taken round by round, with the middle half of them', () => {
  expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
  expect(quantile([5], 0.25)).toBe(5);
  // Each round has its own weather: the quotient stays.
  expect(ratio([2, 20, 200], [1, 10, 100])).toEqual({ median: 2, low: 2, high: 2 });
  expect(ratio([1, 2, 3, 4, 5], [1, 1, 1, 1, 1])).toEqual({ median: 3, low: 2, high: 4 });
});

test('tables tell medians, ratios, and what went wrong', () => {
  const results: Results = {
    taken: '2026-01-02T03:04:05.000Z',
    took: 60,
    rounds: 3,
    seconds: 0.5,
    versions: { node: 'v20' },
    machine: { cpu: 'a processor', cores: 2, memory: 4, kernel: '6.1' },
    servers: ['ipmi-bmc', 'ipmi_sim'],
    rows: [
      rowResult('devid-1x1', 'one', 'request', {
        'ipmi-bmc': [10, 12, 14].map((cpu) => trial(cpu)),
        ipmi_sim: [20, 24, 28].map((cpu) => trial(cpu)),
      }),
      rowResult(
        'devid17-1x1',
        'other',
        'request',
        { 'ipmi-bmc': [{ ...trial(15), problems: 3 }, trial(18), trial(21)] },
        'it has none',
      ),
      rowResult(START, 'start', 'start', {
        'ipmi-bmc': [{ ...trial(5000), p50: 300_000 }],
        ipmi_sim: [{ ...trial(1000), p50: 40_000 }],
      }),
    ],
  };
  expect(cpuTable(results).split('\n').slice(2)).toEqual([
    '| one | 12.0 | 24.0 | 0.50 (0.50..0.50) |  |',
    '| other | 18.0 |  |  | it has none; ipmi-bmc: 3 late or wrong |',
    '',
  ]);
  expect(rateTable(results).split('\n').slice(2)).toEqual([
    '| one | 1.00 | 1.00 | 1.00 (1.00..1.00) | 1.00 / 2.00 | 1.00 / 2.00 |',
    '| other | 1.00 |  |  | 1.00 / 2.00 |  |',
    '',
  ]);
  expect(suiteLines(results)).toEqual(['1x1 1.50']);
  expect(startTable(results)).toContain('| ipmi-bmc | 300 (300..300) | 5.00 |');
});

toolTest(
  'a run whose starter was killed ends by itself, and so do its servers',
  [...NEEDED, 'ps'],
  async () => {
    const here = mkdtempSync(join(folder, 'orphan-'));
    const args = JSON.stringify([...bench, '--rows', 'devid-16x4', '--seconds', '0.3', '--rounds', '1000']);
    const starter = spawn(
      process.execPath,
      ['-e', `require('child_process').spawn(process.execPath, ${args}, { stdio: 'ignore' })`],
      {
        cwd: root,
        env: { ...process.env, BENCH_DIR: here },
        stdio: 'ignore',
      },
    );
    await expect.poll(async () => underLoad(mine(await processes(), here)), { timeout: 40_000 }).toBe(true);
    await stopped(starter, 'SIGKILL');
    await expect.poll(async () => mine(await processes(), here), { timeout: 20_000 }).toEqual([]);
    // It had the time to clear up.
    await expect.poll(() => readdirSync(here), { timeout: 10_000 }).toEqual([]);
  },
  90_000,
);

test('a flame graph shows what ran since the load began, without the time that nothing ran', () => {
  const frame = (
    functionName: string,
    url = '',
  ): { functionName: string; url: string; lineNumber: number } => ({ functionName, url, lineNumber: 6 });
  const profile = {
    nodes: [
      { id: 1, callFrame: frame('(root)'), children: [2, 3] },
      { id: 2, callFrame: frame('(idle)') },
      { id: 3, callFrame: frame('<work>', 'file:///src/router.js'), children: [4] },
      { id: 4, callFrame: frame('below') },
    ],
    startTime: 1000,
    samples: [3, 2, 4, 3, 4],
    timeDeltas: [100, 500, 300, 50, 50],
  };
  const root = flames(profile, 1500);
  expect([root.total, root.below.map(({ name, self }) => [name, self])]).toEqual([
    400,
    [['<work> router.js:7', 50]],
  ]);
  expect(hottest(root, 2)).toEqual([
    { name: 'below', share: 0.875 },
    { name: '<work> router.js:7', share: 0.125 },
  ]);
  const svg = flameGraph('a row', root);
  expect(svg).toContain('&#60;work&#62; router.js:7 100.0 %');
  expect(svg).not.toContain('idle');
});
