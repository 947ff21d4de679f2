// Clients that look at everything a BMC has: OpenIPMI's domain scan, pyghmi, the Prometheus exporter; and
// what the two readers of event logs make of what happens to the machine.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { judged, startBmc, stopped, type RunningBmc } from './support/cli.ts';
import { startExporter } from './support/exporter.ts';
import { lan20, runTool, toolTest } from './support/tools.ts';

const SENSORS = ['CPU Temp', 'Ambient Temp', 'FAN1', 'P12V', 'PSU1 Power', 'PSU1 Status', 'Intrusion'];

let bmc: RunningBmc;
let folder: string;
beforeAll(async () => {
  bmc = await startBmc(judged);
  folder = await mkdtemp(join(tmpdir(), 'ipmi-bmc-ecosystem-'));
});
afterAll(async () => {
  await bmc.stop();
  await rm(folder, { recursive: true });
});

toolTest('openipmish finds every sensor by its domain scan, and reads each', ['openipmish'], async () => {
  const shell = spawn('openipmish', [], { stdio: ['pipe', 'pipe', 'inherit'] });
  let out = '';
  shell.stdout.on('data', (data: Buffer) => (out += data.toString('latin1')));
  const until = async (seen: RegExp): Promise<void> => {
    while (!seen.test(out) && shell.exitCode === null)
      await new Promise((resolve) => setTimeout(resolve, 50));
  };
  shell.stdin.write(`domain open d lan -p ${bmc.port} -U admin -P AdminPass123 127.0.0.1\n`);
  await until(/Object Type: Sensor\n +Name: d\(23\.1\)\.Intrusion\n +Operation: Add/);
  await until(/Operation: Fully Up/);
  const names = [...out.matchAll(/Object Type: Sensor\n +Name: (\S.*)\n +Operation: Add/g)].map(
    ([, name]) => name,
  );
  expect(names.map((name) => name.slice(name.indexOf('.', name.indexOf(')')) + 1))).toEqual(
    expect.arrayContaining(SENSORS),
  );
  for (const name of names) {
    out = '';
    shell.stdin.write(`sensor get "${name}"\n`);
    await until(/Sensor Scanning Enabled: true[^]*(?:Raw Value|Offset: 0)/);
    expect(out).toContain(`Name: ${name}`);
  }
  shell.stdin.end('exit\n');
  await stopped(shell);
});

const PYGHMI = `
import sys
from pyghmi.ipmi import command
c = command.Command(bmc='127.0.0.1', userid='admin', password='AdminPass123', port=int(sys.argv[1]))
print('sensors', sorted((s.name, s.value) for s in c.get_sensor_data()))
print('inventory', [(name, (info or {}).get('Product name')) for name, info in c.get_inventory()])
print('events', [(e.get('component'), e.get('event')) for e in c.get_event_log()])
print('health', c.get_health()['health'])
print('power', c.get_power()['powerstate'])
`;

toolTest('pyghmi: sensors, inventory, events', ['pyghmicons'], async () => {
  await bmc.ipmitool('sel clear');
  await bmc.ipmitool('event 1');
  const script = join(folder, 'look.py');
  await writeFile(script, PYGHMI);
  const { code, out } = await runTool('/usr/bin/python3', [script, bmc.port]);
  expect([code, out]).toEqual([0, expect.stringContaining("('CPU Temp', 45.0)")]);
  for (const name of SENSORS) expect(out).toContain(`'${name}'`);
  expect(out).toMatch(/inventory .*'System', 'CMX Server'.*'CMX PSU'/);
  expect(out).toMatch(/events .*[Uu]pper [Cc]ritical/);
  expect(out).toContain('power on');
});

toolTest('the Prometheus exporter: every collector is up', ['prometheus-ipmi-exporter'], async () => {
  const collectors = ['bmc', 'ipmi', 'chassis', 'dcmi', 'sel'];
  const exporter = await startExporter({ user: 'admin', password: 'AdminPass123', collectors });
  try {
    const page = await exporter.scrape(`127.0.0.1:${bmc.port}`);
    for (const one of collectors) expect(page).toContain(`ipmi_up{collector="${one}"} 1`);
    expect(page).toMatch(/ipmi_temperature_celsius\{id="1",name="CPU Temp"\} 45/);
    expect(page).toContain('ipmi_chassis_power_state 1');
    expect(page).toMatch(/ipmi_dcmi_power_consumption_watts 240/);
  } finally {
    await exporter.stop();
  }
});

toolTest(
  'what happens to the machine reads sensibly in ipmitool and in ipmi-sel',
  ['ipmitool', 'bmc-info'],
  async () => {
    await bmc.ipmitool('sel clear');
    for (const command of [
      'power off',
      'power on',
      'power reset',
      'power diag',
      'raw 6 0x24 0x04 0x31 1 0x10 20 0',
      'mc watchdog reset',
    ])
      expect([command, (await bmc.ipmitool(command)).code]).toEqual([command, 0]);
    while (!(await bmc.ipmitool('sel elist')).out.includes('Hard reset'))
      await new Promise((resolve) => setTimeout(resolve, 200));
    const { out } = await bmc.ipmitool('sel elist');
    const read = out.split('\n').map((line) => line.split(' | ').slice(3).join(' | ').trim());
    expect(read.filter(Boolean)).toEqual([
      'Power Unit | Power off/down | Asserted',
      'Power Unit | Power off/down | Deasserted',
      'System Boot Initiated | Initiated by power up | Asserted',
      'System Boot Initiated | Initiated by hard reset | Asserted',
      'Critical Interrupt | NMI/Diag Interrupt | Asserted',
      'Watchdog2 | Timer interrupt | Asserted',
      'Watchdog2 | Hard reset | Asserted',
      'System Boot Initiated | Initiated by hard reset | Asserted',
    ]);
    const login = lan20(bmc.port);
    const free = (
      await runTool('ipmi-sel', [...login, '--quiet-cache', '--sdr-cache-recreate', '--no-header-output'])
    ).out;
    for (const words of [
      /Power Unit +\| Power Off\/Power Down/,
      /System Boot Initiated +\| Initiated by power up/,
      /Initiated by hard reset/,
      /Front Panel NMI\/Diagnostic Interrupt/,
      /Watchdog 2 +\| Timer interrupt ; Timer use at expiration = SMS\/OS ; Interrupt type = Messaging Interrupt/,
      /Watchdog 2 +\| Hard Reset/,
    ])
      expect(free).toMatch(words);
    expect((await bmc.ipmitool('mc watchdog get')).out).toMatch(/Timer Expiration Flags: \(0x10\)/);
  },
);
