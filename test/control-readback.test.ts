// What the control API changes, ipmitool reads; what ipmitool changes, the control API tells.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { ControlClient, type BootState, type ChassisState } from '../src/control/client.ts';
import type { FirmwareState, FruState, LanChannelState, SdrState } from '../src/control/client.ts';
import type { SelList, SensorState, UserState, WatchdogState } from '../src/control/client.ts';
import { bin } from './support/cli.ts';
import { startDaemon, type RunningDaemon } from './support/daemon.ts';
import { onTerminal } from './support/terminal.ts';
import { runTool, toolTest } from './support/tools.ts';

const rack = `
bmcs:
  - name: node-1
    users: [{ id: 2, name: admin, password: AdminPass123 }]
    interfaces: [{ type: lan, listen: '127.0.0.1:0' }]
    chassis: { softOff: 0.5 }
    fru: [{ id: 0, name: Board, size: 512, product: { manufacturer: Acme, name: Node, serial: A-1 } }]
    firmware: { components: [{ id: 0, name: BMC, bmc: true }, { id: 1, name: BIOS, version: '1.00' }] }
    sensors:
      - { name: CPU1 Temp, number: 1, entity: '3.1', type: temperature, unit: degrees C, range: [0, 127], value: 40, thresholds: { unc: 80, uc: 95 } }
`;

let daemon: RunningDaemon;
let control: ControlClient;
beforeAll(async () => {
  daemon = await startDaemon(rack);
  control = new ControlClient({ socket: daemon.socket });
});
afterAll(() => daemon.stop());

const at = (path: string): string => `/v1/bmcs/node-1${path}`;
/** What ipmitool says, which has to have done it. */
async function tool(args: string): Promise<string> {
  const { code, out } = await daemon.ipmitool('node-1', args);
  expect(code, `${args}: ${out}`).toBe(0);
  return out;
}

toolTest('17.1: FRU: bytes both ways', ['ipmitool'], async () => {
  const before = await control.get<FruState>(at('/fru/0?image=true'));
  const image = Buffer.from(before.image ?? '', 'hex');
  const place = image.indexOf('A-1');
  // The same letters in another order have the same checksum.
  await control.put(at('/fru/0'), { offset: place, data: Buffer.from('1-A').toString('hex') });
  expect(await tool('fru print 0')).toMatch(/Product Serial +: 1-A\n/);
  await tool('fru edit 0 field p 4 K-7');
  expect((await control.get<FruState>(at('/fru/0'))).content).toMatchObject({ product: { serial: 'K-7' } });
});

toolTest('17.1: LAN: by name, by value, by bytes; and what ipmitool set', ['ipmitool'], async () => {
  await control.put(at('/lan/1/ip-address'), { value: '192.0.2.17' });
  await control.put(at('/lan/1/802.1q VLAN ID'), { values: { vlan: 100, enabled: true } });
  await control.put(at('/lan/1/12'), { data: 'c0 00 02 01' });
  await control.put(at('/lan/1/community-string'), { value: 'monitors' });
  await control.put(at('/lan/1/destination-addresses'), { values: { address: '192.0.2.9' }, set: 1 });
  const shown = await tool('lan print 1');
  expect(shown).toMatch(/IP Address +: 192\.0\.2\.17\n/);
  expect(shown).toMatch(/802\.1q VLAN ID +: 100\n/);
  expect(shown).toMatch(/Default Gateway IP +: 192\.0\.2\.1\n/);
  expect(shown).toMatch(/SNMP Community String +: monitors\n/);
  expect(await tool('lan alert print 1 1')).toMatch(/Alert Gateway[^]*192\.0\.2\.9/);
  await tool('lan set 1 netmask 255.255.0.0');
  await tool('lan set 1 vlan id off');
  const { parameters } = await control.get<LanChannelState>(at('/lan/1'));
  const named = (name: string) => parameters.find((one) => one.name === name)?.values;
  expect(named('Subnet Mask')).toEqual({ netmask: '255.255.0.0' });
  expect(named('802.1q VLAN ID')).toMatchObject({ enabled: false });
});

toolTest('17.1: SDR: records are added and deleted', ['ipmitool'], async () => {
  const record = '0000 51 12 0e 20 00 00 20 00 00 00 07 01 00 c3 4d 43 39';
  const added = await control.post<SdrState>(at('/sdr'), { record });
  expect(added).toMatchObject({ type: 'mc-locator', name: 'MC9', fields: { entityId: 7 } });
  expect(await tool('sdr list mcloc')).toContain('MC9');
  await control.delete(at(`/sdr/${added.id}`));
  expect(await tool('sdr list mcloc')).not.toContain('MC9');
  // Add SDR, with the bytes that the API took.
  const bytes = record.replaceAll(' ', '').replace(/../g, ' 0x$&');
  const [low, high] = (await tool(`raw 0x0a 0x24${bytes}`)).trim().split(' ');
  const id = Number.parseInt(high + low, 16);
  expect(await control.get(at(`/sdr/${id}`))).toMatchObject({ id, name: 'MC9' });
});

toolTest('17.1: users: names, rights and passwords', ['ipmitool'], async () => {
  const change = { name: 'kim', password: 'secret-of-kim', enabled: true, privilege: 'operator' };
  await control.put(at('/users/5'), change);
  expect(await tool('user list 1')).toMatch(/^5 +kim .*OPERATOR/m);
  expect(await tool('user test 5 16 secret-of-kim')).toContain('Success');
  await tool('user set name 6 lee');
  await tool('user set password 6 secret-of-lee');
  await tool('user enable 6');
  await tool('channel setaccess 1 6 privilege=2 ipmi=on');
  const { users } = await control.get<{ users: UserState[] }>(at('/users'));
  expect(users.find(({ id }) => id === 6)).toMatchObject({ name: 'lee', enabled: true, hasPassword: true });
  expect(JSON.stringify(users)).not.toContain('secret');
});

toolTest('17.1: the watchdog that ipmitool started is seen and stopped', ['ipmitool'], async () => {
  await tool('raw 6 0x24 0x04 0x01 0x00 0x10 0x58 0x02');
  await tool('mc watchdog reset');
  const timer = await control.get<WatchdogState>(at('/watchdog'));
  expect(timer).toMatchObject({ running: true, use: 4, action: 'reset', initialCountdown: 60 });
  expect(await tool('mc watchdog get')).toMatch(/Watchdog Timer Is: +Started/);
  await control.delete(at('/watchdog'));
  expect(await tool('mc watchdog get')).toMatch(/Watchdog Timer Is: +Stopped/);
});

toolTest('17.1: boot options, restore policy, lamp and buttons', ['ipmitool'], async () => {
  await control.put(at('/boot'), { device: 'disk', efi: true, persistent: true });
  expect(await tool('chassis bootparam get 5')).toMatch(/all future boots[^]*EFI boot[^]*Hard-Drive/);
  await tool('chassis bootdev cdrom');
  expect(await control.get<BootState>(at('/boot'))).toMatchObject({ device: 'cdrom', persistent: false });
  await control.put(at('/chassis'), { restorePolicy: 'always-on' });
  expect(await tool('chassis status')).toMatch(/Power Restore Policy +: always-on/);
  await tool('chassis policy always-off');
  expect(await control.get(at('/chassis'))).toMatchObject({ restorePolicy: 'always-off' });
  await tool('chassis identify force');
  expect(await control.get<ChassisState>(at('/chassis'))).toMatchObject({ identify: 'on' });
  await control.post(at('/identify'), { seconds: 0 });
  expect(await control.get<ChassisState>(at('/chassis'))).toMatchObject({ identify: 'off' });
  await control.post(at('/press'), { button: 'power' });
  // The operating system shuts down first.
  await expect.poll(() => tool('power status')).toContain('is off');
  await tool('power on');
  expect(await control.get<ChassisState>(at('/chassis'))).toMatchObject({ power: 'on' });
});

toolTest('17.1: sensors: readings and thresholds', ['ipmitool'], async () => {
  const path = at('/sensors/CPU1%20Temp');
  await control.put(path, { value: 97 });
  expect(await tool('sdr type temperature')).toMatch(/CPU1 Temp .*\| ucr .*97 degrees C/);
  await control.put(path, { value: null });
  expect(await tool('sdr type temperature')).toMatch(/CPU1 Temp .*\| ns /);
  await control.delete(path);
  expect(await tool('sdr type temperature')).toMatch(/CPU1 Temp .*\| ok .*40 degrees C/);
  const { code } = await runTool('ipmitool', [
    ...daemon.logIn('node-1'),
    'sensor',
    'thresh',
    'CPU1 Temp',
    'ucr',
    '90',
  ]);
  expect(code).toBe(0);
  const { thresholds } = await control.get<SensorState>(path);
  expect(thresholds).toMatchObject({ unc: 80, uc: 90 });
});

toolTest('17.1: the SEL is added to and cleared', ['ipmitool'], async () => {
  await control.delete(at('/sel'));
  const record = '0000 02 00000000 2000 04 01 01 01 59 ffff';
  await control.post(at('/sel'), { record });
  expect(await tool('sel elist')).toMatch(/CPU1 Temp[^\n]*Upper Critical going high/);
  await tool('event 1');
  const { entries } = await control.get<SelList>(at('/sel'));
  expect(entries.at(-1)?.type).toBe('event');
  await tool('sel clear');
  const { total } = await control.get<SelList>(at('/sel'));
  // Clearing leaves an entry that says so.
  expect(total).toBeLessThanOrEqual(1);
});

toolTest('17.1: firmware: what waits, what is active, what was', ['ipmitool'], async () => {
  const file = join(daemon.folder, 'bios.bin');
  writeFileSync(file, Buffer.alloc(5000, 7));
  const uploaded = await daemon.ipmi(['firmware', 'node-1', 'upload', file, '--component', '1', '--json']);
  const { components } = JSON.parse(uploaded.out) as FirmwareState;
  const waits = components.find(({ id }) => id === 1)?.pending?.version ?? '';
  const [, digits] = /\.([\da-f]{8})$/.exec(waits) ?? [];
  const column = digits.toUpperCase();
  expect(await tool('hpm check')).toMatch(new RegExp(`BIOS .*1\\.00 .*---.*${column}`));
  await control.post(at('/firmware/activate'));
  expect(await tool('hpm check')).toMatch(new RegExp(`BIOS +\\| +0\\.00 ${column} \\| +1\\.00 `));
  await control.post(at('/firmware/rollback'));
  expect(await tool('hpm check')).toMatch(/BIOS +\| +1\.00 /);
});

toolTest(
  '17.2: a console of the command line beside an open sol activate: both read, both type, one leaves',
  ['ipmitool', 'script'],
  async () => {
    const sol = onTerminal(`ipmitool ${daemon.logIn('node-1').join(' ')} sol activate`);
    const ours = onTerminal(`'${process.execPath}' '${bin}' console node-1`, daemon.env);
    const both = [sol, ours];
    try {
      expect(await sol.shows(/operational/)).toBe(true);
      expect(await ours.shows(/~\. leaves, ~\? helps/)).toBe(true);
      ours.type('first\r');
      expect(await Promise.all(both.map(({ shows }) => shows(/first/)))).toEqual([true, true]);
      sol.type('second\r');
      expect(await Promise.all(both.map(({ shows }) => shows(/second/)))).toEqual([true, true]);
      // A tilde within a line is one; at the beginning of a line it is the escape of who types it alone.
      ours.type('third~.\r');
      expect(await Promise.all(both.map(({ shows }) => shows(/third~\./)))).toEqual([true, true]);
      ours.type('~.');
      expect(await ours.ended).toBe(0);
      expect(ours.said()).toMatch(/node-1: left\r+\n$/);
      sol.type('fourth\r');
      expect(await sol.shows(/fourth/)).toBe(true);
      sol.type('\r~.');
      expect(await sol.ended).not.toBeNull();
      expect(sol.said()).toContain('[terminated ipmitool]');
    } finally {
      for (const { kill } of both) kill();
    }
  },
);
