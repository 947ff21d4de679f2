// Tapes as users make and use them: recorded by `run --record`, asked of another BMC, answered from, cut down, made
// of captures; with real ipmitool.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { GetChassisStatus } from '../src/commands/index.ts';
import { handle } from '../src/router/index.ts';
import { isRequest, readTape } from '../src/tape/index.ts';
import { bin, firstLine, judged, startBmc, stopped } from './support/cli.ts';
import { withJudged } from './support/judged.ts';
import { runTool, toolTest, type Ran } from './support/tools.ts';

const PASSWORD = 'AdminPass123';
const folder = mkdtempSync(join(tmpdir(), 'tape-'));
const cli = (...args: string[]): Promise<Ran> => runTool(process.execPath, [bin, ...args]);
const ipmitool = (port: string, args: string, user = `-U admin -P ${PASSWORD}`): Promise<Ran> =>
  runTool('ipmitool', [
    '-I',
    'lanplus',
    '-H',
    '127.0.0.1',
    '-p',
    port,
    ...user.split(' '),
    ...args.split(' '),
  ]);

/** `ipmi-bmc replay TAPE` and so on, against a port of this machine. */
const against = (port: string, ...args: string[]): Promise<Ran> =>
  cli(...args, '--to', `127.0.0.1:${port}`, '-U', 'admin', '-P', PASSWORD);

/** What ipmitool says of a BMC, and the tape of it. */
async function recorded(
  name: string,
  commands: readonly string[],
): Promise<{ file: string; said: string[] }> {
  const file = join(folder, name);
  const bmc = await startBmc(judged, '--record', file);
  const said: string[] = [];
  try {
    for (const command of commands) said.push((await bmc.ipmitool(command)).out);
  } finally {
    await bmc.stop();
  }
  return { file, said };
}

const LOOKS = ['mc info', 'sdr list', 'sel list', 'fru print', 'chassis status', 'lan print 1'];

toolTest(
  'TAPE5: ipmitool reads from a served tape what it read from the BMC, again and again',
  ['ipmitool'],
  async () => {
    const { file, said } = await recorded('looks.tape', LOOKS);
    expect(said[0]).toContain('Device ID');
    expect(said[1]).toMatch(/degrees C/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const args = ['serve', file, '--lan', '127.0.0.1:0', '-P', PASSWORD, '--json'];
    const child = spawn(process.execPath, [bin, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    try {
      const ready = await firstLine(child);
      expect(ready).not.toContain(PASSWORD);
      const [, port] = /127\.0\.0\.1:(\d+)/.exec(ready)!;
      for (let i = 0; i < 2; i++)
        for (const [at, command] of LOOKS.entries())
          expect((await ipmitool(port, command)).out, command).toBe(
            said[at].replace(/(Community.*: ).*/, '$1'),
          );
      // Who is nobody on the tape, is nobody here.
      expect((await ipmitool(port, 'mc info', `-U monitor -P ${PASSWORD}`)).code).not.toBe(0);
      expect((await ipmitool(port, 'raw 0x30 0x01')).out).toMatch(/Invalid command/);
    } finally {
      await stopped(child);
    }
  },
);

toolTest(
  'TAPE5: replayed against the same build nothing differs, against one with a planted change the change is named',
  ['ipmitool'],
  async () => {
    const { file } = await recorded('planted.tape', LOOKS);
    await withJudged(async (bmc, port) => {
      const same = await against(port, 'replay', file);
      expect(same.out).toMatch(/requests sent, nothing differs\n$/);
      expect(same.code).toBe(0);
      bmc.router.register({
        owner: 'planted',
        handlers: [
          handle(
            GetChassisStatus,
            async (request, _context, next) => ({ ...(await next(request)), powerFault: true }),
            { override: 'standard' },
          ),
        ],
      });
      const { code, out } = await against(port, 'replay', file);
      expect(out).toMatch(/Get Chassis Status: powerFault was false, is true\n/);
      expect(out).toMatch(/requests sent, 1 differ\n$/);
      expect(code).toBe(1);
      const masked = await against(port, 'replay', file, '--ignore', 'get-chassis-status.powerFault');
      expect(masked.code).toBe(0);
      const masks = join(folder, 'masks');
      writeFileSync(masks, '# known since May\n\nget-chassis-status.powerFault # planted\n');
      expect((await against(port, 'replay', file, '--ignore-from', masks)).code).toBe(0);
      const json = JSON.parse((await against(port, 'replay', file, '--json')).out) as {
        differences: unknown[];
      };
      expect(json).toMatchObject({
        different: 1,
        differences: [{ command: 'get-chassis-status', field: 'powerFault', recorded: 'false', now: 'true' }],
      });
      const small = await against(port, 'tape', 'shrink', file, '-o', join(folder, 'small.tape'));
      expect(small.out).toMatch(
        /small\.tape: 1 of \d+ requests still differ in get-chassis-status\.powerFault\n/,
      );
      const shown = (await cli('tape', 'show', join(folder, 'small.tape'))).out;
      expect(shown.split('\n')[1]).toMatch(/admin@channel 1 {2}Get Chassis Status {2}-> .*powerFault=false/);
      expect(shown.trim().split('\n')).toHaveLength(2);
    });
  },
);

toolTest(
  'TAPE5: what writes is recorded without its secrets and replayed without them',
  ['ipmitool'],
  async () => {
    const { file } = await recorded('writes.tape', [
      'user set password 2 AdminPass123 16',
      'sel clear',
      'chassis bootdev pxe',
      'chassis power status',
    ]);
    const text = readFileSync(file, 'utf8');
    expect(text).not.toContain(Buffer.from(PASSWORD).toString('hex'));
    await withJudged(async (_, port) => {
      const { out, code } = await against(port, 'replay', file);
      expect(out).toMatch(/^\d not sent: its secret is not on the tape$/m);
      expect(code, out).toBe(0);
      const careful = await against(port, 'replay', file, '--read-only');
      expect(careful.out).toMatch(/not sent: it changes something/);
    });
  },
);

toolTest(
  'TAPE5: a reset of the BMC on the tape is carried out, and the replay goes on after it',
  ['ipmitool'],
  async () => {
    const { file } = await recorded('reset.tape', ['mc reset cold']);
    // What is asked after it.
    const more = await recorded('after.tape', ['chassis status']);
    const lines = readFileSync(more.file, 'utf8').split('\n').slice(1).join('\n');
    writeFileSync(file, readFileSync(file, 'utf8') + lines);
    await withJudged(async (_, port) => {
      const { out, code } = await against(port, 'replay', file);
      expect(out).toMatch(/requests sent, nothing differs\n$/);
      expect(code).toBe(0);
    });
  },
);

toolTest('TAPE5: by the socket of a virtual machine as by LAN', ['ipmitool'], async () => {
  const { file } = await recorded('vm.tape', ['mc guid', 'chassis status']);
  const listen = join(folder, 'vm.sock');
  await withJudged(async () => {
    const { out, code } = await cli(
      'replay',
      file,
      '--to',
      listen,
      '--ignore',
      'set-session-privilege-level',
    );
    expect(out).not.toMatch(/Get System GUID|Get Chassis Status/);
    expect(out).toMatch(/requests sent/);
    expect(code).toBeLessThan(2);
  }, [{ type: 'vm', listen }]);
});

toolTest('TAPE6: a capture becomes the tape that the BMC itself recorded', ['ipmitool'], async () => {
  const [tape, pcap] = [join(folder, 'both.tape'), join(folder, 'both.pcapng')];
  const bmc = await startBmc(judged, '--record', tape, '--pcap', pcap);
  for (const suite of ['3', '17']) await bmc.ipmitool('sdr list', `-C ${suite} -U admin -P ${PASSWORD}`);
  await bmc.ipmitool('mc info', `-I lan -U admin -P ${PASSWORD}`);
  await bmc.stop();
  const output = join(folder, 'imported.tape');
  const made = await cli('tape', 'import', pcap, '-P', 'another', '-P', PASSWORD, '-o', output);
  expect(made.out).toMatch(/imported\.tape: \d+ requests of /);
  const exchanges = (file: string): string[] =>
    readTape(readFileSync(file, 'utf8'), file)
      .entries.filter(isRequest)
      // Whose session it becomes, a capture says with the next request.
      .filter(({ name }) => name !== 'Activate Session')
      .map(({ name, message, answer, user, privilege }) =>
        [
          name,
          user,
          privilege,
          Buffer.from(message.data).toString('hex'),
          Buffer.from(answer).toString('hex'),
        ].join(' '),
      );
  expect(exchanges(output)).toEqual(exchanges(tape));
  expect(readFileSync(output, 'utf8')).not.toContain(Buffer.from(PASSWORD).toString('hex'));
  await withJudged(async (_, port) => {
    const { code, out } = await against(port, 'replay', output);
    expect(code, out).toBe(0);
  });
  const closed = await cli('tape', 'import', pcap, '-P', 'wrong', '-o', join(folder, 'closed.tape'));
  expect([closed.code, closed.out.split('\n').length]).toEqual([0, 2]);
});

test('TAPE5: mistakes are one line and exit code 2', { timeout: 180_000 }, async () => {
  const head = '{"tape":1,"bmc":"x","created":"","tool":"","redacted":[],"clock":""}\n';
  const [bad, empty, two] = ['bad.tape', 'empty.tape', 'two.yaml'].map((name) => join(folder, name));
  writeFileSync(bad, `${head}{"netfn":6}\n`);
  writeFileSync(empty, head);
  writeFileSync(
    two,
    'bmcs:\n  - { count: 2, name: "n{n}", interfaces: [{ type: lan, listen: "127.0.0.1:{9700+n}" }], users: [{ id: 2, name: a, password: secret-enough }] }\n',
  );
  const to = ['--to', '127.0.0.1:9', '-U', 'admin', '-P', 'x'];
  for (const [args, said] of [
    [['replay', join(folder, 'none.tape'), ...to], /none\.tape: no such file/],
    [['replay', bad, ...to], /bad\.tape:2: cmd: expected a whole number of 0 to 255, received nothing/],
    [['replay', empty, '--to', '127.0.0.1:9', '-P', 'x'], /--to 127\.0\.0\.1:9: say who with -U/],
    [['replay', empty, ...to, '--ignore', 'get-sel-inof'], /--ignore get-sel-inof: no command get-sel-inof/],
    [['replay', empty, ...to, '-C', '99'], /cipher suite 99 is none that we speak/],
    [['replay', empty, ...to], /127\.0\.0\.1:9: |no answer from 127\.0\.0\.1:9/],
    [['replay', empty, '--to', join(folder, 'none.sock')], /none\.sock/],
    [['serve', bad], /bad\.tape:2: cmd/],
    [['tape', 'import', bad, '-P', 'x'], /bad\.tape: /],
    [['tape', 'import', join(folder, 'none.pcap')], /none\.pcap: no such file/],
    [['run', two, '--record', join(folder, 'both')], /2 BMCs, put \{bmc\} into the name/],
    [['run', '--record-size', '5'], /--record-size is for --record/],
  ] as const) {
    const { code, out } = await cli(...args);
    expect([code, out], args.join(' ')).toEqual([2, expect.stringMatching(said)]);
    expect(out.trim().split('\n'), args.join(' ')).toHaveLength(1);
  }
});

test('TAPE5: with several BMCs each has a tape', { timeout: 180_000 }, async () => {
  const config = join(folder, 'three.yaml');
  const one = (name: string): string =>
    `  - { name: ${name}, interfaces: [{ type: lan, listen: 127.0.0.1:0 }], users: [{ id: 2, name: admin, password: ${PASSWORD} }] }\n`;
  writeFileSync(config, `bmcs:\n${one('a')}${one('b/1')}`);
  const child = spawn(process.execPath, [bin, 'run', config, '--record', join(folder, 'of-{bmc}.tape')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  await firstLine(child);
  await stopped(child);
  const headOf = (file: string): unknown =>
    JSON.parse(readFileSync(join(folder, file), 'utf8').split('\n')[0]);
  expect(headOf('of-a.tape')).toMatchObject({ tape: 1, bmc: 'a' });
  expect(headOf('of-b%2F1.tape')).toMatchObject({ bmc: 'b/1' });
});
