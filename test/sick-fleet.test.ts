// Two hundred BMCs, three of them sick on purpose, as OpenStack Ironic's driver and a Prometheus scrape find
// them: 197 are well, and each of the three has the finding that it should have.
import { join } from 'node:path';
import { expect } from 'vitest';
import { root } from './support/cli.ts';
import { PASSWORD, startDaemon } from './support/daemon.ts';
import { startExporter } from './support/exporter.ts';
import { hasIronic, ironicPython } from './support/ironic.ts';
import { runTool, shortPort, toolTest } from './support/tools.ts';

const WELL = 197;
/** Name and faults of each that is sick. */
const SICK = [
  ['full', '{ presets: [out-of-sessions] }'],
  ['hot', '{ rules: [{ id: heat, then: { sensor: { name: Inlet, is: 90 } } }] }'],
  ['broken', '{ presets: [dying-psu], rules: [{ when: { command: get-sdr }, then: { complete: D5h } }] }'],
] as const;
/** Scrapes at a time. */
const AT_A_TIME = 8;

interface Node {
  readonly name: string;
  readonly address: string;
}

const nodes: readonly Node[] = [
  ...Array.from({ length: WELL }, (_, i) => ({ name: `well-${i + 1}`, address: `127.0.2.${i + 1}` })),
  ...SICK.map(([name], i) => ({ name, address: `127.0.2.${WELL + i + 1}` })),
];

const SENSORS = `
    sensors:
      - { name: Inlet, number: 1, entity: '7.1', type: temperature, unit: degrees C, value: 25, thresholds: { uc: 80 } }
      - { name: CPU, number: 2, entity: '3.1', type: temperature, unit: degrees C, value: 45, thresholds: { uc: 90 } }`;
const entry = (name: string, address: string, port: number, more: string): string => `
  - name: ${name}
    interfaces: [{ type: lan, listen: '${address}:${port}' }]
    users: [{ id: 2, name: admin, password: ${PASSWORD} }]${more}${SENSORS}`;
const fleet = (port: number): string =>
  `bmcs:${entry('well-{n}', '127.0.2.{n}', port, `\n    count: { from: 1, to: ${WELL} }`)}${SICK.map(
    ([name, faults], i) => entry(name, `127.0.2.${WELL + i + 1}`, port, `\n    faults: ${faults}`),
  ).join('')}\n`;

/** Names by what was found. */
function grouped(found: ReadonlyMap<string, string>): Readonly<Record<string, readonly string[]>> {
  const groups: Record<string, string[]> = {};
  for (const { name } of nodes) (groups[found.get(name) ?? 'nothing'] ??= []).push(name);
  return groups;
}

const wellAnd = (well: string, findings: Readonly<Record<string, string>>) => ({
  [well]: nodes.slice(0, WELL).map(({ name }) => name),
  ...Object.fromEntries(Object.entries(findings).map(([name, finding]) => [finding, [name]])),
});

/** What Ironic's power and management interfaces make of each: power, sensors, and what became of switching off. */
async function ironicsFindings(port: number): Promise<Map<string, string>> {
  const input = nodes
    .map((node) =>
      JSON.stringify({ ...node, port, user: 'admin', password: PASSWORD, switch: node.name === 'broken' }),
    )
    .join('\n');
  const { code, out } = await runTool(ironicPython, ['-W', 'ignore', join(root, 'test/ironic/poll.py')], {
    input: `${input}\n`,
    timeout: 100_000,
  });
  expect(code, out).toBe(0);
  return new Map(
    out
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => {
        const { name, ...finding } = JSON.parse(line) as { name: string };
        return [name, JSON.stringify(finding)];
      }),
  );
}

/** What a scrape of each by the exporter has: whether its collector is up, and the state of each temperature. */
async function scrapes(port: number): Promise<Map<string, string>> {
  const exporter = await startExporter({ user: 'admin', password: PASSWORD, collectors: ['ipmi'] });
  const found = new Map<string, string>();
  const scrape = async ({ name, address }: Node): Promise<void> => {
    const page = await exporter.scrape(`${address}:${port}`);
    const up = /^ipmi_up\{collector="ipmi"\} (\d)/m.exec(page)?.[1] ?? '?';
    const states = [...page.matchAll(/^ipmi_temperature_state\{id="\d+",name="(\w+)"\} (\d)/gm)];
    found.set(name, [`up ${up}`, ...states.map(([, sensor, state]) => `${sensor} ${state}`)].join(', '));
  };
  try {
    const waiting = [...nodes];
    const one = async (): Promise<void> => {
      for (let node = waiting.shift(); node !== undefined; node = waiting.shift()) await scrape(node);
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, one));
    return found;
  } finally {
    await exporter.stop();
  }
}

toolTest(
  `F10: 200 BMCs, three sick: ${hasIronic ? 'Ironic and ' : ''}a Prometheus scrape report 197 well and each of the three as it is`,
  ['ipmitool', 'prometheus-ipmi-exporter'],
  async () => {
    const port = await shortPort();
    const daemon = await startDaemon(fleet(port));
    try {
      const [ironic, scraped] = await Promise.all([
        hasIronic ? ironicsFindings(port) : undefined,
        scrapes(port),
      ]);
      const power = 'power on';
      if (ironic)
        expect(grouped(ironic)).toEqual(
          wellAnd(JSON.stringify({ power, sensors: { Inlet: 'ok', CPU: 'ok' } }), {
            full: JSON.stringify({ power: 'IPMIFailure', sensors: 'FailedToGetSensorData' }),
            hot: JSON.stringify({ power, sensors: { Inlet: 'Upper Critical', CPU: 'ok' } }),
            broken: JSON.stringify({ power, sensors: {}, off: 'IPMIFailure' }),
          }),
        );
      // A sensor's state is 0 nominal, 1 warning, 2 critical.
      const { 'up 0': down, ...up } = grouped(scraped);
      expect(down).toEqual(['full', 'broken']);
      expect(up).toEqual(wellAnd('up 1, Inlet 0, CPU 0', { hot: 'up 1, Inlet 2, CPU 0' }));
    } finally {
      await daemon.stop();
    }
  },
  180_000,
);
