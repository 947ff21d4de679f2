import { describe, expect, test } from 'vitest';
import { Bmc, type BmcOptions, type Journal, type PowerAction, type PowerBackend } from '../../bmc.ts';
import { simWorld, type SimWorld } from '../../world/index.ts';
import { RestartCause } from '../../commands/chassis/chassis.ts';

/** Keeps what a BMC stores, for the next one. */
function memory(): Journal {
  const kept = new Map<string, Map<string, unknown>>();
  const journal: Journal = {
    load: (store) => kept.get(store) ?? [],
    write: (changes) => {
      for (const { store, key, value } of changes) {
        const values = kept.get(store) ?? new Map<string, unknown>();
        kept.set(store, values);
        if (value === undefined) values.delete(key);
        else values.set(key, value);
      }
      return undefined;
    },
    satellite: () => journal,
  };
  return journal;
}

type Policy = 'always-off' | 'previous' | 'always-on';
const POLICIES: readonly Policy[] = ['always-off', 'previous', 'always-on'];
/** What can happen before a start, and whether the machine was on for the policy `previous`. */
const PASTS: readonly [string, (bmc: Bmc, world: SimWorld) => unknown, boolean][] = [
  ['nothing', () => undefined, true],
  ['off', (bmc) => bmc.chassis.control('off'), false],
  ['off and on', (bmc) => [bmc.chassis.control('off'), bmc.chassis.control('on')], true],
  ['half a power cycle', (bmc) => bmc.chassis.control('cycle'), true],
  ['a power cycle', async (bmc, world) => [bmc.chassis.control('cycle'), await world.run(10_000)], true],
  [
    'off in the middle of a power cycle',
    (bmc) => [bmc.chassis.control('cycle'), bmc.chassis.control('off')],
    false,
  ],
  ['a shutdown that has begun', (bmc) => bmc.chassis.control('soft'), true],
  ['a shutdown', async (bmc, world) => [bmc.chassis.control('soft'), await world.run(10_000)], false],
  ['mains lost', (bmc) => bmc.chassis.losePower('acFailed'), true],
  ['mains lost while off', (bmc) => [bmc.chassis.control('off'), bmc.chassis.losePower('acFailed')], false],
  ['mains lost, then off', (bmc) => [bmc.chassis.losePower('acFailed'), bmc.chassis.control('off')], false],
  [
    'mains lost in the middle of a power cycle',
    (bmc) => [bmc.chassis.control('cycle'), bmc.chassis.losePower('acFailed')],
    true,
  ],
  ['a fault', (bmc) => bmc.chassis.losePower('fault'), false],
];

describe('V12: the restore policy is obeyed at every start', () => {
  test.each(POLICIES.flatMap((policy) => PASTS.map((past) => [policy, ...past] as const)))(
    '%s, after %s',
    async (policy, _what, past, wasOn) => {
      const wanted = policy === 'always-on' || (policy === 'previous' && wasOn);
      for (const by of ['the settings', 'a client']) {
        const journal = memory();
        const options: BmcOptions = by === 'a client' ? {} : { chassis: { restorePolicy: policy } };
        const world = simWorld(1);
        const first = new Bmc(options, { world, journal });
        await world.until(first.open());
        if (by === 'a client') await first.chassis.setRestorePolicy(POLICIES.indexOf(policy));
        if (!first.chassis.isOn) await first.chassis.control('on');
        await past(first, world);
        // Killed: nothing is closed.
        for (let start = 2; start < 5; start++) {
          const bmc = new Bmc(options, { world: simWorld(start), journal });
          expect(bmc.chassis.isOn, `${by}, start ${start}`).toBe(wanted);
        }
      }
    },
  );

  test.each<[Policy, 'on' | 'off', boolean]>([
    ['always-off', 'on', false],
    ['always-on', 'off', true],
    ['previous', 'off', false],
    ['previous', 'on', true],
  ])('%s at the first start, power %s before it', (restorePolicy, power, on) => {
    expect(new Bmc({ chassis: { restorePolicy, power } }, { world: simWorld(1) }).chassis.isOn).toBe(on);
  });

  class OwnPower implements PowerBackend {
    readonly told: PowerAction[] = [];
    power(action: PowerAction): void {
      this.told.push(action);
    }
  }

  test.each<[Policy, PowerAction[], boolean]>([
    ['always-on', ['on'], true],
    ['previous', [], false],
    ['always-off', [], false],
  ])('%s: a machine with power of its own that is off', async (restorePolicy, told, on) => {
    const world = simWorld(1);
    const power = new OwnPower();
    const bmc = new Bmc({ chassis: { restorePolicy, power: 'off' } }, { world, power });
    await world.until(bmc.open());
    expect([power.told, bmc.chassis.isOn]).toEqual([told, on]);
    if (on) expect(bmc.chassis.restartCause.cause).toBe(RestartCause.AlwaysRestore);
    await world.until(bmc.close());
  });

  test('a machine with power of its own is not switched off because its BMC starts', async () => {
    const world = simWorld(1);
    const power = new OwnPower();
    const bmc = new Bmc({ chassis: { restorePolicy: 'always-off', power: 'on' } }, { world, power });
    await world.until(bmc.open());
    expect([power.told, bmc.chassis.isOn]).toEqual([[], true]);
    await world.until(bmc.close());
  });
});

test("V12: a failed power action's line names its BMC", async () => {
  const lines: string[] = [];
  const take = (message: string): void => void lines.push(message);
  const log = { debug: take, info: take, warn: take, error: take };
  const world = simWorld(1);
  const power: PowerBackend = { power: () => Promise.reject(new Error('the command ended with 3')) };
  const bmc = new Bmc({ name: 'node-2', chassis: { power: 'off' } }, { world, log, power });
  await expect(world.until(Promise.resolve(bmc.chassis.control('on')))).rejects.toThrow();
  expect(lines).toContain('node-2: power on failed: the command ended with 3');
});

describe("V12: DCMI's power follows the machine", () => {
  const watts = (name: string, more: object) => ({
    name,
    entity: '10.1',
    type: 'other units-based sensor',
    unit: 'Watts',
    range: [0, 500] as const,
    ...more,
  });
  const made = () => {
    const world = simWorld(1);
    const sensors = [
      watts('PSU1', { value: 100, needsPower: true }),
      watts('PSU2', { value: { base: 150, swing: 0 }, needsPower: true }),
    ];
    return { world, bmc: new Bmc({ sensors, sel: { bootEvents: false } }, { world }) };
  };

  test('off, it takes nothing, now and in the history, also of the time before the first question', async () => {
    const { world, bmc } = made();
    await world.run(60_000);
    await bmc.chassis.control('off');
    await world.run(20_000);
    expect(bmc.dcmi.power(10_000)).toMatchObject({ current: 0, minimum: 0, maximum: 0, average: 0 });
    expect(bmc.dcmi.power(60_000)).toMatchObject({ current: 0, minimum: 0, maximum: 250 });
    const { average } = bmc.dcmi.power(40_000);
    expect(average).toBeGreaterThan(110);
    expect(average).toBeLessThan(140);
    await bmc.chassis.control('on');
    await world.run(3000);
    expect(bmc.dcmi.power(1000)).toMatchObject({ current: 250, maximum: 250 });
  });

  test('a sensor that cannot be read counts for nothing; without any there is no reading and no sample of 0', async () => {
    const { world, bmc } = made();
    bmc.dcmi.power(1000);
    bmc.sensors.get('PSU1').set(null);
    await world.run(2000);
    expect([bmc.dcmi.power(1000).current, bmc.dcmi.readsPower]).toEqual([150, true]);
    bmc.sensors.get('PSU2').set(null);
    await world.run(2000);
    expect([bmc.dcmi.power(60_000), bmc.dcmi.readsPower]).toMatchObject([
      { current: 0, minimum: 150, maximum: 250 },
      false,
    ]);
  });
});
