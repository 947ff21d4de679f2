// The judged platform and the default server, driven by real clients. What is written is read back by another
// way.
import { createSocket } from 'node:dgram';
import { spawn, type ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bin, firstLine, judged, stopped } from './support/cli.ts';
import { CAPTURE, lanplus, type Ran, runTool, toolTest } from './support/tools.ts';

/** The default server has a password of this start alone. */
async function start(
  ...args: string[]
): Promise<{ process: ChildProcess; port: string; password: string; engine: string }> {
  const bmc = spawn(process.execPath, [bin, 'run', ...args, '--lan', '127.0.0.1:0', '--json'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const line = await firstLine(bmc);
  const [, password = ''] = /"password":"(\w+)"/.exec(line) ?? [];
  const { engine } = JSON.parse(line) as { readonly engine: string };
  return { process: bmc, port: /"address":"127\.0\.0\.1:(\d+)"/.exec(line)![1], password, engine };
}

let bmc: ChildProcess;
let port: string;
let engine: string;
beforeAll(async () => ({ process: bmc, port, engine } = await start(judged)));
afterAll(() => stopped(bmc));

const at = (): string[] => ['-H', '127.0.0.1', '-p', port];
const ipmitool = (args: string, login = '-U admin -P AdminPass123', iface = 'lanplus'): Promise<Ran> =>
  runTool('ipmitool', ['-I', iface, ...at(), '-N', '1', '-R', '3', ...login.split(' '), ...args.split(' ')]);
const freeipmi = (
  tool: string,
  args = '',
  login = '-u admin -p AdminPass123',
  driver = 'LAN_2_0',
): Promise<Ran> =>
  runTool(tool, [
    '-D',
    driver,
    '-h',
    `127.0.0.1:${port}`,
    ...login.split(' '),
    ...args.split(' ').filter(Boolean),
  ]);

test('I18: these tests run once with the engine that `run` takes by itself, and once with dgram', () => {
  const isNative = process.platform === 'linux' && process.arch === 'x64';
  expect(engine).toBe(process.env.IPMI_BMC_ENGINE ?? (isNative ? 'batch' : 'dgram'));
});

describe('R13, R46: ipmitool', () => {
  toolTest(
    'without -C takes suite 17, with -C the one it is told, and with -I lan a 1.5 session',
    ['ipmitool'],
    async () => {
      const [auto, three, old] = await Promise.all([
        ipmitool('-vv mc info'),
        ipmitool('-C 3 mc info'),
        ipmitool('mc info', undefined, 'lan'),
      ]);
      expect(auto.out).toContain('Using best available cipher suite 17');
      for (const { code, out } of [auto, three, old])
        expect([code, out]).toEqual([0, expect.stringMatching(/Product ID +: 3842[^]*Chassis Device/)]);
    },
  );

  toolTest('is refused with a reason', ['ipmitool'], async () => {
    const refused = await Promise.all([
      ipmitool('-v -C 3 mc info', '-U admin -P wrong'),
      ipmitool('-v -C 3 mc info', '-U nobody -P x'),
      ipmitool('-v -C 0 mc info'),
      ipmitool('-v -C 3 -L ADMINISTRATOR mc info', '-U user -P UserPass123'),
      ipmitool('-L USER raw 0 2 1'),
    ]);
    const reasons = [
      'RAKP 2 HMAC is invalid',
      'unauthorized name',
      'no matching cipher suite|invalid',
      'nauthorized role|privilege',
      'rsp=0xd4',
    ];
    for (const [i, { code, out }] of refused.entries()) {
      expect(code).not.toBe(0);
      expect(out).toMatch(new RegExp(reasons[i], 'i'));
    }
  });

  toolTest('writes, and reads back what it wrote', ['ipmitool', 'bmc-info'], async () => {
    await ipmitool('sel clear');
    expect((await ipmitool('event 1')).code).toBe(0);
    expect((await ipmitool('sel elist')).out).toContain('Upper Critical going high');
    expect((await freeipmi('ipmi-sel', '--quiet-cache --sdr-cache-recreate')).out).toMatch(
      /Temperature.*Upper Critical/,
    );
    await ipmitool('event 2');
    await ipmitool('event 3');
    expect(await ipmitool('sel delete 1 2')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/Deleted entry 2\nDeleted entry 1/),
    });
    expect((await ipmitool('sel list')).out).toMatch(/^ +3 \| .*Correctable ECC.*\n$/);
    await ipmitool('user set name 10 newone');
    await ipmitool('user set password 10 NewOnePass');
    await ipmitool('user priv 10 3 1');
    await ipmitool('channel setaccess 1 10 ipmi=on link=on privilege=3');
    await ipmitool('user enable 10');
    expect((await ipmitool('-L OPERATOR chassis power status', '-U newone -P NewOnePass')).out).toContain(
      'Chassis Power is on',
    );
    expect((await ipmitool('sensor thresh FAN1 lnc 1300')).code).toBe(0);
    expect((await ipmitool('sensor get FAN1')).out).toMatch(/Lower Non-Critical +: 1300/);
    expect((await ipmitool('chassis bootdev pxe options=efiboot')).code).toBe(0);
    expect((await ipmitool('chassis bootparam get 5')).out).toMatch(/Force PXE/);
    expect((await ipmitool('fru edit 0 field p 2 NEW-PN-1')).code).toBe(0);
    expect((await freeipmi('ipmi-fru', '-e 0 --quiet-cache')).out).toContain('NEW-PN-1');
  });
});

describe('R46: FreeIPMI without any work-around', () => {
  toolTest('bmc-info, ipmi-sensors, ipmi-sel, ipmi-fru, ipmi-chassis', ['bmc-info'], async () => {
    const runs = await Promise.all([
      freeipmi('bmc-info'),
      freeipmi('ipmi-sensors', '--quiet-cache --sdr-cache-recreate --output-sensor-thresholds'),
      freeipmi('ipmi-sel', '--info'),
      freeipmi('ipmi-fru', '--quiet-cache'),
      freeipmi('ipmi-chassis', '--get-chassis-status'),
      freeipmi('bmc-info', '-l admin', undefined, 'LAN'),
    ]);
    const expected = [
      /IPMI Version +: 2\.0/,
      /CPU Temp .* 45\.00 .* 95\.00 .*'OK'/,
      /Number of log entries/,
      /CMX Server/,
      /System Power +: on/,
      /IPMI Version +: 2\.0/,
    ];
    for (const [i, { code, out }] of runs.entries())
      expect([code, out]).toEqual([0, expect.stringMatching(expected[i])]);
  });

  toolTest('its own words for each refusal', ['bmc-info'], async () => {
    const refused = await Promise.all([
      freeipmi('bmc-info', '', '-u admin -p wrong'),
      freeipmi('bmc-info', '', '-u nobody -p x'),
      freeipmi('bmc-info', '-l admin', '-u user -p UserPass123'),
      freeipmi('bmc-info', '-I 0'),
    ]);
    const reasons = [
      /password invalid/,
      /username invalid/,
      /privilege level cannot be obtained/,
      /cipher suite id unavailable/,
    ];
    for (const [i, { code, out }] of refused.entries())
      expect([code, out]).toEqual([1, expect.stringMatching(reasons[i])]);
  });
});

toolTest(
  'tshark decodes a suite-1 session without a malformed packet',
  ['tshark', 'ipmitool', CAPTURE],
  async () => {
    const capture = spawn(
      'tshark',
      [
        '-i',
        'lo',
        '-f',
        `udp port ${port}`,
        '-d',
        `udp.port==${port},rmcp`,
        '-a',
        'duration:110',
        '-l',
        '-V',
      ],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let decoded = '';
    capture.stdout.on('data', (data: Buffer) => (decoded += String(data)));
    const closed = new Promise((resolve) => capture.once('close', resolve));
    const shows = async (isThere: () => boolean, meanwhile: () => void = () => undefined): Promise<void> => {
      for (let i = 0; i < 500 && !isThere(); i++) {
        meanwhile();
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    };
    // On a busy machine it takes seconds until it sees anything.
    const ping = createSocket('udp4');
    await shows(
      () => decoded !== '',
      () =>
        ping.send(Uint8Array.of(6, 0, 0xff, 6, 0, 0, 0x11, 0xbe, 0x80, 0, 0, 0), Number(port), '127.0.0.1'),
    );
    ping.close();
    expect((await ipmitool('-C 1 sdr list')).code).toBe(0);
    const messages = (): number => decoded.match(/Bus command data/g)?.length ?? 0;
    await shows(() => messages() > 40);
    capture.kill('SIGINT');
    await closed;
    expect(decoded).toContain('RAKP Message 4');
    // The log-in, and two messages at the least for each of the records.
    expect(messages()).toBeGreaterThan(40);
    expect(decoded).not.toMatch(/Malformed|incorrect, should be|Bad checksum/i);
  },
);

describe('the default server', () => {
  toolTest('has 30 and more sensors that move, three FRUs, and boot events', ['ipmitool'], async () => {
    const server = await start();
    try {
      const ask = (args: string): Promise<Ran> =>
        runTool('ipmitool', [...lanplus(server.port, server.password), ...args.split(' ')]);
      const list = (await ask('-c sdr list')).out.trim().split('\n');
      expect(list.length).toBeGreaterThanOrEqual(30);
      expect(list.filter((line) => /,(nc|cr|nr)$/.test(line))).toEqual([]);
      expect((await ask('fru print')).out.match(/Product Name/g)).toHaveLength(3);
      expect((await ask('sel elist')).out).toMatch(/System Boot Initiated|OS Boot/);
    } finally {
      await stopped(server.process);
    }
  });
});

test('SIGTERM ends it with exit code 0', async () => {
  const { process: child } = await start();
  await stopped(child);
  expect(child.exitCode).toBe(0);
});
