// Faults, scenarios and time, as a program at the control API arms, counts, moves and removes them.
import { expect, test } from 'vitest';
import { controlRig } from '../../../test/support/control-rig.ts';
import { HOST } from '../../../test/support/bmc.ts';
import { Privilege } from '../../commands/command.ts';
import { presets } from '../../faults/index.ts';
import { Context } from '../../router/index.ts';

const N1 = '/v1/bmcs/node-1';
const FAULTS = `${N1}/faults`;
const BUSY = { id: 'busy', when: { command: 'get-device-id' }, then: { complete: 'C0h' }, times: 2 };

async function rigged() {
  const rig = await controlRig();
  const bmc = rig.daemon.bmc('node-1');
  const context = new Context(bmc, HOST, Privilege.Administrator);
  const send = async (netFn: number, cmd: number, ...data: number[]): Promise<number> =>
    (await bmc.router.enter({ netFn, lun: 0, cmd, data: Uint8Array.from(data) }, context))[0];
  return { ...rig, bmc, send };
}

test('F9: a rule is armed, its hits are counted, and it is gone after its times', async () => {
  const { ask, send } = await rigged();
  const added = await ask('POST', FAULTS, { body: BUSY });
  expect([added.status, added.body]).toEqual([
    201,
    { id: 'busy', layer: 'command', hits: 0, waiting: false, rule: BUSY },
  ]);
  expect(await send(6, 1)).toBe(0xc0);
  expect((await ask('GET', `${FAULTS}/busy`)).body).toMatchObject({ hits: 1 });
  expect(await send(6, 1)).toBe(0xc0);
  expect((await ask('GET', FAULTS)).body).toEqual({ rules: [] });
  expect(await send(6, 1)).toBe(0);
});

test('F9: one that waits says so; one is removed, and then all of them', async () => {
  const { ask, send } = await rigged();
  await ask('POST', FAULTS, { body: { id: 'late', then: { throws: true }, after: '1h' } });
  await ask('POST', FAULTS, { body: { id: 'bug', then: { throws: true } } });
  await ask('POST', FAULTS, { body: { id: 'full', then: { sel: 'full' } } });
  expect((await ask('GET', FAULTS)).body).toMatchObject({
    rules: [
      { id: 'late', waiting: true },
      { id: 'bug', waiting: false },
      { id: 'full', layer: 'condition', hits: 1 },
    ],
  });
  expect(await send(6, 1)).toBe(0xff);
  expect((await ask('DELETE', `${FAULTS}/bug`)).status).toBe(204);
  expect(await send(6, 1)).toBe(0);
  expect((await ask('DELETE', FAULTS)).status).toBe(204);
  expect((await ask('GET', FAULTS)).body).toEqual({ rules: [] });
});

test('F9: a story is armed and removed by its name', async () => {
  const { ask, send, problem } = await rigged();
  expect((await ask('GET', `${FAULTS}/presets`)).body).toEqual({
    presets: Object.entries(presets).map(([name, { effect, finding }]) => ({ name, effect, finding })),
  });
  const armed = await ask('POST', `${FAULTS}/presets/dying-psu`);
  expect(armed).toMatchObject({
    status: 201,
    body: { rules: [{ preset: 'dying-psu' }, { preset: 'dying-psu' }] },
  });
  expect(await send(0, 2, 0)).toBe(0xd5);
  expect(await problem('POST', `${FAULTS}/presets/dying-psu`)).toMatchObject({ status: 409 });
  expect((await ask('DELETE', `${FAULTS}/dying-psu`)).status).toBe(204);
  expect((await ask('GET', FAULTS)).body).toEqual({ rules: [] });
});

test('F9: a bad rule is refused with its key, and nothing is armed', async () => {
  const { ask, problem } = await rigged();
  const cases: [unknown, string | undefined][] = [
    [{ then: { loss: 0.5, complete: 'C0h' } }, 'then.complete'],
    [{ when: { command: 'get-sdrr' }, then: { complete: 'C0h' } }, 'when.command'],
    [{ then: { los: 1 } }, 'then.los'],
    [{ then: { sensor: { name: 'none', is: 'stuck' } } }, 'then.sensor.name'],
    [{ then: { busy: 3 }, times: 2 }, 'times'],
    [{ when: {} }, 'then'],
  ];
  for (const [body, key] of cases)
    expect([body, await problem('POST', FAULTS, { body })]).toMatchObject([body, { status: 400, key }]);
  await ask('POST', FAULTS, { body: BUSY });
  expect(await problem('POST', FAULTS, { body: BUSY })).toMatchObject({ status: 400, key: 'id' });
  expect(await problem('DELETE', `${FAULTS}/bussy`)).toMatchObject({ status: 404, nearest: 'busy' });
  expect(await problem('GET', `${FAULTS}/other`)).toMatchObject({ status: 404 });
  expect(await problem('POST', `${FAULTS}/presets/overloded`)).toMatchObject({
    status: 404,
    nearest: 'overloaded',
  });
  const reader = { name: 'kim', role: 'read', peer: '' } as const;
  expect(await problem('POST', FAULTS, { body: BUSY, as: reader })).toMatchObject({ status: 403 });
});

test('F9: a scenario is begun, waits for a client, and tells how it ended', async () => {
  const { ask, send, world, problem } = await rigged();
  const steps = [
    { state: 'waiting', until: { command: 'get-device-id' } },
    { state: 'over', hold: '5s' },
    { expect: { power: 'off' } },
  ];
  const all = async (): Promise<unknown> => (await ask('GET', `${N1}/scenarios`)).body;
  expect(await ask('POST', `${N1}/scenarios`, { body: { name: 'own', steps } })).toMatchObject({
    status: 201,
    body: { name: 'own', armed: false, state: 'waiting' },
  });
  await send(6, 1);
  expect(await all()).toMatchObject({ names: ['warm'], running: [{ name: 'own', state: 'over' }] });
  await world.run(6000);
  expect(await all()).toMatchObject({
    running: [],
    ended: [{ name: 'own', outcome: 'failed', step: 2, why: 'expected power off, and it is on' }],
  });
  await ask('POST', `${N1}/scenarios/warm/run`);
  expect((await ask('DELETE', `${N1}/scenarios/warm`)).status).toBe(204);
  expect(await ask('POST', `${N1}/scenarios/warm/arm`, { body: {} })).toMatchObject({
    body: { name: 'warm', armed: true },
  });
  await send(6, 1);
  expect(await all()).toMatchObject({
    running: [{ name: 'warm', armed: false, state: 'warm' }],
    ended: [{ name: 'own' }, { name: 'warm', outcome: 'stopped' }],
  });
  expect(await problem('POST', `${N1}/scenarios/worm/run`)).toMatchObject({ status: 404, nearest: 'warm' });
  expect(await problem('DELETE', `${N1}/scenarios/own`)).toMatchObject({ status: 404 });
  expect(
    await problem('POST', `${N1}/scenarios`, { body: { name: 'x', steps: [{ goto: 'nowhere' }] } }),
  ).toMatchObject({ status: 400, key: 'steps.0.goto' });
});

test('F9: only so many ends of scenarios are remembered', async () => {
  const { bmc } = await rigged();
  for (let i = 0; i < 100; i++) bmc.faults.run({ name: `s${i}`, steps: [{ state: 'a' }] });
  expect([bmc.faults.ended.length, bmc.faults.ended.at(-1)?.name]).toEqual([32, 's99']);
});

test('F9: time that stands is moved by as much, or to the next timer; other clocks are not', async () => {
  const { ask, problem, daemon } = await rigged();
  const N2 = '/v1/bmcs/node-2/clock';
  expect((await ask('GET', `${N1}/clock`)).body).toMatchObject({ kind: 'real', speed: 1 });
  const before = (await ask('GET', N2)).body as { now: string; sel: number };
  expect(before).toMatchObject({ kind: 'virtual', speed: 0 });
  const after = await ask('POST', `${N2}/advance`, { body: { by: '10m' } });
  expect(after.body).toMatchObject({ kind: 'virtual', sel: before.sel + 600 });
  expect((await ask('POST', '/v1/clock/advance', { body: { by: 60 } })).body).toEqual({ bmcs: 1 });
  daemon.bmc('node-2').faults.add({ id: 'soon', then: { throws: true }, for: '7s' });
  for (let i = 0; i < 100 && daemon.bmc('node-2').faults.list.length > 0; i++)
    await ask('POST', `${N2}/advance`, { body: { toNextTimer: true } });
  expect(daemon.bmc('node-2').faults.list).toEqual([]);
  expect(((await ask('GET', N2)).body as { sel: number }).sel).toBe(before.sel + 667);
  expect(await problem('POST', `${N1}/clock/advance`, { body: { by: '1s' } })).toMatchObject({ status: 409 });
  for (const body of [{}, { by: 'soon' }, { by: 1, toNextTimer: true }])
    expect(await problem('POST', `${N2}/advance`, { body })).toMatchObject({ status: 400 });
});
