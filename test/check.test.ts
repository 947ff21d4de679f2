// `check` says what `run` would refuse, where a file alone can say it.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkFile } from '../src/cli/check.ts';
import { CliError } from '../src/cli/errors.ts';
import type { FileSettings } from '../src/cli/file-settings.ts';
import { loadWhole } from '../src/cli/load.ts';
import { namedProblems } from '../src/cli/named-secrets.ts';

const folder = mkdtempSync(join(tmpdir(), 'ipmi-bmc-check-'));

/** The problems that `check` tells of a file, without the folder's name. */
async function problems(text: string): Promise<string[]> {
  const file = join(folder, 'f.yaml');
  writeFileSync(file, text);
  const out = process.stdout.write.bind(process.stdout);
  process.stdout.write = () => true;
  try {
    await checkFile(file, {});
    return [];
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return error.message.replaceAll(`${folder}/`, '').split('\n');
  } finally {
    process.stdout.write = out;
  }
}

writeFileSync(join(folder, 'short'), 'too-short');

const USERS = 'users: [{ id: 2, name: a, password: b }]';
const vm = (path: string): string => `{ type: vm, listen: ${path} }`;

test.each([
  [
    'one UDP port',
    `bmcs:\n  - { name: a, ${USERS}, interfaces: [{ type: lan, listen: '127.0.0.1:9700' }] }\n  - { name: b, ${USERS}, interfaces: [{ type: lan, listen: '127.0.0.1:9700' }] }`,
    ["f.yaml:3:92 bmcs.1.interfaces.0.listen: UDP port 127.0.0.1:9700 is taken by BMC 'a'"],
  ],
  [
    'a port of all addresses',
    `bmcs:\n  - { name: a, ${USERS}, interfaces: [{ type: lan, listen: '0.0.0.0:9700' }] }\n  - { name: b, ${USERS}, interfaces: [{ type: lan, listen: '127.0.0.2:9700' }] }`,
    ["f.yaml:3:92 bmcs.1.interfaces.0.listen: UDP port 127.0.0.2:9700 is taken by BMC 'a'"],
  ],
  [
    'the port where nothing is said',
    `bmcs: [{ name: a, ${USERS}, interfaces: [{ type: lan }] }, { name: b, ${USERS}, interfaces: [{ type: lan }] }]`,
    ["UDP port 127.0.0.1:623 is taken by BMC 'a'"],
  ],
  [
    'a count without {n}',
    `bmcs: [{ count: 3, name: 'a{n}', ${USERS}, interfaces: [{ type: lan, listen: '127.0.0.1:9700' }] }]`,
    ["is taken by BMC 'a0'"],
  ],
  [
    'one path',
    `interfaces: [${vm('./x')}]\nsockets: { handlers: { path: x } }`,
    ['f.yaml:2:30 sockets.handlers.path: path x is taken by another setting'],
  ],
  [
    'one path, written in two ways',
    `bmcs: [{ name: a, interfaces: [${vm('./d/../x')}] }, { name: b, interfaces: [${vm('./x')}] }]`,
    ["path x is taken by BMC 'a'"],
  ],
  [
    'two feeds',
    "bmcs: [{ name: a, sensorFeed: { listen: '127.0.0.1:9680' } }, { name: b, sensorFeed: { listen: '127.0.0.1:9680' } }]",
    ["TCP port 127.0.0.1:9680 is taken by BMC 'a'"],
  ],
  [
    'a LAN without users',
    'interfaces: [{ type: lan }]',
    ['f.yaml:1:14 interfaces.0: nobody could log in: give it users with a name and a password'],
  ],
  [
    'a LAN whose users are off',
    'interfaces: [{ type: lan }]\nusers: [{ id: 2, name: a, enabled: false }, { id: 3 }]',
    ['nobody could log in'],
  ],
  ['an empty file', '', ['f.yaml:1:1 file: there is nothing in it']],
  ['nothing but remarks', '# nothing\n', ['f.yaml:1:1 file: there is nothing in it']],
  [
    'missing files, all of them',
    `interfaces: [${vm('./x')}]\nfru: [{ id: 0, name: a, file: a.bin }, { id: 1, name: b, file: b.bin }]\nsatellites: [{ address: 0x82, fru: [{ id: 2, name: c, file: c.bin }] }]\nsdr: { file: d.sdr }`,
    [
      'f.yaml:4:14 sdr.file: d.sdr: no such file',
      'f.yaml:2:31 fru.0.file: a.bin: no such file',
      'f.yaml:2:64 fru.1.file: b.bin: no such file',
      'f.yaml:3:61 satellites.0.fru.0.file: c.bin: no such file',
    ],
  ],
  [
    'programs that are not there',
    `interfaces: [${vm('./x')}]\nchassis: { backend: { type: qemu, command: qemu-system-nope -m 64, qmp: ./q } }\nsensors: [{ name: a, type: fan, entity: '3.1', value: { command: ./none } }]\nfirmware: { components: [{ id: 0, name: a, commands: { verify: [nope] } }] }`,
    [
      "f.yaml:2:44 chassis.backend.command: there is no program 'qemu-system-nope'",
      "f.yaml:3:66 sensors.0.value.command: there is no program './none'",
      "f.yaml:4:65 firmware.components.0.commands.verify.0: there is no program 'nope'",
    ],
  ],
  [
    'a console log that is not there',
    `interfaces: [${vm('./x')}]\nsol: { console: { type: replay, file: boot.log } }`,
    ['f.yaml:2:39 sol.console.file: boot.log: no such file'],
  ],
  [
    'a path that is too long for a socket',
    `interfaces: [${vm(`./${'ä'.repeat(60)}`)}]`,
    ["a Unix socket's path has at most 107 bytes"],
  ],
  [
    'a socket in no directory',
    `interfaces: [${vm('./none/x')}]`,
    ['f.yaml:1:34 interfaces.0.listen: none: no such directory'],
  ],
  [
    'a socket below a file',
    `interfaces: [${vm('./f.yaml/x')}]`,
    ['interfaces.0.listen: f.yaml: is no directory'],
  ],
  [
    'a socket in place of a file',
    'sockets: { handlers: { path: ./f.yaml } }',
    ['sockets.handlers.path: f.yaml: something that is no socket is there'],
  ],
  [
    'state in a file',
    'state: { directory: ./f.yaml/s }\nname: a',
    ['f.yaml:1:21 state.directory: f.yaml: is no directory'],
  ],
  [
    'images in a file',
    'firmware: { directory: ./f.yaml, components: [{ id: 0, name: A }] }',
    ['f.yaml:1:24 firmware.directory: f.yaml: is no directory'],
  ],
  [
    'a key that is not there',
    'state: { directory: ./s, sealKeyFile: ./k }\nname: a',
    ['f.yaml:1:39 state.sealKeyFile: k: no such file'],
  ],
  [
    'a short key',
    'state: { directory: ./s, sealKeyFile: ./short }\nname: a',
    ['state.sealKeyFile: short: a key has at least 16 characters'],
  ],
  [
    'a LAN whose users have no password',
    'interfaces: [{ type: lan }]\nusers: [{ id: 2, name: a }]',
    ['nobody could log in'],
  ],
  [
    'one address of two spellings',
    `${USERS}\ninterfaces: [{ type: lan, listen: '[::1]:9700' }, { type: lan, channel: 2, listen: '[0:0::0:1]:9700' }]`,
    ['interfaces.1.listen: UDP port [0:0::0:1]:9700 is taken by another setting'],
  ],
])('V16: check refuses %s', async (_name, text, told) => {
  const found = await problems(text);
  expect(new Set(found).size).toBe(found.length);
  for (const one of told) expect(found).toContainEqual(expect.stringContaining(one) as string);
});

test.each([
  [
    'ports that the system chooses',
    `bmcs: [{ count: 2, name: 'a{n}', ${USERS}, interfaces: [{ type: lan, listen: '127.0.0.1:0' }] }]`,
  ],
  [
    'one port on two addresses',
    `bmcs: [{ count: 2, name: 'a{n}', ${USERS}, interfaces: [{ type: lan, listen: '127.0.0.{n+1}:9700' }] }]`,
  ],
  [
    'UDP and TCP',
    `${USERS}\ninterfaces: [{ type: lan, listen: '127.0.0.1:9700' }]\nsensorFeed: { listen: '127.0.0.1:9700' }`,
  ],
  ['a LAN whose users come by the host', `interfaces: [{ type: lan }, ${vm('./x')}]`],
  ['a LAN whose users are kept', 'interfaces: [{ type: lan }]\nstate: { directory: ./s }'],
  [
    'a socket in a directory that a service gets at its start',
    `interfaces: [${vm('/run/ipmi-bmc-nobody/x')}]`,
  ],
  [
    'a LAN whose user has an empty password, as it says',
    "interfaces: [{ type: lan }]\nusers: [{ id: 2, name: a, password: '' }]",
  ],
  [
    'a line for the shell',
    `interfaces: [${vm('./x')}]\nchassis: { backend: { type: command, on: 'exit 0', off: 'true' } }\nfirmware: { components: [{ id: 0, name: a, commands: { verify: ./hook.sh -v } }] }`,
  ],
])('V16: check takes %s', async (_name, text) => expect(await problems(text)).toEqual([]));

test('V7: 10,000 BMCs of one entry are checked, each of them', () => {
  const bin = join(import.meta.dirname, '../bin/ipmi-bmc');
  const file = join(folder, 'many.yaml');
  const entry = (mac: string): string =>
    `bmcs:\n  - count: 10000\n    name: node-{n}\n    ${USERS.replace('b }', "'pw-{n}' }")}\n    interfaces: [{ type: lan, listen: '127.0.0.1:{10000+n}', mac: '${mac}' }]\n` +
    `    fru: [{ id: 0, name: a, product: { serial: 'S{n:05}' } }]\n    sensors:\n${Array.from({ length: 30 }, (_, i) => `      - { name: T${i}, entity: '3.${i}', type: temperature, unit: degrees C, range: [0, 127], value: 40 }\n`).join('')}`;
  writeFileSync(file, entry('02:00:00:00:{n:04x}').replace('{n:04x}', '{n:02x}:00'));
  const wrong = spawnSync(process.execPath, [bin, 'check', file], { encoding: 'utf8' });
  expect([wrong.status, wrong.stderr]).toEqual([
    2,
    expect.stringContaining('expected a MAC address, received "02:00:00:00:100:00" (n = 256)'),
  ]);
  writeFileSync(file, entry('02:00:00:00:00:01'));
  const right = spawnSync(process.execPath, [bin, 'check', file], { encoding: 'utf8' });
  expect([right.status, right.stdout]).toEqual([0, `${file}: 10000 BMC(s), no problem\n`]);
});

test('V20: ipmi-bmc schema prints what editors check a file with', () => {
  const { status, stdout } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, '../bin/ipmi-bmc'), 'schema'],
    { encoding: 'utf8' },
  );
  const schema = JSON.parse(stdout) as { properties: Record<string, { description: string }> };
  expect([status, schema.properties.users.description]).toEqual([
    0,
    'Users at the first start. Default: none.',
  ]);
});

const secrets = mkdtempSync(join(tmpdir(), 'ipmi-bmc-secrets-'));
const named = (name: string, text: string, mode = 0o600): string => {
  writeFileSync(join(secrets, name), text);
  // A mask may have taken bits away.
  chmodSync(join(secrets, name), mode);
  return join(secrets, name);
};
const GOOD = named('good', `kim admin ${'a'.repeat(24)}\n`);
const BMC = `\nbmcs:\n  - { name: a, ${USERS}, interfaces: [{ type: lan, listen: '127.0.0.1:9700' }] }\n`;
const MISSING = join(secrets, 'missing');
const GARBAGE = named('garbage', 'garbage\n');

test.each([
  [`control: { listen: '127.0.0.1:0', tokens: ${MISSING} }`, '43 control.tokens', 'no such file'],
  [`control: { listen: '127.0.0.1:0', tokens: ${secrets} }`, '43 control.tokens', 'is a directory'],
  [
    `control: { listen: '127.0.0.1:0', tokens: ${named('empty', '')} }`,
    '43 control.tokens',
    'nobody has a token',
  ],
  [
    `control: { listen: '127.0.0.1:0', tokens: ${GARBAGE} }`,
    '43 control.tokens',
    'garbage:1: expected NAME ROLE TOKEN',
  ],
  [`console: { listen: '127.0.0.1:0', tokens: ${MISSING} }`, '43 console.tokens', 'no such file'],
  [
    `console: { listen: '127.0.0.1:0', tls: { certificate: ${GARBAGE}, key: ${GOOD} } }`,
    '55 console.tls.certificate',
    'there is no certificate in it',
  ],
  [`audit: { file: ${secrets} }`, '16 audit.file', 'is a directory'],
])('17: check names the file of %s', async (line, key, told) => {
  expect((await problems(line + BMC))[0]).toMatch(
    new RegExp(`^f\\.yaml:1:${key.replaceAll('.', '\\.')}: .*${told}`),
  );
});

test.each(['passwordFile', 'nkeyFile', 'credentialsFile', 'sealKeyFile'])(
  '17: check names the %s of a cluster',
  async (key) => {
    const user = key === 'passwordFile' ? 'user: kim, ' : '';
    const lines = await problems(
      `cluster: { servers: ['nats://127.0.0.1:4222'], ${user}${key}: ${MISSING} }\n`,
    );
    expect(lines[0]).toMatch(new RegExp(`^f\\.yaml:1:\\d+ cluster\\.${key}: .*missing: no such file$`));
  },
);

test('17: certificates and keys that do not go together, and secrets that others can read', () => {
  const pair = (name: string): string[] => {
    const paths = [join(secrets, `${name}.pem`), join(secrets, `${name}.key`)];
    const words = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 9';
    spawnSync('openssl', [
      'req',
      '-x509',
      ...words.split(' '),
      '-subj',
      '/CN=x',
      '-keyout',
      paths[1],
      '-out',
      paths[0],
    ]);
    return paths;
  };
  const [[certificate, key], [, other]] = [pair('one'), pair('two')];
  if (!existsSync(certificate)) return;
  const of = (tls: string): FileSettings => {
    const file = named('tls.yaml', `control: { listen: '127.0.0.1:0', tokens: ${GOOD}, tls: ${tls} }${BMC}`);
    return loadWhole(file);
  };
  expect(namedProblems(of(`{ certificate: ${certificate}, key: ${key} }`), undefined)).toEqual({
    problems: [],
    warnings: [],
  });
  expect(namedProblems(of(`{ certificate: ${certificate}, key: ${other} }`), undefined).problems).toEqual([
    {
      path: ['control', 'tls', 'key'],
      message: expect.stringContaining('is not the key of the certificate'),
    },
  ]);
  chmodSync(key, 0o640);
  chmodSync(GOOD, 0o604);
  const { problems: none, warnings } = namedProblems(
    of(`{ certificate: ${certificate}, key: ${key} }`),
    undefined,
  );
  chmodSync(GOOD, 0o600);
  expect(none).toEqual([]);
  expect(warnings.map(({ path, message }) => [path.join('.'), message])).toEqual([
    ['control.tokens', `${GOOD}: others can read it: chmod 600 it`],
    ['control.tls.key', `${key}: others can read it: chmod 600 it`],
  ]);
});
