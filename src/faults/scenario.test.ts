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

test('F8: armed, it begins with the first request that fits, and its times are reckoned from there', async () => {
  const { bmc, world, send } = open([
    { state: 'running', hold: '10s' },
    { state: 'late', hold: '10s' },
  ]);
  const run = bmc.faults.arm('story', { command: 'get-device-id' });
  await world.run(60_000);
  await send(6, 4);
  expect([run.isArmed, run.state, bmc.faults.running]).toEqual([true, undefined, [run]]);
  await send(6, 1);
  expect([run.isArmed, run.state]).toEqual([false, 'running']);
  await world.run(10_001);
  expect(run.state).toBe('late');
  await world.run(10_001);
  expect(await run.done).toEqual({ outcome: 'done' });
  const stopped = bmc.faults.arm('story');
  stopped.stop();
  await send(6, 1);
  expect([await stopped.done, stopped.state, stopped.isArmed]).toEqual([
    { outcome: 'stopped' },
    undefined,
    false,
  ]);
  expect(bmc.router.entrance).toBe(bmc.router.dispatch);
  expect(() => bmc.faults.arm('story', { command: 'get-nothing' })).toThrow('get-nothing');
});

test('F8: the settings arm scenarios', async () => {
  const steps = [{ state: 'on', hold: '1h' }] as const;
  const { bmc, send } = rig({ ...BASE, faults: { scenarios: [{ name: 'story', steps }], arm: ['story'] } });
  expect(bmc.faults.running.map(({ isArmed }) => isArmed)).toEqual([true]);
  await send(6, 1);
  expect(bmc.faults.running.map(({ state }) => state)).toEqual(['on']);
  expect(() => rig({ faults: { arm: ['none'] } })).toThrow(
    expect.objectContaining({ path: ['faults', 'arm', 0] }),
  );
});

test('F8: a sensor steps, a preset is armed, and both are over with the scenario', async () => {
  const { bmc, world, send } = open([
    { step: { sensor: 'Inlet', to: 90 } },
    { arm: 'wrong-clock' },
    { hold: '10s' },
    { step: { sensor: 'Inlet', to: 'unreadable' } },
    { clear: 'wrong-clock' },
    { hold: '10s' },
  ]);
  bmc.sensors.get('Inlet').set(30);
  const now = (): number => bmc.time.now() - Math.floor(world.clock.now() / 1000);
  const run = bmc.faults.run('story');
  const seen = [[bmc.sensors.get('Inlet').value, now()]];
  await world.run(10_001);
  seen.push([bmc.sensors.get('Inlet').value, now()]);
  await world.run(10_001);
  seen.push([bmc.sensors.get('Inlet').value, now()]);
  expect(seen).toEqual([
    [90, -3 * 86_400],
    [undefined, 0],
    [30, 0],
  ]);
  expect(await run.done).toEqual({ outcome: 'done' });
  expect((await send(6, 1))[0]).toBe(0);
});

test('F8: a rule that a loop comes to again is armed again', async () => {
  const { bmc, world, send } = open([
    { state: 'round', fault: { id: 'busy', then: { complete: 0xc0 }, times: 1 } },
    { arm: 'overloaded' },
    { hold: 1 },
    { goto: 'round', times: 2 },
    { expect: { rule: 'busy' } },
  ]);
  const run = bmc.faults.run('story');
  for (let i = 0; i < 3; i++) {
    expect(await send(6, 1)).toEqual([0xc0]);
    await world.run(1001);
  }
  expect([await run.done, bmc.faults.list]).toEqual([{ outcome: 'done' }, []]);
});

test.each<[string, ScenarioStep, (string | number)[]]>([
  ['no preset', { arm: 'overloded' }, ['arm']],
  ['no sensor', { step: { sensor: 'none', to: 1 } }, ['step', 'sensor']],
  ['no such FRU', { fault: { then: { fru: { id: 9, checksum: 'wrong' } } } }, ['fault', 'then', 'fru', 'id']],
  ['no share', { fault: { then: { loss: 2 } } }, ['fault', 'then', 'loss']],
])('F8: a bad step is refused before anything begins: %s', (_name, step, path) => {
  expect(() => open([step])).toThrow(
    expect.objectContaining({ path: ['faults', 'scenarios', 0, 'steps', 0, ...path] }),
  );
});
