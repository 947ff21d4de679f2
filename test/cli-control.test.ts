// The command line as a client of a daemon: real processes, effects read back with ipmitool.
import { readdirSync, readFileSync, mkdtempSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectLan } from '../src/client/index.ts';
import { nodeWorld } from '../src/world/node.ts';
import { bin, root } from './support/cli.ts';
import { anyPort, rack as rackOfPage } from './support/cli-page.ts';
import { PASSWORD, startDaemon, type RunningDaemon } from './support/daemon.ts';
import { runTool, toolTest, untilSeen } from './support/tools.ts';

const rack = anyPort(rackOfPage);
let daemon: RunningDaemon;
beforeAll(async () => {
  daemon = await startDaemon(rack);
});
afterAll(() => daemon.stop());

const ipmi = async (...args: string[]) => daemon.ipmi(args);
const json = async <T>(...args: string[]): Promise<T> => JSON.parse((await ipmi(...args, '--json')).out) as T;

test('17.2: raw: by numbers, by name, refused, and mistakes', async () => {
  const named = await json<{ response: object }>('raw', 'node-1', 'get-device-id');
  expect(named).toMatchObject({ code: 0, codeName: 'completed normally', response: { ipmiMajor: 2 } });
  expect(await json('raw', 'node-1', '0x06', '01h')).toMatchObject({ response: named.response });
  expect((await ipmi('raw', 'node-1', 'get-device-id')).out).toMatch(
    /^get-device-id: 00h completed normally\n {2}deviceId +32\n/,
  );
  const refused = await ipmi('raw', 'node-1', 'chassis-control', 'action=0', '--privilege', 'user');
  expect([refused.code, refused.out]).toEqual([1, 'chassis-control: D4h insufficient privilege level\n']);
  expect(await ipmi('raw', 'node-1', 'set-user-name', 'userId=0x5', 'name=5')).toMatchObject({ code: 0 });
  const wrong = await ipmi('raw', 'node-1', 'get-devise-id');
  expect([wrong.code, wrong.out]).toEqual([2, expect.stringContaining("did you mean 'get-device-id'?\n")]);
  const mistakes = [
    ['node-1', '0x06', '0x100'],
    ['node-1', '6'],
    ['node-1', 'x', 'y'],
    ['node-1', 'x', 'y={'],
  ].map(async (args) => (await ipmi('raw', ...args)).code);
  expect(await Promise.all(mistakes)).toEqual([2, 2, 2, 2]);
});

toolTest('17.2: events and trace tell what ipmitool did', ['ipmitool'], async () => {
  const traced = ipmi('trace', 'node-1', '--filter', 'set-user-name', '--filter', 'admin@', '--count', '1');
  const following = ipmi('trace', '--refused', '--count', '1', '--json');
  await untilSeen(Promise.all([traced, following]), async () => {
    await daemon.ipmitool('node-1', 'user set name 6 lee');
    await daemon.ipmitool('node-1', 'raw 0x30 0x77');
  });
  expect(await traced).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^[\d:.]{12} {2}node-1 {2}admin@.* {2}Set User Name .*\n$/),
  });
  expect(JSON.parse((await following).out)).toMatchObject({ kind: 'request', bmc: 'node-1', code: 0xc1 });
  const told = (await ipmi('events', '--bmc', 'node-1', '--kind', 'session', '--json')).out
    .trim()
    .split('\n');
  expect(JSON.parse(told[0])).toMatchObject({
    kind: 'session',
    bmc: 'node-1',
    what: 'opened',
    user: 'admin',
  });
  const wrong = await ipmi('events', '--kind', 'pwer');
  expect([wrong.code, wrong.out]).toEqual([2, expect.stringContaining("did you mean 'power'?\n")]);
});

toolTest('17.2: boot, sensor, sel, user and session, read back with ipmitool', ['ipmitool'], async () => {
  const read = async (args: string): Promise<string> => (await daemon.ipmitool('node-1', args)).out;
  expect((await ipmi('boot', 'node-1', 'pxe', '--uefi')).out).toBe('node-1: boots pxe, once, UEFI\n');
  expect(await read('chassis bootparam get 5')).toMatch(/BIOS EFI boot[^]*Force PXE/);
  expect((await ipmi('boot', 'node-1', 'bios', '--persistent')).out).toBe(
    'node-1: boots bios-setup, always, legacy\n',
  );
  expect((await ipmi('boot', 'node-1', 'none')).code).toBe(0);
  expect((await ipmi('sensor', 'node-1', 'set', 'CPU Temp', '96')).out).toMatch(
    /^SENSOR .*\nCPU Temp +96 degrees C +(ok|cr) /,
  );
  expect(
    (await json<{ sensors: { value: number; status: string }[] }>('sensor', 'node-1')).sensors[0],
  ).toMatchObject({ value: 96, status: 'cr' });
  expect(await read('sdr type temperature')).toContain('96 degrees C');
  expect(await ipmi('sensor', 'node-1', 'ramp', 'CPU Temp', '30', '--over', '1s')).toMatchObject({ code: 0 });
  expect(await ipmi('sensor', 'node-1', 'unreadable', 'CPU Temp')).toMatchObject({ code: 0 });
  expect(await read('sdr type temperature')).not.toContain('degrees C');
  expect(await ipmi('sensor', 'node-1', 'unset', 'CPU Temp')).toMatchObject({ code: 0 });
  expect(await read('sdr type temperature')).toContain('41 degrees C');
  const near = await ipmi('sensor', 'node-1', 'get', 'CPU Tmp');
  expect([near.code, near.out]).toEqual([3, expect.stringContaining("did you mean 'CPU Temp'?")]);
  expect(await read('sel elist')).toContain('CPU Temp | Upper Critical going high');
  const saved = (await ipmi('sel', 'node-1', 'export')).out;
  expect(saved).toMatch(/^0x04 0x01 0x\w\w .* # .*\n/m);
  expect((await ipmi('sel', 'node-1', '--last', '1')).out).toContain('CPU Temp');
  expect((await ipmi('sel', 'node-1', 'clear')).code).toBe(0);
  expect(await read('sel elist')).not.toContain('CPU Temp');
  expect((await ipmi('sel', 'node-1', 'delete', '999')).code).toBe(3);
  const set = [
    'user',
    'node-1',
    'set',
    '5',
    '--name',
    'kim',
    '--password-file',
    '-',
    '--privilege',
    'operator',
    '--enable',
  ];
  const changed = await daemon.ipmi(set, { input: 'secret-of-kim\n' });
  expect([changed.code, changed.out]).toEqual([
    0,
    expect.stringMatching(/\n +5 +kim +yes +set +operator\n$/),
  ]);
  expect((await daemon.ipmitool('node-1', 'user test 5 16 secret-of-kim')).out).toContain('Success');
  expect((await ipmi('user', 'node-1', 'set', '5')).code).toBe(2);
  expect((await ipmi('user', 'node-1', 'set', '5', '--password', 'x')).code).toBe(2);
  expect((await daemon.ipmi(set, { input: '\n' })).out).toContain('there is no password in it');
});

test('17.2: a session is listed and closed', async () => {
  const [host, port] = ['127.0.0.1', daemon.port('node-1')];
  await connectLan(nodeWorld(), { host, port, user: 'admin', password: PASSWORD });
  expect((await ipmi('session', 'node-1')).out).toMatch(
    /\n *\d+ {2}admin {2}127\.0\.0\.1:\d+ +administrator /,
  );
  const { sessions } = await json<{ sessions: { handle: number }[] }>('session', 'node-1');
  const id = String(sessions[0].handle);
  expect((await ipmi('session', 'node-1', 'close', id)).out).toBe(`node-1: session ${id} is closed\n`);
  expect((await ipmi('session', 'node-1', 'close', id)).code).toBe(3);
  expect((await ipmi('session', 'node-1')).out).not.toContain('127.0.0.1');
});

toolTest('17.2: a story is armed: ipmitool sees it, and the rule has counted', ['ipmitool'], async () => {
  const rule = '{ id: no-id, when: { command: get-device-id }, then: { complete: C0h } }';
  const added = await daemon.ipmi(['fault', 'node-1', 'add', '-'], { input: rule });
  expect([added.code, added.out]).toEqual([0, expect.stringMatching(/\nno-id +command +0 +armed/)]);
  expect((await daemon.ipmitool('node-1', 'mc info')).code).not.toBe(0);
  const { rules } = await json<{ rules: { id: string; hits: number }[] }>('fault', 'node-1');
  expect(rules.find(({ id }) => id === 'no-id')?.hits).toBeGreaterThan(0);
  expect((await ipmi('fault', 'node-1', 'arm', 'overloded')).out).toContain("did you mean 'overloaded'?");
  expect((await ipmi('fault', 'node-1', 'clear')).code).toBe(0);
  expect((await daemon.ipmitool('node-1', 'mc info')).code).toBe(0);
  expect((await ipmi('clock', 'node-1', 'advance', '10m')).code).toBe(1);
  expect((await ipmi('handlers', '--running', 'node-1')).out).toMatch(/^KEY +COMMAND .*\n.*\n/);
});

toolTest(
  '17.2: a console on a terminal is left by ~., and the terminal is as it was',
  ['script', 'stty'],
  async () => {
    const on = (command: string, input: string) =>
      runTool(
        'script',
        ['-qec', `'${process.execPath}' '${bin}' ${command}; echo "code $?"; stty -a`, '/dev/null'],
        {
          env: daemon.env,
          input,
        },
      );
    const left = (await on('console node-1', '\r~?\r~.')).out;
    expect(left).toMatch(
      /node-1: ~\. leaves, ~\? helps\r+\n[^]*~B {2}send a break\r+\n[^]*node-1: left\r+\ncode 0\r\n/,
    );
    expect(left).toMatch(/[^-]icanon/);
    expect(left).not.toContain('-icanon');
    const top = (await on('top --interval 1', 'q')).out;
    expect(top).toContain('\x1b[?1049h');
    expect(top).toContain('\x1b[?1049lcode 0');
    expect(top).not.toContain('-icanon');
  },
);

test('17.2: a console through pipes, and what was said before', async () => {
  const piped = await daemon.ipmi(['console', 'node-1'], { input: 'hello\r' });
  expect([piped.code, piped.out]).toEqual([0, expect.stringContaining('hello')]);
  expect((await ipmi('console', 'node-1', 'history')).out).toContain('hello');
  expect((await ipmi('console', 'node-7')).code).toBe(3);
});

test('17.2: LAN parameters, SDR records, chassis and PEF: shown, changed, and mistakes told', async () => {
  expect((await ipmi('lan', 'node-1', 'set', 'ip-address', '192.0.2.17')).out).toMatch(
    /^ID +PARAMETER +VALUE\n +3 +ip-address +192\.0\.2\.17\n$/,
  );
  expect((await ipmi('lan', 'node-1', 'get', '3')).out).toContain('192.0.2.17');
  // What changes nothing of each other is asked at a time.
  const [near, ...refused] = await Promise.all(
    [
      'lan node-1 set ip-adress 192.0.2.17',
      'lan node-1 get ip-adress',
      'lan node-1 set ip-address',
      'lan node-1 get 3 --channel 7',
      'lan node-1 set ip-address 192.0.2.300',
      'sdr node-1 delete 77',
      'chassis node-1 policy never',
      'chassis node-1 press',
      'fru node-1 --offset 3',
    ].map((line) => ipmi(...line.split(' '))),
  );
  expect([near.code, near.out]).toEqual([3, expect.stringContaining("did you mean 'ip-address'?")]);
  expect(refused.map(({ code }) => code)).toEqual([3, 2, 3, 2, 3, 2, 2, 2]);
  const shown = [
    ['sdr node-1', /^ID +TYPE +NAME\n +\d+ +full +CPU Temp\n/],
    ['sdr node-1 show 1', /^sensorNumber +1\n/m],
    ['chassis node-1 policy always-on', /After a loss of mains +always-on/],
    ['pef node-1', /\n +1 +pef-control +alertStartupDelay=/],
    ['console node-1 write written\\r', /^node-1: 8 byte\(s\) typed\n$/],
    ['sensor node-1 history', /^SENSOR +VALUES +LOWEST +MEAN +HIGHEST/],
  ] as const;
  const told = await Promise.all(shown.map(([line]) => ipmi(...line.split(' '))));
  for (const [i, [line, expected]] of shown.entries()) expect(told[i].out, line).toMatch(expected);
});

test.concurrent('17.2: FRU fields are shown', async () => {
  expect((await ipmi('fru', 'node-1', 'show', '0')).out).toMatch(/Acme/);
  expect((await ipmi('fru', 'node-1')).out).toMatch(/^ID +NAME +SIZE +AREAS\n/);
  expect((await ipmi('firmware', 'node-2')).code).toBe(3);
});

test.concurrent('17.2: list loads nothing of a BMC and no library that it does not need', async () => {
  const coverage = mkdtempSync(join(tmpdir(), 'loaded-'));
  // The modules themselves, whether there is a program of one file beside them or not.
  const main = join(root, 'dist/cli/main.js');
  const program = `const { main } = await import('${main}'); process.exitCode = await main(['list']);`;
  const { code } = await runTool(process.execPath, ['--input-type=module', '-e', program], {
    env: { ...daemon.env, NODE_V8_COVERAGE: coverage },
  });
  expect(code).toBe(0);
  const loaded = readdirSync(coverage).flatMap((file) => {
    const { result } = JSON.parse(readFileSync(join(coverage, file), 'utf8')) as {
      result: { url: string }[];
    };
    return result.map(({ url }) => url).filter((url) => url.startsWith('file:'));
  });
  const ours = loaded.map((url) => url.split('/dist/')[1]).filter((file) => file !== undefined);
  expect(ours).toContain('cli/main.js');
  const rooms = ours.filter((file) => !file.startsWith('cli/')).sort();
  expect(rooms).toEqual([
    'codec/error-codes.js',
    'config/wording.js',
    'control/client.js',
    'control/problem.js',
    'control/sse.js',
    'control/text-answers.js',
    'world/endpoint-forms.js',
    'world/ip-address.js',
    'world/package-files.js',
    'world/udp-engine.js',
    'world/world.js',
  ]);
  const packages = loaded
    .map((url) => /node_modules\/([^/]+)/.exec(url)?.[1])
    .filter((name) => name !== undefined);
  expect([...new Set(packages)].sort()).toEqual(['commander', 'picocolors']);
});

test.concurrent('17.2: tables, JSON, YAML; labels and patterns', async () => {
  const { out } = await ipmi('list', '-l', 'rack=7', '-o', 'wide');
  expect(out).toMatch(
    /^NAME +STATE +POWER +MACHINE +HEALTH +SESSIONS +LAN +ORIGIN +ADDRESSES +LABELS\nnode-1 +running +on +simulated +ok +0 .* rack=7\n$/,
  );
  const { bmcs } = await json<{ bmcs: { name: string }[] }>('list', '*-2');
  expect(bmcs.map(({ name }) => name)).toEqual(['node-2']);
  expect((await ipmi('show', 'node-1', '-o', 'yaml')).out).toMatch(/^name: node-1\n/);
  expect((await ipmi('-o', 'json', 'show', 'node-1')).out).toMatch(/^\{"name":"node-1"/);
});

// What changes nothing runs at a time.
test.concurrent.each([
  [
    'a BMC that is not there',
    ['power', 'nod-1'],
    3,
    "there is no BMC 'nod-1'; did you mean 'node-1'?; `ipmi-bmc list` shows them",
  ],
  ['no name, and two BMCs', ['power'], 2, 'which BMC? It has 2: node-1, node-2'],
  [
    'a verb that is none',
    ['power', 'node-1', 'of'],
    2,
    'of: expected one of status, on, off, cycle, reset, soft, diag; did you mean on?',
  ],
  ['too many words', ['show', 'node-1', 'x'], 2, 'x: too many words; expected [bmc]'],
  ['nobody at the socket', ['list', '--socket', '/nowhere'], 4, '/nowhere: nobody listens there'],
  ['two daemons named', ['list', '--socket', 'a', '--url', 'http://b'], 2, '--socket or --url, not both'],
  [
    'a URL that is none',
    ['list', '--url', 'b:1'],
    2,
    '--url b:1: expected http://host:port or https://host:port',
  ],
  ['a token for a socket', ['list', '--token-file', 'x'], 2, '--token-file is for --url'],
  ['a filter that is none', ['list', '--power', 'maybe'], 2, 'power: expected one of "on"|"off"|"unknown"'],
] as const)('17.2: one line and an exit code: %s', async (_name, args, code, line) => {
  const ran = await ipmi(...args);
  expect([ran.code, ran.out]).toEqual([code, `ipmi-bmc: ${line}\n`]);
  const told = await ipmi(...args, '--json');
  expect([told.code, JSON.parse(told.out)]).toEqual([code, { ok: false, problems: [line] }]);
});

test.concurrent('17.2: a daemon is found by itself; of several each is named; of none, what to do', async () => {
  const none = { IPMI_BMC_RUNTIME_DIRECTORY: join(daemon.folder, 'empty') };
  const alone = await runTool(process.execPath, [bin, 'list'], { env: none });
  expect([alone.code, alone.out]).toEqual([
    4,
    expect.stringMatching(/^ipmi-bmc: no daemon runs here: start one with `ipmi-bmc run FILE`, or .*\n$/),
  ]);
  const both = join(daemon.folder, 'both');
  mkdirSync(both, { mode: 0o700 });
  for (const pid of [process.pid, process.ppid]) symlinkSync(daemon.socket, join(both, `${pid}.sock`));
  const several = await runTool(process.execPath, [bin, 'list'], {
    env: { IPMI_BMC_RUNTIME_DIRECTORY: both },
  });
  expect([several.code, several.out.split('\n').length]).toEqual([4, 2]);
  expect(several.out).toContain(
    `2 daemons run here: choose with --socket or IPMI_BMC_SOCKET: ${daemon.socket} (pid `,
  );
});

test('17.2: BMCs are added, stopped, started and removed; files are compared and applied', async () => {
  const [one, whole] = [join(daemon.folder, 'one.yaml'), join(daemon.folder, 'whole.yaml')];
  const text = (name: string): string =>
    `name: ${name}\nusers: [{ id: 2, name: admin, password: AdminPass123 }]\ninterfaces: [{ type: lan, listen: "127.0.0.1:0" }]\n`;
  writeFileSync(one, text('node-8'));
  expect((await ipmi('add', one)).out).toMatch(
    /^node-8: added, lan 127\.0\.0\.1:\d+; until the daemon ends, since it has no state directory\n$/,
  );
  const again = await ipmi('add', one);
  expect([again.code, again.out]).toEqual([
    1,
    "ipmi-bmc: there is a BMC 'node-8' already; apply a file that has it, or `ipmi-bmc remove node-8` first\n",
  ]);
  expect((await ipmi('stop', 'node-8')).out).toBe('node-8: stopped\n');
  const stopped = await ipmi('show', 'node-8');
  expect([stopped.code, stopped.out]).toEqual([
    1,
    "ipmi-bmc: BMC 'node-8' does not run; `ipmi-bmc start node-8`\n",
  ]);
  expect((await ipmi('start', 'node-8')).code).toBe(0);
  writeFileSync(whole, rack.replace('rack: "8"', 'rack: "9"'));
  const differs = await ipmi('diff', whole);
  expect([differs.code, differs.out]).toEqual([1, '~ node-2: applies live\n    labels: live\n2 unchanged\n']);
  expect((await ipmi('apply', whole)).out).toBe(differs.out);
  expect((await ipmi('diff', whole)).out).toBe('nothing differs: 3 BMC(s)\n');
  writeFileSync(whole, 'bmcs: [{ name: a, labls: {} }]\n');
  for (const verb of ['diff', 'apply']) {
    const wrong = await ipmi(verb, whole);
    expect([wrong.code, wrong.out]).toEqual([
      2,
      `ipmi-bmc: ${whole}:1:19 bmcs.0.labls: unknown key; did you mean labels?\n`,
    ]);
  }
  expect((await ipmi('reload')).out).toContain('~ node-2: applies live\n');
  expect((await ipmi('remove', 'node-8')).out).toBe('node-8: removed\n');
  expect((await ipmi('remove')).code).toBe(2);
});

toolTest('17.2: power, read back with ipmitool', ['ipmitool'], async () => {
  expect((await ipmi('power', 'node-2', 'off')).out).toBe('node-2: power is off\n');
  expect((await daemon.ipmitool('node-2', 'power status')).out).toContain('Power is off');
  const refused = await ipmi('power', 'node-2', 'reset');
  expect([refused.code, refused.out]).toEqual([1, 'ipmi-bmc: reset while the power is off (cc D5h)\n']);
  expect((await ipmi('power', 'node-2', 'on')).code).toBe(0);
  expect((await daemon.ipmitool('node-2', 'power status')).out).toContain('Power is on');
});

toolTest(
  '17.2: bash completes commands, verbs and names of BMCs',
  ['bash'],
  async () => {
    const completed = async (...words: string[]): Promise<string> => {
      const script = `source <(ipmi-bmc completion bash)\nCOMP_WORDS=(ipmi-bmc ${words.map((word) => `'${word}'`).join(' ')})\nCOMP_CWORD=${words.length}\n_ipmi_bmc\necho "\${COMPREPLY[@]}"`;
      return (await daemon.bash(script)).out.trim();
    };
    const cases: readonly (readonly [words: readonly string[], expected: string])[] = [
      [['pow'], 'power'],
      [['power', 'node-'], 'node-1 node-2'],
      [['power', 'node-1', 'o'], 'on off'],
      [['list', '--out'], '--output'],
      [['list', '-o', ''], 'wide json yaml'],
      [['--socket', '/nowhere', 'power', 'node'], ''],
      [['state', 'ver'], 'verify'],
    ];
    const found = await Promise.all(cases.map(([words]) => completed(...words)));
    expect(found).toEqual(cases.map(([, expected]) => expected));
  },
  { concurrent: true },
);

toolTest(
  '17.2: fish completes likewise, with what each is',
  ['fish'],
  async () => {
    const script = `function ipmi-bmc; '${process.execPath}' '${bin}' $argv; end; ipmi-bmc completion fish | source; complete -C 'ipmi-bmc power node-1 o'`;
    const { out } = await runTool('fish', ['-c', script], { env: { ...daemon.env } });
    expect(out).toContain('off\tpower down at once\non\tpower up\n');
  },
  { concurrent: true },
);

toolTest(
  '17.2: zsh takes its script',
  ['zsh'],
  async () => {
    const { out } = await runTool(
      'zsh',
      [
        '-f',
        '-c',
        `ipmi-bmc() { '${process.execPath}' '${bin}' "$@" }; autoload -U compinit && compinit -u -D; source <(ipmi-bmc completion zsh); print \${_comps[ipmi-bmc]}`,
      ],
      { env: { ...daemon.env } },
    );
    expect(out.trim()).toBe('_ipmi_bmc');
  },
  { concurrent: true },
);
