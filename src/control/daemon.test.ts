import { expect, test } from 'vitest';
import { controlRig, sampleFleet } from '../../test/support/control-rig.ts';
import { connectLan } from '../client/index.ts';
import { twoSocketServer } from '../config/index.ts';
import { KeptFile } from '../storage/kept-file.ts';
import { simWorld, type SimWorld } from '../world/index.ts';
import type { KeptPlace } from './daemon-surroundings.ts';

const users = [{ id: 2, name: 'admin', password: 'secret-enough' }];
const settingsOf = (name: string, port: number, more: object = {}) => ({
  name,
  interfaces: [{ type: 'lan', listen: `192.0.2.1:${port}` }],
  users,
  ...more,
});
const memory = (): KeptPlace & { value: unknown } => ({
  value: undefined,
  read() {
    return Promise.resolve(this.value);
  },
  write(value) {
    this.value = structuredClone(value);
    return Promise.resolve();
  },
});
const log = () => {
  const lines: string[] = [];
  const say = (message: string): void => void lines.push(message);
  return { lines, debug: () => undefined, info: say, warn: say, error: say };
};
const first = [settingsOf('node-1', 6241), settingsOf('node-2', 6242)] as typeof sampleFleet;
const file = (...bmcs: object[]): string => JSON.stringify({ bmcs });
const yaml = { headers: { 'content-type': 'application/yaml' } };
const names = (body: unknown): string[] =>
  (body as { bmcs: { name: string }[] }).bmcs.map(({ name }) => name);

test('17.3: a plan shows added, removed, changed and how each key is taken, and does nothing', async () => {
  const { ask, daemon } = await controlRig(first);
  const wanted = file(
    settingsOf('node-1', 6241, { sessions: { limit: 3 }, labels: { rack: '1' } }),
    settingsOf('node-3', 6243),
  );
  expect((await ask('POST', '/v1/fleet/apply?plan=true', { body: wanted, ...yaml })).body).toEqual({
    applied: false,
    problems: [],
    plan: {
      added: ['node-3'],
      removed: ['node-2'],
      changed: [
        {
          name: 'node-1',
          how: 'live',
          keys: [
            { key: 'labels', how: 'live' },
            { key: 'sessions', how: 'live' },
          ],
        },
      ],
      unchanged: 0,
    },
  });
  expect([...daemon.fleet.bmcs.keys()]).toEqual(['node-1', 'node-2']);
  expect((await ask('POST', '/v1/fleet/apply', { body: wanted, ...yaml })).body).toMatchObject({
    applied: true,
  });
  expect([...daemon.fleet.bmcs.keys()]).toEqual(['node-1', 'node-3']);
  expect((await ask('GET', '/v1/bmcs/node-1')).body).toMatchObject({ labels: { rack: '1' } });
});

test('17.3: settings with a mistake change nothing, and each has its line and column', async () => {
  const { problem, daemon } = await controlRig(first);
  const text = 'bmcs:\n  - name: node-1\n    sesions: { limit: 3 }\n    userSlots: 99\n';
  expect(await problem('POST', '/v1/fleet/apply', { body: text, ...yaml })).toMatchObject({
    status: 400,
    type: 'urn:ipmi-bmc:refused-settings',
    problems: [
      'body:3:5 bmcs.0.sesions: unknown key; did you mean sessions?',
      expect.stringContaining('body:4:16 bmcs.0.userSlots'),
    ],
  });
  const twice = file(settingsOf('a', 6241), settingsOf('b', 6241));
  expect(await problem('POST', '/v1/fleet/apply', { body: twice, ...yaml })).toMatchObject({ status: 400 });
  expect([...daemon.fleet.bmcs.keys()]).toEqual(['node-1', 'node-2']);
  expect(await problem('POST', '/v1/fleet/reload')).toMatchObject({ status: 409 });
});

test('17.3: while one is added and another removed, a session of a third goes on', async () => {
  const { ask, world } = await controlRig(first);
  const client = await world.until(
    connectLan(world, { host: '192.0.2.1', port: 6241, user: 'admin', password: 'secret-enough' }),
  );
  expect((await ask('POST', '/v1/bmcs', { body: settingsOf('node-3', 6243) })).body).toMatchObject({
    bmc: { name: 'node-3', origin: 'added', state: 'running' },
    kept: false,
  });
  expect((await ask('DELETE', '/v1/bmcs/node-2')).body).toEqual({ removed: 'node-2', origin: 'file' });
  expect((await ask('POST', '/v1/bmcs/node-3/restart')).status).toBe(200);
  expect((await world.until(client.raw(6, 1, new Uint8Array())))[0]).toBe(0);
  expect(names((await ask('GET', '/v1/bmcs')).body)).toEqual(['node-1', 'node-3']);
});

test('17.3: one is added by a name and at a place that are free, and not otherwise', async () => {
  const { problem, daemon, world } = await controlRig(first);
  const add = (body: unknown) => problem('POST', '/v1/bmcs', { body });
  expect(await add(settingsOf('node-1', 6249))).toMatchObject({ status: 409, key: 'name' });
  expect(await add(settingsOf('node-3', 6241))).toMatchObject({
    status: 400,
    detail: expect.stringContaining('192.0.2.1:6241'),
  });
  expect(await add({ bmcs: [settingsOf('a', 1), settingsOf('b', 2)] })).toMatchObject({ status: 400 });
  expect(await add(settingsOf('node-3', 6249, { sensor: [] }))).toMatchObject({
    status: 400,
    detail: expect.stringContaining('did you mean sensors?'),
  });
  const taken = await world.udp.bind({ host: '192.0.2.1', port: 6250 });
  expect(await add(settingsOf('node-3', 6250))).toMatchObject({ status: 400 });
  await taken.close();
  expect([...daemon.wanted.keys()]).toEqual(['node-1', 'node-2']);
});

/** A life of a daemon: closed, and begun again with what the one before it kept. */
async function lives(kept: KeptPlace, settings = first) {
  const said = log();
  const rig = await controlRig(settings, { kept, log: said });
  return { ...rig, lines: said.lines, end: () => rig.world.until(rig.daemon.fleet.close()) };
}

test('17.3: what commands added, removed and stopped is there again at the next start, and listed as such', async () => {
  const kept = memory();
  const before = await lives(kept);
  await before.ask('POST', '/v1/bmcs', { body: settingsOf('node-3', 6243, { labels: { rack: '3' } }) });
  await before.ask('DELETE', '/v1/bmcs/node-1');
  await before.ask('POST', '/v1/bmcs/node-2/stop');
  await before.end();
  const { ask, problem, daemon, end } = await lives(kept);
  expect((await ask('GET', '/v1/bmcs')).body).toMatchObject({
    bmcs: [
      { name: 'node-2', state: 'stopped', origin: 'file', power: 'unknown' },
      { name: 'node-3', state: 'running', origin: 'added', labels: { rack: '3' } },
    ],
  });
  expect((await ask('GET', '/v1/fleet')).body).toMatchObject({ bmcs: 1, stopped: 1, removed: ['node-1'] });
  expect(await problem('GET', '/v1/bmcs/node-2/power')).toMatchObject({
    status: 409,
    next: 'POST /v1/bmcs/node-2/start',
  });
  await ask('POST', '/v1/bmcs/node-1/start');
  expect((await ask('POST', '/v1/bmcs/node-2/start')).body).toMatchObject({ state: 'running' });
  expect(await problem('POST', '/v1/bmcs/node-2/start')).toMatchObject({ status: 409 });
  await ask('DELETE', '/v1/bmcs/node-3');
  expect([...daemon.fleet.bmcs.keys()]).toEqual(['node-1', 'node-2']);
  await end();
  const last = await lives(kept);
  expect(names((await last.ask('GET', '/v1/bmcs')).body)).toEqual(['node-1', 'node-2']);
});

test('17.3: an applied file leaves what commands added, and has back what they removed; it takes over a name that it has', async () => {
  const kept = memory();
  const { ask, end } = await lives(kept);
  await ask('POST', '/v1/bmcs', { body: settingsOf('node-3', 6243) });
  await ask('DELETE', '/v1/bmcs/node-1');
  const whole = file(settingsOf('node-1', 6241), settingsOf('node-2', 6242));
  expect((await ask('POST', '/v1/fleet/apply', { body: whole, ...yaml })).body).toMatchObject({
    plan: { added: ['node-1'], removed: [], unchanged: 2 },
  });
  expect(names((await ask('GET', '/v1/bmcs')).body)).toEqual(['node-1', 'node-2', 'node-3']);
  await end();
  const next = await lives(kept, [...first, settingsOf('node-3', 6253)] as typeof first);
  expect(next.lines).toContainEqual(expect.stringContaining('node-3: was added by command'));
  expect((await next.ask('GET', '/v1/bmcs/node-3')).body).toMatchObject({
    origin: 'file',
    addresses: [{ address: '192.0.2.1:6253' }],
  });
});

test('17.3: one that was added and makes no sense any more keeps no other from running', async () => {
  const kept = memory();
  kept.value = {
    added: { old: { settings: '{"name":"old","gone":1}', written: '2026-01-01T00:00:00.000Z' } },
    removed: [],
    stopped: [],
  };
  const { ask, lines } = await lives(kept);
  expect(names((await ask('GET', '/v1/bmcs')).body)).toEqual(['node-1', 'node-2']);
  expect(lines).toContainEqual(expect.stringContaining('old: does not run'));
});

test('17.3: what is kept survives in a file that is written whole, sealed where secrets are', async () => {
  const world: SimWorld = simWorld(3);
  await world.files.mkdir('/state');
  const at = (key?: string): KeptFile => new KeptFile(world.files, '/state', 'fleet.json', key);
  expect(await at().read()).toBeUndefined();
  const value = { added: { a: { settings: 'password: secret-enough', written: '' } } };
  await at().write(value);
  expect(await at('k'.repeat(16)).read()).toEqual(value);
  await at('k'.repeat(16)).write(value);
  expect(new TextDecoder().decode(await world.files.read('/state/fleet.json'))).not.toContain(
    'secret-enough',
  );
  expect(await at('k'.repeat(16)).read()).toEqual(value);
  await expect(at('another-key-of-16').read()).rejects.toThrow('sealed with another key');
  await expect(at().read()).rejects.toThrow('its key is needed');
  expect(await world.files.list('/state')).toEqual(['fleet.json']);
  expect((await world.files.stat('/state/fleet.json'))?.mode).toBe(0o600);
});

test('17.1: a list of a sample shows who runs by default', async () => {
  const { ask } = await controlRig([{ ...twoSocketServer, name: 'alone' }]);
  expect((await ask('GET', '/v1/bmcs?state=running&origin=file')).body).toMatchObject({ total: 1 });
});
