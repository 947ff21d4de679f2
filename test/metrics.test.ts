// Numbers to scrape: one BMC as prometheus-community's ipmi_exporter shows it, the process in its own words, in
// forms that promtool takes, and nothing else to be had where they are served.
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { LEVELS } from '../src/metrics/exporter/sensor-states.ts';
import { twoSocketServer } from '../src/config/index.ts';
import { root } from './support/cli.ts';
import { PASSWORD, startDaemon, type RunningDaemon } from './support/daemon.ts';
import { startExporter } from './support/exporter.ts';
import { runTool, toolTest } from './support/tools.ts';

const users = [{ id: 2, name: 'admin', password: PASSWORD }];
const interfaces = [{ type: 'lan', listen: '127.0.0.1:0' }];
const THRESHOLDS = { lnr: 5, lc: 10, lnc: 15, unc: 50, uc: 60, unr: 70 };

/** A sensor for each state of each type of sensor of which something is known, and one without any. */
const discrete = Object.entries(LEVELS).flatMap(([type, byEvent]) =>
  Object.entries(byEvent).flatMap(([eventType, letters]) =>
    [[], ...Array.from({ length: letters.length - 1 }, (_, state) => [state])].map((states) => ({
      name: `${type}-${eventType}-${states[0] ?? 'none'}`,
      entity: '7.1',
      type: Number(type),
      eventType: Number(eventType),
      states,
    })),
  ),
);
const thresholds = [3, 8, 12, 25, 55, 65, 75].map((value) => ({
  name: `at ${value}`,
  entity: '7.2',
  type: 'temperature',
  unit: 'degrees C',
  range: [0, 100],
  value,
  thresholds: THRESHOLDS,
}));
const unusual = [
  { name: 'unreadable', entity: '7.3', type: 'voltage', unit: 'Volts', value: { push: true } },
  { name: 'no power', entity: '7.3', type: 'fan', unit: 'RPM', range: [0, 9000], needsPower: true },
  { name: 'duty', entity: '7.3', type: 'fan', unit: 'percent', range: [0, 100], value: 40 },
  { name: 'load', entity: '7.3', type: 'processor', unit: 'percent', range: [0, 100], value: 12 },
  { name: 'air', entity: '7.3', type: 'other units-based sensor', unit: 'CFM', range: [0, 250], value: 80 },
  { name: 'draw', entity: '7.3', type: 'current', unit: 'Amps', range: [0, 20], value: 3.5 },
  { name: 'cooled', entity: '7.3', type: 'cooling device', eventType: 3, states: [1] },
];
/** Each BMC has room for some hundreds. */
const AT_A_TIME = 180;
const all = [...thresholds, ...unusual, ...discrete];
const platforms = Array.from({ length: Math.ceil(all.length / AT_A_TIME) }, (_, i) => ({
  name: `all-${i}`,
  interfaces,
  users,
  chassis: { power: 'off' },
  sensors: all.slice(i * AT_A_TIME, (i + 1) * AT_A_TIME),
}));

/** A whole server, whose sensors stand still between two looks. */
const node1 = {
  ...twoSocketServer,
  name: 'node-1',
  interfaces,
  users,
  sensors: twoSocketServer.sensors?.map((sensor) => {
    const { value } = sensor;
    return { ...sensor, value: typeof value === 'object' && 'base' in value ? value.base : value };
  }),
};

let daemon: RunningDaemon;
const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  new Promise<{ status?: number; headers: Record<string, unknown>; text: string }>((resolve, reject) => {
    const [host, port] = daemon.metrics!.split(':');
    const asked = request({ host, port, path, method, headers }, (answer) => {
      let text = '';
      answer.on('data', (data) => (text += String(data)));
      answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, text }));
    });
    asked.on('error', reject);
    asked.end();
  });
const samplesOf = (page: string): string[] =>
  page.split('\n').filter((line) => line && !line.startsWith('#'));

beforeAll(async () => {
  daemon = await startDaemon(
    stringify({
      metrics: { listen: '127.0.0.1:0' },
      bmcs: [node1, ...platforms],
    }),
  );
});
afterAll(() => daemon.stop());

/** Samples by name and labels, with the digits that FreeIPMI prints. */
function figures(page: string, collectors: readonly string[]): Record<string, string> {
  const own = /^(?!go_|process_|promhttp_|ipmi_scrape|ipmi_exporter|ipmi_bmc_watchdog)/;
  const lines = samplesOf(page).filter((line) => own.test(line));
  expect(lines.filter((line) => /^ipmi_up.* 1$/.test(line))).toHaveLength(collectors.length);
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      const value = Number(line.slice(at + 1));
      return [line.slice(0, at), value.toFixed(2)];
    }),
  );
}

toolTest(
  '21.2: a BMC shows a scraper the very names, labels, ids, values and states that ipmi_exporter finds by LAN',
  ['prometheus-ipmi-exporter', 'bmc-info'],
  async () => {
    const collectors = ['bmc', 'chassis', 'dcmi', 'ipmi', 'sel'];
    const exporter = await startExporter({ user: 'admin', password: PASSWORD, collectors });
    const plain = ['chassis', 'ipmi', 'sel'];
    const simple = await startExporter({ user: 'admin', password: PASSWORD, collectors: plain });
    try {
      for (const { name } of [{ name: 'node-1' }, ...platforms]) {
        const [theirs, wanted] = name === 'node-1' ? [exporter, collectors] : ([simple, plain] as const);
        const found = figures(await theirs.scrape(`127.0.0.1:${daemon.port(name)}`), wanted);
        const { text } = await get(`/metrics?target=${name}&collectors=${wanted.join(',')}`);
        const ours = figures(text, wanted);
        // FreeIPMI knows makers by more names than we do; later versions have the faults of the chassis too.
        const known = (key: string): boolean => !/^ipmi_bmc_info|_fault_state$/.test(key);
        const only = (from: Record<string, string>) =>
          Object.fromEntries(Object.entries(from).filter(([key]) => known(key)));
        expect(only(ours), name).toEqual(only(found));
        expect(Object.keys(found).length, name).toBeGreaterThan(20);
      }
    } finally {
      await simple.stop();
      await exporter.stop();
    }
  },
  180_000,
);

toolTest('21.2: promtool takes both pages', ['promtool', 'ipmitool'], async () => {
  await daemon.ipmitool('node-1', 'mc info');
  for (const path of ['/metrics', '/metrics?target=node-1']) {
    const { text, headers } = await get(path);
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    const { out } = await runTool('promtool', ['check', 'metrics'], { input: text });
    // The exporter calls a gauge so.
    expect(out.split('\n').filter((line) => line && !line.startsWith('ipmi_sel_logs_count'))).toEqual([]);
  }
});

test('21.2: OpenMetrics to whom asks for it: counters by their family, an end', async () => {
  const { text, headers } = await get('/metrics', {
    accept: 'application/openmetrics-text;version=1.0.0,text/plain;q=0.5',
  });
  expect(headers['content-type']).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
  expect(text).toMatch(/^# TYPE ipmi_bmc_requests counter$/m);
  expect(text).toMatch(/^# TYPE ipmi_bmc_logins counter\nipmi_bmc_logins_total\{/m);
  expect(text.endsWith('\n# EOF\n')).toBe(true);
});

toolTest('21.2: what clients did is counted by name, and a scrape is nobody', ['ipmitool'], async () => {
  const before = samplesOf((await get('/metrics')).text);
  await daemon.ipmitool('node-1', 'chassis power status');
  await daemon.ipmitool('all-0', 'raw 0x3a 0x77');
  const stranger = `-I lanplus -H 127.0.0.1 -p ${daemon.port('node-1')} -U stranger -P ${PASSWORD} mc info`;
  const wrong = await runTool('ipmitool', stranger.split(' '));
  expect(wrong.code).not.toBe(0);
  await get('/metrics?target=node-1');
  const after = samplesOf((await get('/metrics')).text);
  const count = (lines: readonly string[], start: string): number =>
    lines
      .filter((line) => line.startsWith(start))
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  const more = (start: string): number => count(after, start) - count(before, start);
  expect(more('ipmi_bmc_requests_total{netfn="chassis",command="get-chassis-status",cc="00h"}')).toBe(1);
  expect(more('ipmi_bmc_requests_total{netfn="3Ah",command="unknown",cc="C1h"}')).toBe(1);
  expect(more('ipmi_bmc_requests_total{netfn="storage"')).toBe(0);
  expect(more('ipmi_bmc_logins_total{result="admitted"}')).toBe(2);
  expect(more('ipmi_bmc_logins_total{result="unknown user"}')).toBe(1);
  expect(more('ipmi_bmc_datagrams_total{direction="in",verdict="accepted"}')).toBeGreaterThan(8);
  expect(more('ipmi_bmc_datagrams_total{direction="out"')).toBeGreaterThan(8);
  expect(count(after, 'ipmi_bmc_request_duration_seconds_count')).toBe(
    count(after, 'ipmi_bmc_requests_total'),
  );
  expect(after).toContain(`ipmi_bmc_bmcs ${platforms.length + 1}`);
  expect(after.some((line) => /^ipmi_bmc_event_loop_delay_seconds\{quantile="0.99"\} \d/.test(line))).toBe(
    true,
  );
});

test('21.2: there is nothing but /metrics, and no page of the web asks by another name', async () => {
  expect((await get('/v1/bmcs')).status).toBe(404);
  expect((await get('/../etc/passwd')).status).toBe(404);
  expect((await get('/metrics', {}, 'POST')).status).toBe(405);
  expect((await get('/metrics', {}, 'HEAD')).text).toBe('');
  expect((await get('/metrics', { host: 'evil.example' })).status).toBe(421);
  const unknown = await get('/metrics?target=nod-1');
  expect([unknown.status, JSON.parse(unknown.text)]).toMatchObject([404, { nearest: 'node-1' }]);
  const wrong = await get('/metrics?target=node-1&collectors=sels');
  expect([wrong.status, JSON.parse(wrong.text)]).toMatchObject([400, { key: 'collectors', nearest: 'sel' }]);
});

toolTest('21.2: the alerts and the dashboard ask for numbers that are there', ['promtool'], async () => {
  const folder = join(root, 'examples/metrics');
  const rules = await runTool('promtool', ['check', 'rules', join(folder, 'alerts.yaml')]);
  expect(rules.code, rules.out).toBe(0);
  const config = await runTool('promtool', [
    'check',
    'config',
    '--syntax-only',
    join(folder, 'prometheus.yaml'),
  ]);
  expect(config.code, config.out).toBe(0);
  const pages = await Promise.all(
    ['/metrics', '/metrics?target=node-1'].map(async (path) => (await get(path)).text),
  );
  const declared = new Set(
    pages
      .join('\n')
      .match(/^# TYPE \S+/gm)!
      .map((line) => line.slice('# TYPE '.length)),
  );
  // Of rules that struck and of a journal, which this daemon has not.
  for (const name of ['ipmi_bmc_faults_total', 'ipmi_bmc_journal_sync_seconds']) declared.add(name);
  const texts = ['dashboard.json', 'alerts.yaml'].map((file) => readFileSync(join(folder, file), 'utf8'));
  const asked = texts.join('\n').match(/\b(?:ipmi|process)_[a-z_]+(?=[{[\s)<>=])/g)!;
  expect(asked.length).toBeGreaterThan(15);
  expect(asked.map((name) => name.replace(/_bucket$/, '')).filter((name) => !declared.has(name))).toEqual([]);
});
