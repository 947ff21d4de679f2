import { describe, expect, test } from 'vitest';
import { Bmc, type BmcOptions } from '../../bmc.ts';
import type { PowerChange } from '../../machine/chassis/chassis.ts';
import { Storage } from '../../storage/storage.ts';
import { simWorld, type SimWorld } from '../../world/index.ts';
import type { PlatformEvent } from '../../state/log/events.ts';
import type { Journal } from '../../state/store.ts';

const tooHot: PlatformEvent = {
  generator: 0x20,
  sensorType: 0x01,
  sensorNumber: 3,
  eventType: 0x01,
  deassertion: false,
  data: Uint8Array.of(0x59, 96, 95),
};
const ACTIONS = {
  'power-off': 'off',
  'power-cycle': 'cycle',
  reset: 'reset',
  'diagnostic-interrupt': 'diag',
} as const;
type Action = keyof typeof ACTIONS;

/** A machine that is on, whose every event asks for an action; what that made of one event in ten seconds. */
async function afterOneEvent(
  world: SimWorld,
  action: Action,
  journal?: Journal,
): Promise<PowerChange['action'][]> {
  const pef: BmcOptions['pef'] = {
    startupDelay: 0,
    eventMessages: true,
    filters: [{ actions: [action] }],
    enabled: false,
  };
  const bmc = new Bmc({ chassis: { power: 'on' }, sel: { bootEvents: false }, pef }, { world, journal });
  await world.until(bmc.open());
  void bmc.pef.setParameter(1, Uint8Array.of(0b11), undefined);
  const done: PowerChange['action'][] = [];
  bmc.chassis.onPower((change) => done.push(change.action));
  void bmc.events.raise(tooHot);
  await world.run(10_000);
  await world.until(bmc.close());
  return done;
}

describe('V2: an action of PEF has an end, though its filter matches what it raises', () => {
  test.each(Object.keys(ACTIONS) as Action[])('%s, by a filter for every event', async (action) => {
    const done = await afterOneEvent(simWorld(7), action);
    // The second half of a power cycle is an event of its own, the cycle's pause later.
    const most = action === 'power-cycle' ? 20 : 1;
    expect(done[0]).toBe(ACTIONS[action]);
    expect(done.length).toBeLessThanOrEqual(most);
  });

  test('with a log on a disk', async () => {
    const world = simWorld(7);
    const storage = await world.until(Storage.open(world.files, '/state', { warn: () => undefined }));
    const journal = storage.journal('bmc');
    expect(await afterOneEvent(world, 'diagnostic-interrupt', journal)).toEqual(['diag']);
  });
});
