// Fault rules in a simulated world: what each layer does to a client, what ends a rule, and that nothing
// stays.
import { expect, test } from 'vitest';
import { rig, sessionContext } from '../../test/support/bmc.ts';
import { Bmc, type BmcOptions } from '../bmc.ts';
import { connectLan, type LanClient } from '../client/index.ts';
import { GetDeviceId } from '../commands/app/device.ts';
import { GetChassisStatus } from '../commands/chassis/chassis.ts';
import { simWorld } from '../world/index.ts';
import type { FaultRule } from './index.ts';

const SERVER = { host: '10.0.0.1', port: 623, user: 'admin', password: 'secret' };

async function open(rules: readonly FaultRule[] = [], more: BmcOptions = {}) {
  const world = simWorld(1);
  const bmc = new Bmc(
    {
      interfaces: [{ type: 'lan', listen: '10.0.0.1:623' }],
      users: [{ id: 2, name: 'admin', password: 'secret' }],
      faults: { seed: 7, rules },
      ...more,
    },
    { world },
  );
  await bmc.open();
  const connect = (options = {}): Promise<LanClient> =>
    world.until(connectLan(world, { ...SERVER, ...options }));
  const hits: string[] = [];
  bmc.faults.onHit(({ rule, count }) => void hits.push(`${rule} ${count}`));
  return { world, bmc, connect, hits };
}

const raw = async (bmc: ReturnType<typeof rig>, netFn: number, cmd: number, ...data: number[]) =>
  bmc.send(netFn, cmd, ...data);

test('F1: a completion code is given so often as the rule says, and then the rule is gone', async () => {
  const { bmc, world, connect, hits } = await open();
  const client = await connect();
  const fault = bmc.faults.add({
    id: 'x',
    when: { command: 'get-device-id' },
    then: { complete: 'C0h' },
    times: 2,
  });
  for (let i = 0; i < 2; i++)
    await expect(world.until(client.send(GetDeviceId))).rejects.toMatchObject({ cc: 0xc0 });
  await world.until(client.send(GetDeviceId));
  expect([hits, fault.hits, fault.isArmed, bmc.faults.list]).toEqual([['x 1', 'x 2'], 2, false, []]);
});

test('F1: of the rules of a layer the first that fits is what happens', async () => {
  const { bmc, world, connect } = await open([
    { when: { command: 'Get Chassis Status' }, then: { complete: 0xd5 } },
    { then: { complete: 0xc1 } },
    { when: { command: 'app' }, then: { complete: 0xc2 } },
  ]);
  bmc.faults.remove('fault-2');
  bmc.faults.add({ id: 'last', when: { command: '06h 01h' }, then: { complete: 0xc3 } });
  const client = await connect().catch((error: unknown) => error);
  // The log-in asks with commands of NetFn App before it has a session.
  expect(client).toMatchObject({ cc: 0xc2 });
  bmc.faults.remove('fault-3');
  const session = await connect();
  await expect(world.until(session.send(GetChassisStatus))).rejects.toMatchObject({ cc: 0xd5 });
  await expect(world.until(session.send(GetDeviceId))).rejects.toMatchObject({ cc: 0xc3 });
});

test('F1: who, which way, with what, how often and how late: each part of `when` is looked at', async () => {
  const bmc = rig();
  const add = (when: FaultRule['when']) => bmc.bmc.faults.add({ id: 'w', when, then: { complete: 0xd6 } });
  const cases: [FaultRule['when'], number, number, number[], boolean][] = [
    [{ netFn: 6, cmd: 1 }, 6, 1, [], true],
    [{ netFn: 6, cmd: 4 }, 6, 1, [], false],
    [{ command: ['get-sdr', 'get-device-id'] }, 6, 1, [], true],
    [{ body: 0xdc, cmd: 1, netFn: 0x2c }, 0x2c, 1, [0xdc], true],
    [{ body: 0, cmd: 1, netFn: 0x2c }, 0x2c, 1, [0xdc], false],
    [{ command: 'dcmi' }, 0x2c, 1, [0xdc], true],
    [{ command: 'picmg' }, 0x2c, 1, [0xdc], false],
    [{ channel: 'lan' }, 6, 1, [], true],
    [{ channel: 1 }, 6, 1, [], true],
    [{ channel: 'host' }, 6, 1, [], false],
    [{ user: 'admin' }, 6, 1, [], false],
    [{ command: 'get-channel-info', data: '0e' }, 6, 0x42, [0x0e], true],
    [{ command: 'get-channel-info', data: '01' }, 6, 0x42, [0x0e], false],
    [{ command: 'get-channel-info', data: '..' }, 6, 0x42, [0x0e], true],
    [{ power: 'on' }, 6, 1, [], true],
    [{ power: 'off' }, 6, 1, [], false],
    [{ sessionAge: '0s..' }, 6, 1, [], false],
  ];
  for (const [when, netFn, cmd, data, does] of cases) {
    const fault = add(when);
    const [cc] = await raw(bmc, netFn, cmd, ...data);
    expect([when, cc === 0xd6]).toEqual([when, does]);
    fault.remove();
  }
  const turns = async (nth: number | string): Promise<string> => {
    const fault = bmc.bmc.faults.add({ when: { nth, command: 'get-device-id' }, then: { complete: 0xd6 } });
    let seen = '';
    for (let i = 0; i < 6; i++) seen += (await raw(bmc, 6, 1))[0] === 0xd6 ? 'x' : '.';
    fault.remove();
    return seen;
  };
  expect([await turns(3), await turns('3..'), await turns('2..4'), await turns('every 2')]).toEqual([
    '..x...',
    '..xxxx',
    '.xxx..',
    '.x.x.x',
  ]);
});

test('F1: a user and the age of its session', async () => {
  const { bmc, world } = rig({ users: [{ id: 2, name: 'admin', password: 'x' }] });
  const context = sessionContext(bmc, 4);
  const ask = async (): Promise<number> =>
    (await bmc.router.enter({ netFn: 6, lun: 0, cmd: 1, data: new Uint8Array(0) }, context))[0];
  bmc.faults.add({ when: { user: 'admin', sessionAge: '10s..20s' }, then: { complete: 0xd6 } });
  const seen: number[] = [];
  for (let i = 0; i < 3; i++) {
    seen.push(await ask());
    await world.run(10_001);
  }
  expect(seen).toEqual([0, 0xd6, 0]);
});

test('F1: patched, cut, longer, another request’s answer, late, a bug, and busy for a while', async () => {
  const bmc = rig();
  const once = async (then: FaultRule['then'], times?: number): Promise<number[]> => {
    const fault = bmc.bmc.faults.add({ then, times });
    const answer = bmc.send(6, 1);
    const all = await bmc.world.until(answer);
    fault.remove();
    return all;
  };
  const right = await bmc.send(6, 1);
  expect((await once({ patch: '@2 AA bb' })).slice(0, 4)).toEqual([0, 0xaa, 0xbb, right[3]]);
  expect(await once({ truncate: 3 })).toEqual(right.slice(0, 4));
  expect(await once({ extend: 2 })).toEqual([...right, 0, 0]);
  expect(await once({ throws: true })).toEqual([0xff]);
  const began = bmc.world.clock.monotonic();
  expect(await once({ delay: '2s' })).toEqual(right);
  expect(bmc.world.clock.monotonic() - began).toBeGreaterThanOrEqual(2000);
  bmc.bmc.faults.add({ when: { command: 'get-device-id' }, then: { answerOf: 'previous' } });
  const status = await bmc.send(0, 1);
  expect(await bmc.send(6, 1)).toEqual(status);
  bmc.bmc.faults.clear();
  bmc.bmc.faults.add({ then: { busy: 2 } });
  expect([await bmc.send(6, 1), await bmc.send(6, 1), await bmc.send(6, 1)]).toEqual([[0xc0], [0xc0], right]);
  expect(bmc.bmc.faults.list).toEqual([]);
});

test('F1: a request is never answered, and asked again it is', async () => {
  for (const drop of ['request', 'response'] as const) {
    const { bmc, world, connect, hits } = await open();
    const client = await connect();
    bmc.faults.add({ id: 'silent', when: { command: 'get-device-id' }, then: { drop }, times: 1 });
    const began = world.clock.monotonic();
    await world.until(client.send(GetDeviceId));
    expect(world.clock.monotonic() - began).toBeGreaterThan(500);
    expect(hits).toEqual(['silent 1']);
  }
});

test('F1: `after` and `for`: a rule begins and ends by itself', async () => {
  const bmc = rig();
  bmc.bmc.faults.add({ then: { complete: 0xd6 }, after: '10s', for: '5s' });
  const seen: number[] = [];
  for (let i = 0; i < 4; i++) {
    seen.push((await bmc.send(6, 1))[0]);
    await bmc.world.run(5001);
  }
  expect(seen).toEqual([0, 0, 0xd6, 0]);
  expect(bmc.bmc.faults.list).toEqual([]);
});

test('F1: with `using` a rule is there for its block', async () => {
  const bmc = rig();
  {
    using fault = bmc.bmc.faults.add({ then: { complete: 0xd6 } });
    expect(await bmc.send(6, 1)).toEqual([0xd6]);
    expect(fault.hits).toBe(1);
  }
  expect((await bmc.send(6, 1))[0]).toBe(0);
});

test.each<[string, FaultRule, string[], RegExp]>([
  ['no command', { when: { command: 'get-sdrr' }, then: { complete: 1 } }, ['when', 'command'], /get-sdrr/],
  ['two layers', { then: { loss: 0.5, complete: 1 } }, ['then', 'complete'], /another layer/],
  ['another layer', { when: { direction: 'in' }, then: { throws: true } }, ['when', 'direction'], /layer/],
  ['no time', { then: { delay: 'soon' } }, ['then', 'delay'], /soon/],
  ['no share', { then: { loss: 2 } }, ['then', 'loss'], /share/],
  ['no chance', { then: { loss: 1 }, chance: '200%' }, ['chance'], /share/],
  ['no turn', { when: { nth: '5..2' }, then: { throws: true } }, ['when', 'nth'], /5\.\.2/],
  ['no code', { then: { complete: 'xyz' } }, ['then', 'complete'], /xyz/],
  ['no patch', { then: { patch: 'FF' } }, ['then', 'patch'], /FF/],
  ['nothing', { then: {} }, ['then'], /something/],
  ['no sensor', { then: { sensor: { name: 'none', is: 'stuck' } } }, ['then', 'sensor', 'name'], /none/],
  ['no FRU', { then: { fru: { id: 9, checksum: 'wrong' } } }, ['then', 'fru', 'id'], /9/],
  ['no clock', { then: { clock: 'late' } }, ['then', 'clock'], /late/],
  ['no age', { when: { sessionAge: '5s' }, then: { throws: true } }, ['when', 'sessionAge'], /5s/],
  ['no bytes', { when: { data: 'xx' }, then: { throws: true } }, ['when', 'data'], /xx/],
])('F1: a bad rule is refused with its place: %s', (_name, rule, path, message) => {
  const { bmc } = rig();
  expect(() => bmc.faults.add(rule)).toThrow(
    expect.objectContaining({ path, message: expect.stringMatching(message) }),
  );
  expect(bmc.faults.list).toEqual([]);
  expect(() => rig({ faults: { rules: [rule] } })).toThrow(
    expect.objectContaining({ path: ['faults', 'rules', 0, ...path] }),
  );
});

test('F1: two rules have no id in common', () => {
  const { bmc } = rig();
  bmc.faults.add({ id: 'a', then: { throws: true } });
  expect(() => bmc.faults.add({ id: 'a', then: { throws: true } })).toThrow('an id that no other rule has');
});

test('F1: the same seed has the same hits, another one others; a BMC of another name has its own', async () => {
  const drawn = async (seed: number, name: string): Promise<string> => {
    const bmc = rig({ name, faults: { seed, rules: [{ then: { complete: 0xd6 }, chance: '40%' }] } });
    let seen = '';
    for (let i = 0; i < 64; i++) seen += (await bmc.send(6, 1))[0] === 0xd6 ? 'x' : '.';
    return seen;
  };
  const [one, again, other, neighbour] = [
    await drawn(7, 'a'),
    await drawn(7, 'a'),
    await drawn(8, 'a'),
    await drawn(7, 'b'),
  ];
  expect(one).toBe(again);
  expect(new Set([one, other, neighbour]).size).toBe(3);
  expect(one.replaceAll('.', '').length).toBeGreaterThan(12);
});

test('F1: a million hits leave nothing behind', async () => {
  const { bmc, world } = rig();
  bmc.faults.add({ id: 'many', then: { complete: 0xd6 } });
  const context = sessionContext(bmc, 4);
  const message = { netFn: 6, lun: 0, cmd: 1, data: new Uint8Array(0) };
  const pending = world.clock.pending;
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < 1_000_000; i++) void bmc.router.enter(message, context);
  expect(bmc.faults.list[0].hits).toBe(1_000_000);
  bmc.faults.clear();
  expect(world.clock.pending).toBe(pending);
  expect(bmc.router.entrance).toBe(bmc.router.dispatch);
  // Garbage that was not taken away yet is allowed; a hundred bytes a hit are not.
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(100e6);
});

test('F1: hits are lines of the log and of the trace, with the rule’s id', async () => {
  const lines: string[] = [];
  const quiet = (): void => undefined;
  const info = (line: string): void => void lines.push(line);
  const world = simWorld(1);
  const bmc = new Bmc({ name: 'n1' }, { world, log: { debug: quiet, info, warn: quiet, error: quiet } });
  const { trace } = await import('../taps/index.ts');
  const seen: string[] = [];
  bmc.taps.add(trace(bmc.router, world.clock, (line) => void seen.push(line)));
  bmc.faults.add({ id: 'busy-sdr', when: { command: 'get-device-id' }, then: { complete: 'C0h' }, times: 1 });
  const context = sessionContext(bmc, 4);
  void bmc.router.enter({ netFn: 6, lun: 0, cmd: 1, data: new Uint8Array(0) }, context);
  expect(lines).toContain('n1: fault busy-sdr (1): Get Device ID answered C0h');
  expect(lines).toContain('n1: fault busy-sdr is over after 1 hits');
  expect(seen).toContain('fault busy-sdr (1)  Get Device ID answered C0h');
});
