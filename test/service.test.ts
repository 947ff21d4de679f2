// The units of the package, and what docs/service.md promises of them.
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { bin, root } from './support/cli.ts';
import { runTool, toolTest } from './support/tools.ts';

const units = readdirSync(`${root}systemd`);
const textOf = (unit: string): string => readFileSync(`${root}systemd/${unit}`, 'utf8');

toolTest('V20: systemd finds nothing wrong with the units', ['systemd-analyze'], async () => {
  expect(units).toEqual(['ipmi-bmc.service', 'ipmi-bmc@.service']);
  for (const unit of units) {
    const { code, out } = await runTool('systemd-analyze', ['verify', `${root}systemd/${unit}`]);
    // What it says of other units of the machine is not ours.
    expect([unit, code, out.split('\n').filter((line) => line.includes('ipmi-bmc'))]).toEqual([unit, 0, []]);
  }
});

test.each(units)('V20: %s starts what the program knows, without root, and restarts what crashed', (unit) => {
  const text = textOf(unit);
  const [, line] = /^ExecStart=\/usr\/bin\/env ipmi-bmc (.*)$/m.exec(text)!;
  const help = execFileSync(process.execPath, [bin, line.split(' ')[0], '--help'], { encoding: 'utf8' });
  for (const [flag] of line.matchAll(/--[\w-]+/g)) expect(help).toContain(flag);
  for (const setting of [
    'Type=notify',
    'NotifyAccess=all',
    'User=ipmi-bmc',
    'AmbientCapabilities=CAP_NET_BIND_SERVICE',
    'Restart=on-failure',
    'RestartPreventExitStatus=2',
    'WantedBy=multi-user.target',
  ])
    expect(text).toContain(`\n${setting}\n`);
  expect(text).toMatch(unit.includes('@') ? /^StateDirectory=ipmi-bmc\/%i$/m : /^StateDirectory=ipmi-bmc$/m);
  expect(readFileSync(`${root}docs/service.md`, 'utf8')).toContain(`systemd/${unit}`);
});

test('V21: a line of Node that cannot be got is said, and is no failure', () => {
  const { status, stdout } = spawnSync(process.execPath, [`${root}scripts/other-nodes.mjs`, '22'], {
    encoding: 'utf8',
    env: { ...process.env, PATH: '/nowhere' },
  });
  expect([status, stdout]).toEqual([0, 'Node 22: not tried, npx could not get node@22\n']);
});
