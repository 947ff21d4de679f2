// docs/events.md: every event that the BMC itself makes, as ipmitool and FreeIPMI print it. `npx vitest run
// test/events.test.ts -u` writes it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { Bmc, type BmcOptions } from '../src/bmc.ts';
import type { SensorOptions } from '../src/config/options.ts';
import { simWorld } from '../src/world/index.ts';
import { lan20, lanplus, runTool, toolTest } from './support/tools.ts';

const discrete = (name: string, number: number, entity: string, type: string): SensorOptions => ({
  name,
  number,
  entity,
  type,
  states: [],
});
const sensors: SensorOptions[] = [
  {
    name: 'CPU Temp',
    number: 1,
    entity: '3.1',
    type: 'temperature',
    unit: 'degrees C',
    range: [0, 255],
    value: { push: true, first: 40 },
    thresholds: { lnr: 1, lc: 5, lnc: 10, unc: 80, uc: 90, unr: 100 },
  },
  discrete('PSU1', 2, '10.1', 'power supply'),
  discrete('Drive 1', 3, '4.1', 'drive slot / bay'),
  discrete('Intrusion', 4, '23.1', 'physical security'),
  discrete('Power Unit', 5, '19.1', 'power unit'),
  discrete('Button', 6, '12.1', 'button'),
  discrete('Watchdog', 7, '6.1', 'watchdog 2'),
  discrete('NMI', 8, '7.1', 'critical interrupt'),
  { name: 'PSU Redundancy', number: 9, entity: '19.1', type: 'power supply', eventType: 0x0b, states: [] },
  discrete('BMC Health', 10, '6.1', 'management subsystem health'),
  { name: 'ACPI', number: 11, entity: '35.1', type: 'system acpi power state', states: [0] },
];
const settings: BmcOptions = {
  sensors,
  sel: { bootEvents: true },
  pef: { startupDelay: 0, eventMessages: true, filters: [{ actions: ['oem'], sensorNumber: 3 }] },
  reset: { dark: 1 },
};

interface Made {
  readonly what: string;
  readonly record: Uint8Array;
}

/** All of them, in a simulated world, where minutes pass in no time. */
async function makeEvents(): Promise<Made[]> {
  const world = simWorld(3, { start: Date.UTC(2026, 0, 2, 3, 4, 5) });
  const bmc = new Bmc({ ...settings, interfaces: [] }, { world });
  const made: Made[] = [];
  const seen = new Set<string>();
  const happens = async (what: string, make: () => unknown, wait = 0): Promise<void> => {
    make();
    if (wait > 0) await world.run(wait);
    for (const id of bmc.sel.ids) {
      const { record } = bmc.sel.get(id);
      // One row for events that are alike.
      const key = record.subarray(7).join();
      if (!seen.has(key)) made.push({ what, record });
      seen.add(key);
    }
  };
  const { chassis, watchdog } = bmc;
  const temperature = (value: number) => () => void bmc.sensors.get('CPU Temp').push(value);
  const states =
    (name: string, ...offsets: number[]) =>
    () =>
      bmc.sensors.get(name).set(offsets.reduce((mask, offset) => mask | (1 << offset), 0));
  const expire =
    (action: number, preTimeoutInterrupt = 0) =>
    () => {
      void watchdog.set(
        {
          dontLog: false,
          use: 4,
          preTimeoutInterrupt,
          action,
          preTimeout: preTimeoutInterrupt ? 1 : 0,
          initialCountdown: 20,
        },
        false,
        0,
      );
      watchdog.restart();
    };
  await happens('the BMC starts with an empty SEL', () => undefined);
  await world.until(bmc.open());
  await happens('a temperature rises past its thresholds', temperature(105));
  await happens('and comes back', temperature(40));
  await happens('it falls past its thresholds', temperature(0));
  await happens('and comes back', temperature(40));
  await happens('a power supply is there', states('PSU1', 0));
  await happens('it fails', states('PSU1', 0, 1));
  await happens('its input is lost', states('PSU1', 0, 3));
  await happens('power supplies are redundant, and no more', states('PSU Redundancy', 0));
  await happens('power supplies are redundant, and no more', states('PSU Redundancy', 1));
  await happens('a drive fails; PEF acts and says so', states('Drive 1', 0, 1));
  await happens('the chassis is opened', () => chassis.setIntrusion(true));
  await happens('the chassis is closed', () => chassis.setIntrusion(false));
  await happens('the power button is pressed', () => bmc.frontPanel.press('powerOff'), 20_000);
  await happens('power on', () => chassis.control('on'), 5000);
  await happens('power off', () => chassis.control('off'), 5000);
  await happens('power on', () => chassis.control('on'), 5000);
  await happens('power cycle', () => chassis.control('cycle'), 30_000);
  await happens('reset', () => chassis.control('reset'), 5000);
  await happens('diagnostic interrupt', () => chassis.control('diag'));
  await happens('AC is lost', () => chassis.losePower('acFailed'), 5000);
  await happens('power on', () => chassis.control('on'), 5000);
  await happens('the machine loses its power by a fault', () => chassis.losePower('fault'), 5000);
  await happens('power on', () => chassis.control('on'), 5000);
  await happens('the watchdog expires without an action', expire(0), 5000);
  await happens('the watchdog warns by NMI, then resets', expire(1, 2), 5000);
  await happens('the watchdog switches off', expire(2), 5000);
  await happens('power on', () => chassis.control('on'), 5000);
  await happens('cold reset of the BMC', () => bmc.reset('cold'), 10_000);
  await bmc.close();
  return made;
}

const cell = (text: string): string => text.trim().replaceAll('|', '\\|');

toolTest(
  'docs/events.md shows what ipmitool and ipmi-sel say of each event',
  ['ipmitool', 'ipmi-sel'],
  async () => {
    const made = await makeEvents();
    const directory = mkdtempSync(join(tmpdir(), 'ipmi-bmc-events-'));
    const bmc = new Bmc({
      ...settings,
      sel: { bootEvents: false },
      interfaces: [{ type: 'lan', listen: '127.0.0.1:0' }],
      users: [{ id: 2, name: 'admin', password: 'AdminPass123' }],
    });
    await bmc.open();
    try {
      for (const { record } of made) await bmc.sel.add(record).done;
      const port = bmc.interfaces[0].address.split(':')[1];
      const ipmitool = await runTool('ipmitool', [...lanplus(port), 'sel', 'elist']);
      const flags = [...lan20(port), `--sdr-cache-directory=${directory}`];
      const freeipmi = await runTool('ipmi-sel', [
        ...flags,
        '--quiet-cache',
        '--no-header-output',
        '--output-event-state',
      ]);
      // id | date | time | sensor | event | direction
      const byIpmitool = ipmitool.out
        .split('\n')
        .filter((line) => /^ +[\da-f]+ \|/.test(line))
        .map((line) => line.split('|').slice(3));
      // id | date | time | name | type | state | event
      const byFreeipmi = freeipmi.out
        .split('\n')
        .filter((line) => /^\d+ /.test(line))
        .map((line) => line.split('|').slice(3));
      expect(byIpmitool).toHaveLength(made.length);
      expect(byFreeipmi).toHaveLength(made.length);
      const rows = made.map(({ what, record }, i) => {
        const bytes = Array.from(record.subarray(10), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
        const first = i === 0 || made[i - 1].what !== what;
        return `| ${first ? what : ''} | \`${bytes}\` | ${byIpmitool[i].map(cell).join(', ')} | ${byFreeipmi[i].map(cell).join(', ')} |`;
      });
      const page = [
        '# Read the events',
        '',
        'What the BMC itself puts into the SEL, and what `ipmitool sel elist` and `ipmi-sel --output-event-state` print for it. Written and checked by',
        '`test/events.test.ts`. The bytes are sensor type, sensor number, direction and event type, event data 1 to 3.',
        '',
        '| what happens | bytes | ipmitool | ipmi-sel |',
        '|---|---|---|---|',
        ...rows,
        '',
      ].join('\n');
      await expect(page).toMatchFileSnapshot('../docs/events.md');
      expect(page, 'everything has a name').not.toMatch(/Unknown|Unrecognized|#0x/);
    } finally {
      await bmc.close();
      rmSync(directory, { recursive: true, force: true });
    }
  },
);
