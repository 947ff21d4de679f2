// An acknowledged change survives kill -9: real clients write, the process is killed, and another one reads.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { judged, startBmc, type RunningBmc } from './support/cli.ts';
import { toolTest } from './support/tools.ts';

const state = mkdtempSync(join(tmpdir(), 'ipmi-bmc-durable-'));
const start = (): Promise<RunningBmc> => startBmc(judged, '--state', state);

toolTest(
  'SEL, users, thresholds, LAN, FRU, boot options, policy: written, killed, read',
  ['ipmitool'],
  async () => {
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
    await before.stop('SIGKILL');

    const { ipmitool, stop } = await start();
    try {
      expect((await ipmitool('sel elist')).out).toContain('Upper Critical going high');
      expect((await ipmitool('-L OPERATOR chassis status', '-U keeper -P KeepPass1')).out).toMatch(
        /Power Restore Policy : always-on/,
      );
      expect((await ipmitool('sensor get FAN1')).out).toMatch(/Lower Non-Critical +: 1500/);
      expect((await ipmitool('raw 0x0c 2 1 6 0 0')).out).toContain('11 ff ff 00 00');
      expect((await ipmitool('fru print 0')).out).toContain('KEPT-PN1');
      expect((await ipmitool('chassis bootparam get 5')).out).toMatch(/Force Boot from default Hard-Drive/);
      expect((await ipmitool('mc getsysinfo system_name')).out).toContain('kept-name');
    } finally {
      await stop();
    }
  },
);
