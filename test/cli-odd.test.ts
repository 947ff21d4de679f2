// Odd words, odd sockets, odd readers: a line and an exit code, never a stack, and nothing done.
import { createServer, type Server } from 'node:net';
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest';
import { bin } from './support/cli.ts';
import { startDaemon, type RunningDaemon } from './support/daemon.ts';
import { runTool, toolTest, untilSeen } from './support/tools.ts';

const bmc = (name: string) => `
  - name: ${name}
    users: [{ id: 2, name: admin, password: AdminPass123 }]
    interfaces: [{ type: lan, listen: '127.0.0.1:0' }]
    sensors: [{ name: CPU Temp, entity: '3.1', type: temperature, unit: degrees C, range: [0, 127], value: 41 }]
    fru: [{ id: 0, name: Board, size: 256, product: { manufacturer: Acme, name: Node, serial: A-1 } }]`;

let daemon: RunningDaemon;
beforeAll(async () => {
  daemon = await startDaemon(`bmcs:${bmc('node-1')}${bmc("'tür zwei'")}\n`);
});
afterAll(() => daemon.stop());

const servers: Server[] = [];
/** An answer of a program of another kind. */
const answered = (type: string, body: string): string =>
  `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const NO_JSON = 'what it answers is no JSON: is it an ipmi-bmc that listens there?';
afterEach(() => servers.splice(0).forEach((server) => server.close()));

// None of them changes anything: they run at a time.
test.concurrent.each([
  ['power ', 2, 'a word is empty; expected a name or a value'],
  ['fault node-1 arm ', 2, 'a word is empty; expected a name or a value'],
  ['user node-1 set 5 --name a-very-long-name-of-a-user', 2, 'name: expected at most 16 bytes in UTF-8'],
  ['user node-1 set 99 --enable', 2, 'user: expected a whole number of 1 to 63'],
  ['events --kind=', 2, 'kind: expected a text that is not empty'],
  ['fru node-1 write 0 /dev/null', 2, '/dev/null: there is nothing in it'],
  ['sensor node-1 set CPU/Temp 1e400', 2, '1e400: expected a number'],
  ['sel node-1 add 00', 2, 'record: expected 16 bytes as hex digits'],
  ['sdr node-1 add 0000', 2, 'the record length does not fit (cc C7h)'],
  ['sdr node-1 show 65535', 2, 'id: expected a whole number of 1 to 65534'],
  ['lan node-1 set 3 1.2.3.4 --set 3', 2, 'IP Address has no sets'],
  ['lan node-1 set 999 1', 3, "there is no LAN parameter '999'"],
  [
    'lan node-1 get ip-adress',
    3,
    "there is no LAN parameter 'ip-adress' that can be read; did you mean 'ip-address'?",
  ],
  ['sensor node-1 set CPU/Temp 128', 2, "value: 'CPU Temp' cannot read 128: expected 0 to 127 degrees C"],
  [
    'sensor node-1 ramp CPU/Temp -1 --over 5m',
    2,
    "value: 'CPU Temp' cannot read -1: expected 0 to 127 degrees C",
  ],
  [
    'trace --filter cmd=get-devic-id',
    2,
    "--filter: column 5: there is no command 'get-devic-id'; did you mean get-device-id?",
  ],
  [
    'trace node-1 --filter user=admim',
    2,
    "--filter: column 6: there is no user 'admim'; did you mean admin?",
  ],
  ['trace --filter channel=16', 2, "--filter: column 9: '16' is no number of 0 to 15"],
  ['trace nod-1', 3, "there is no BMC 'nod-1'; did you mean 'node-1'?; `ipmi-bmc list` shows them"],
  [
    'capture node-1 -w - --filter cmd=get-sdrr',
    2,
    "filter: column 5: there is no command 'get-sdrr'; did you mean 'get-sdr'?",
  ],
  ['record node-1 -w - --filter privilege=admin', 2, "filter: column 11: there is no privilege 'admin'"],
  [
    'events --kind sesion',
    2,
    "kind: there are no events 'sesion'; there are power, boot, reset, session, login-refused, sel, sensor, pef, firmware, handler, fault, scenario, fleet, request; did you mean 'session'?",
  ],
  ['events --bmc nod-1', 3, "there is no BMC 'nod-1'; did you mean 'node-1'?; `ipmi-bmc list` shows them"],
  ['session node-1 close abc', 2, 'session: expected a whole number of 1 to 255'],
  ['power tur/zwei', 3, "there is no BMC 'tur zwei'; did you mean 'tür zwei'?; `ipmi-bmc list` shows them"],
] as const)('17.8: %s', async (line, code, told) => {
  const ran = await daemon.ipmi(
    line.split(' ').map((word) => word.replace('/Temp', ' Temp').replace('/zwei', ' zwei')),
  );
  expect([ran.code, Buffer.from(ran.out, 'latin1').toString('utf8')]).toEqual([code, `ipmi-bmc: ${told}\n`]);
});

test('17.8: a file that names tokens that are not there is refused with the place of the key', async () => {
  const file = join(daemon.folder, 'next.yaml');
  writeFileSync(file, `control: { listen: '127.0.0.1:0', tokens: gone }\nbmcs:${bmc('node-1')}\n`);
  for (const verb of ['diff', 'apply']) {
    const ran = await daemon.ipmi([verb, file]);
    const told = `${file}:1:43 control.tokens: ${join(daemon.folder, 'gone')}: no such file`;
    expect([ran.code, ran.out], verb).toEqual([2, `ipmi-bmc: ${told}\n`]);
  }
  expect(JSON.parse((await daemon.ipmi(['list', '--json'])).out)).toMatchObject({ bmcs: { length: 2 } });
});

test('17.8: a name with a blank and letters of others is a name like any other', async () => {
  const power = await daemon.ipmi(['power', 'tür zwei', '--json']);
  expect(JSON.parse(Buffer.from(power.out, 'latin1').toString('utf8'))).toMatchObject({ power: 'on' });
});

test.each([
  ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n', 4, 'what listens there does not speak HTTP: is it an ipmi-bmc?'],
  [
    'no JSON',
    'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n{"a',
    1,
    'what it answers is no JSON: is it an ipmi-bmc that listens there?',
  ],
  [
    'half an answer',
    'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
    1,
    'the daemon has ended',
  ],
  ['nothing', '', 1, 'the daemon has ended'],
  ['text', answered('text/plain', 'hello'), 1, NO_JSON],
  ['a page', answered('text/html', '<p>hello</p>'), 1, NO_JSON],
  [
    'JSON of another kind',
    answered('application/json', '{"hello":1}'),
    1,
    /^ipmi-bmc: what it answers is not what 'list' expects \(.*\): is it an ipmi-bmc of this version that listens there\?\n$/,
  ],
] as const)('17.8: a socket whose owner answers %s', async (_name, answer, code, told) => {
  const path = join(daemon.folder, 'odd.sock');
  rmSync(path, { force: true });
  const server = createServer((socket) =>
    socket.once('data', () => socket.end(answer)).on('error', () => {}),
  );
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const ran = await daemon.ipmi(['list', '--socket', path]);
  expect(ran.code).toBe(code);
  if (typeof told === 'string') expect(ran.out).toBe(`ipmi-bmc: ${told}\n`);
  else expect(ran.out).toMatch(told);
});

test.each([
  ['that is none', answered('text/plain', 'hello'), 'what it answers is no stream of events'],
  ['with bad JSON', answered('text/event-stream', 'id: a.1\ndata: {"ki\n\n'), 'what it answers is no JSON'],
  [
    'of something else',
    answered('text/event-stream', 'id: a.1\ndata: null\n\n'),
    'what it tells is no event',
  ],
] as const)('17.8: a stream of events %s', async (_name, answer, told) => {
  const path = join(daemon.folder, 'odd.sock');
  rmSync(path, { force: true });
  const server = createServer((socket) =>
    socket.once('data', () => socket.end(answer)).on('error', () => {}),
  );
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const ran = await daemon.ipmi(['events', '-f', '--socket', path]);
  expect([ran.code, ran.out]).toEqual([1, `ipmi-bmc: ${told}: is it an ipmi-bmc that listens there?\n`]);
});

test('17.8: trace in a fleet of more than are asked: a wrong BMC is refused, a name that those do not have is told', async () => {
  const fleet = await startDaemon(`bmcs:${bmc('node-{n}').replace('- name', '- count: 70\n    name')}\n`);
  onTestFinished(() => fleet.stop());
  const wrong = await fleet.ipmi(['trace', 'nod-69']);
  expect([wrong.code, wrong.out]).toEqual([
    3,
    expect.stringMatching(/there is no BMC 'nod-69'; did you mean 'node-69'\?/),
  ]);
  const tracing = fleet.ipmi(['trace', '--filter', 'cmd!=get-devise-id', '--count', '1']);
  const { code, out } = await untilSeen(tracing, () => fleet.ipmi(['raw', 'node-69', 'get-device-id']));
  expect(code, out).toBe(0);
  const [note, line] = out.split('\n');
  expect(note).toBe(
    "ipmi-bmc: --filter: column 6: there is no command 'get-devise-id'; did you mean get-device-id? (64 BMCs were asked, and 6 others were not)",
  );
  expect(line).toMatch(/ node-69 .*Get Device ID/);
});

test('17.8: sockets that are none, or whose owner is gone', async () => {
  const file = join(daemon.folder, 'file');
  writeFileSync(file, '');
  for (const path of [file, '/', join(daemon.folder, 'nowhere')]) {
    const ran = await daemon.ipmi(['list', '--socket', path]);
    expect([ran.code, ran.out]).toEqual([4, `ipmi-bmc: ${path}: nobody listens there\n`]);
  }
});

toolTest("17.8: another user's daemon is told to be none of his business", ['setpriv'], async () => {
  if (process.getuid?.() !== 0) return;
  chmodSync(daemon.folder, 0o755);
  const other = ['--reuid', '65534', '--regid', '65534', '--clear-groups', process.execPath, bin];
  const path = daemon.socket;
  const ran = await runTool('setpriv', [...other, 'list', '--socket', path]);
  expect(ran.code).toBe(4);
  expect(ran.out).toMatch(/: permission denied\n$/);
});

toolTest(
  '17.8: a reader that goes, a disk that is full, Ctrl-C, and no colours but on a terminal',
  ['bash', 'script'],
  async () => {
    const said = async (script: string) => (await daemon.bash(`set +e\n${script}`)).out;
    expect(await said('ipmi-bmc sdr node-1 -o wide | head -1; echo "${PIPESTATUS[0]}"')).toMatch(
      /^ID .*\n0\n$/,
    );
    expect(await said('ipmi-bmc list > /dev/full; echo $?')).toBe(
      'ipmi-bmc: standard output: no space left on the disk\n1\n',
    );
    expect(await said('timeout -s INT 1 ipmi-bmc events -f > /dev/null; echo $?')).toBe('124\n');
    // The words of a terminal alone are in colours, and none where NO_COLOR says so.
    const painted = 'unset NO_COLOR; script -qefc "ipmi-bmc list" /dev/null | head -1';
    expect(await said(painted)).toContain('\x1b[1mNAME');
    expect(await said('unset NO_COLOR; ipmi-bmc list | head -1')).not.toContain('\x1b');
    expect(await said('script -qefc "ipmi-bmc list" /dev/null | head -1')).not.toContain('\x1b');
  },
);
