// Scenarios: steps in order, by the BMC's time, that wait for clients, branch, and leave nothing behind.
import { expect, test } from 'vitest';
import { rig } from '../../test/support/bmc.ts';
import type { BmcOptions } from '../bmc.ts';
import type { ScenarioOptions, ScenarioStep } from './index.ts';

const BASE: BmcOptions = {
  sensors: [
    {
      name: 'Inlet',
      number: 1,
      entity: '7.1',
      type: 'temperature',
      unit: 'degrees C',
      value: 25,
      thresholds: { uc: 80 },
    },
  ],
};
const open = (steps: readonly ScenarioStep[], more: Partial<ScenarioOptions> = {}) =>
  rig({ ...BASE, faults: { seed: 1, scenarios: [{ name: 'story', steps, ...more }] } });

test('F8: a sensor ramps, a rule comes, somebody switches the machine off, and everything is as before', async () => {
  const { bmc, world, send } = open([
    { state: 'warming', ramp: { sensor: 'Inlet', from: 25, to: 85, in: '30s' } },
    { state: 'hot', fault: { id: 'busy', when: { command: 'get-device-id' }, then: { complete: 0xc0 } } },
    { until: { command: 'chassis-control', data: '00' }, within: '5m' },
    { state: 'off', expect: { power: 'off', selEntries: 1, rule: 'busy' } },
    { hold: '10s' },
  ]);
  const run = bmc.faults.run('story');
  expect([run.state, bmc.faults.running]).toEqual(['warming', [run]]);
  await world.run(15_000);
  expect(bmc.sensors.get('Inlet').value).toBeCloseTo(55, -1);
  expect((await send(6, 1))[0]).toBe(0);
  await world.run(16_000);
  expect([run.state, bmc.sensors.get('Inlet').value]).toEqual(['hot', 85]);
  expect((await send(6, 1))[0]).toBe(0xc0);
  await send(0, 2, 1);
  expect(run.state).toBe('hot');
  await send(0, 2, 0);
  expect(run.state).toBe('off');
  await world.run(10_001);
  expect(await run.done).toEqual({ outcome: 'done' });
  expect([bmc.faults.list, bmc.faults.running, bmc.sensors.get('Inlet').value]).toEqual([[], [], 25]);
});

test('F8: what is not as expected fails with its step, or leads elsewhere', async () => {
  const failing = open([{ hold: 1 }, { expect: { power: 'off' } }]);
  const run = failing.bmc.faults.run('story');
  await failing.world.run(1001);
  expect(await run.done).toEqual({
    outcome: 'failed',
    step: 1,
    why: 'expected power off, and it is on',
  });
  const branching = open([
    { state: 'wait', until: { command: 'get-device-id' }, within: '10s', else: 'late' },
    { state: 'asked', hold: '1h' },
    { state: 'late', power: 'off' },
    { hold: '1h' },
  ]);
  const other = branching.bmc.faults.run('story');
  await branching.world.run(10_001);
  expect([other.state, branching.bmc.chassis.isOn]).toEqual(['late', false]);
  other.stop();
  expect(await other.done).toEqual({ outcome: 'stopped' });
  const late = open([{ until: { command: 'get-device-id' }, within: '10s' }]);
  const alone = late.bmc.faults.run('story');
  await late.world.run(10_001);
  expect(await alone.done).toMatchObject({ outcome: 'failed', step: 0 });
  expect(late.bmc.router.entrance).toBe(late.bmc.router.dispatch);
});

test('F8: goto goes so often as it says; circles without a wait are told', async () => {
  const { bmc, world } = open([
    { state: 'round', event: { sensor: 'Inlet', offset: 9 } },
    { hold: 1 },
    { goto: 'round', times: 2 },
  ]);
  const before = bmc.sel.count;
  const run = bmc.faults.run('story');
  await world.run(10_000);
  expect(await run.done).toEqual({ outcome: 'done' });
  expect(bmc.sel.count - before).toBe(3);
  const circle = open([{ state: 'a' }, { goto: 'a' }]);
  expect(await circle.bmc.faults.run('story').done).toMatchObject({
    outcome: 'failed',
    why: expect.stringContaining('circles') as string,
  });
});

test('F8: a scenario that starts with its BMC ends with it', async () => {
  const steps = [{ fault: { id: 'x', then: { sel: 'full' } } }, { hold: '1h' }] as const;
  const { bmc } = rig({ ...BASE, faults: { scenarios: [{ name: 'story', steps }], start: ['story'] } });
  expect([bmc.sel.isHeldFull, bmc.faults.list.map(({ id }) => id)]).toEqual([true, ['x']]);
  await bmc.close();
  expect([bmc.sel.isHeldFull, bmc.faults.running]).toEqual([false, []]);
});

test.each<[string, ScenarioStep, (string | number)[]]>([
  ['no state of this name', { goto: 'nowhere' }, ['goto']],
  ['two things at once', { hold: 1, power: 'off' }, []],
  ['nothing', {}, []],
  ['no time', { hold: 'soon' }, ['hold']],
  ['no command', { until: { command: 'get-nothing' } }, ['until', 'command']],
  ['no sensor', { ramp: { sensor: 'none', to: 1, in: 1 } }, ['ramp', 'sensor']],
  ['a bad rule', { fault: { then: { loss: 2, complete: 1 } } }, ['fault', 'then', 'complete']],
])('F8: a bad step is refused with its place: %s', (_name, step, path) => {
  expect(() => open([{ state: 'a' }, step])).toThrow(
    expect.objectContaining({ path: ['faults', 'scenarios', 0, 'steps', 1, ...path] }),
  );
  const { bmc } = rig(BASE);
  expect(() => bmc.faults.run({ name: 'x', steps: [step] })).toThrow(
    expect.objectContaining({ path: ['steps', 0, ...path] }),
  );
  expect(() => bmc.faults.run('unknown')).toThrow('unknown');
});
