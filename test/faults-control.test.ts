// Faults, scenarios and time of a process that runs, by its control API, as ipmitool finds them.
import { afterAll, beforeAll, expect } from 'vitest';
import { ControlClient, type ClockShown, type FaultList, type ScenarioList } from '../src/control/client.ts';
import { PASSWORD, startDaemon, type RunningDaemon } from './support/daemon.ts';
import { toolTest } from './support/tools.ts';

const USERS = `users: [{ id: 2, name: admin, password: ${PASSWORD} }]`;
const RACK = `bmcs:
  - name: node-1
    interfaces: [{ type: lan, listen: '127.0.0.1:0' }]
    ${USERS}
    faults:
      seed: 1
      rules: [{ id: from-the-file, when: { command: get-chassis-status }, then: { complete: D5h }, times: 1 }]
      scenarios:
        - name: outage
          steps:
            - { until: { command: chassis-control, data: '00' }, within: 1m }
            - { state: gone, fault: { id: slow-start, when: { command: chassis-control }, then: { complete: C0h } } }
            - { hold: 1h }
  - name: node-2
    clock: virtual
    interfaces: [{ type: lan, listen: '127.0.0.1:0' }]
    ${USERS}
`;
let daemon: RunningDaemon;
let control: ControlClient;

beforeAll(async () => {
  daemon = await startDaemon(RACK);
  control = new ControlClient({ socket: daemon.socket });
});
afterAll(() => daemon.stop());

const N1 = '/v1/bmcs/node-1';

toolTest(
  'F9: armed by HTTP, ipmitool finds it, hits are counted, and it is removed',
  ['ipmitool'],
  async () => {
    const status = (): Promise<{ code: number | null; out: string }> =>
      daemon.ipmitool('node-1', 'chassis power status');
    const hits = async (): Promise<number[]> =>
      (await control.get<FaultList>(`${N1}/faults`)).rules.map((rule) => rule.hits);
    expect((await status()).out).toContain('Command not supported in present state');
    expect(await hits()).toEqual([]);
    await control.post(`${N1}/faults`, {
      id: 'busy',
      when: { command: 'get-chassis-status', user: 'admin' },
      then: { complete: 'D4h' },
    });
    for (let i = 1; i < 3; i++) {
      expect((await status()).out).toContain('Insufficient privilege level');
      expect(await hits()).toEqual([i]);
    }
    await control.delete(`${N1}/faults/busy`);
    expect((await status()).out).toContain('Chassis Power is on');
    await control.post(`${N1}/faults/presets/out-of-sessions`);
    expect((await daemon.ipmitool('node-1', '-C 17 mc info')).code).toBe(1);
    await control.delete(`${N1}/faults`);
    expect((await daemon.ipmitool('node-1', '-C 17 mc info')).out).toContain('Device ID');
  },
);

toolTest('F9: a scenario of the file waits for ipmitool, and is stopped', ['ipmitool'], async () => {
  await control.post(`${N1}/scenarios/outage/run`);
  expect((await daemon.ipmitool('node-1', 'chassis power off')).out).toContain('Down/Off');
  const { running } = await control.get<ScenarioList>(`${N1}/scenarios`);
  expect(running).toEqual([{ name: 'outage', armed: false, state: 'gone' }]);
  expect((await daemon.ipmitool('node-1', 'chassis power on')).out).toContain('Node busy');
  await control.delete(`${N1}/scenarios/outage`);
  expect((await daemon.ipmitool('node-1', 'chassis power on')).out).toContain('Up/On');
});

// They are longer than a test may take.
toolTest('F9: ten minutes of a watchdog pass by HTTP while ipmitool looks on', ['ipmitool'], async () => {
  const asks = async (args: string): Promise<string> => (await daemon.ipmitool('node-2', args)).out;
  await asks('raw 6 0x24 4 1 0 0 0x70 0x17');
  await asks('mc watchdog reset');
  await control.post<ClockShown>('/v1/bmcs/node-2/clock/advance', { by: '9m' });
  expect(await asks('mc watchdog get')).toMatch(/Present Countdown: *60/);
  await control.post('/v1/clock/advance', { by: '61s' });
  expect(await asks('chassis restart_cause')).toContain('watchdog');
});
