import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createSocket } from 'node:dgram';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { main } from '../src/cli/main.ts';
import { sample } from '../src/cli/sample.ts';
import { parseConfig } from '../src/config/index.ts';
import { fileSchema } from '../src/config/schema.ts';
import { Bmc } from '../src/bmc.ts';
import { connectVm } from '../src/client/index.ts';
import { GetDeviceId } from '../src/commands/app/device.ts';
import { simWorld } from '../src/world/index.ts';
import { nodeWorld } from '../src/world/node.ts';
import { before, firstLine, program, stopped } from './support/cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'ipmi-bmc-'));
const cli = (...args: string[]) =>
  spawnSync(program, [...before, ...args], { encoding: 'utf8', cwd: folder });

test('what init writes is a good config, and is never written over another file', () => {
  expect(cli('init', 'new.yaml').stdout).toContain('wrote new.yaml');
  const masked = (text: string): string => text.replace(/password: [\w-]+/g, 'password');
  expect(masked(readFileSync(join(folder, 'new.yaml'), 'utf8'))).toBe(masked(sample));
  expect(cli('check', 'new.yaml').status).toBe(0);
  const again = cli('init', 'new.yaml');
  expect([again.status, again.stderr]).toEqual([
    2,
    'ipmi-bmc: new.yaml is there already; name another file\n',
  ]);
  expect(() => new Bmc(parseConfig(sample, 'sample')[0], { world: simWorld(1) })).not.toThrow();
  // What is commented out is a good config as well, each section by itself.
  const asides = [...sample.matchAll(/^# (\w+:.*(?:\n# {3}.*)*)/gm)].map(([, text]) =>
    text.replaceAll('\n# ', '\n'),
  );
  for (const aside of asides) expect(() => parseConfig(aside, 'sample'), aside).not.toThrow();
  for (const [, one] of sample.matchAll(/^ {2}# (- \{ type: .*)/gm))
    expect(() => parseConfig(`interfaces:\n  ${one}\n`, 'sample'), one).not.toThrow();
  const sections = Object.keys(fileSchema.shape).filter(
    (key) => !new RegExp(`^(# )?${key}:`, 'm').test(sample),
  );
  expect(sections).toEqual([]);
});

test('V8: check --verbose shows the step of each sensor', () => {
  const sensors = [
    { name: 'Temp', entity: '3.1', type: 'temperature', unit: 'degrees C', range: [-40, 125] },
    {
      name: 'Temp',
      entity: '3.2',
      type: 'temperature',
      unit: 'degrees C',
      curve: [
        [0, 0],
        [255, 90],
      ],
    },
    {
      name: 'Rail',
      entity: '7.1',
      type: 'voltage',
      unit: 'Volts',
      range: [0, 3.7],
      thresholds: { uc: 3.47 },
    },
    { name: 'Drive', entity: '4.1', type: 'drive slot / bay' },
  ];
  writeFileSync(join(folder, 'steps.yaml'), JSON.stringify({ sensors }));
  expect(cli('check', '--verbose', 'steps.yaml').stdout).toBe(
    'bmc: Temp@3.1: -40 to 125 degrees C, step 1\nbmc: Temp@3.2: 0 to 90 degrees C, steps of different sizes\n' +
      'bmc: Rail: 0 to 3.7 Volts, step 0.02\nsteps.yaml: 1 BMC(s), no problem\n',
  );
});

test('R4: a bad file: every problem with file, line, column and key; exit code 2', () => {
  writeFileSync(
    join(folder, 'bad.yaml'),
    'name: x\nidentity:\n  deviceId: 300\n  nope: 1\nusers:\n  - id: 2\n    privilege: boss\n    password: [secret]\n',
  );
  const { status, stderr } = cli('check', 'bad.yaml');
  expect(status).toBe(2);
  expect(stderr.split('\n')).toEqual([
    'ipmi-bmc: bad.yaml:3:13 identity.deviceId: expected number to be <=255, received 300',
    expect.stringMatching(
      /^bad\.yaml:4:3 identity\.nope: unknown key; expected one of deviceId, .*systemGuid/,
    ),
    'bad.yaml:7:16 users.0.privilege: expected one of "callback"|"user"|"operator"|"administrator"|"oem"|"none", received "boss"',
    'bad.yaml:8:15 users.0.password: expected string',
    '',
  ]);
  const json = cli('check', '--json', 'bad.yaml');
  expect([json.status, (JSON.parse(json.stdout) as { problems: string[] }).problems.length]).toEqual([2, 4]);
});

test.each([
  ['no such file', ['run', 'none.yaml'], 'ipmi-bmc: none.yaml: no such file\n'],
  ['broken YAML', ['check', 'broken.yaml'], 'ipmi-bmc: broken.yaml:2:1 '],
  ['an unknown sensor type', ['run', 'type.yaml'], 'type.yaml:2:37 sensors.0.type: expected a sensor type'],
  ['a bad address', ['run', '--lan', 'nowhere'], 'expected host:port'],
  ['an unknown option', ['run', '--nope'], "unknown option '--nope'"],
  ['an unknown command', ['fly'], "unknown command 'fly'; see ipmi-bmc --help\n"],
  [
    'a misspelt option',
    ['check', 'x', '--jso'],
    "unknown option '--jso' (Did you mean --json?); see ipmi-bmc check --help\n",
  ],
  ['a directory in place of a file', ['check', '.'], 'ipmi-bmc: .: is a directory, expected a file\n'],
  [
    'a directory in place of an image',
    ['hpm', 'show', '.'],
    'ipmi-bmc: .: is a directory, expected a file\n',
  ],
  [
    'a place that cannot be written',
    ['hpm', 'pack', 'no/x.hpm', '0=type.yaml,1.0', '--manufacturer', '1', '--product', '1'],
    'no/x.hpm: no such file',
  ],
  [
    'a key that is none',
    ['hpm', 'pack', 'x', '0=type.yaml,1.0', '--manufacturer', '1', '--product', '1', '--sign', 'type.yaml'],
    'openssl genpkey',
  ],
  ['an export that is not there', ['state', 'import', 'new', 'none'], 'ipmi-bmc: none: no such file\n'],
  [
    'no password',
    ['update', 'list', '--to', '127.0.0.1:9', '-U', 'a'],
    'no password: give it with -P, or in IPMI_PASSWORD',
  ],
  [
    'a password that is too long',
    ['update', 'kill', '--to', '127.0.0.1:9', '-U', 'a', '-P', 'x'.repeat(21)],
    'at most 20 bytes in UTF-8',
  ],
  [
    'a socket in no directory',
    ['run', '--lan', '127.0.0.1:0', '--vm-socket', '/nowhere/x'],
    'ipmi-bmc: --vm-socket /nowhere/x: /nowhere: no such directory\n',
  ],
  [
    'an address of another machine',
    ['run', '--lan', '192.0.2.1:0'],
    'ipmi-bmc: --lan 192.0.2.1:0: no such address on this machine\n',
  ],
  ['a key for nothing', ['run', '--seal-key', 'type.yaml'], 'name a directory with --state'],
  [
    'nothing to reach it by',
    ['run', 'alone.yaml'],
    'alone.yaml: nobody could reach it: add an entry to interfaces:',
  ],
  [
    'settings that do not go together',
    ['check', 'twice.yaml'],
    'ipmi-bmc: twice.yaml:1:29 interfaces.1: two interfaces have channel 1\n',
  ],
  [
    'the same, listed',
    ['handlers', 'twice.yaml'],
    'ipmi-bmc: twice.yaml:1:29 interfaces.1: two interfaces have channel 1\n',
  ],
  [
    'the same, run',
    ['run', 'twice.yaml'],
    'ipmi-bmc: twice.yaml:1:29 interfaces.1: two interfaces have channel 1\n',
  ],
  [
    'a component twice, in one of many',
    ['check', 'many.yaml'],
    'many.yaml:8:11 bmcs.1.firmware.components.1: component 1 is there twice\n',
  ],
  [
    'EXP2: bytes that are none',
    ['explain', '06 0x1z'],
    "ipmi-bmc: command line:1: '1z' is no hexadecimal byte\n",
  ],
  [
    'EXP4: a filter that is none',
    ['run', '--lan', '127.0.0.1:0', '--trace-filter', 'cc!=0 usr=x'],
    "ipmi-bmc: --trace-filter: column 7: 'usr' is none of kind, cmd,",
  ],
  [
    'EXP5: what cannot go wrong',
    ['run', '--lan', '127.0.0.1:0', '--pcap', 'a.pcapng', '--pcap-on', 'refused,zzh'],
    "ipmi-bmc: --pcap-on: 'zzh' is none of refused, dropped, late, fault, nor a completion code such as ffh\n",
  ],
  [
    'CAP16: a filter of captures that is none',
    ['run', '--lan', '127.0.0.1:0', '--pcap', 'a.pcapng', '--pcap-filter', 'usr=x'],
    "ipmi-bmc: --pcap-filter: column 1: 'usr' is none of kind, cmd,",
  ],
  [
    'CAP16: a filter of no capture',
    ['run', '--lan', '127.0.0.1:0', '--pcap-filter', 'user=x'],
    'ipmi-bmc: --pcap-filter is for --pcap\n',
  ],
  [
    'EXP6: passwords of a file that is not there',
    ['explain', 'raw', '6', '1', '--password-file', 'none.txt'],
    'ipmi-bmc: --password-file: none.txt: no such file or directory\n',
  ],
  ['EXP2: a file that is not there', ['explain', 'none.pcapng'], 'ipmi-bmc: none.pcapng: no such file\n'],
  [
    'EXP2: a capture without a packet',
    ['explain', 'empty.pcap'],
    'ipmi-bmc: empty.pcap: the capture has no packet\n',
  ],
  [
    'EXP2: a capture that is cut',
    ['explain', 'cut.pcap'],
    'ipmi-bmc: cut.pcap: the file ends within its header\n',
  ],
  [
    'a FRU too large, of a satellite',
    ['check', 'sat.yaml'],
    "sat.yaml:2:28 satellites.0.fru.0: FRU 7: the FRU's areas take more than its 64 bytes\n",
  ],
])('one clear line and exit code 2: %s', (_name, args, line) => {
  writeFileSync(join(folder, 'broken.yaml'), 'a: [1\n');
  writeFileSync(join(folder, 'type.yaml'), 'sensors:\n  - { name: a, entity: "3.1", type: heat }\n');
  writeFileSync(join(folder, 'alone.yaml'), 'name: alone\n');
  writeFileSync(join(folder, 'twice.yaml'), 'interfaces: [{ type: lan }, { type: lan }]\n');
  const pcap = Buffer.from(`d4c3b2a102000400${'0'.repeat(16)}ffff000065000000`, 'hex');
  writeFileSync(join(folder, 'empty.pcap'), pcap);
  writeFileSync(join(folder, 'cut.pcap'), pcap.subarray(0, -4));
  const components = '{ id: 1, name: a }\n        - { id: 1, name: b }';
  writeFileSync(
    join(folder, 'many.yaml'),
    `bmcs:\n  - { name: a }\n  - name: b{n}\n    count: 2\n    firmware:\n      components:\n        - ${components}\n`,
  );
  writeFileSync(
    join(folder, 'sat.yaml'),
    `satellites:\n  - { address: 0x30, fru: [{ id: 7, name: x, size: 64, product: { name: ${'x'.repeat(60)} } }] }\n`,
  );
  const { status, stderr } = cli(...args);
  expect(status).toBe(2);
  expect(stderr).toContain(line);
  expect(stderr.split('\n')).toHaveLength(2);
});

test('a port in use', async () => {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  const { status, stderr } = cli('run', '--lan', `127.0.0.1:${port}`);
  socket.close();
  expect([status, stderr]).toEqual([
    2,
    `ipmi-bmc: --lan 127.0.0.1:${port}: port in use; another BMC? choose another port\n`,
  ]);
});

test.each([
  'run',
  'with',
  'check',
  'handlers',
  'worker',
  'press',
  'init',
  'flash',
  'state',
  'update',
  'hpm',
  'replay',
  'serve',
  'tape',
  'explain',
])('%s --help has an example', (command) => {
  const { status, stdout } = cli(command, '--help');
  expect(status).toBe(0);
  expect(stdout).toContain('Example:');
  const subcommands = ['state', 'update', 'hpm', 'tape'].includes(command)
    ? [...stdout.matchAll(/^ {2}(\w+) \[options\]/gm)]
    : [];
  for (const [, name] of subcommands)
    expect(cli(command, name, '--help').stdout).toContain(`Example:\n  ipmi-bmc ${command} ${name}`);
});

test('EXP2: explain says what a message is from its words, as text and as JSON', () => {
  const { status, stdout } = cli('explain', 'raw', '6', '1');
  expect(status).toBe(0);
  expect(stdout).toMatch(/^Get Device ID {2}\(IPMI 2\.0 §20\.1\)\n.*\n.*needs User\n.*a BMC answers 00h/);
  expect(JSON.parse(cli('explain', '--json', '06 47 02 02 61 62').stdout)).toMatchObject({
    kind: 'request',
    name: 'Set User Password',
    fields: { userId: '2', password: '...' },
  });
});

test('version', async () => {
  expect(await main(['--version'])).toBe(0);
});

test.each([
  [
    'bmcs:\n  - { name: a }\n  - { name: b }\n  - { name: a }\n',
    'f:4:13 bmcs.2.name: expected a name that no other BMC of the file has',
  ],
  // A satellite's values lie under such a name.
  [
    'bmcs:\n  - { name: a, satellites: [{ address: 0x82 }] }\n  - { name: a/82h }\n',
    'f:3:13 bmcs.1.name: expected a name that no other BMC',
  ],
  [
    'bmcs:\n  - { name: a/82h/84h }\n  - { name: a, satellites: [{ address: 0x82, satellites: [{ address: 0x84 }] }] }\n',
    'f:2:13 bmcs.0.name: expected a name that no other BMC',
  ],
  [
    'bmcs:\n  - { userSlots: 5 }\n  - { userSlots: 6 }\n',
    'f:3:5 bmcs.1.name: expected a name that no other BMC',
  ],
  [
    'bmcs:\n  - { count: 2, name: a }\n',
    'f:2:23 bmcs.0.name: expected a name that no other BMC of the file has (with count: one with {n} in it)',
  ],
  ['name: "a\\nb"\n', 'f:1:7 name: expected 1 to 64 characters, none of them a control character'],
])('a name that does not tell a BMC from others: %j', (text, problem) => {
  expect(() => parseConfig(text, 'f')).toThrow(problem);
});

test('count makes many of one, with numbers in names and ports', () => {
  const bmcs = parseConfig(
    'bmcs:\n  - count: 3\n    name: node-{n}\n    interfaces: [{ type: lan, listen: "127.0.0.1:{9700+n}" }]\n',
    'f',
  );
  expect(bmcs.map(({ name, interfaces: [lan] = [] }) => [name, lan.type === 'lan' && lan.listen])).toEqual([
    ['node-0', '127.0.0.1:9700'],
    ['node-1', '127.0.0.1:9701'],
    ['node-2', '127.0.0.1:9702'],
  ]);
});

test.each(['', '/codec', '/commands', '/client', '/interfaces', '/handlers', '/world', '/config'])(
  'the package gives ipmi-bmc%s',
  (path) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--input-type=module', '-e', `console.log(Object.keys(await import('ipmi-bmc${path}')).length)`],
      {
        encoding: 'utf8',
        cwd: fileURLToPath(new URL('..', import.meta.url)),
      },
    );
    expect([status, stderr, Number(stdout) > 0]).toEqual([0, '', true]);
  },
);

test('what is closed by default and opened by a setting is said at the start', async () => {
  const said: string[] = [];
  const log = {
    debug: () => undefined,
    info: () => undefined,
    warn: (line: string) => void said.push(line),
    error: () => undefined,
  };
  const open = async (cipherSuites: number[]): Promise<void> => {
    const bmc = new Bmc(
      {
        interfaces: [{ type: 'lan', cipherSuites }],
        users: [{ id: 1, password: 'x', enabled: cipherSuites.includes(0) }],
      },
      { world: simWorld(1), log },
    );
    await bmc.open();
    await bmc.close();
  };
  await open([3]);
  expect(said).toEqual([]);
  await open([0, 3]);
  expect(said).toEqual([
    expect.stringContaining('cipher suite 0 is on'),
    expect.stringContaining('null user is on'),
  ]);
});

test('handlers prints every claim with owner and privilege', () => {
  expect(cli('handlers').stdout).toMatch(/06h 01h +Get Device ID +standard +User/);
  const { handlers } = JSON.parse(cli('handlers', '--json').stdout) as {
    handlers: { key: string; owner: string; privilege: string }[];
  };
  expect(handlers.length).toBeGreaterThan(90);
  expect(handlers.find(({ key }) => key === '06h 2Eh')).toMatchObject({
    owner: 'standard',
    privilege: 'system interface',
  });
});

test('run --vm-socket is the BMC of whatever machine connects; a second one is told whose the socket is', async () => {
  const path = join(folder, 'vm.sock');
  const child = spawn(program, [...before, 'run', '--lan', '127.0.0.1:0', '--vm-socket', path, '--json'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  try {
    expect(await firstLine(child)).toContain(`"type":"vm","channel":15,"address":"${path}"`);
    const vm = await connectVm(nodeWorld(), { path });
    expect(await vm.send(GetDeviceId)).toMatchObject({ manufacturerId: 0x1291 });
    vm.close();
    const { status, stderr } = cli('run', '--lan', '127.0.0.1:0', '--vm-socket', path);
    expect([status, stderr]).toEqual([2, expect.stringContaining(path)]);
  } finally {
    await stopped(child);
  }
});

test('a state directory in use, or with a file of another kind: one line and exit code 2', () => {
  const state = mkdtempSync(join(folder, 'state-'));
  writeFileSync(join(state, 'state.journal'), 'something else');
  const { status, stderr } = cli('run', '--lan', '127.0.0.1:0', '--state', state);
  expect([status, stderr]).toEqual([
    2,
    `ipmi-bmc: ${state}/state.journal: not a journal of this version of ipmi-bmc; move it away or name another directory\n`,
  ]);
});
