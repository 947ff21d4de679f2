// Sessions that are dropped after requests or seconds, and log-ins of one user that are refused.
import { expect, test } from 'vitest';
import { Bmc } from '../bmc.ts';
import { connectLan, type LanClient } from '../client/index.ts';
import { GetDeviceId } from '../commands/app/device.ts';
import { GetChassisStatus } from '../commands/chassis/chassis.ts';
import { RakpStatus } from '../wire/index.ts';
import { simWorld } from '../world/index.ts';
import type { FaultRule } from './index.ts';

async function open(rules: readonly FaultRule[] = []) {
  const world = simWorld(1);
  const bmc = new Bmc(
    {
      interfaces: [{ type: 'lan', listen: '10.0.0.1:623' }],
      users: [
        { id: 2, name: 'admin', password: 'secret' },
        { id: 3, name: 'root', password: 'secret' },
      ],
      faults: { seed: 7, rules },
    },
    { world },
  );
  await bmc.open();
  const connect = (user = 'admin', options = {}): Promise<LanClient> =>
    world.until(connectLan(world, { host: '10.0.0.1', port: 623, user, password: 'secret', ...options }));
  return { world, bmc, connect };
}

test.each([{}, { version: '1.5' }])(
  'F3: a session of %o is dropped after three requests, each for itself',
  async (options) => {
    const { bmc, world, connect } = await open();
    // A log-in is requests of its session, too.
    bmc.faults.add({ when: { command: 'get-device-id' }, then: { endSession: { requests: 3 } } });
    for (let i = 0; i < 2; i++) {
      const client = await connect('admin', options);
      for (let n = 0; n < 3; n++) await world.until(client.send(GetDeviceId));
      expect(bmc.sessions.active).toHaveLength(1);
      await world.until(client.send(GetChassisStatus));
      await expect(world.until(client.send(GetDeviceId))).rejects.toThrow();
      expect(bmc.sessions.active).toEqual([]);
    }
    expect(bmc.faults.list[0].hits).toBe(2);
  },
);

test('F3: a session is dropped after so many seconds, whoever is silent in it, and its user’s alone', async () => {
  const { bmc, world, connect } = await open();
  const early = await connect();
  await world.run(4000);
  const pending = world.clock.pending;
  const fault = bmc.faults.add({ id: 'x', when: { user: 'admin' }, then: { endSession: { age: '10s' } } });
  await connect('root');
  await world.run(5000);
  await connect();
  const names = (): string[] => bmc.sessions.active.map(({ userName }) => userName);
  expect(names()).toEqual(['admin', 'root', 'admin']);
  await world.run(2000);
  expect(names()).toEqual(['root', 'admin']);
  await expect(world.until(early.send(GetDeviceId))).rejects.toThrow();
  expect(names()).toEqual(['root']);
  expect(fault.hits).toBe(2);
  const late = await connect();
  fault.remove();
  await world.run(15_000);
  await world.until(late.send(GetDeviceId));
  await bmc.close();
  await world.run(120_000);
  expect(world.clock.pending).toBeLessThanOrEqual(pending);
});

test('F3: a user’s log-ins are refused at its steps, and nobody else’s', async () => {
  for (const step of ['rakp-1', 'rakp-3'] as const) {
    const { bmc, connect } = await open();
    bmc.faults.add({ when: { step, user: 'root' }, then: { logIn: RakpStatus.UnauthorizedName } });
    await connect('admin');
    await expect(connect('root')).rejects.toMatchObject({ status: RakpStatus.UnauthorizedName });
    expect(bmc.faults.list[0].hits).toBe(1);
  }
});

test.each<[string, FaultRule, string[]]>([
  ['no time', { then: { endSession: { age: 'soon' } } }, ['then', 'endSession', 'age']],
  ['neither', { then: { endSession: {} } }, ['then', 'endSession']],
  [
    'a command that ages',
    { when: { command: 'app' }, then: { endSession: { age: 1 } } },
    ['then', 'endSession', 'age'],
  ],
  ['twice how often', { then: { busy: 3 }, times: 2 }, ['times']],
])('F3: a bad rule is refused with its place: %s', async (_name, rule, path) => {
  const { bmc } = await open();
  expect(() => bmc.faults.add(rule)).toThrow(expect.objectContaining({ path }));
});
