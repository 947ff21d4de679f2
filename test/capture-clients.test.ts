// Captures of several real clients at a time, and tapes of them where the BMC has a second key.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { isRequest, readTape } from '../src/tape/index.ts';
import { bin, startBmc, type RunningBmc } from './support/cli.ts';
import { runTool, toolTest, type Ran } from './support/tools.ts';

const KG = '0123456789abcdef';
const CONFIG = `
interfaces: [{ type: lan, listen: 127.0.0.1:0, cipherSuites: [3, 17], authTypes: [md5]KG }]
users:
  - { id: 2, name: admin, password: AdminPass123 }
  - { id: 3, name: oper, password: OperPass123, privilege: operator }
`;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'clients-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const cli = (...args: string[]): Promise<Ran> => runTool(process.execPath, [bin, ...args]);
const put = (name: string, text: string): string => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
};

async function captured(
  name: string,
  flags: string,
  work: (bmc: RunningBmc) => Promise<void>,
): Promise<string> {
  const file = join(folder, `${name}.pcapng`);
  const bmc = await startBmc(put(`${name}.yaml`, CONFIG.replace('KG', flags)), '--pcap', file);
  try {
    await work(bmc);
  } finally {
    await bmc.stop();
  }
  return file;
}

interface Line {
  readonly kind: string;
  readonly name: string;
  readonly console: string;
  readonly verdict?: { readonly outcome: string };
}

toolTest('EXP8: two clients at a time, of one host, are kept apart', ['ipmitool'], async () => {
  const file = await captured('two', '', async (bmc) => {
    const [one, two] = await Promise.all([
      bmc.ipmitool('sdr list'),
      bmc.ipmitool('sel info', '-C 3 -U oper -P OperPass123 -L OPERATOR'),
    ]);
    expect([one.code, two.code]).toEqual([0, 0]);
  });
  const passwords = ['--password', 'OperPass123', '--password', 'AdminPass123'];
  const { code, out } = await cli('explain', file, '--json', ...passwords);
  expect(code, out).toBe(0);
  const lines = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  const logIns = lines.filter(({ kind }) => kind === 'log-in');
  expect(logIns.map(({ name, verdict }) => `${name.split(',')[0]} ${verdict?.outcome}`).toSorted()).toEqual([
    "'admin' open",
    "'oper' open",
  ]);
  const consoles = [...new Set(lines.flatMap(({ console }) => console ?? []))];
  expect(consoles).toHaveLength(2);
  for (const console of consoles) {
    const [asked, answered] = ['request', 'response'].map((kind) =>
      lines.filter((line) => line.console === console && line.kind === kind).map(({ name }) => name),
    );
    expect(answered).toEqual(asked);
    const isOper = logIns.some((logIn) => logIn.console === console && logIn.name.includes("'oper'"));
    expect(asked.includes('Get SEL Info'), asked.join()).toBe(isOper);
  }
});

toolTest(
  'EXP8: import and replay where the BMC has a K_g: typed or from files, the same tape, nothing differs',
  ['ipmitool'],
  async () => {
    const file = await captured('kg', `, kg: "${KG}"`, async (bmc) => {
      const { code, out } = await bmc.ipmitool('mc info', `-U admin -P AdminPass123 -k ${KG}`);
      expect(code, out).toBe(0);
    });
    const files = [
      '--password-file',
      put('pw', 'wrong\nAdminPass123\n'),
      '--kg-file',
      put('kgs', `another\n${KG}\n`),
    ];
    const [typed, fromFiles] = [join(folder, 'typed.tape'), join(folder, 'files.tape')];
    for (const [tape, how] of [
      [typed, ['-P', 'AdminPass123', '--kg', KG]],
      [fromFiles, files],
    ] as const) {
      const { code, out } = await cli('tape', 'import', file, ...how, '-o', tape);
      expect([code, out]).toEqual([0, expect.stringMatching(/tape: \d+ requests of /)]);
    }
    const tape = readFileSync(typed, 'utf8');
    expect(readFileSync(fromFiles, 'utf8')).toBe(tape);
    const device = readTape(tape, typed).entries.filter(
      (entry) => isRequest(entry) && entry.name === 'Get Device ID',
    );
    expect(device.length).toBeGreaterThan(0);
    const bmc = await startBmc(join(folder, 'kg.yaml'));
    try {
      const to = ['replay', typed, '--to', `127.0.0.1:${bmc.port}`, '-U', 'admin'];
      const one = ['--password-file', put('one', 'AdminPass123\r\n')];
      const hex = `0x${Buffer.from(KG).toString('hex')}`;
      for (const kg of [
        ['--kg-file', put('kg', `${hex}\n`)],
        ['--kg', KG],
      ]) {
        const { code, out } = await cli(...to, ...one, ...kg);
        expect([code, out]).toEqual([0, expect.stringContaining('nothing differs')]);
      }
      for (const [how, said] of [
        [[], /: the BMC has a K_g: give it with --kg$/],
        [['--kg', 'another'], /: the BMC has another K_g, or none$/],
        [['--kg', 'x', '--kg-file', join(folder, 'kg')], /: --kg and --kg-file: give one of them$/],
        [['--kg', '0xno'], /--kg: behind 0x a K_g has hexadecimal digits/],
      ] as const) {
        const { code, out } = await cli(...to, ...one, ...how);
        expect([code, out.trim()], how.join(' ')).toEqual([2, expect.stringMatching(said)]);
        expect(out.trim().split('\n')).toHaveLength(1);
      }
    } finally {
      await bmc.stop();
    }
  },
);
