// Refused log-ins, each by a real client: the reason in the log, and in the counters.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { LogInProblem } from '../src/state/app/log-ins.ts';
import { startBmc } from './support/cli.ts';
import { runTool, toolTest } from './support/tools.ts';

const KG = '0102030405060708090a0b0c0d0e0f1011121314';
const FILE = `
name: node-1
interfaces:
  - { type: lan, listen: 127.0.0.1:623, kg: "0x${KG}", authTypes: [md5] }
users:
  - { id: 2, name: admin, password: right-one }
  - { id: 3, name: disabled, password: right-one, enabled: false }
  - { id: 4, name: operator, password: right-one, privilege: operator }
  - { id: 5, name: elsewhere, password: right-one, privilege: none }
  - { id: 6, name: longer, password: a-password-of-20-byt }
`;

const plus = (user: string, password: string, ...more: string[]): [string, string[]] => [
  'ipmitool',
  [
    '-I',
    'lanplus',
    '-C',
    '17',
    '-U',
    user,
    '-P',
    password,
    ...(more.includes('-y') ? [] : ['-y', KG]),
    ...more,
  ],
];
const tried: [reason: LogInProblem, user: string | undefined, tool: [string, string[]]][] = [
  ['console did not go on: wrong password?', 'admin', plus('admin', 'wrong-one')],
  ['unknown user', 'nobody', plus('nobody', 'right-one')],
  ['no null user', '', plus('', '')],
  ['disabled user', 'disabled', plus('disabled', 'right-one')],
  ['no access to the channel', 'elsewhere', plus('elsewhere', 'right-one')],
  ['privilege level', 'operator', plus('operator', 'right-one', '-L', 'ADMINISTRATOR')],
  ['cipher suite', undefined, plus('admin', 'right-one', '-C', '1')],
  ['console did not go on: wrong K_g?', 'admin', plus('admin', 'right-one', '-y', `ff${KG.slice(2)}`)],
  ['wrong password', 'admin', ['ipmitool', ['-I', 'lan', '-U', 'admin', '-P', 'wrong-one']]],
  ['password of 20 bytes', 'longer', ['ipmitool', ['-I', 'lan', '-U', 'longer', '-P', 'a-password-of-20']]],
  [
    'console did not go on: wrong K_g?',
    'admin',
    ['bmc-info', ['-D', 'LAN_2_0', '-I', '17', '-u', 'admin', '-p', 'right-one', '-k', 'another']],
  ],
  [
    'wrong password',
    'admin',
    ['bmc-info', ['-D', 'LAN_2_0', '-I', '17', '-u', 'admin', '-p', 'bad', '-k', `0x${KG}`]],
  ],
];

toolTest(
  'A1: every cause of a refused log-in has its own reason in log and counters, and the client hears no more than before',
  ['ipmitool', 'bmc-info'],
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ipmi-bmc-logins-'));
    const file = join(folder, 'bmc.yaml');
    writeFileSync(file, FILE);
    const { port, log, stop, child } = await startBmc(file);
    const at = (tool: string): string[] =>
      tool === 'ipmitool'
        ? ['-H', '127.0.0.1', '-p', port, '-N', '1', '-R', '1']
        : ['-h', `127.0.0.1:${port}`];
    const lines = (): Record<string, unknown>[] =>
      log()
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    const until = async (isThere: () => boolean): Promise<void> => {
      while (!isThere()) await new Promise((resolve) => setTimeout(resolve, 50));
    };
    try {
      const outcomes = await Promise.all(
        tried.map(([, , [tool, args]]) =>
          runTool(tool, [...at(tool), ...args, ...(tool === 'ipmitool' ? ['mc', 'info'] : [])]),
        ),
      );
      for (const { out } of outcomes) expect(out).toMatch(/Unable to establish|password invalid|k_g invalid/);
      const refusals = (): Record<string, unknown>[] =>
        lines().filter(({ event }) => event === 'log-in refused');
      const wanted = [...new Set(tried.map(([reason, user]) => `${reason} ${user}`))].sort();
      await until(() => refusals().length >= wanted.length);
      expect(
        [...new Set(refusals().map(({ reason, user }) => `${String(reason)} ${String(user)}`))].sort(),
      ).toEqual(wanted);
      for (const { peer } of refusals()) expect(peer).toMatch(/^127\.0\.0\.1:\d+$/);
      child.kill('SIGUSR1');
      const counted = (): Record<string, unknown> | undefined =>
        lines().find(({ group }) => group === 'log-ins');
      await until(() => counted() !== undefined);
      for (const reason of new Set(tried.map(([one]) => one)))
        expect([reason, counted()?.[reason]]).not.toEqual([reason, 0]);
      expect(log()).not.toContain('right-one');
      expect(log()).not.toContain(KG);
    } finally {
      await stop();
      rmSync(folder, { recursive: true });
    }
  },
);
