// What the settings say of a sensor, as real programs read it back: decimals over many ranges, and more
// sensors than one LUN has numbers.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { startBmc, type RunningBmc } from './support/cli.ts';
import { lan20, lanplus, runTool, toolTest } from './support/tools.ts';

async function withSensors<T>(
  sensors: readonly object[],
  body: (bmc: RunningBmc, cache: string) => Promise<T>,
): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'ipmi-bmc-values-'));
  const file = join(directory, 'bmc.yaml');
  const users = [{ id: 2, name: 'admin', password: 'AdminPass123' }];
  writeFileSync(file, JSON.stringify({ interfaces: [{ type: 'lan' }], users, sensors }));
  const bmc = await startBmc(file);
  try {
    return await body(bmc, directory);
  } finally {
    await bmc.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

const ipmitool = (bmc: RunningBmc, ...args: string[]) =>
  runTool('ipmitool', [...lanplus(bmc.port), '-C', '3', ...args]);
const freeipmi = (tool: string, bmc: RunningBmc, cache: string, ...args: string[]) => {
  const session = [...lan20(bmc.port), '-l', 'ADMIN', '-I', '3'];
  return runTool(tool, [...session, '--quiet-cache', '--sdr-cache-directory', cache, ...args]);
};

/**
 * Range, reading, lower and upper critical threshold, hysteresis; unit as ipmitool and as FreeIPMI write it.
 */
const cases: readonly [number, number, number, number, number, number, string, string][] = [
  [-40, 125, 61, -5, 99, 3, 'degrees C', 'C'],
  [-55, 150, -12, -50, 149, 1, 'degrees C', 'C'],
  [0, 100, 45, 5, 95, 2, 'degrees C', 'C'],
  [0, 50, 21.5, 0.5, 45.5, 0.5, 'degrees C', 'C'],
  [0, 255, 253, 1, 254, 1, 'degrees C', 'C'],
  [0, 16, 12.1, 10.8, 13.2, 0.1, 'Volts', 'V'],
  [0, 2.5, 1.05, 0.95, 1.16, 0.01, 'Volts', 'V'],
  [-12.6, -11.4, -12.05, -12.5, -11.5, 0.05, 'Volts', 'V'],
  [200, 240, 230.4, 207, 238.8, 0.4, 'Volts', 'V'],
  [0, 1.275, 0.88, 0.8, 1.2, 0.005, 'Volts', 'V'],
  [0, 25_500, 6400, 600, 20_100, 100, 'RPM', 'RPM'],
  [1001, 1255, 1042, 1010, 1250, 2, 'RPM', 'RPM'],
  [0, 1020, 144, 100, 900, 20, 'Watts', 'W'],
  [0, 15.3, 12.24, 10.8, 13.2, 0.06, 'Amps', 'A'],
];

toolTest(
  'V8: readings, thresholds and hysteresis come back as the decimals that were written, over many ranges',
  ['ipmitool', 'ipmi-sensors'],
  async () => {
    const sensors = cases.map(([from, to, value, lc, uc, hysteresis, unit], i) => ({
      name: `S${i}`,
      entity: `7.${i + 1}`,
      type: 'other units-based sensor',
      unit,
      range: [from, to],
      value,
      thresholds: { lc, uc },
      hysteresis,
    }));
    await withSensors(sensors, async (bmc, cache) => {
      const table = (await ipmitool(bmc, 'sensor')).out
        .split('\n')
        .map((line) => line.split('|').map((cell) => cell.trim()));
      const verbose = (await ipmitool(bmc, '-v', 'sdr', 'list', 'full')).out;
      const free = (
        await freeipmi(
          'ipmi-sensors',
          bmc,
          cache,
          '--output-sensor-thresholds',
          '--comma-separated-output',
          '--no-header-output',
        )
      ).out;
      for (const [i, [, , value, lc, uc, hysteresis, , short]] of cases.entries()) {
        const cells = table.find(([name]) => name === `S${i}`)!;
        expect([cells[1], cells[5], cells[8]].map(Number), `ipmitool, ${JSON.stringify(cases[i])}`).toEqual([
          value,
          lc,
          uc,
        ]);
        const [, own = ''] = verbose.split(`Sensor ID              : S${i} (`);
        const [, positive] = /Positive Hysteresis\s*: ([\d.]+)/.exec(own)!;
        expect(Number(positive), `hysteresis, ${JSON.stringify(cases[i])}`).toBe(hysteresis);
        const line = free.split('\n').find((one) => one.split(',')[1] === `S${i}`)!;
        const [, , , reading, units, , lower, , , upper] = line.split(',');
        expect([reading, lower, upper], line).toEqual([value, lc, uc].map((one) => one.toFixed(2)));
        expect(units).toBe(short);
      }
    });
  },
);

toolTest(
  'V9: 600 sensors on three LUNs, many of one name, are read, set and told of by every client',
  ['ipmitool', 'ipmi-sensors', 'ipmi-sel'],
  async () => {
    const sensors = Array.from({ length: 600 }, (_, i) => ({
      name: i % 3 === 0 ? 'Temp' : `T${i}`,
      entity: `3.${1 + (i % 90)}`,
      type: 'temperature',
      unit: 'degrees C',
      range: [0, 255],
      value: i % 200,
      thresholds: { uc: 250 },
    }));
    await withSensors(sensors, async (bmc, cache) => {
      const list = (await ipmitool(bmc, 'sdr', 'elist', 'full')).out.trim().split('\n');
      expect(list).toHaveLength(600);
      for (const [i, line] of list.entries())
        expect(line, `sensor ${i}`).toMatch(new RegExp(`\\| +${i % 200} degrees C$`));
      const free = (
        await freeipmi('ipmi-sensors', bmc, cache, '--comma-separated-output', '--no-header-output')
      ).out
        .trim()
        .split('\n');
      // FreeIPMI reads sensors of other LUNs than 0 by Send Message to 20h alone, and without being told so
      // calls them N/A.
      const bridged = (
        await freeipmi(
          'ipmi-sensors',
          bmc,
          cache,
          '--bridge-sensors',
          '--comma-separated-output',
          '--no-header-output',
        )
      ).out;
      expect(
        bridged
          .trim()
          .split('\n')
          .map((line) => line.split(',')[3]),
      ).toEqual(sensors.map(({ value }) => value.toFixed(2)));
      expect(free.map((line) => line.split(',')[3])).toEqual(
        sensors.map(({ value }, i) => (i < 254 ? value.toFixed(2) : 'N/A')),
      );
      // T511, the 512th, is number 4 on LUN 3. Clients name an event's sensor by its number alone.
      expect((await ipmitool(bmc, 'sensor', 'thresh', 'T511', 'ucr', '100')).out).toContain('100');
      expect((await ipmitool(bmc, 'sel', 'elist')).out).toContain(
        'Upper Critical going high | Asserted | Reading 111 > Threshold 100',
      );
      expect((await freeipmi('ipmi-sel', bmc, cache)).out).toMatch(/Temp.*Upper Critical - going high/);
    });
  },
  180_000,
);
