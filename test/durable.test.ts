// An acknowledged change survives kill -9: real clients write, the process is killed, and another one reads.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { runTool, toolTest, type Ran } from './support/tools.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const state = mkdtempSync(join(tmpdir(), 'ipmi-bmc-durable-'));

async function start(): Promise<{ child: ChildProcess; ipmitool: (args: string, login?: string) => Promise<Ran> }> {
  const child = spawn(
    process.execPath,
    [`${root}bin/ipmi-bmc`, 'run', `${root}test/clients/bmc.yaml`, '--lan', '127.0.0.1:0', '--state', state, '--json'],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  const line = await new Promise<string>((resolve) => child.stdout.once('data', (data: Buffer) => resolve(String(data))));
  const port = /"address":"127\.0\.0\.1:(\d+)"/.exec(line)![1];
  const ipmitool = (args: string, login = '-U admin -P AdminPass123'): Promise<Ran> =>
    runTool('ipmitool', ['-I', 'lanplus', '-H', '127.0.0.1', '-p', port, ...login.split(' '), ...args.split(' ')]);
  return { child, ipmitool };
}

toolTest('SEL, users, thresholds, LAN, FRU, boot options, policy: written, killed, read', ['ipmitool'], async () => {
  const before = await start();
  const writes = [
    'sel clear',
    'event 1',
    'user set name 9 keeper',
    'user set password 9 KeepPass1',
    'channel setaccess 1 9 ipmi=on link=on privilege=3',
    'user enable 9',
    'sensor thresh FAN1 lnc 1500',
    'raw 0x0c 1 1 6 255 255 0 0',
    'fru edit 0 field p 2 KEPT-PN1',
    'chassis bootdev disk options=persistent',
    'chassis policy always-on',
    'mc setsysinfo system_name kept-name',
  ];
  for (const write of writes) expect([write, (await before.ipmitool(write)).code]).toEqual([write, 0]);
  const gone = new Promise((resolve) => before.child.once('exit', resolve));
  before.child.kill('SIGKILL');
  await gone;

  const { child, ipmitool } = await start();
  try {
    expect((await ipmitool('sel elist')).out).toContain('Upper Critical going high');
    expect((await ipmitool('-L OPERATOR chassis status', '-U keeper -P KeepPass1')).out).toMatch(/Power Restore Policy : always-on/);
    expect((await ipmitool('sensor get FAN1')).out).toMatch(/Lower Non-Critical +: 1500/);
    expect((await ipmitool('raw 0x0c 2 1 6 0 0')).out).toContain('11 ff ff 00 00');
    expect((await ipmitool('fru print 0')).out).toContain('KEPT-PN1');
    expect((await ipmitool('chassis bootparam get 5')).out).toMatch(/Force Boot from default Hard-Drive/);
    expect((await ipmitool('mc getsysinfo system_name')).out).toContain('kept-name');
  } finally {
    child.kill('SIGTERM');
  }
});
