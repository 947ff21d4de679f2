import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ADMIN, controlRig, sampleFleet } from '../../test/support/control-rig.ts';
import { ALL_ROUTES } from './all-routes.ts';
import { controlApp } from './app.ts';
import type { Caller } from './caller.ts';
import { requestBefore } from './route.ts';

const as = (role: Caller['role']): Caller => ({ name: 'kim', role, peer: '192.0.2.7:40000' });

test('17.1: every route does its example, and answers what it declares', async () => {
  const shared = await controlRig();
  for (const { method, example, takes } of ALL_ROUTES) {
    // Read again, a file would have to be there.
    if (example.path.startsWith('/v1/fleet/reload') || example.isEndless || example.needs) continue;
    // What only looks finds all as it was.
    const { ask } = method === 'get' && !example.after ? shared : await controlRig();
    for (const before of example.after ?? []) {
      const { method: verb, path, body } = requestBefore(before);
      expect((await ask(verb, path, { body })).status, before).toBeLessThan(300);
    }
    const { status, body } = await ask(method.toUpperCase(), example.path, {
      body: example.body,
      ...(takes && { headers: { 'content-type': takes[0] } }),
    });
    expect(status, `${method} ${example.path}: ${JSON.stringify(body)}`).toBeLessThan(300);
  }
});

test('17.1: what stands in no declaration is refused with the nearest that does', async () => {
  const { problem } = await controlRig();
  expect(await problem('GET', '/v1/bmcs/node-3/power')).toMatchObject({
    status: 404,
    type: 'urn:ipmi-bmc:unknown-bmc',
    key: 'bmc',
    nearest: 'node-1',
  });
  expect(await problem('GET', '/v1/bmcs/node-1/pover')).toMatchObject({
    status: 404,
    type: 'urn:ipmi-bmc:unknown-route',
    nearest: '/v1/bmcs/node-1/power',
  });
  expect(await problem('GET', '/v1/bmcs?powr=on')).toMatchObject({
    status: 400,
    key: 'powr',
    nearest: 'power',
  });
  expect(await problem('GET', '/v1/bmcs?limit=0')).toMatchObject({ status: 400, key: 'limit' });
  expect(await problem('GET', '/v1/bmcs?power=on&power=off')).toMatchObject({ status: 400, key: 'power' });
  expect(await problem('GET', '/v1/fleet?x=1')).toMatchObject({ status: 400, key: 'x' });
  expect(await problem('GET', '/v1/bmcs?cursor=there')).toMatchObject({ status: 400, key: 'cursor' });
  const wrong = { body: { action: 'on', acton: 'off' } };
  expect(await problem('POST', '/v1/bmcs/node-1/power', wrong)).toMatchObject({
    status: 400,
    key: 'acton',
    nearest: 'action',
  });
  expect(await problem('POST', '/v1/bmcs/node-1/power', { body: { action: 'up' } })).toMatchObject({
    status: 400,
    key: 'action',
    detail: expect.stringContaining('"cycle"'),
  });
  expect(await problem('POST', '/v1/bmcs/node-1/power', { body: '{' })).toMatchObject({ status: 400 });
});

test('17.1: a method that a path does not have, a type and a length that it does not take', async () => {
  const { ask, problem } = await controlRig();
  const { status, headers } = await ask('DELETE', '/v1/bmcs/node-1/power');
  expect([status, headers.get('allow')]).toEqual([405, 'GET, HEAD, POST']);
  // `/faults/{id}` fits its path too, and is another resource.
  const presets = await ask('OPTIONS', '/v1/bmcs/node-1/faults/presets');
  expect([presets.status, presets.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  const text = { body: 'action=on', headers: { 'content-type': 'application/x-www-form-urlencoded' } };
  expect(await problem('POST', '/v1/bmcs/node-1/power', text)).toMatchObject({
    status: 415,
    next: 'Content-Type: application/json',
  });
  const body = '{"action":"on"}'.padEnd(1 << 20);
  expect((await ask('POST', '/v1/bmcs/node-1/power', { body })).status).toBe(200);
  expect(await problem('POST', '/v1/bmcs/node-1/power', { body: `${body} ` })).toMatchObject({ status: 413 });
});

test('17.1: a head is what is got without its body, and keeps no stream open', async () => {
  const { ask, daemon } = await controlRig();
  const head = await ask('HEAD', '/v1/bmcs');
  expect([head.status, head.body]).toEqual([200, '']);
  const listeners: string[] = [];
  const { events } = daemon;
  const listen = events.listen.bind(events);
  events.listen = (filter, hear) => {
    const end = listen(filter, hear);
    listeners.push('heard');
    return () => void (listeners.push('gone'), end());
  };
  expect((await ask('HEAD', '/v1/events')).status).toBe(200);
  expect(listeners).toEqual(['heard', 'gone']);
});

test.each([
  [
    { 'content-type': 'application/json; charset=utf-16' },
    '{"action":"on"}',
    415,
    'a body is UTF-8, and no utf-16',
  ],
  [{ 'content-encoding': 'gzip' }, '{"action":"on"}', 415, 'a body comes as it is, and not in gzip'],
  [{}, ' ', 400, 'the body is empty: expected JSON'],
  [{}, '{"action":"on",}', 400, 'at position 15'],
] as const)('17.1: a body with %j of %j is refused', async (headers, body, status, told) => {
  const { problem } = await controlRig();
  const refused = await problem('POST', '/v1/bmcs/node-1/power', { headers, body });
  expect(refused).toMatchObject({ status, detail: expect.stringContaining(told) });
});

test('17.1: letters that are no UTF-8 do not become others', async () => {
  const { daemon } = await controlRig();
  const app = controlApp(daemon);
  const rename = async (name: string | Uint8Array<ArrayBuffer>) =>
    app.fetch(
      new Request('http://localhost/v1/bmcs/node-1/users/5', {
        method: 'PUT',
        headers: { 'content-type': 'application/json; charset=UTF-8' },
        body: name,
      }),
      { caller: () => ADMIN },
    );
  const refused = await rename(Uint8Array.from([...Buffer.from('{"name":"'), 0xff, ...Buffer.from('"}')]));
  expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('no UTF-8')]);
  expect(daemon.bmc('node-1').users.name(5)).toBe('');
  expect((await rename('{"name":"jürg"}')).status).toBe(200);
  expect(daemon.bmc('node-1').users.name(5)).toBe('jürg');
});

test('17.1: OpenAPI has null beside what has a name, not within it', () => {
  const document = readFileSync(new URL('../../openapi.json', import.meta.url), 'utf8');
  // What nullable() makes of a named schema: a reference to an object that null is held against as well.
  expect(document).not.toMatch(
    /"allOf": \[\s*\{\s*"\$ref": "[^"]+"\s*\},\s*\{\s*"type": \[\s*"\w+",\s*"null"/,
  );
});

test('17.1: a role sees, works or changes; nobody without a token but for health', async () => {
  const { ask, problem } = await controlRig();
  const off = { body: { action: 'off' } };
  expect((await ask('GET', '/v1/bmcs', { as: as('read') })).status).toBe(200);
  expect(await problem('POST', '/v1/bmcs/node-1/power', { ...off, as: as('read') })).toMatchObject({
    status: 403,
    detail: expect.stringContaining("'kim' has the role read"),
  });
  expect((await ask('POST', '/v1/bmcs/node-1/power', { ...off, as: as('operate') })).status).toBe(200);
  for (const path of ['/v1/bmcs', '/openapi.json']) {
    const { status, headers } = await ask('GET', path, { as: as('anybody') });
    expect([status, headers.get('www-authenticate')], path).toEqual([401, 'Bearer']);
  }
  expect((await ask('GET', '/healthz', { as: as('anybody') })).status).toBe(200);
});

test('17.1: a list is filtered by name, label, power and health, and comes in pages', async () => {
  const many = Array.from({ length: 12 }, (_, n) => ({
    name: `node-${n}`,
    interfaces: [{ type: 'lan' as const, listen: `192.0.2.1:${7000 + n}` }],
    users: [{ id: 2, name: 'admin', password: 'secret-enough' }],
    labels: { rack: String(n % 3), ...(n === 5 && { spare: '' }) },
    chassis: { power: n < 4 ? ('on' as const) : ('off' as const) },
  }));
  const { ask } = await controlRig(many);
  const names = async (query: string): Promise<string[]> => {
    const { body } = await ask('GET', `/v1/bmcs${query}`);
    return (body as { bmcs: { name: string }[] }).bmcs.map(({ name }) => name);
  };
  expect(await names('?power=on&label=rack%3D1')).toEqual(['node-1']);
  expect(await names('?label=spare,rack%3D2')).toEqual(['node-5']);
  expect(await names('?filter=node-1*')).toEqual(['node-1', 'node-10', 'node-11']);
  expect(await names('?filter=*-1')).toEqual(['node-1']);
  expect(await names('?filter=e-3')).toEqual(['node-3']);
  expect(await names('?health=critical')).toEqual([]);
  const paged: string[] = [];
  for (let cursor: string | undefined = ''; cursor !== undefined;) {
    const more: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const { body } = await ask('GET', `/v1/bmcs?limit=5${more}`);
    const page = body as { bmcs: { name: string }[]; next?: string; total: number };
    expect(page.total).toBe(12);
    paged.push(...page.bmcs.map(({ name }) => name));
    cursor = page.next;
  }
  expect(paged).toEqual(many.map(({ name }) => name));
});

test('17.1: a BMC shows its power, health, sessions, addresses and labels; power is what was asked for', async () => {
  const { ask, daemon, problem } = await controlRig();
  daemon.bmc('node-1').sensors.get('CPU1 Temp').set(120);
  expect((await ask('GET', '/v1/bmcs/node-1')).body).toMatchObject({
    name: 'node-1',
    power: 'on',
    machine: 'simulated',
    health: 'critical',
    sessions: 0,
    labels: sampleFleet[0].labels,
    addresses: [{ type: 'lan', channel: 1, address: '192.0.2.1:6231' }],
  });
  expect(await problem('POST', '/v1/bmcs/node-2/power', { body: { action: 'reset' } })).toMatchObject({
    status: 409,
  });
  expect((await ask('POST', '/v1/bmcs/node-2/power', { body: { action: 'on' } })).body).toMatchObject({
    power: 'on',
  });
  expect(daemon.bmc('node-2').chassis.isOn).toBe(true);
});

test('17.7: ready when every BMC listens, and not before', async () => {
  const { ask, daemon, problem } = await controlRig();
  expect((await ask('GET', '/readyz')).status).toBe(200);
  daemon.isReady = false;
  expect(await problem('GET', '/readyz')).toMatchObject({ status: 503 });
  expect((await ask('GET', '/healthz')).status).toBe(200);
});

test('17.1: a bug is a line of the log with its stack, and 500 without it', async () => {
  const told: unknown[] = [];
  const log = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: (message: string, error: unknown) => void told.push([message, error]),
  };
  const { daemon, problem } = await controlRig(sampleFleet, { log });
  const broken = new Error('secret of a stack');
  Object.defineProperty(daemon.bmc('node-1'), 'chassis', {
    get: () => {
      throw broken;
    },
  });
  const document = await problem('GET', '/v1/bmcs/node-1/power');
  expect(document.status).toBe(500);
  expect(JSON.stringify(document)).not.toContain('secret');
  expect(told).toEqual([['control: GET /v1/bmcs/node-1/power', broken]]);
});
