import { expect, test } from 'vitest';
import { controlRig, type ControlRig } from '../../../test/support/control-rig.ts';
import { connectLan } from '../../client/index.ts';
import { historyOf } from '../../config/history.ts';

const at = (_rig: ControlRig, path: string) => `/v1/bmcs/node-1${path}`;
const get = async (rig: ControlRig, path: string) => (await rig.ask('GET', at(rig, path))).body;
const body = async (rig: ControlRig, method: string, path: string, sent?: unknown) =>
  (await rig.ask(method, at(rig, path), { body: sent })).body;

test('17.1: sensors are read, set, made unreadable, and given back to their source', async () => {
  const rig = await controlRig();
  const path = '/sensors/CPU1%20Temp';
  expect(await get(rig, path)).toMatchObject({
    name: 'CPU1 Temp',
    type: 'temperature',
    unit: 'degrees C',
    status: 'ok',
  });
  expect(await body(rig, 'PUT', path, { value: 96 })).toMatchObject({ value: 96, status: 'cr' });
  expect(rig.daemon.bmc('node-1').sensors.get('CPU1 Temp').value).toBe(96);
  expect(await body(rig, 'PUT', path, { value: null })).toMatchObject({ value: null, status: 'ns' });
  const own = (await body(rig, 'DELETE', path)) as { value: number };
  expect(own.value).toBeLessThan(90);
  expect(await body(rig, 'PUT', path, { value: 'source' })).toMatchObject({ status: 'ok' });
  const { sensors } = (await get(rig, '/sensors')) as { sensors: { name: string; states: string[] }[] };
  expect(sensors.length).toBe(rig.daemon.bmc('node-1').sensors.all.length);
  expect(sensors.find(({ name }) => name === 'PSU1 Status')?.states.length).toBeGreaterThan(0);
  expect(await rig.problem('GET', at(rig, '/sensors/CPU1%20Tmp'))).toMatchObject({
    status: 404,
    key: 'sensor',
    nearest: 'CPU1 Temp',
  });
  expect(await rig.problem('PUT', at(rig, path), { body: { value: 'hot' } })).toMatchObject({ status: 400 });
});

test("17.1: a sensor ramps to its value by the BMC's time, and another value ends that", async () => {
  const rig = await controlRig();
  const path = '/sensors/CPU1%20Temp';
  await body(rig, 'PUT', path, { value: 40 });
  expect(await body(rig, 'PUT', path, { value: 80, ramp: '20s' })).toMatchObject({ value: 40, ramps: true });
  await rig.world.run(10_000);
  const half = (await get(rig, path)) as { value: number; ramps: boolean };
  expect(half.ramps).toBe(true);
  expect(half.value).toBeGreaterThan(55);
  expect(half.value).toBeLessThan(65);
  await rig.world.run(11_000);
  expect(await get(rig, path)).toMatchObject({ value: 80, ramps: false });
  await body(rig, 'PUT', path, { value: 20, ramp: 60 });
  await body(rig, 'PUT', path, { value: 50 });
  await rig.world.run(30_000);
  expect(await get(rig, path)).toMatchObject({ value: 50, ramps: false });
  expect(await rig.problem('PUT', at(rig, path), { body: { value: 50, ramp: 'soon' } })).toMatchObject({
    key: 'ramp',
  });
});

test('17.1: the SEL is listed in words and pages, added to, saved so that settings can read it, and cleared', async () => {
  const rig = await controlRig();
  await body(rig, 'DELETE', '/sel');
  for (let i = 0; i < 5; i++) await body(rig, 'PUT', '/sensors/CPU1%20Temp', { value: i % 2 ? 40 : 120 });
  const record = '0000 02 00000000 2000 04 01 01 01 59 ffff';
  expect(await body(rig, 'POST', '/sel', { record })).toMatchObject({ type: 'event', sensor: 'CPU1 Temp' });
  const first = (await get(rig, '/sel?limit=4')) as {
    entries: { id: number; text: string }[];
    next: number;
    total: number;
  };
  expect(first.entries[0].text).toMatch(/^CPU1 Temp: upper .*asserted$/);
  expect(first.total).toBeGreaterThan(5);
  const rest = (await get(rig, `/sel?after=${first.next}&limit=1000`)) as { entries: { id: number }[] };
  expect(first.entries.length + rest.entries.length).toBe(first.total);
  const { entries: last } = (await get(rig, '/sel?last=2')) as { entries: { id: number }[] };
  expect(last.map(({ id }) => id)).toEqual(rig.daemon.bmc('node-1').sel.ids.slice(-2));
  const text = String(await get(rig, '/sel.txt'));
  const image = new TextEncoder().encode(text);
  expect(historyOf({ sel: { file: 'x', image } }, []).length).toBe(first.total);
  expect(await rig.problem('DELETE', at(rig, '/sel/999'))).toMatchObject({ status: 404 });
  expect((await rig.ask('DELETE', at(rig, `/sel/${last[0].id}`))).status).toBe(204);
  await body(rig, 'DELETE', '/sel');
  expect(await get(rig, '/sel')).toMatchObject({ entries: [], total: 0 });
});

test('17.1: boot, identify, buttons, watchdog and a reset of the BMC', async () => {
  const rig = await controlRig();
  expect(await get(rig, '/boot')).toEqual({ device: 'none', persistent: false, efi: false, valid: false });
  await body(rig, 'PUT', '/boot', { device: 'pxe', efi: true });
  expect(rig.daemon.bmc('node-1').bootOptions.next()).toMatchObject({ device: 'pxe', efi: true });
  expect(await body(rig, 'PUT', '/boot', { device: 'none' })).toMatchObject({ valid: false });
  expect(await body(rig, 'POST', '/identify', { force: true })).toEqual({ identify: 'on' });
  expect(await body(rig, 'POST', '/identify', { seconds: 0 })).toEqual({ identify: 'off' });
  expect((await rig.ask('POST', at(rig, '/press'), { body: { button: 'reset' } })).status).toBe(204);
  await body(rig, 'POST', '/power', { action: 'off' });
  expect(await rig.problem('POST', at(rig, '/press'), { body: { button: 'reset' } })).toMatchObject({
    status: 409,
  });
  expect(await get(rig, '/watchdog')).toMatchObject({ running: false, action: 'none' });
  expect((await rig.ask('POST', at(rig, '/reset'), { body: { kind: 'cold' } })).status).toBe(204);
  await rig.world.run(500);
  expect(await get(rig, '')).toMatchObject({ dark: true });
});

test('17.1: users are shown without passwords and changed; sessions are shown and closed', async () => {
  const rig = await controlRig();
  const { users } = (await get(rig, '/users')) as { users: { name: string }[] };
  expect(users.map(({ name }) => name)).toEqual(expect.arrayContaining(['admin', 'operator', 'monitor']));
  expect(JSON.stringify(users)).not.toContain('AdminPass123');
  const kim = { name: 'kim', password: 'secret-enough', enabled: true, privilege: 'operator' };
  expect(await body(rig, 'PUT', '/users/5', kim)).toMatchObject({
    id: 5,
    name: 'kim',
    hasPassword: true,
    channels: [{ channel: 1, privilege: 'operator' }],
  });
  expect(await rig.problem('PUT', at(rig, '/users/6'), { body: { name: 'kim' } })).toMatchObject({
    status: 409,
  });
  expect(await rig.problem('PUT', at(rig, '/users/1'), { body: { name: 'kim' } })).toMatchObject({
    status: 400,
  });
  expect(await rig.problem('PUT', at(rig, '/users/6'), { body: { password: 'x'.repeat(21) } })).toMatchObject(
    {
      status: 400,
      key: 'password',
    },
  );
  const place = { host: '192.0.2.1', port: 6231, user: 'kim', password: 'secret-enough' };
  const client = await rig.world.until(connectLan(rig.world, { ...place, privilege: 3 }));
  const { sessions } = (await get(rig, '/sessions')) as { sessions: { handle: number; user: string }[] };
  expect(sessions).toMatchObject([{ user: 'kim', channel: 1, kind: 'rmcp+', maxPrivilege: 'operator' }]);
  expect((await rig.ask('DELETE', at(rig, `/sessions/${sessions[0].handle}`))).status).toBe(204);
  await expect(rig.world.until(client.raw(6, 1, new Uint8Array()))).rejects.toThrow();
  expect(await rig.problem('DELETE', at(rig, '/sessions/77'))).toMatchObject({
    status: 404,
    next: 'none is open',
  });
});

test('17.1: handlers are those of the running BMC, with overrides; counters are those that it counts', async () => {
  const rig = await controlRig();
  const { total } = (await get(rig, '/handlers')) as { total: number };
  expect(total).toBeGreaterThan(200);
  expect(await get(rig, '/handlers?name=get%20device%20id')).toMatchObject({
    handlers: [{ key: '06h 01h', owner: 'standard', privilege: 'user' }],
  });
  expect(await get(rig, '/counters')).toMatchObject({
    groups: expect.arrayContaining([
      {
        name: 'channel 1 (lan)',
        channel: 1,
        medium: 'lan',
        counters: expect.objectContaining({ requests: 0 }),
      },
    ]),
  });
});

test('17.1: FRU devices show their areas and are written; SDRs come in pages by name', async () => {
  const rig = await controlRig();
  const { frus } = (await get(rig, '/fru')) as { frus: { id: number; content: { board?: object } }[] };
  expect(frus[0].content.board).toBeDefined();
  await body(rig, 'PUT', '/fru/0', { offset: 2000, data: '01 02' });
  const { image } = (await get(rig, '/fru/0?image=true')) as { image: string };
  expect(image.slice(4000, 4004)).toBe('0102');
  expect(await rig.problem('PUT', at(rig, '/fru/0'), { body: { offset: 60_000, data: '01' } })).toMatchObject(
    {
      status: 400,
    },
  );
  expect(await rig.problem('GET', at(rig, '/fru/200'))).toMatchObject({ status: 404 });
  const names: unknown[] = [];
  let next: number | undefined;
  do {
    const page = (await get(rig, `/sdr?limit=10${next === undefined ? '' : `&after=${next}`}`)) as {
      records: { name: string | null }[];
      next?: number;
    };
    names.push(...page.records.map(({ name }) => name));
    next = page.next;
  } while (next !== undefined);
  expect(names.length).toBe(rig.daemon.bmc('node-1').sdr.count);
  expect(names).toContain('CPU1 Temp');
});

test('17.1: a LAN parameter is set by its name: what is not said stays, what makes no sense is told', async () => {
  const rig = await controlRig();
  const put = (path: string, sent: unknown) => body(rig, 'PUT', `/lan/1/${path}`, sent);
  const refused = (path: string, sent: unknown) =>
    rig.problem('PUT', at(rig, `/lan/1/${path}`), { body: sent });
  expect(await put('IP%20Address', { value: '192.0.2.3' })).toMatchObject({ data: 'c0000203' });
  expect(await put('802-1q-vlan-id', { values: { vlan: 100, enabled: true } })).toMatchObject({
    data: '6480',
  });
  expect(await put('802-1q-vlan-id', { values: { vlan: '5' } })).toMatchObject({
    values: { vlan: 5, enabled: true },
  });
  expect(await put('destination-addresses', { values: { address: '192.0.2.9' }, set: 2 })).toMatchObject({
    set: 2,
    values: { address: '192.0.2.9' },
  });
  // A secret goes in and never out.
  expect(await put('community-string', { value: 'monitors' })).toEqual({
    parameter: 16,
    name: 'Community String',
    data: '',
    values: null,
  });
  expect(String.fromCharCode(...rig.daemon.bmc('node-1').lan.get(1, 16)).slice(0, 8)).toBe('monitors');
  expect(await refused('ip-adress', { value: '192.0.2.3' })).toMatchObject({
    status: 404,
    key: 'parameter',
    nearest: 'ip-address',
  });
  expect(await refused('999', { value: 1 })).toMatchObject({ status: 404, key: 'parameter' });
  expect(await refused('ip-address', { value: '192.0.2.300' })).toMatchObject({
    status: 400,
    key: 'values.address',
  });
  expect(await refused('ip-address', { values: { adress: '192.0.2.3' } })).toMatchObject({
    status: 400,
    nearest: 'address',
  });
  expect(await refused('802-1q-vlan-id', { value: 5 })).toMatchObject({ status: 400, key: 'value' });
  expect(await refused('ip-address', { value: '192.0.2.3', set: 1 })).toMatchObject({
    status: 400,
    key: 'set',
  });
  expect(await refused('ip-address', {})).toMatchObject({
    status: 400,
    detail: 'the body: expected data, value or values',
  });
  expect(await refused('ip-address', { value: '192.0.2.3', data: 'c0' })).toMatchObject({ status: 400 });
  expect(await refused('20', { data: '64 80', set: 1 })).toMatchObject({ status: 400 });
  expect(await refused('destination-addresses', { values: { format: 0 }, set: 9 })).toMatchObject({
    status: 400,
  });
  expect(await refused('number-of-destinations', { value: 3 })).toMatchObject({ status: 409 });
});

test('17.1: SDR records are shown with their fields, added with an id of their own, and deleted', async () => {
  const rig = await controlRig();
  const { sdr } = rig.daemon.bmc('node-1');
  const before = sdr.count;
  expect(await get(rig, '/sdr/1')).toMatchObject({ id: 1, fields: { sensorNumber: expect.any(Number) } });
  const record = '0000 51 12 0e 20 00 00 20 00 00 00 07 01 00 c3 4d 43 39';
  const { id } = (await body(rig, 'POST', '/sdr', { record })) as { id: number };
  expect([sdr.count, sdr.get(id).record[3]]).toEqual([before + 1, 0x12]);
  expect((await rig.ask('DELETE', at(rig, `/sdr/${id}`))).status).toBe(204);
  expect(await rig.problem('DELETE', at(rig, `/sdr/${id}`))).toMatchObject({ status: 404 });
  expect(await rig.problem('POST', at(rig, '/sdr'), { body: { record: '0000 51 12 0f 20' } })).toMatchObject({
    status: 400,
  });
  // FFFFh is the last record to IPMI, and no record's id.
  expect(await rig.problem('DELETE', at(rig, '/sdr/65535'))).toMatchObject({ status: 400, key: 'id' });
  sdr.enterUpdateMode('somebody');
  for (const [method, path] of [
    ['DELETE', '/sdr'],
    ['DELETE', '/sdr/1'],
  ])
    expect(await rig.problem(method, at(rig, path))).toMatchObject({ status: 409 });
  expect(await rig.problem('POST', at(rig, '/sdr'), { body: { record } })).toMatchObject({ status: 409 });
  sdr.leaveUpdateMode();
  expect((await rig.ask('DELETE', at(rig, '/sdr'))).status).toBe(204);
  expect(sdr.count).toBe(0);
});

test('17.1: LAN parameters are shown by name without secrets, and set', async () => {
  const rig = await controlRig();
  const { parameters } = (await get(rig, '/lan/1')) as {
    parameters: { name: string; data: string; values: Record<string, unknown> }[];
  };
  expect(parameters.find(({ name }) => name === 'IP Address')?.values).toEqual({
    address: expect.any(String),
  });
  expect(parameters.map(({ name }) => name)).not.toContain('Community String');
  expect(await body(rig, 'PUT', '/lan/1/20', { data: '64 80' })).toMatchObject({
    name: '802.1q VLAN ID',
    values: { vlan: 100, enabled: true },
  });
  expect([...rig.daemon.bmc('node-1').lan.get(1, 20)]).toEqual([0x64, 0x80]);
  expect(await rig.problem('GET', at(rig, '/lan/7'))).toMatchObject({ status: 404, next: 'LANs: 1' });
});

test('17.1: firmware is uploaded in pieces, checked, activated and rolled back', async () => {
  const rig = await controlRig();
  const state = async () =>
    (await get(rig, '/firmware')) as { components: { id: number; pending: unknown }[]; upload: unknown };
  const { components } = await state();
  const { id } = components[1];
  expect(await body(rig, 'POST', `/firmware/${id}/upload`, {})).toMatchObject({
    upload: { component: id, stage: 'uploading', owner: 'control: socket', received: 0 },
  });
  expect(await body(rig, 'PUT', '/firmware/upload', { offset: 0, data: '01020304' })).toEqual({
    received: 4,
  });
  expect(await body(rig, 'PUT', '/firmware/upload', { offset: 4, data: '05' })).toEqual({ received: 5 });
  expect(await rig.problem('POST', at(rig, '/firmware/activate'))).toMatchObject({ status: 409 });
  expect(await rig.problem('POST', at(rig, '/firmware/upload/finish'), { body: { size: 9 } })).toMatchObject({
    status: 409,
  });
  expect(await state()).toMatchObject({ upload: null });
  expect(
    await rig.problem('PUT', at(rig, '/firmware/upload'), { body: { offset: 0, data: '01' } }),
  ).toMatchObject({ status: 409 });
  await body(rig, 'POST', `/firmware/${id}/upload`, {});
  await body(rig, 'DELETE', '/firmware/upload');
  expect(await state()).toMatchObject({ upload: null });
  const bare = await controlRig([{ ...rig.daemon.settings('node-1'), name: 'node-1', firmware: undefined }]);
  expect(await bare.problem('GET', at(bare, '/firmware'))).toMatchObject({ status: 404 });
});

test('17.1: what a machine said before anybody asked is in its history, and its BMC sleeps with it', async () => {
  const interfaces = [{ type: 'lan', listen: '192.0.2.1:6231' }] as const;
  const small = { name: 'node-1', interfaces, users: [{ id: 2, name: 'admin', password: 'secret-enough' }] };
  const rig = await controlRig([small], { sleepAfter: 60_000 });
  await body(rig, 'POST', '/power', { action: 'reset' });
  await rig.world.run(5000);
  const said = String(await get(rig, '/console/history'));
  expect(said).toMatch(/^Initializing memory[^]*login: $/);
  await rig.world.run(120_000);
  expect(rig.daemon.fleet.glance('node-1')?.isAwake).toBe(false);
  expect(await get(rig, '/console/history')).toBe(said);
});

test('17.1: what a machine says is remembered, the last 64 KiB of it, and text is typed', async () => {
  const rig = await controlRig();
  const { console: port } = rig.daemon.bmc('node-1');
  const written: string[] = [];
  let say: (text: string) => void = () => undefined;
  port.plug((to) => {
    say = (text) => to.received(new TextEncoder().encode(text));
    to.available(true);
    return {
      write: (some) => written.push(new TextDecoder().decode(some)) > 0,
      close: () => Promise.resolve(),
    };
  });
  expect(await get(rig, '/console/history')).toBe('');
  say('before');
  expect(await get(rig, '/console/history')).toBe('before');
  say('login: ');
  say('x'.repeat(70_000));
  expect(String(await get(rig, '/console/history')).length).toBe(65_536);
  expect(await body(rig, 'POST', '/console/write', { text: 'root\n' })).toEqual({ taken: 5 });
  expect(written).toEqual(['root\n']);
  expect(await get(rig, '/console')).toMatchObject({ available: true });
});

test('17: numbers in paths and queries are digits, and what fits', async () => {
  const rig = await controlRig();
  for (const path of [
    '/fru/null',
    '/fru/0x0',
    '/fru/255',
    '/fru/%200',
    '/lan/1e0',
    '/sel?limit=0',
    '/sel?limit=',
  ])
    expect(await rig.problem('GET', at(rig, path)), path).toMatchObject({
      status: 400,
      detail: expect.stringMatching(/expected a whole number of \d+ to \d+/),
    });
  expect(await rig.problem('GET', '/v1/bmcs?cursor=')).toMatchObject({ status: 400, key: 'cursor' });
  expect(await rig.problem('POST', at(rig, '/sel'), { body: { record: '00' } })).toMatchObject({
    status: 400,
    key: 'record',
    detail: expect.stringContaining('expected 16 bytes'),
  });
  expect(
    await rig.problem('POST', at(rig, '/clock/advance'), { body: { by: 1, toNextTimer: true } }),
  ).toMatchObject({ status: 400 });
});
