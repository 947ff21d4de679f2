import { describe, expect, test } from 'vitest';
import { Bmc, type BmcOptions } from '../../bmc.ts';
import { parseConfig } from '../../config/load.ts';
import type { SensorOptions, SensorValue } from '../../config/options.ts';
import { Worker } from '../../client/worker.ts';
import { simWorld, type SimWorld } from '../../world/index.ts';

const temp = (value: SensorValue, more: Partial<SensorOptions> = {}): SensorOptions => ({
  name: 'Temp',
  number: 1,
  entity: '3.1',
  type: 'temperature',
  unit: 'degrees C',
  range: [0, 255],
  thresholds: { uc: 90 },
  value,
  ...more,
});

async function bench(options: BmcOptions, prepare: (world: SimWorld) => void = () => undefined) {
  const world = simWorld(4);
  prepare(world);
  const log: string[] = [];
  const say = (line: string): void => void log.push(line);
  const bmc = new Bmc(
    { sel: { bootEvents: false }, ...options },
    { world, log: { debug: say, info: say, warn: say, error: say } },
  );
  await world.until(bmc.open());
  return { world, bmc, log, sensor: bmc.sensors.get('Temp') };
}

test('a file is read again and again; what is wrong with it is said once, and makes the reading unavailable', async () => {
  const write = (world: SimWorld, text: string): Promise<void> =>
    world.until(world.files.write('/temp', new TextEncoder().encode(text)));
  const { world, bmc, log, sensor } = await bench({
    sensors: [temp({ file: '/temp', scale: 0.001, offset: 1, interval: 2 })],
  });
  expect(sensor.value).toBeUndefined();
  await write(world, '72500\n');
  await world.run(5000);
  expect(sensor.value).toBe(74);
  await write(world, '95000');
  await world.run(5000);
  expect(sensor.value).toBe(96);
  expect(bmc.sel.count, 'its event came without a reader').toBe(1);
  await write(world, 'hot');
  await world.run(20_000);
  expect(sensor.read().unavailable).toBe(true);
  expect(log.filter((line) => line.includes('sensor source'))).toEqual([
    expect.stringMatching(/sensor source \/temp: .*ENOENT/),
    'bmc: sensor source /temp: can be read again',
    'bmc: sensor source /temp: there is no number in it',
  ]);
  await bmc.close();
});

test('a command: its first number; a failure or one that takes too long is no reading', async () => {
  let result: { code?: number; stdout?: string; stderr?: string } | 'never' = { stdout: 'cpu: 61.4 C' };
  const { world, bmc, log, sensor } = await bench(
    { sensors: [temp({ command: 'reading', args: ['cpu'], interval: 1, timeout: 3 })] },
    ({ programs }) =>
      programs.define('reading', (args) =>
        args[0] !== 'cpu' ? { code: 9 } : result === 'never' ? new Promise(() => undefined) : result,
      ),
  );
  await world.run(3000);
  expect(sensor.value).toBe(61);
  result = { code: 2, stderr: 'no such probe\n' };
  await world.run(5000);
  expect(sensor.value).toBeUndefined();
  result = 'never';
  await world.run(10_000);
  result = { stdout: '-12' };
  await world.run(10_000);
  expect(sensor.value).toBe(0);
  expect(log.filter((line) => line.includes('sensor source'))).toEqual([
    'bmc: sensor source reading: it ended with 2: no such probe',
    'bmc: sensor source reading: it took more than 3 s',
    'bmc: sensor source reading: can be read again',
  ]);
  await bmc.close();
});

describe('pushed', () => {
  const feed = {
    sensorFeed: { listen: '127.0.0.1:9680' },
    sensors: [temp({ push: true, maxAge: 30 }), temp(20, { name: 'Own', number: 2 })],
  };

  test('HTTP sets and shows values, and says what is wrong', async () => {
    const { world, bmc, sensor } = await bench(feed);
    const ask = async (method: string, path: string, body = ''): Promise<[number, string]> => {
      const answer = await world.until(world.http.request(`http://127.0.0.1:9680${path}`, { method, body }));
      return [answer.status, answer.body.trim()];
    };
    expect(await ask('GET', '/sensors')).toEqual([
      200,
      '[{"name":"Temp","value":null},{"name":"Own","value":20}]',
    ]);
    expect(await ask('PUT', '/sensors/Temp', '93')).toEqual([204, '']);
    expect(sensor.value).toBe(93);
    expect(bmc.sel.count).toBe(1);
    expect(await ask('GET', '/sensors/T%65mp')).toEqual([200, '{"name":"Temp","value":93}']);
    expect(await ask('PUT', '/sensors/Temp', 'hot')).toEqual([400, 'expected a number, or null']);
    expect((await ask('PUT', '/sensors/Nobody', '1'))[0]).toBe(404);
    expect((await ask('PUT', '/sensors/%', '1'))[0]).toBe(404);
    expect((await ask('DELETE', '/sensors/Temp'))[0]).toBe(405);
    expect((await ask('PUT', '/sensors', '1'))[0]).toBe(405);
    expect((await ask('GET', '/'))[0]).toBe(404);
    await world.run(31_000);
    expect(sensor.value, 'too old').toBeUndefined();
    await ask('PUT', '/sensors/Temp', '40');
    expect(sensor.value).toBe(40);
    await ask('PUT', '/sensors/Temp', 'null');
    expect(sensor.value).toBeUndefined();
    await bmc.close();
    await expect(world.until(world.http.request('http://127.0.0.1:9680/sensors'))).rejects.toThrow(
      /ECONNREFUSED/,
    );
  });

  test('V19: HTTP sets a fixed sensor, makes it unreadable and gives it back; V9: sensors that share a name are told apart', async () => {
    const common = { type: 'temperature', unit: 'degrees C', value: 20 };
    const sensors = [
      { ...common, name: 'Temp', entity: '3.1' },
      { ...common, name: 'Temp', entity: '3.2' },
      { name: 'Drive', entity: '4.1', type: 'drive slot / bay', states: [0] },
    ];
    const world = simWorld(1);
    const bmc = new Bmc({ sensors, sensorFeed: { listen: '127.0.0.1:9680' } }, { world });
    await world.until(bmc.open());
    const ask = async (method: string, path: string, body = ''): Promise<[number, string]> => {
      const answer = await world.until(world.http.request(`http://127.0.0.1:9680${path}`, { method, body }));
      return [answer.status, answer.body.trim()];
    };
    expect(await ask('GET', '/sensors')).toEqual([
      200,
      '[{"name":"Temp@3.1","value":20},{"name":"Temp@3.2","value":20},{"name":"Drive","value":1}]',
    ]);
    expect(await ask('PUT', '/sensors/Temp@3.2', '93')).toEqual([204, '']);
    expect(await ask('PUT', '/sensors/%231', '94')).toEqual([204, '']);
    expect(bmc.sensors.all.map(({ value }) => value)).toEqual([94, 93, 1]);
    expect(await ask('PUT', '/sensors/Temp', '1')).toEqual([
      409,
      "2 sensors are 'Temp': name one of Temp@3.1 (#1), Temp@3.2 (#2)",
    ]);
    await ask('PUT', '/sensors/Temp@3.1', 'null');
    expect(await ask('GET', '/sensors/Temp@3.1')).toEqual([200, '{"name":"Temp@3.1","value":null}']);
    await ask('PUT', '/sensors/Temp@3.1', '"source"');
    expect(bmc.sensors.get('Temp@3.1').value).toBe(20);
    expect(await ask('PUT', '/sensors/Drive', '2')).toEqual([204, '']);
    expect(bmc.sensors.get('Drive').value).toBe(2);
    expect((await ask('PUT', '/sensors/Drive', '1.5'))[0]).toBe(409);
    await bmc.close();
  });

  test('a worker sets values until it ends', async () => {
    const { world, bmc, sensor } = await bench({ ...feed, sockets: { handlers: { path: '/handlers' } } });
    const worker = new Worker(await world.until(world.stream.connect({ path: '/handlers' })), world.clock);
    const problems: string[] = [];
    worker.onProblem = (problem) => void problems.push(problem);
    worker.setSensor('Temp', 55);
    worker.setSensor('Own', 55);
    worker.setSensor('Nobody', 55);
    await world.run(100);
    expect(sensor.value).toBe(55);
    expect(bmc.sensors.get('Own').value, 'a fixed one too').toBe(55);
    expect(problems).toEqual(["there is no sensor 'Nobody'"]);
    worker.close();
    await world.run(100);
    expect(sensor.value).toBeUndefined();
    expect(bmc.sensors.get('Own').value, 'its own value again').toBe(20);
    await bmc.close();
  });
});

describe('in a file', () => {
  const file = (value: string): string =>
    `sensors:\n  - name: Temp\n    entity: '3.1'\n    type: temperature\n    unit: degrees C\n    value: ${value}\n`;

  test.each([
    ["{ formula: '45 + tan(t)' }", /^bmc\.yaml:6:29 sensors\.0\.value\.formula: there is no 'tan'/],
    [
      '{ formula: 45 + }',
      /^bmc\.yaml:6:27 sensors\.0\.value\.formula: expected a number, 't', a function or '\(', received "45 \+"/,
    ],
    ['{ file: /temp, scale: x }', /^bmc\.yaml:6:34 sensors\.0\.value\.scale: expected number, received "x"/],
    ['{ push: true, age: 1 }', /^bmc\.yaml:6:26 sensors\.0\.value\.age: unknown key/],
    [
      '{ pull: 1 }',
      /^bmc\.yaml:6:12 sensors\.0\.value: expected a number, or an object with one of base, formula, file, command, push/,
    ],
    ['hot', /^bmc\.yaml:6:12 sensors\.0\.value: expected a number, or an object/],
  ])('%s', (value, problem) => expect(() => parseConfig(file(value), 'bmc.yaml')).toThrow(problem));
});
