// Datagrams, sessions and conditions of the BMC, as a client in a simulated world finds them.
import { expect, test } from 'vitest';
import { rig } from '../../test/support/bmc.ts';
import { Bmc, type BmcOptions } from '../bmc.ts';
import { connectLan, type LanClient } from '../client/index.ts';
import { GetDeviceId } from '../commands/app/device.ts';
import { RakpStatus } from '../wire/index.ts';
import { simWorld } from '../world/index.ts';
import { presets, type FaultRule } from './index.ts';

const SERVER = { host: '10.0.0.1', port: 623, user: 'admin', password: 'secret' };
const BASE: BmcOptions = {
  interfaces: [{ type: 'lan', listen: '10.0.0.1:623' }],
  users: [{ id: 2, name: 'admin', password: 'secret' }],
  sensors: [{ name: 'Inlet', number: 1, entity: '7.1', type: 'temperature', value: 25 }],
  fru: [
    { id: 0, name: 'Board', board: { manufacturer: 'ACME', product: 'X', serial: '1', partNumber: '2' } },
  ],
  sel: { bootEvents: false },
};

async function open(rules: readonly FaultRule[] = []) {
  const world = simWorld(1);
  const bmc = new Bmc({ ...BASE, faults: { seed: 7, rules } }, { world });
  await bmc.open();
  const connect = (): Promise<LanClient> => world.until(connectLan(world, SERVER));
  return { world, bmc, connect };
}

/** What the client finds wrong with the answer, while the rule is there. */
async function symptom(rule: FaultRule): Promise<string> {
  const { world, bmc, connect } = await open();
  const client = await connect();
  const fault = bmc.faults.add(rule);
  const answer = await world.until(
    client.send(GetDeviceId).then(
      () => 'answer',
      (error: Error) => error.name,
    ),
  );
  expect(fault.hits).toBeGreaterThan(0);
  fault.remove();
  await world.until(client.send(GetDeviceId));
  return answer;
}

test.each<[string, FaultRule, string]>([
  ['loss', { then: { loss: 1 } }, 'TimeoutError'],
  ['loss of what is sent', { when: { direction: 'out' }, then: { loss: '100%' } }, 'TimeoutError'],
  ['loss of something else', { when: { payload: 'message' }, then: { loss: 1 } }, 'TimeoutError'],
  ['truncate', { when: { direction: 'in' }, then: { truncate: 20 } }, 'TimeoutError'],
  ['corrupt', { when: { direction: 'out' }, then: { corrupt: 1 } }, 'TimeoutError'],
  ['duplicate', { then: { duplicate: 1 } }, 'answer'],
  ['reorder', { then: { reorder: 1 } }, 'answer'],
  ['rate', { then: { rate: 9600 } }, 'answer'],
])('F2: datagrams: %s', async (_name, rule, found) => {
  expect(await symptom(rule)).toBe(found);
});

test('F2: a datagram that is late is late, and one that is lost once costs a try', async () => {
  const { world, bmc, connect } = await open();
  const client = await connect();
  const took = async (): Promise<number> => {
    const began = world.clock.monotonic();
    await world.until(client.send(GetDeviceId));
    return world.clock.monotonic() - began;
  };
  const usual = await took();
  bmc.faults.add({ id: 'late', when: { direction: 'out' }, then: { delay: '300ms' }, times: 1 });
  expect(await took()).toBeGreaterThanOrEqual(300);
  bmc.faults.add({ id: 'lost', when: { direction: 'in' }, then: { loss: 1 }, times: 1 });
  expect(await took()).toBeGreaterThan(usual + 400);
  expect(bmc.faults.list).toEqual([]);
  expect(await took()).toBeLessThan(50);
});

test('F2: a rate keeps so many datagrams waiting, and loses the others', async () => {
  const { world, bmc } = await open([{ when: { direction: 'in' }, then: { rate: 1000 } }]);
  const socket = await world.udp.bind({ host: '10.0.0.9', port: 0 });
  const ping = Uint8Array.of(6, 0, 0xff, 6, 0, 0, 0x11, 0xbe, 0x80, 7, 0, 0);
  for (let i = 0; i < 1000; i++) socket.send(ping, SERVER);
  await world.run(1);
  expect(world.clock.pending).toBeLessThan(100);
  await bmc.close();
});

test.each<[string, FaultRule, string]>([
  ['a wrong signature', { then: { integrity: 'wrong' } }, 'TimeoutError'],
  ['a missing signature', { then: { integrity: 'missing' } }, 'TimeoutError'],
  ['a wrong checksum', { then: { checksum: 'wrong' } }, 'TimeoutError'],
  ['a wrong session id', { then: { sessionId: 'wrong' } }, 'TimeoutError'],
  ['session id 0', { then: { sessionId: 'zero' } }, 'TimeoutError'],
  ['wrong filling', { then: { padding: 'wrong' } }, 'TimeoutError'],
  ['a repeated number', { then: { sequence: 'repeat' } }, 'TimeoutError'],
  ['number 0', { then: { sequence: 'zero' } }, 'TimeoutError'],
  ['one command alone', { when: { command: 'get-device-id' }, then: { integrity: 'wrong' } }, 'TimeoutError'],
  ['its user', { when: { user: 'admin' }, then: { integrity: 'wrong' } }, 'TimeoutError'],
])('F3: sealed packets: %s', async (_name, rule, found) => {
  expect(await symptom(rule)).toBe(found);
});

test('F3: another command, another user: the packet is as it should be', async () => {
  const { world, bmc, connect } = await open();
  const client = await connect();
  bmc.faults.add({ when: { command: 'get-sdr' }, then: { integrity: 'wrong' } });
  bmc.faults.add({ when: { user: 'root' }, then: { integrity: 'wrong' } });
  bmc.faults.add({ when: { payload: 'sol' }, then: { integrity: 'wrong' } });
  await world.until(client.send(GetDeviceId));
  expect(bmc.faults.list.map(({ hits }) => hits)).toEqual([0, 0, 0]);
});

test('F3: a log-in is refused at each step with the status of the rule, and the next one succeeds', async () => {
  for (const step of ['open-session', 'rakp-1', 'rakp-3'] as const) {
    const { bmc, connect } = await open();
    bmc.faults.add({ when: { step }, then: { logIn: RakpStatus.InvalidRole }, times: 1 });
    await expect(connect()).rejects.toMatchObject({ status: RakpStatus.InvalidRole });
    expect(bmc.sessions.active).toEqual([]);
    await connect();
  }
});

test.each(['short', 'none'] as const)('F3: a step answered %s: the console gets nowhere', async (logIn) => {
  const { bmc, connect } = await open([{ when: { step: 'rakp-1' }, then: { logIn } }]);
  await expect(connect()).rejects.toThrow();
  bmc.faults.clear();
  await connect();
});

test('F3: sessions are all there are, and one that is dropped is gone', async () => {
  const { world, bmc, connect } = await open();
  const client = await connect();
  using full = bmc.faults.add({ then: { sessions: 1 } });
  await expect(connect()).rejects.toMatchObject({ status: RakpStatus.InsufficientResources });
  expect(full.hits).toBe(1);
  full.remove();
  await connect();
  bmc.faults.add({ when: { command: 'app', nth: 2 }, then: { endSession: true } });
  await world.until(client.send(GetDeviceId));
  await expect(world.until(client.send(GetDeviceId))).rejects.toThrow();
  expect(bmc.sessions.active).toHaveLength(1);
});

test('F4: dark for a while: nobody is answered, and the session lives', async () => {
  const { world, bmc, connect } = await open();
  const client = await connect();
  bmc.faults.dark('15s');
  await world.run(30);
  expect(bmc.router.suspended).toBe(0xd2);
  await expect(world.until(client.send(GetDeviceId))).rejects.toThrow();
  await world.run(15_000);
  await world.until(client.send(GetDeviceId));
  expect([bmc.faults.list, bmc.router.suspended]).toEqual([[], undefined]);
});

test('F4: the SEL is full, its clock wrong, standing or fast', async () => {
  const { bmc, world } = rig(BASE);
  const now = bmc.time.now();
  using full = bmc.faults.add({ then: { sel: 'full' } });
  expect([bmc.sel.freeBytes, () => bmc.sel.add(new Uint8Array(16))]).toEqual([0, expect.any(Function)]);
  expect(() => bmc.sel.add(new Uint8Array(16))).toThrow();
  full.remove();
  bmc.sel.add(new Uint8Array(16));
  for (const [clock, shown] of [
    ['+1h', 3600 + 10],
    ['-1d', -86_400 + 10],
    ['stopped', 0],
    ['x3', 30],
  ] as const) {
    const began = bmc.time.now();
    using fault = bmc.faults.add({ then: { clock } });
    await world.run(10_000);
    expect(bmc.time.now() - began).toBe(shown);
    fault.remove();
    expect(bmc.time.now() - began).toBe(10);
  }
  expect(bmc.time.now()).toBe(now + 40);
});

test('F4: sensors that stick, cannot be read, jump or read what the rule says', async () => {
  const { bmc, world } = rig(BASE);
  const sensor = bmc.sensors.get('Inlet');
  const before = sensor.value;
  const during = async (is: number | 'stuck' | 'unreadable' | 'jumping'): Promise<(number | undefined)[]> => {
    using fault = bmc.faults.add({ then: { sensor: { name: 'Inlet', is } } });
    const seen = [bmc.sensors.get('Inlet').value];
    await world.run(1001);
    seen.push(bmc.sensors.get('Inlet').value);
    expect(fault.isArmed).toBe(true);
    return seen;
  };
  expect(await during('unreadable')).toEqual([undefined, undefined]);
  expect(await during('stuck')).toEqual([before, before]);
  expect(await during(90)).toEqual([90, 90]);
  const [one, other] = await during('jumping');
  expect(one).not.toBe(other);
  expect(sensor.value).toBe(before);
});

test('F4: a FRU with wrong checksums, a self test that fails, an SDR repository that changes', async () => {
  const { bmc, send } = rig(BASE);
  const header = (): Promise<number[]> => send(0x0a, 0x11, 0, 0, 0, 8);
  const sum = (bytes: number[]): number => bytes.slice(2).reduce((all, one) => all + one, 0) & 0xff;
  expect(sum(await header())).toBe(0);
  using spoilt = bmc.faults.add({ then: { fru: { id: 0, checksum: 'wrong' }, selfTest: 'fru' } });
  expect(sum(await header())).not.toBe(0);
  expect(spoilt.isArmed).toBe(true);
  expect(await send(6, 4)).toEqual([0, 0x57, 0x20]);
  bmc.faults.clear();
  expect([sum(await header()), await send(6, 4)]).toEqual([0, [0, 0x55, 0]]);
  bmc.faults.add({ then: { sdr: { changesEvery: 3 } } });
  const [, low, high] = await send(0x0a, 0x22);
  const seen: number[] = [];
  for (let i = 0; i < 4; i++) seen.push((await send(0x0a, 0x23, low, high, 0, 0, 1, 4))[0]);
  expect(seen).toEqual([0, 0, 0xc5, 0xc5]);
});

test('F4: power actions that fail, hang or take their time, and a machine that ignores soft off', async () => {
  const { bmc, send, world } = rig(BASE);
  const off = (): Promise<number[]> => send(0, 2, 0);
  const during = async (power: 'fails' | 'hangs' | { takes: string }): Promise<[number, boolean]> => {
    using fault = bmc.faults.add({ then: { power } });
    const [cc] = await off();
    expect(fault.isArmed).toBe(true);
    return [cc, bmc.chassis.isOn];
  };
  expect([await during('fails'), await during('hangs'), await during({ takes: '10s' })]).toEqual([
    [0xd5, true],
    [0, true],
    [0, true],
  ]);
  await world.run(10_001);
  expect(bmc.chassis.isOn).toBe(false);
  await send(0, 2, 1);
  using deaf = bmc.faults.add({ then: { softOff: 'ignored' } });
  expect(await send(0, 2, 5)).toEqual([0]);
  await world.run(60_000);
  expect([deaf.isArmed, bmc.chassis.isOn]).toEqual([true, true]);
  await off();
  expect(bmc.chassis.isOn).toBe(false);
});

test('F4: a console that is stuck, noisy or slow', async () => {
  const { bmc, world } = rig(BASE);
  let say: (text: string) => void = () => undefined;
  bmc.console.plug((port) => {
    say = (text) => port.received(new TextEncoder().encode(text));
    return { write: () => true, close: () => Promise.resolve() };
  });
  let heard = '';
  bmc.console.listen({ onData: (data) => (heard += new TextDecoder('latin1').decode(data)) });
  const text = 'the quick brown fox jumps over the lazy dog '.repeat(4);
  {
    using stuck = bmc.faults.add({ then: { console: 'stuck' } });
    say(text);
    expect([heard, stuck.hits]).toEqual(['', 1]);
  }
  {
    using noisy = bmc.faults.add({ then: { console: 'noisy' } });
    say(text);
    expect(heard).toHaveLength(text.length);
    expect(heard).not.toBe(text);
    expect(noisy.isArmed).toBe(true);
  }
  heard = '';
  {
    using slow = bmc.faults.add({ then: { console: { charactersPerSecond: 100 } } });
    say(text);
    await world.run(1000);
    expect(heard.length).toBeGreaterThan(80);
    expect(heard.length).toBeLessThan(110);
    expect(slow.isArmed).toBe(true);
  }
  heard = '';
  say(text);
  expect(heard).toBe(text);
});

test('F4: a condition that waits for a command begins with it and lasts as long as it says', async () => {
  const { bmc, world, connect } = await open([
    { id: 'slow-reset', when: { command: 'cold-reset' }, then: { dark: '30s', selfTest: 'firmware' } },
  ]);
  expect(bmc.identity.selfTest.result).toBe(0x55);
  const client = await connect();
  await world.until(client.raw(6, 2, new Uint8Array(0)));
  await world.run(10_000);
  expect([bmc.life.dark, bmc.identity.selfTest.result]).toEqual([true, 0x57]);
  await world.run(25_000);
  expect([bmc.life.dark, bmc.router.suspended]).toEqual([false, undefined]);
  bmc.faults.clear();
  expect(bmc.identity.selfTest.result).toBe(0x55);
});

test('F4: presets are stories that come and go as one', () => {
  for (const name of Object.keys(presets)) {
    const { bmc } = rig(BASE);
    const story = bmc.faults.preset(name);
    expect(bmc.faults.list.length).toBe(presets[name].rules.length);
    expect(story.isArmed).toBe(true);
    story.remove();
    expect(bmc.faults.list).toEqual([]);
  }
  expect(() => rig({ faults: { presets: ['overloded'] } })).toThrow(
    expect.objectContaining({ path: ['faults', 'presets', 0] }),
  );
});

test('F4: a BMC that is closed has no timer of a fault left', async () => {
  const world = simWorld(1);
  const bmc = new Bmc(
    { ...BASE, faults: { presets: Object.keys(presets).filter((name) => name !== 'out-of-sessions') } },
    { world },
  );
  await bmc.open();
  bmc.faults.add({ then: { loss: 1 }, after: '1h' });
  bmc.faults.add({ then: { sensor: { name: 'Inlet', is: 'jumping' } } });
  await bmc.close();
  const fresh = simWorld(1);
  const plain = new Bmc(BASE, { world: fresh });
  await plain.open();
  await plain.close();
  expect(world.clock.pending).toBe(fresh.clock.pending);
});
