// Real clients and controllers that they reach only through other ones.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { startBmc } from './support/cli.ts';
import { runTool, toolTest } from './support/tools.ts';

const temperature = (name: string, value: number) => [
  { name, number: 1, entity: '11.1', type: 'temperature', unit: 'degrees C', value },
];
const board = (product: string) => [
  { id: 0, name: product, board: { manufacturer: 'Acme', product, serial: '1', partNumber: '2' } },
];
const SETTINGS = {
  name: 'bridge',
  interfaces: [{ type: 'lan' }],
  users: [
    { id: 2, name: 'admin', password: 'AdminPass123' },
    { id: 3, name: 'user', password: 'UserPass123', privilege: 'user' },
  ],
  sensors: temperature('Board Temp', 20),
  fru: [
    {
      id: 0,
      name: 'main',
      board: { manufacturer: 'Acme', product: 'Main', serial: '1', partNumber: '2' },
      size: 256,
      i2c: { address: 0xa0, bus: 1 },
    },
  ],
  sel: { bootEvents: false },
  satellites: [
    {
      address: 0x82,
      name: 'CARRIER',
      identity: { deviceId: 0x11 },
      sensors: temperature('Carrier Temp', 31),
      fru: board('Carrier'),
      satellites: [
        {
          address: 0x72,
          channel: 7,
          name: 'MODULE',
          identity: { deviceId: 0x22 },
          sensors: temperature('Module Temp', 29),
          fru: board('Module'),
        },
      ],
    },
  ],
};

toolTest(
  'ipmitool by LAN: -t, -T and -B, -m, sensors and FRUs of others, an EEPROM, refusals; the trace as a tree',
  ['ipmitool'],
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bridge-'));
    const file = join(folder, 'bmc.yaml');
    writeFileSync(file, JSON.stringify(SETTINGS));
    const bmc = await startBmc(file, '--trace', '--log-format', 'text');
    const lan15 = (args: string) =>
      runTool('ipmitool', [
        '-I',
        'lan',
        '-H',
        '127.0.0.1',
        '-p',
        bmc.port,
        '-U',
        'admin',
        '-P',
        'AdminPass123',
        ...args.split(' '),
      ]);
    try {
      const double = '-T 0x82 -B 0 -t 0x72 -b 7';
      for (const ask of [(args: string) => bmc.ipmitool(args), lan15]) {
        expect((await ask('-t 0x82 mc info')).out).toMatch(/Device ID +: 17\n/);
        expect((await ask('-t 0x82 sdr elist')).out).toMatch(
          /^Carrier Temp +\| 01h \| ok +\| 11\.1 \| 31 degrees C$/m,
        );
        expect((await ask(`${double} mc info`)).out).toMatch(/Device ID +: 34\n/);
        expect((await ask(`${double} sdr elist`)).out).toMatch(
          /^Module Temp +\| 01h \| ok +\| 11\.1 \| 29 degrees C$/m,
        );
      }
      expect((await bmc.ipmitool(`${double} fru print 0`)).out).toMatch(/Board Product +: Module/);
      expect((await bmc.ipmitool('-m 0x24 -t 0x82 mc info')).out).toMatch(/Device ID +: 17\n/);
      const all = await bmc.ipmitool('sdr elist all');
      expect(all.out).toMatch(/^Carrier Temp .* 31 degrees C$/m);
      expect(all.out).toMatch(/^CARRIER .* Static MC @ 82h$/m);
      expect((await bmc.ipmitool('fru print')).out).toMatch(
        /Board Product +: Main[^]*CARRIER[^]*Board Product +: Carrier/,
      );
      expect((await bmc.ipmitool('i2c bus=1 0xa0 8 0x00')).out).toMatch(/^ 01 00 00 01/m);
      expect((await bmc.ipmitool('i2c bus=1 0xa2 8 0x00')).out).toMatch(/NAK on Write/i);
      expect(await bmc.ipmitool('-t 0x44 mc info')).toMatchObject({
        code: 1,
        out: expect.stringMatching(/0x83|NAK/i),
      });
      expect(await bmc.ipmitool('-t 0x82 mc info', '-L USER -U user -P UserPass123')).toMatchObject({
        code: 1,
        out: expect.stringMatching(/privilege/),
      });
      // What the satellites themselves are asked stands among them under their own names.
      const own = bmc.log().replaceAll(/^[\d:.]+ {2}bridge\/[^\n]*\n/gm, '');
      expect(own).toMatch(
        /Send Message [^\n]*channel=0[^\n]*\n[\d:.]+ {2}bridge {2}#\d+ {2}└─ 82h {2}Send Message [^\n]*channel=7[^\n]*\n[\d:.]+ {2}bridge {2}#\d+ {5}└─ 72h {2}Get Device ID {2}-> {2}deviceId=34/,
      );
    } finally {
      await bmc.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
