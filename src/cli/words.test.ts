import { expect, test } from 'vitest';
import { parseConfig } from '../config/index.ts';
import { simWorld } from '../world/index.ts';
import { defaultServer, randomPassword } from './default-server.ts';
import { meantEndpoint } from '../world/endpoint-forms.ts';
import { checkAddress, tellRefusal } from './bmc-address.ts';
import { endpoint } from './endpoint.ts';
import { problemOf } from './errors.ts';
import { freshSample } from './init.ts';
import { program } from './output.ts';

test.each([
  ['19705', '127.0.0.1:19705 or 0.0.0.0:19705'],
  [':19705', '127.0.0.1:19705 or 0.0.0.0:19705'],
  ['*:19708', '0.0.0.0:19708 or [::]:19708'],
  ['127.0.0.1', '127.0.0.1:623'],
  ['::1:19702', '[::1]:19702 (an IPv6'],
  ['::1', '[::1]:623'],
  ['fe80::1%eth0', '[fe80::1%eth0]:623'],
  ['fe80::1%eth0:9623', '[fe80::1%eth0]:9623'],
  ['rack-7', 'rack-7:623'],
  ['127.0.0.1:70000', '127.0.0.1:9623'],
])('V3: the address %s is refused with the form that was meant', (given, form) => {
  expect(() => endpoint(given)).toThrow('expected host:port, like ');
  expect(meantEndpoint(given)).toContain(form);
});

test.each(['127.0.0.1:0', '[::1]:9623', '[fe80::1%eth0]:623', '0.0.0.0:623', 'localhost:9623'])(
  'V3: the address %s is one',
  (given) => {
    expect(endpoint(given)).toBe(given);
  },
);

test('V3: a listen: of a config file likewise, with its place', () => {
  const listening = (listen: string): string => `interfaces: [{ type: lan, listen: "${listen}" }]\n`;
  expect(() => parseConfig(listening('::1:19702'), 'f')).toThrow(
    'f:1:35 interfaces.0.listen: expected host:port, like [::1]:19702',
  );
  expect(() => parseConfig(listening(':9623'), 'f')).toThrow(
    'expected host:port, like 127.0.0.1:9623 or 0.0.0.0:9623',
  );
  expect(() => parseConfig(listening('[fe80::1%eth0]:623'), 'f')).not.toThrow();
});

test('V19: hints name the program as it was started, and npx of another program does not count', () => {
  expect(program({ npm_lifecycle_event: 'npx', npm_lifecycle_script: 'ipmi-bmc init' })).toBe('npx ipmi-bmc');
  expect(program({ npm_lifecycle_event: 'npx', npm_lifecycle_script: 'vitest run' })).toBe('ipmi-bmc');
  expect(program({})).toBe('ipmi-bmc');
});

test('V19: what the system says in its own words becomes a sentence that names the place', () => {
  const error = (code: string, syscall: string, path: string) =>
    Object.assign(new Error(`${code}: permission denied, ${syscall} '${path}'`), { code, syscall, path });
  const mkdir = error('EACCES', 'mkdir', '/var/x');
  expect(problemOf(mkdir)).toBe('/var/x: the directory cannot be made: permission denied');
  expect(problemOf(new Error(`/var/x/y: ${mkdir.message}`, { cause: mkdir }))).toBe(
    '/var/x/y: /var/x: the directory cannot be made: permission denied',
  );
  expect(problemOf(error('ENOTDIR', 'mkdtemp', '/etc/passwd/.pgA1IQ'))).toBe('/etc/passwd: is no directory');
  expect(problemOf(new Error('another process uses it', { cause: mkdir }))).toBe('another process uses it');
});

test('M15: no password of the sample or of the default server is a public one, and no two are the same', () => {
  const { random } = simWorld(5);
  const passwords = Array.from({ length: 200 }, () => randomPassword(random));
  expect(new Set(passwords).size).toBe(200);
  for (const password of passwords) expect(password).toMatch(/^[a-z2-9]{16}$/);
  const users = defaultServer(random).users!;
  expect(users.map(({ name }) => name)).toEqual(['admin', 'operator', 'monitor']);
  for (const { password } of users) expect(password).toMatch(/^[a-z2-9]{16}$/);
  const written = freshSample(random);
  expect(written).not.toContain('change-me');
  const [{ users: inFile = [] }] = parseConfig(written, 'sample');
  expect(inFile.length).toBeGreaterThan(1);
  for (const { password } of inFile) expect(password).toMatch(/^[a-z2-9]{16}$/);
});

test('V2: a password that does not fit into 20 bytes is refused before anything is sent', async () => {
  const address = { to: '127.0.0.1:623', user: 'a' };
  await expect(checkAddress({ ...address, password: 'ä'.repeat(11) })).rejects.toThrow(
    'a password has at most 20 bytes in UTF-8',
  );
  await expect(checkAddress({ ...address, password: 'ä'.repeat(10) })).resolves.toBeUndefined();
});

test('V16: what a BMC refuses is JSON too, and says its address once', () => {
  const told: string[] = [];
  const write = process.stderr.write.bind(process.stderr);
  process.stderr.write = (text) => told.push(String(text)) > 0;
  try {
    const address = { to: '127.0.0.1:1', user: 'a', password: 'b' };
    tellRefusal(address, new Error('no answer from 127.0.0.1:1 after 3 tries'));
    tellRefusal({ ...address, json: true }, new Error('busy'));
  } finally {
    process.stderr.write = write;
  }
  expect(told).toEqual([
    'ipmi-bmc: no answer from 127.0.0.1:1 after 3 tries\n',
    '{"ok":false,"problems":["127.0.0.1:1: busy"]}\n',
  ]);
});
