import { expect, test } from 'vitest';
import { controlRig, type ControlRig } from '../../../test/support/control-rig.ts';
import { connectLan } from '../../client/index.ts';
import { controlApp } from '../app.ts';
import { eventsIn, type SentEvent } from '../sse.ts';
import { EVENT_KINDS, type EventKind } from './kinds.ts';
import { eventStream } from './stream.ts';

const users = [
  { id: 2, name: 'admin', password: 'secret-enough' },
  { id: 3, name: 'guest', password: 'secret-enough', enabled: false },
];
const node = (name: string, port: number) => ({
  name,
  interfaces: [{ type: 'lan' as const, listen: `192.0.2.1:${port}` }],
  users,
});
const two = [node('node-1', 6241), node('node-2', 6242)];

/** What a stream of events has sent so far. */
async function listening({ daemon, world }: ControlRig, query: string, lastId?: string) {
  const app = controlApp(daemon);
  const response = await app.fetch(
    new Request(`http://localhost/v1/events${query}`, {
      headers: lastId === undefined ? {} : { 'last-event-id': lastId },
    }),
    { caller: () => ({ name: 'socket', role: 'admin', peer: '' }) },
  );
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  const got: SentEvent[] = [];
  const reader = response.body!.getReader();
  const chunks = (async function* () {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  })();
  const over = (async () => {
    for await (const event of eventsIn(chunks)) got.push(event);
  })();
  const settle = async (): Promise<Record<string, unknown>[]> => {
    await world.run(10);
    await new Promise((resolve) => setTimeout(resolve, 5));
    return got.map(({ data }) => JSON.parse(data) as Record<string, unknown>);
  };
  return { got, settle, close: () => reader.cancel(), over };
}
/** What was since then, as text. */
const soFar = async (rig: ControlRig, lastId: string): Promise<string> =>
  String(
    (await rig.ask('GET', '/v1/events?kind=power&follow=false', { headers: { 'last-event-id': lastId } }))
      .body,
  );
const missedIn = ({ got }: { readonly got: readonly SentEvent[] }): string =>
  (JSON.parse(got[0].data) as { readonly detail: string }).detail;
const logIn = (rig: ControlRig, user = 'admin', password = 'secret-enough') =>
  rig.world.until(connectLan(rig.world, { host: '192.0.2.1', port: 6241, user, password }));

test('17.1: events tell of power, boots, sessions, refused log-ins, the SEL, sensors, faults, handlers and the fleet', async () => {
  const rig = await controlRig([{ ...two[0], faults: { presets: [] } }, two[1]]);
  const { settle } = await listening(rig, '');
  const bmc = rig.daemon.bmc('node-1');
  const client = await logIn(rig);
  await expect(logIn(rig, 'admin', 'wrong')).rejects.toThrow();
  await expect(logIn(rig, 'guest')).rejects.toThrow();
  await bmc.chassis.control('cycle');
  await rig.world.until(client.close());
  await bmc.sel.clear();
  const registered = bmc.router.register({ owner: 'acme', handlers: [] });
  await registered.unregister();
  bmc.reset('warm');
  await rig.ask('POST', '/v1/bmcs/node-2/stop');
  const events = await settle();
  const texts = (kind: string): unknown[] =>
    events.filter((one) => one.kind === kind).map(({ text }) => text);
  expect(texts('power')).toContain('power off');
  expect(texts('session')).toEqual(["log-in of 'admin'", "log-out of 'admin': closed"]);
  expect(events.filter(({ kind }) => kind === 'login-refused')).toMatchObject([
    { bmc: 'node-1', user: 'admin', reason: expect.stringMatching(/wrong password/) },
    { bmc: 'node-1', user: 'guest', reason: expect.stringMatching(/disabled/) },
  ]);
  expect(texts('sel')).toContain('the log is cleared');
  expect(texts('handler')).toEqual(['acme is registered', 'acme is unregistered']);
  expect(texts('reset').length).toBeGreaterThan(0);
  expect(events.filter(({ kind }) => kind === 'fleet')).toMatchObject([{ bmc: 'node-2', what: 'stopped' }]);
  expect(JSON.stringify(events)).not.toContain('secret-enough');
});

/** What makes an event of each kind; a kind without a line here does not compile. */
const MAKERS: Readonly<Record<EventKind, (rig: ControlRig) => unknown>> = {
  power: ({ ask }) => ask('POST', NODE('/power'), { body: { action: 'off' } }),
  boot: ({ ask }) => ask('POST', NODE('/power'), { body: { action: 'reset' } }),
  reset: ({ ask }) => ask('POST', NODE('/reset'), { body: { kind: 'warm' } }),
  session: (rig) => logIn(rig),
  'login-refused': (rig) => expect(logIn(rig, 'admin', 'wrong')).rejects.toThrow(),
  sel: ({ ask }) => ask('DELETE', NODE('/sel')),
  sensor: ({ ask }) => ask('PUT', NODE('/sensors/CPU%20Temp'), { body: { value: 100 } }),
  pef: ({ ask }) => ask('PUT', NODE('/sensors/CPU%20Temp'), { body: { value: 100 } }),
  firmware: async ({ ask }) => {
    await ask('POST', NODE('/firmware/1/upload'), { body: {} });
    await ask('DELETE', NODE('/firmware/upload'));
  },
  handler: ({ daemon }) => daemon.bmc('node-1').router.register({ owner: 'acme', handlers: [] }),
  fault: async (rig) => {
    await rig.ask('POST', NODE('/faults'), {
      body: { when: { command: 'get-device-id' }, then: { complete: 0xc0 } },
    });
    await rig.ask('POST', NODE('/raw'), { body: { command: 'get-device-id' } });
  },
  scenario: ({ ask }) =>
    ask('POST', NODE('/scenarios'), { body: { name: 'hot', steps: [{ state: 'warm', hold: '1s' }] } }),
  fleet: ({ ask }) => ask('POST', NODE('/restart')),
  request: ({ ask }) => ask('POST', NODE('/raw'), { body: { command: 'get-device-id' } }),
};
const NODE = (path: string): string => `/v1/bmcs/node-1${path}`;
const eventful = {
  ...two[0],
  firmware: { components: [{ id: 1, name: 'BIOS', version: '1.00' }] },
  sensors: [
    {
      name: 'CPU Temp',
      entity: '3.1',
      type: 'temperature',
      unit: 'degrees C',
      range: [0, 127],
      value: 41,
      thresholds: { uc: 90 },
    } as const,
  ],
};

test.each(EVENT_KINDS)(
  '17.1: there is an event of the kind %s, with a text, a time and whose it is',
  async (kind) => {
    const rig = await controlRig([eventful]);
    const { settle } = await listening(rig, `?kind=${kind}`);
    await MAKERS[kind](rig);
    const events = await settle();
    expect(events.length).toBeGreaterThan(0);
    for (const event of events)
      expect(event).toMatchObject({
        kind,
        bmc: 'node-1',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        text: expect.stringMatching(/./),
      });
  },
);

test('17.1: each state of a scenario is an event, and how it ended', async () => {
  const rig = await controlRig([eventful]);
  const { settle } = await listening(rig, '?kind=scenario');
  const steps = [{ state: 'warm', hold: '1s' }, { state: 'hot' }, { expect: { power: 'off' } }];
  await rig.ask('POST', NODE('/scenarios'), { body: { name: 'heat', steps } });
  await rig.world.run(1000);
  expect(await settle()).toMatchObject([
    { text: 'scenario heat: warm', scenario: 'heat', state: 'warm' },
    { text: 'scenario heat: hot', scenario: 'heat', state: 'hot' },
    {
      text: expect.stringMatching(/^scenario heat: failed, step \d+: expected power off/),
      outcome: 'failed',
    },
  ]);
});

test('17.1: a sensor that crosses a threshold is an event in words, with its value, and so is its record', async () => {
  const rig = await controlRig();
  const { settle } = await listening(rig, '?bmc=node-1&kind=sensor,sel');
  rig.daemon.bmc('node-1').sensors.get('CPU1 Temp').set(120);
  const events = await settle();
  expect(events.filter(({ kind }) => kind === 'sensor')[0]).toMatchObject({
    bmc: 'node-1',
    sensor: 'CPU1 Temp',
    asserted: true,
    value: 120,
    text: expect.stringMatching(/^CPU1 Temp: upper .*going high, asserted$/),
  });
  expect(events.filter(({ kind }) => kind === 'sel')[0]).toMatchObject({ sensor: 'CPU1 Temp' });
});

test('17.1: filters let through what was asked for; requests come only to who asks for them, without secrets', async () => {
  const rig = await controlRig(two);
  const quiet = await listening(rig, '');
  const power = await listening(rig, '?bmc=node-2&kind=power');
  const requests = await listening(rig, '?bmc=node-1&kind=request');
  const client = await logIn(rig);
  await rig.world.until(client.raw(6, 1, new Uint8Array()));
  const password = Uint8Array.of(4, 2, ...new TextEncoder().encode('hidden-from-all!'));
  await rig.world.until(client.raw(6, 0x47, password));
  await rig.ask('POST', '/v1/bmcs/node-1/power', { body: { action: 'off' } });
  await rig.ask('POST', '/v1/bmcs/node-2/power', { body: { action: 'off' } });
  const seen = await requests.settle();
  expect(seen.map(({ command }) => command)).toEqual(
    expect.arrayContaining(['Get Device ID', 'Set User Password']),
  );
  expect(seen[0]).toMatchObject({ kind: 'request', bmc: 'node-1', request: expect.any(Number) });
  expect(JSON.stringify(seen)).not.toContain('hidden');
  expect((await quiet.settle()).map(({ kind }) => kind)).not.toContain('request');
  expect(await power.settle()).toMatchObject([{ kind: 'power', bmc: 'node-2' }]);
});

test('17.1: nothing looks at requests before somebody asks for them, and after the last who did has gone', async () => {
  const rig = await controlRig(two);
  const { router } = rig.daemon.bmc('node-1');
  const plain = router.entrance;
  const stream = await listening(rig, '?kind=power');
  expect(router.entrance).toBe(plain);
  const requests = await listening(rig, '?bmc=node-2&kind=request');
  expect(router.entrance).toBe(plain);
  const all = await listening(rig, '?kind=request');
  expect(router.entrance).not.toBe(plain);
  await all.close();
  expect(router.entrance).toBe(plain);
  await Promise.all([stream.close(), requests.close()]);
});

test('17.1: with Last-Event-ID come those since then; of another life, or forgotten, it says that some are missed', async () => {
  const rig = await controlRig(two);
  const first = await listening(rig, '?kind=power');
  const turn = (action: string) => rig.ask('POST', '/v1/bmcs/node-1/power', { body: { action } });
  await turn('off');
  await first.settle();
  const { id } = first.got[0];
  await first.close();
  await turn('on');
  await turn('off');
  const again = await listening(rig, '?kind=power', id);
  expect((await again.settle()).map(({ text }) => text)).toEqual(['power on', 'power off']);
  await turn('on');
  expect((await again.settle()).length).toBe(3);
  const other = await listening(rig, '?kind=power', 'x.7');
  await other.settle();
  expect(other.got.map(({ name }) => name)).toEqual(['missed', ...Array<string>(4).fill('power')]);
  expect(missedIn(other)).toContain('the process has begun anew since event x.7');
  const [life] = String(id).split('.');
  for (const odd of ['what', `${life}.`, `${life}.1e3`, 'y'.repeat(5000)])
    expect((await soFar(rig, odd)).split('\n', 2).join(' ')).toContain('that is no id of an event');
  expect(await soFar(rig, `${life}.99`)).toContain('has begun anew');
  expect(await soFar(rig, '')).not.toContain('missed');
  for (let i = 0; i < 2100; i++) rig.daemon.events.tell('node-1', 'power', 'power on');
  const late = await listening(rig, '?kind=power', id);
  await late.settle();
  expect(late.got[0].name).toBe('missed');
  expect(missedIn(late)).toMatch(
    new RegExp(
      `^events after ${id} up to ${life}\\.\\d+ are forgotten; what is remembered begins with ${life}\\.\\d+$`,
    ),
  );
  expect(await soFar(rig, String(id))).toMatch(/^event: missed\ndata: \{"detail":"events after/);
  expect(late.got.length).toBe(2001);
  const last = await listening(rig, '?last=3');
  expect((await last.settle()).length).toBe(3);
});

test('17.1: a reader that does not keep up is dropped with a last line that says so', async () => {
  const rig = await controlRig(two);
  let undone = 0;
  const response = eventStream(rig.world, (hear) => {
    for (let i = 0; i < 5000; i++)
      hear({ id: `a.${i}`, event: { kind: 'power', time: '', bmc: 'node-1', text: 'x'.repeat(300) } });
    return () => undone++;
  });
  const text = await response.text();
  expect(text.length).toBeLessThan(1.1 * (1 << 20));
  expect(text).toMatch(/event: dropped\ndata: .*Last-Event-ID"\}\n\n$/);
  expect(undone).toBe(1);
});

test('17.1: an unknown BMC or kind in a filter is refused with the nearest', async () => {
  const { problem } = await controlRig(two);
  expect(await problem('GET', '/v1/events?bmc=node-9')).toMatchObject({ status: 404, nearest: 'node-1' });
  expect(await problem('GET', '/v1/events?kind=pover')).toMatchObject({ status: 400, nearest: 'power' });
});

test('17.2: with follow=false the stream is what was, and ends', async () => {
  const rig = await controlRig(two);
  rig.daemon.events.tell('node-1', 'power', 'power off');
  rig.daemon.events.tell('node-2', 'power', 'power on');
  const { got, over } = await listening(rig, '?follow=false&bmc=node-2');
  await over;
  expect(got.map(({ data }) => (JSON.parse(data) as { text: string }).text)).toEqual(['power on']);
});

test('TRC1: requests of satellites are told too, to who begins to listen later and asks for their BMC', async () => {
  const rig = await controlRig([{ ...two[0], satellites: [{ address: 0x82, name: 'blade' }] }, two[1]]);
  const { settle, close } = await listening(rig, '?kind=request&bmc=node-1');
  const client = await logIn(rig);
  const inside = Uint8Array.of(0x82, 6 << 2, 0x100 - 0x82 - (6 << 2) + 0x100, 0x20, 4, 1, 0xdb);
  await rig.world.until(client.raw(6, 0x34, Uint8Array.of(0x40, ...inside)));
  const events = await settle();
  expect(events.map(({ bmc, command }) => `${String(bmc)} ${String(command)}`)).toEqual(
    expect.arrayContaining(['node-1 Send Message', 'node-1/82h Get Device ID']),
  );
  const { text } = events.find(({ carried }) => carried === true) ?? {};
  expect(text).toMatch(/^└─ 82h {2}Get Device ID {2}-> {2}/);
  await close();
});
