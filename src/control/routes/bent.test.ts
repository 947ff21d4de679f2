import { expect, test } from 'vitest';
import { controlRig } from '../../../test/support/control-rig.ts';

/** What a request would say, with what its refusal speaks of: the key, and what is expected. */
type Case = readonly [method: string, path: string, body: unknown, key: string, expected: string];

const TEMP = '/sensors/CPU1%20Temp';
const REFUSED: readonly Case[] = [
  ['PUT', TEMP, 127.1, 'value', '0 to 127 degrees C'],
  ['PUT', TEMP, { value: -0.1 }, 'value', '0 to 127 degrees C'],
  ['PUT', TEMP, { value: 500, ramp: '1m' }, 'value', '0 to 127 degrees C'],
  ['PUT', TEMP, { value: null, ramp: '1m' }, 'ramp', 'only what is measured'],
  ['PUT', '/sensors/P12V', { value: 16 }, 'value', '0 to 15.73 Volts'],
  ['PUT', '/sensors/PSU1%20Status', { value: 0x8000 }, 'value', '0 to 32767'],
  ['PUT', '/sensors/PSU1%20Status', { value: 0.5 }, 'value', '0 to 32767'],
  ['POST', '/faults', { then: { sensor: { name: 'CPU1 Temp', is: 500 } } }, 'then.sensor.is', '0 to 127'],
  ['POST', '/scenarios', brought({ step: { sensor: 'CPU1 Temp', to: 500 } }), 'steps.0.step.to', '0 to 127'],
  ['POST', '/scenarios', brought({ ramp: ramp(-5, 50) }), 'steps.0.ramp.from', '0 to 127'],
  ['POST', '/scenarios', brought({ ramp: ramp(5, 500) }), 'steps.0.ramp.to', '0 to 127'],
  ['PUT', '/users/5', { privilege: 'user', channel: 15 }, 'channel', 'channel 15'],
  ['PUT', '/users/5', { channel: 1 }, 'channel', 'with privilege'],
  ['POST', '/console/write', { text: 'half \ud800' }, 'text', 'whole characters'],
];

function brought(step: object) {
  return { name: 'odd', steps: [{ state: 'odd', ...step }] };
}

function ramp(from: number, to: number) {
  return { sensor: 'CPU1 Temp', from, to, in: '1m' };
}

test.each(REFUSED)(
  '17.1: nothing is bent in silence: %s %s %j is refused with what is expected',
  async (method, path, body, key, expected) => {
    const rig = await controlRig();
    const before = await rig.ask('GET', '/v1/bmcs/node-1/sensors');
    const problem = await rig.problem(method, `/v1/bmcs/node-1${path}`, {
      ...(body !== undefined && { body }),
    });
    expect(problem).toMatchObject({ status: 400, key, detail: expect.stringContaining(expected) });
    expect(await rig.ask('GET', '/v1/bmcs/node-1/sensors')).toEqual(before);
    expect((await rig.ask('GET', '/v1/bmcs/node-1/faults')).body).toEqual({ rules: [] });
  },
);

test('17.1: what is at the ends of a range is taken, and comes back as it is', async () => {
  const { ask } = await controlRig();
  for (const value of [0, 127])
    expect((await ask('PUT', `/v1/bmcs/node-1${TEMP}`, { body: { value } })).body).toMatchObject({ value });
  const states = await ask('PUT', '/v1/bmcs/node-1/sensors/PSU1%20Status', { body: { value: 0x7fff } });
  expect(states.body).toMatchObject({ value: 0x7fff });
});

test('17.1: a user whose change is refused is as it was, whatever else the change says', async () => {
  const { ask, problem } = await controlRig();
  const path = '/v1/bmcs/node-1/users/5';
  await problem('PUT', path, { body: { name: 'kim', enabled: true, privilege: 'user', channel: 14 } });
  expect((await ask('PUT', path, { body: {} })).body).toMatchObject({ name: '', enabled: false });
});

test('17.1: a clock is not advanced beyond what time stamps can say', async () => {
  const { ask, problem } = await controlRig();
  const before = (await ask('GET', '/v1/bmcs/node-2/clock')).body;
  for (const path of ['/v1/bmcs/node-2/clock/advance', '/v1/clock/advance'])
    for (const by of [1e13, 1e300, '36500d'])
      expect(await problem('POST', path, { body: { by } })).toMatchObject({
        status: 400,
        key: 'by',
        detail: expect.stringContaining('2106'),
      });
  expect((await ask('GET', '/v1/bmcs/node-2/clock')).body).toEqual(before);
});

test('17.1: of the last entries of the SEL a page is what limit says, behind the one that after says', async () => {
  const { ask } = await controlRig();
  const ids = async (query: string) => {
    const { entries, next } = (await ask('GET', `/v1/bmcs/node-1/sel?${query}`)).body as {
      entries: { id: number }[];
      next?: number;
    };
    return [entries.map(({ id }) => id), next];
  };
  const record = '0000 02 00000000 2000 04 01 01 01 59 ffff';
  await ask('DELETE', '/v1/bmcs/node-1/sel');
  for (let i = 0; i < 9; i++) await ask('POST', '/v1/bmcs/node-1/sel', { body: { record } });
  const [all] = (await ids('limit=1000')) as [number[], undefined];
  expect(await ids('last=5&limit=2')).toEqual([all.slice(-5, -3), all.at(-4)]);
  expect(await ids(`after=${all.at(-4)}&last=5`)).toEqual([all.slice(-3), undefined]);
  expect(await ids('last=1')).toEqual([all.slice(-1), undefined]);
});
