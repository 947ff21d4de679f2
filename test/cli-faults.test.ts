// Faults, clocks and the watchdog by commands: real processes, symptoms as ipmitool sees them.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startDaemon, type RunningDaemon } from './support/daemon.ts';
import { toolTest } from './support/tools.ts';

const bmc = (name: string, more: string): string => `  - name: ${name}
    users: [{ id: 2, name: admin, password: AdminPass123 }]
    interfaces: [{ type: lan, listen: "127.0.0.1:0" }]
    ${more}
`;
const rack = `bmcs:
${bmc('node-1', 'labels: { rack: "7" }')}${bmc('node-2', 'labels: { rack: "8" }')}${bmc('node-3', 'clock: virtual')}`;
let daemon: RunningDaemon;
beforeAll(async () => {
  daemon = await startDaemon(rack);
});
afterAll(() => daemon.stop());

const ipmi = async (...args: string[]) => daemon.ipmi(args);
const json = async <T>(...args: string[]): Promise<T> => JSON.parse((await ipmi(...args, '--json')).out) as T;
interface Rules {
  readonly rules: readonly { readonly id: string; readonly hits: number; readonly rule: object }[];
}

toolTest(
  '19.2: a rule of options: ipmitool sees it so many times, and no more after them or its removal',
  ['ipmitool'],
  async () => {
    const guid = async () => (await daemon.ipmitool('node-1', 'raw 0x06 0x08')).out;
    const add = ['fault', 'node-1', 'add', '--when', 'command=get-device-guid', '--then', 'complete=C0h'];
    expect(await ipmi(...add, '--id', 'twice', '--times', '2')).toMatchObject({ code: 0 });
    expect(await guid()).toContain('rsp=0xc0');
    expect(await guid()).toContain('rsp=0xc0');
    expect(await guid()).not.toContain('rsp=');
    expect((await json<Rules>('fault', 'node-1')).rules).toEqual([]);
    expect(await ipmi(...add, '--id', 'stays', '--when', 'user=admin')).toMatchObject({ code: 0 });
    expect(await guid()).toContain('rsp=0xc0');
    expect((await ipmi('fault', 'node-1', 'remove', 'stays')).out).toBe("node-1: 'stays' is off\n");
    expect(await guid()).not.toContain('rsp=');
    expect((await ipmi('fault', 'node-1', 'remove', 'stays')).code).toBe(3);
  },
);

test('19.2: options are the rule that a file would have', async () => {
  const when = '--when data=00 --when cmd=0x2d --when netFn=4 --when nth=3.. --chance 30%';
  const then = '--then delay=200ms --after 1 --for 10m --times 4 --id all';
  const words = `${when} ${then}`.split(' ');
  await ipmi('fault', 'node-1', 'add', ...words);
  await ipmi('fault', 'node-1', 'add', '--then', 'sdr.changesEvery=20');
  await ipmi(
    'fault',
    'node-1',
    'add',
    '--when',
    'command=get-sdr',
    '--when',
    'command=get-sel-entry',
    '--then',
    'busy=2',
  );
  const { rules } = await json<Rules>('fault', 'node-1');
  expect(rules.map(({ rule }) => rule)).toMatchObject([
    {
      when: { data: '00', cmd: 0x2d, netFn: 4, nth: '3..' },
      then: { delay: '200ms' },
      chance: '30%',
      after: 1,
      for: '10m',
      times: 4,
    },
    { then: { sdr: { changesEvery: 20 } } },
    { when: { command: ['get-sdr', 'get-sel-entry'] }, then: { busy: 2 } },
  ]);
  await ipmi('fault', 'node-1', 'clear');
});

test.each([
  [['node-1', 'add'], 'expected FILE, or --then KEY=VALUE'],
  [['node-1', 'add', '--when', 'command=get-sdr'], '--then is missing: what is to happen, as complete=C0h'],
  [['node-1', 'add', 'x.yaml', '--then', 'loss=5%'], 'x.yaml: a file, or --when and --then, not both'],
  [['node-1', 'add', '--then', 'loss'], '--then loss: expected KEY=VALUE, as command=get-sdr'],
  [['node-1', 'add', '--then', 'fru=1', '--then', 'fru.id=1'], '--then fru.id=1: fru is said already'],
  [['node-1', 'arm', 'overloaded', '--times', '3'], '--when, --then and the like are for add, not for arm'],
  [['node-1', 'clear', '--all'], 'node-1: a BMC, or --all or --selector, not both'],
] as const)('19.2: a mistake is a line, and nothing is done: %s', async (args, line) => {
  expect(await ipmi('fault', ...args)).toMatchObject({ code: 2, out: `ipmi-bmc: ${line}\n` });
});

test('19.2: a rule that makes no sense is refused with its place', async () => {
  const { code, out } = await ipmi('fault', 'node-1', 'add', '--then', 'los=5%');
  expect([code, out]).toEqual([2, expect.stringContaining('did you mean loss?')]);
});

toolTest('19.2: --all and --selector: many BMCs, each by itself', ['ipmitool'], async () => {
  const seven = await ipmi('fault', 'arm', 'wrong-clock', '--selector', 'rack=7');
  expect([seven.code, seven.out]).toEqual([
    0,
    expect.stringMatching(/^BMC +ID .*\nnode-1 +wrong-clock .*\n$/),
  ]);
  const all = await ipmi('fault', 'arm', 'wrong-clock', '--all');
  expect([all.code, all.out.match(/^node-\d /gm)]).toEqual([1, ['node-2 ', 'node-3 ']]);
  expect(all.out).toContain("ipmi-bmc: node-1: the story 'wrong-clock' is armed already");
  const { bmcs } = await json<{ bmcs: readonly { bmc: string; problem?: string; rules?: object[] }[] }>(
    'fault',
    'list',
    '--all',
  );
  expect(bmcs.map(({ bmc: name, rules }) => [name, rules?.length])).toEqual([
    ['node-1', 1],
    ['node-2', 1],
    ['node-3', 1],
  ]);
  await ipmi('fault', 'add', '--all', '--when', 'command=get-device-guid', '--then', 'complete=C3h');
  expect((await daemon.ipmitool('node-2', 'raw 0x06 0x08')).out).toContain('rsp=0xc3');
  expect((await ipmi('fault', 'clear', '--all')).out).toBe('3 BMCs: every rule is off\n');
  expect((await daemon.ipmitool('node-2', 'raw 0x06 0x08')).out).not.toContain('rsp=');
  expect((await ipmi('fault', 'arm', 'overloaded', '-l', 'rack=9')).code).toBe(3);
});

test('19.2: presets: what is seen, and what a monitor should find, without a name of a BMC', async () => {
  const { code, out } = await ipmi('fault', 'presets');
  expect([code, out]).toEqual([0, expect.stringMatching(/^overloaded\n {2}seen: {2}\S.*\n {2}find: {2}\S/m)]);
});

test('19.4: clock advance --all moves the virtual clocks alone', async () => {
  const now = async (name: string) => Date.parse((await json<{ now: string }>('clock', name)).now);
  const [real, virtual] = [await now('node-1'), await now('node-3')];
  expect((await ipmi('clock', 'advance', '2h', '--all')).out).toBe('1 BMCs with a virtual clock: 2h later\n');
  expect((await now('node-3')) - virtual).toBe(7_200_000);
  expect((await now('node-1')) - real).toBeLessThan(60_000);
  expect((await ipmi('clock', 'node-3', 'advance', '2h', '--all')).code).toBe(2);
  expect((await ipmi('clock', 'advance', 'next', '--all')).code).toBe(2);
});

toolTest('17.2: watchdog: what ipmitool armed is shown and stopped', ['ipmitool'], async () => {
  // SMS/OS, power cycle, 60 s; then started.
  await daemon.ipmitool('node-1', 'raw 0x06 0x24 0x04 0x03 0x00 0x10 0x58 0x02');
  await daemon.ipmitool('node-1', 'mc watchdog reset');
  const shown = await ipmi('watchdog', 'node-1');
  expect(shown.out).toMatch(
    /^Watchdog +runs\nUse +SMS\/OS\nAction +power-cycle\nLeft +5\d(\.\d)? s of 60 s\n/,
  );
  expect((await ipmi('watchdog', 'node-1', 'stop')).out).toBe('node-1: the watchdog is stopped\n');
  expect((await daemon.ipmitool('node-1', 'mc watchdog get')).out).toMatch(/Watchdog Timer Is: +Stopped/);
  expect(await json('watchdog', 'node-1')).toMatchObject({ running: false, action: 'power-cycle' });
});

test('17.2: handlers --running: by owner and name, as any command prints; a file is another question', async () => {
  const some = await json<{ handlers: { name: string }[] }>(
    'handlers',
    '--running',
    'node-1',
    '--name',
    'device id',
  );
  expect(some.handlers.length).toBeGreaterThan(0);
  expect(some.handlers.every(({ name }) => /device id/i.test(name))).toBe(true);
  const none = await ipmi('handlers', '--running', 'node-1', '--owner', 'nobody', '-o', 'wide');
  expect(none.out).toMatch(/^KEY .* REGISTERED\n$/);
  expect((await ipmi('handlers', 'rack.yaml', '--running', 'node-1')).code).toBe(2);
  expect((await ipmi('handlers', '--owner', 'spec')).code).toBe(2);
});
