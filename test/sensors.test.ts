// Sensors of a running BMC as real programs read them: every linearization, and a server made from another
// one's SDR dump.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { judged, startBmc, type RunningBmc } from './support/cli.ts';
import { lan20, runTool, toolTest } from './support/tools.ts';

async function withBmc<T>(
  settings: object,
  body: (bmc: RunningBmc, directory: string) => Promise<T>,
  directory = mkdtempSync(join(tmpdir(), 'ipmi-bmc-sensors-')),
): Promise<T> {
  const file = join(directory, 'bmc.yaml');
  // YAML is a superset of JSON.
  writeFileSync(
    file,
    JSON.stringify({
      interfaces: [{ type: 'lan' }],
      users: [{ id: 2, name: 'admin', password: 'AdminPass123' }],
      ...settings,
    }),
  );
  const bmc = await startBmc(file);
  try {
    return await body(bmc, directory);
  } finally {
    await bmc.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Of each function: a range that it reaches, and a value. */
const curves = {
  linear: [-40, 125, 60],
  ln: [0, 5, 3.2],
  log10: [-2, 3, 2.2],
  log2: [0, 8, 5.1],
  e: [1, 100, 42],
  exp10: [1, 1000, 300],
  exp2: [1, 256, 42],
  '1/x': [100, 10_000, 420],
  sqr: [0, 400, 42],
  cube: [-27, 27, 12],
  sqrt: [0, 20, 12],
  cbrt: [-3, 3, 2],
} as const;

toolTest(
  'ipmitool and ipmi-sensors compute the value that was meant from the raw reading, whatever the linearization',
  ['ipmitool', 'ipmi-sensors'],
  async () => {
    const sensors = Object.entries(curves).map(([linearization, [from, to, value]], i) => ({
      name: linearization,
      entity: `7.${i + 1}`,
      type: 'other units-based sensor',
      unit: 'Volts',
      range: [from, to],
      linearization,
      nominal: value,
      value,
    }));
    await withBmc(
      {
        sensors: [
          ...sensors,
          {
            name: 'curve',
            entity: '3.1',
            type: 'temperature',
            unit: 'degrees C',
            curve: [
              [0, -10],
              [100, 20],
              [255, 100],
            ],
            value: 55,
          },
        ],
      },
      async (bmc, directory) => {
        const byIpmitool = new Map(
          (await bmc.ipmitool('-c sdr list full')).out
            .split('\n')
            .map((line) => line.split(',').slice(0, 2) as [string, string]),
        );
        const flags = [...lan20(bmc.port), `--sdr-cache-directory=${directory}`];
        const { out } = await runTool('ipmi-sensors', [
          ...flags,
          '--quiet-cache',
          '--no-header-output',
          '--comma-separated-output',
        ]);
        // id, name, type, reading, units, event
        const byFreeipmi = new Map(out.split('\n').map((line) => [line.split(',')[1], line.split(',')[3]]));
        for (const [name, [from, to, value]] of Object.entries(curves)) {
          const near = (text: string | undefined): boolean =>
            Math.abs(Number(text) - value) < (to - from) * 0.05;
          expect(near(byIpmitool.get(name)), `${name}: ipmitool reads ${byIpmitool.get(name)}`).toBe(true);
          // FreeIPMI takes "cube^-1" for a negative power, not for the cube root.
          if (name !== 'cbrt')
            expect(near(byFreeipmi.get(name)), `${name}: ipmi-sensors reads ${byFreeipmi.get(name)}`).toBe(
              true,
            );
        }
        // Non-linear: ipmitool asks for the factors of the reading.
        expect(Number(byIpmitool.get('curve'))).toBeCloseTo(55, 0);
      },
    );
  },
);

toolTest('a BMC made from the SDR dump of another one shows the same to ipmitool', ['ipmitool'], async () => {
  const directory = mkdtempSync(join(tmpdir(), 'ipmi-bmc-dump-'));
  const lists = ['sdr elist all', 'sdr elist fru', 'sensor list', 'sdr info'];
  // The dump has the records of a satellite controller, which is not there any more; each repository has a
  // time of its own.
  const own = (text: string): string =>
    text.replace(/^SAT Temp.*\n/m, '').replace(/^Most recent Addition.*\n/m, '');
  const original = await startBmc(judged);
  const expected: string[] = [];
  try {
    expect((await original.ipmitool(`sdr dump ${join(directory, 'server.sdr')}`)).code).toBe(0);
    for (const list of lists) expected.push(own((await original.ipmitool(list)).out));
  } finally {
    await original.stop();
  }
  await withBmc(
    // The dump does not say how a supply is.
    { sdr: { file: 'server.sdr', values: { 'PSU1 Status': 1 } } },
    async (bmc) => {
      for (const [i, list] of lists.entries())
        expect(own((await bmc.ipmitool(list)).out), list).toBe(expected[i]);
    },
    directory,
  );
});
