import { expect, test } from 'vitest';
import { controlRig, type ControlRig } from '../../../test/support/control-rig.ts';
import { connectLan } from '../../client/index.ts';
import { controlApp } from '../app.ts';
import { eventsIn, type SentEvent } from '../sse.ts';

/** What a stream has sent so far, by the names of its events. */
async function watching({ daemon, world }: ControlRig, query: string) {
  const response = await controlApp(daemon).fetch(new Request(`http://localhost/v1/watch${query}`), {
    caller: () => ({ name: 'socket', role: 'admin', peer: '' }),
  });
  const got: SentEvent[] = [];
  const reader = response.body!.getReader();
  const chunks = (async function* () {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  })();
  void (async () => {
    for await (const event of eventsIn(chunks)) got.push(event);
  })();
  const named = async (name: string, wait = 300): Promise<Record<string, unknown>[]> => {
    await world.run(wait);
    await new Promise((resolve) => setTimeout(resolve, 5));
    return got
      .filter((one) => one.name === name)
      .map(({ data }) => JSON.parse(data) as Record<string, unknown>);
  };
  return { named, close: () => reader.cancel() };
}

test('21.1: one stream has events, and the row of each BMC of which something has changed, once in a while', async () => {
  const rig = await controlRig();
  const { named, close } = await watching(rig, '');
  for (const action of ['off', 'on', 'off'])
    await rig.ask('POST', '/v1/bmcs/node-1/power', { body: { action } });
  expect(await named('power')).toHaveLength(3);
  expect(await named('row')).toMatchObject([{ name: 'node-1', power: 'off' }]);
  await rig.ask('DELETE', '/v1/bmcs/node-2');
  expect((await named('row')).slice(1)).toEqual([{ name: 'node-2', gone: true }]);
  await close();
});

test('21.1: a whole fleet that changes is told by and by, and every row comes', async () => {
  const many = Array.from({ length: 450 }, (_, i) => ({
    name: `n-${i}`,
    interfaces: [{ type: 'lan' as const, listen: `192.0.2.1:${7000 + i}` }],
    users: [{ id: 2, name: 'admin', password: 'secret-enough' }],
  }));
  const rig = await controlRig(many);
  const { named, close } = await watching(rig, '');
  for (const { name } of many) rig.daemon.events.tell(name, 'power', 'power on');
  expect((await named('row', 260)).length).toBe(200);
  const names = (await named('row', 600)).map(({ name }) => name);
  expect(new Set(names).size).toBe(450);
  await close();
});

test('21.1: of one BMC its sensors come as they read, every two seconds, and nothing of others', async () => {
  const rig = await controlRig();
  const { named, close } = await watching(rig, '?bmc=node-1&sensors=true');
  await rig.ask('PUT', '/v1/bmcs/node-1/sensors/CPU1%20Temp', { body: { value: 97 } });
  await rig.ask('POST', '/v1/bmcs/node-2/power', { body: { action: 'on' } });
  const readings = await named('sensors', 4100);
  expect(readings.length).toBe(3);
  const sensors = readings.at(-1)?.sensors as { name: string; value: number; status: string }[];
  expect(sensors.find(({ name }) => name === 'CPU1 Temp')).toMatchObject({ value: 97, status: 'cr' });
  expect((await named('row')).every(({ name }) => name === 'node-1')).toBe(true);
  expect(await named('power')).toEqual([]);
  await close();
});

test('21.1: requests come with the bytes of both, zeros where a password stands', async () => {
  const rig = await controlRig([
    {
      name: 'node-1',
      interfaces: [{ type: 'lan', listen: '192.0.2.1:6241' }],
      users: [{ id: 2, name: 'admin', password: 'secret-enough' }],
    },
  ]);
  const { named, close } = await watching(rig, '?bmc=node-1&requests=true');
  const client = await rig.world.until(
    connectLan(rig.world, { host: '192.0.2.1', port: 6241, user: 'admin', password: 'secret-enough' }),
  );
  await rig.world.until(client.raw(6, 1, new Uint8Array()));
  await rig.world.until(
    client.raw(6, 0x47, Uint8Array.of(4, 2, ...new TextEncoder().encode('hidden-from-all!'))),
  );
  const requests = await named('request');
  expect(requests.find(({ command }) => command === 'Get Device ID')).toMatchObject({
    netFn: 6,
    cmd: 1,
    data: '',
    reply: expect.stringMatching(/^0020/),
    user: 'admin',
  });
  expect(requests.find(({ command }) => command === 'Set User Password')).toMatchObject({
    data: `0402${'00'.repeat(16)}`,
  });
  await close();
});

test('21.1: what sensors have read is kept from when somebody asks, as long as somebody does', async () => {
  const rig = await controlRig();
  const { daemon, world, ask } = rig;
  daemon.sensorHistories.span = 720_000;
  interface History {
    readonly interval: number;
    readonly times: readonly number[];
    readonly sensors: readonly { readonly name: string; readonly values: readonly (number | null)[] }[];
  }
  const history = async () => (await ask('GET', '/v1/bmcs/node-1/sensor-history')).body as History;
  expect((await history()).times).toHaveLength(1);
  daemon.bmc('node-1').sensors.get('CPU1 Temp').set(77);
  await world.run(5100);
  const { interval, times, sensors } = await history();
  expect([interval, times.length]).toEqual([1000, 6]);
  const values = sensors.find(({ name }) => name === 'CPU1 Temp')?.values ?? [];
  expect(values).toHaveLength(6);
  expect(values.slice(1)).toEqual([77, 77, 77, 77, 77]);
  // It has an end, and nobody reads for it for ever.
  await world.run(715_000);
  expect((await history()).times).toHaveLength(720);
  await world.run(740_000);
  expect((await history()).times).toHaveLength(1);
});

test('21.1: chassis and PEF are there to be read, and the restore policy to be set', async () => {
  const { ask, problem } = await controlRig();
  expect((await ask('GET', '/v1/bmcs/node-1/chassis')).body).toMatchObject({
    power: 'on',
    machine: 'simulated',
    identify: 'off',
    faults: [],
  });
  const set = await ask('PUT', '/v1/bmcs/node-1/chassis', { body: { restorePolicy: 'always-off' } });
  expect(set.body).toMatchObject({ restorePolicy: 'always-off' });
  expect(await problem('PUT', '/v1/bmcs/node-1/chassis', { body: { restorePolicy: 'never' } })).toMatchObject(
    {
      status: 400,
    },
  );
  const { parameters } = (await ask('GET', '/v1/bmcs/node-1/pef')).body as {
    parameters: { name: string; set?: number; values: Record<string, unknown> | null }[];
  };
  expect(parameters.map(({ name }) => name)).toContain('PEF Control');
  expect(
    parameters.filter(({ name }) => name === 'Event Filter Table').every(({ values }) => values?.enabled),
  ).toBe(true);
  const asked = await problem('GET', '/v1/watch?sensors=true');
  expect(asked).toMatchObject({ status: 400, key: 'sensors' });
});
