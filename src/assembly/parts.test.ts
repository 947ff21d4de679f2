import { expect, test } from 'vitest';
import { rig, sessionContext } from '../../test/support/bmc.ts';
import { Bmc, type BmcOptions } from '../bmc.ts';
import { Privilege } from '../commands/command.ts';
import type { Change, Journal, Stored } from '../state/store.ts';
import { simWorld } from '../world/index.ts';
import { parts } from './parts.ts';

/** What survives a process, as values of stores. */
class Kept implements Journal {
  readonly stores = new Map<string, Map<string, unknown>>();
  readonly written: Change[] = [];
  load(store: string): Iterable<Stored> {
    return [...(this.stores.get(store) ?? [])];
  }
  holds(store: string): boolean {
    return (this.stores.get(store)?.size ?? 0) > 0;
  }
  write(changes: readonly Change[]): undefined {
    for (const change of changes) {
      this.written.push(change);
      const values = this.stores.get(change.store) ?? new Map<string, unknown>();
      this.stores.set(change.store, values);
      if (change.value === undefined) values.delete(change.key);
      else values.set(change.key, change.value);
    }
  }
  satellite(): Journal {
    return this;
  }
}

const QUIET: BmcOptions = { sel: { bootEvents: false } };

test('T2: a BMC that is open, and has had a session, has built no part of itself that nobody asked for', async () => {
  const { bmc, world } = rig();
  await world.until(bmc.open());
  const { session } = sessionContext(bmc, Privilege.Administrator);
  bmc.sessions.close(session, 'closed');
  expect(Object.keys(bmc.built)).toEqual([]);
  expect(bmc.watchdog, 'asked for').toBe(bmc.watchdog);
  expect(Object.keys(bmc.built)).toEqual(['watchdog']);
  bmc.reset('warm');
  await world.run(1000);
  expect(Object.keys(bmc.built), 'a reset tells what there is').toEqual(['watchdog']);
  await bmc.close();
  expect(Object.keys(bmc.built), 'and so does the end').toEqual(['watchdog']);
});

const FIRMWARE = { components: [{ id: 0, name: 'BMC', bmc: true }] };

test('T2: firmware that has nothing to find out at a start is built when asked for; else it boots', async () => {
  for (const [what, options, around, isBuilt] of [
    ['in memory', {}, {}, false],
    ['of the version that its identity says', { identity: { firmware: '2.10' } }, {}, false],
    ['in files', {}, { firmwareDirectory: '/fw' }, true],
  ] as const) {
    const world = simWorld(1);
    const bmc = new Bmc({ ...QUIET, ...options, firmware: FIRMWARE }, { world, ...around });
    await world.until(bmc.open());
    expect([what, bmc.built.update !== undefined]).toEqual([what, isBuilt]);
    expect(bmc.update?.components[0].active.version.major).toBe('identity' in options ? 2 : 1);
    await world.until(bmc.close());
  }
});

test('T2: every part is there for who asks', () => {
  const { bmc } = rig({ firmware: FIRMWARE });
  for (const part of Object.keys(parts) as (keyof typeof parts)[])
    expect([part, bmc[part]]).toEqual([part, bmc.built[part]]);
  expect(Object.keys(bmc.built).sort()).toEqual(Object.keys(parts).sort());
});

test('T2: a part with something stored is built at the start, by whatever journal', () => {
  const world = simWorld(1);
  const journal = new Kept();
  void new Bmc(QUIET, { world, journal }).bootOptions.set(5, Uint8Array.of(0x80, 8, 0, 0, 0), undefined);
  void new Bmc(QUIET, { world, journal }).pef.setLastProcessed(false, 7);
  const again = new Bmc(QUIET, { world, journal });
  expect(Object.keys(again.built).sort()).toEqual(['bootOptions', 'pef']);
  const { stores, written } = journal;
  const silent: Journal = {
    load: (store) => [...(stores.get(store) ?? [])],
    write: (changes) => void written.push(...changes),
    satellite: () => silent,
  };
  expect(Object.keys(new Bmc(QUIET, { world, journal: silent }).built)).toContain('pef');
});

test('T2: PEF has every event from the first on, and counts its delay from a start before it was built', async () => {
  const { bmc, world } = rig({ pef: { startupDelay: 60, filters: [{ actions: ['reset'] }] } });
  await world.until(bmc.open());
  expect(bmc.built.pef).toBeUndefined();
  const resets: number[] = [];
  bmc.chassis.onPower(({ action }) => action === 'reset' && resets.push(world.clock.monotonic()));
  await world.until(bmc.chassis.attempt('off', 0, 'test'));
  await world.until(bmc.chassis.attempt('on', 0, 'test'));
  const started = world.clock.monotonic();
  expect(bmc.pef.bmcRecordId, 'all that was logged').toBe(bmc.sel.lastId);
  await world.run(120_000);
  expect(resets.map((at) => Math.round((at - started) / 1000))).toEqual([60]);
});

test('T2: images that nobody has uploaded cost no lock; from the first upload on they are one process’ alone', async () => {
  const world = simWorld(1);
  const make = async (): Promise<Bmc> => {
    const bmc = new Bmc({ ...QUIET, firmware: FIRMWARE }, { world, firmwareDirectory: '/fw' });
    await world.until(bmc.open());
    return bmc;
  };
  const [one, other] = [await make(), await make()];
  expect(await world.until(world.files.stat('/fw'))).toBeUndefined();
  const owner = { key: 'me', label: 'me' };
  await world.until(one.update!.begin(0, owner));
  await expect(world.until(other.update!.begin(0, owner))).rejects.toThrow();
  await expect(make(), 'nor does a third open').rejects.toThrow(/lock/);
  await world.until(one.close());
  const again = await make();
  await world.until(again.update!.begin(0, owner));
  await world.until(Promise.all([other.close(), again.close()]));
});
