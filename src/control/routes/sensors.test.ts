import { expect, test } from 'vitest';
import { controlRig, sampleFleet } from '../../../test/support/control-rig.ts';
import { Audit } from '../../audit/index.ts';

const path = '/v1/bmcs/node-1/sensors/CPU1%20Temp';
const fed = [{ ...sampleFleet[0], sensorFeed: { listen: '192.0.2.1:9680' } }];

async function doors() {
  const rig = await controlRig(fed);
  const { world, ask, problem } = rig;
  const put = async (body: unknown) => (await ask('PUT', path, { body })).body;
  const feed = async (body: string) =>
    (
      await world.until(
        world.http.request('http://192.0.2.1:9680/sensors/CPU1%20Temp', { method: 'PUT', body }),
      )
    ).status;
  return { ...rig, put, feed, problem, sensor: rig.daemon.bmc('node-1').sensors.get('CPU1 Temp') };
}

test('17.6: the control API takes what the sensor feed takes: a bare number, null and "source"', async () => {
  const { put, problem } = await doors();
  expect(await put(61)).toMatchObject({ value: 61 });
  expect(await put(null)).toMatchObject({ value: null, status: 'ns' });
  expect(await put('"source"')).toMatchObject({ status: 'ok' });
  for (const body of ['hot', '"hot"', true, [1], {}, { value: 'hot' }])
    expect(await problem('PUT', path, { body }), JSON.stringify(body)).toMatchObject({ status: 400 });
  expect(await problem('PUT', path, { body: { valu: 1 } })).toMatchObject({ status: 400 });
  expect(await problem('PUT', path, { body: { value: 1, ramp: 'soon' } })).toMatchObject({
    key: 'ramp',
    detail: expect.stringContaining('expected a time'),
  });
});

test('17.6: the feed and the API are two doors to one thing: the last one who says something is right', async () => {
  const { put, feed, sensor, ask, world } = await doors();
  await put(40);
  await put({ value: 90, ramp: '1m' });
  await world.run(10_000);
  expect(await feed('50')).toBe(204);
  await world.run(60_000);
  expect(sensor.value).toBe(50);
  expect((await ask('GET', path)).body).toMatchObject({ value: 50, ramps: false });
  await put({ value: 90, ramp: '1m' });
  expect(await feed('"source"')).toBe(204);
  await world.run(90_000);
  expect(sensor.value).not.toBe(90);
});

test('17.5: what the feed sets is in the audit log', async () => {
  const { feed, daemon, world } = await doors();
  const lines: unknown[] = [];
  const audit = new Audit(world.clock, (make) => void lines.push(JSON.parse(make(0))));
  const off = audit.watch(daemon.bmc('node-1'));
  await feed('93');
  await feed('hot');
  off();
  await feed('40');
  expect(lines).toEqual([
    {
      time: expect.any(String),
      bmc: 'node-1',
      actor: { by: 'feed' },
      what: 'sensor set',
      fields: { sensor: 'CPU1 Temp', value: 93 },
      result: 'ok',
    },
  ]);
});
