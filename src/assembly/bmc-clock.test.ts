// A BMC whose time stands until it is advanced, and one whose time runs faster.
import { expect, test } from 'vitest';
import { Bmc, type BmcOptions } from '../bmc.ts';
import { connectLan } from '../client/index.ts';
import { simWorld } from '../world/index.ts';
import { FastClock, VirtualClock } from '../world/virtual-clock.ts';

const SERVER = { host: '10.0.0.1', port: 623, user: 'admin', password: 'secret' };

async function open(options: BmcOptions) {
  const world = simWorld(1);
  const bmc = new Bmc(
    {
      interfaces: [{ type: 'lan', listen: '10.0.0.1:623' }],
      users: [{ id: 2, name: 'admin', password: 'secret' }],
      ...options,
    },
    { world },
  );
  await bmc.open();
  return { world, bmc };
}

test('17.1: who advances a clock far lets others have their turns between two timers', async () => {
  const { bmc } = await open({ clock: 'virtual' });
  let ticks = 0;
  const tick = (): void => void (ticks++, bmc.clock.clock.after(1000, tick));
  tick();
  const rested: number[] = [];
  await bmc.clock.advance('1m', () => {
    if (ticks % 20 === 0) rested.push(ticks);
    return Promise.resolve();
  });
  expect(ticks).toBe(61);
  expect(rested).toContain(20);
  expect(rested).toContain(40);
});

test('F5: a watchdog of ten minutes bites after ten minutes of the BMC’s own time, over a session', async () => {
  const { world, bmc } = await open({ clock: 'virtual' });
  const client = await world.until(connectLan(world, SERVER));
  // Use SMS/OS, action hard reset, 600 s in tenths of a second.
  await world.until(client.raw(6, 0x24, Uint8Array.of(4, 1, 0, 0, 0x70, 0x17)));
  await world.until(client.raw(6, 0x22, new Uint8Array(0)));
  const resets: string[] = [];
  bmc.chassis.onPower(({ action }) => void resets.push(action));
  await world.run(3_600_000);
  expect(resets).toEqual([]);
  for (let minute = 0; minute < 9; minute++) {
    await bmc.clock.advance('59s');
    await world.until(client.raw(6, 1, new Uint8Array(0)));
    await bmc.clock.advance(1);
    await world.until(client.raw(6, 1, new Uint8Array(0)));
  }
  await bmc.clock.advance('59s');
  expect(resets).toEqual([]);
  await bmc.clock.advance('2s');
  expect(resets).toEqual(['reset']);
  await bmc.close();
});

test('F5: sessions end by the BMC’s time, and its clock for the SEL goes with it', async () => {
  const { world, bmc } = await open({ clock: 'virtual' });
  await world.until(connectLan(world, SERVER));
  const shown = bmc.time.now();
  await world.run(600_000);
  expect([bmc.sessions.active.length, bmc.time.now()]).toEqual([1, shown]);
  await bmc.clock.advance('2m');
  expect([bmc.sessions.active.length, bmc.time.now()]).toEqual([0, shown + 120]);
});

test('F5: a cold reset is dark for its time, and delays of faults pass by it', async () => {
  const { bmc } = await open({ clock: 'virtual', reset: { dark: 30 } });
  bmc.reset('cold');
  await bmc.clock.advance('20s');
  expect(bmc.life.dark).toBe(true);
  await bmc.clock.advance('11s');
  expect(bmc.life.dark).toBe(false);
  bmc.faults.add({ then: { sel: 'full' }, for: '1h' });
  await bmc.clock.advance('59m');
  expect(bmc.sel.isHeldFull).toBe(true);
  await bmc.clock.advance('1m');
  expect(bmc.sel.isHeldFull).toBe(false);
});

test('F5: from timer to timer, until there is none', async () => {
  const world = simWorld(1);
  const clock = new VirtualClock(world.clock);
  const seen: string[] = [];
  const mark = (name: string) => (): void => void seen.push(`${name} ${clock.monotonic()}`);
  clock.after(20, mark('b'));
  clock.after(10, mark('a'));
  clock.after(20, mark('c'));
  clock.after(15, mark('cancelled')).cancel();
  const turns = [];
  for (let i = 0; i < 4; i++) turns.push(await clock.advanceToNextTimer());
  expect([seen, turns]).toEqual([
    ['a 10', 'b 20', 'c 20'],
    [true, true, true, false],
  ]);
});

test('F5: what a timer begins settles before the next timer; what is due at once needs no advance', async () => {
  const world = simWorld(1);
  const clock = new VirtualClock(world.clock);
  const seen: string[] = [];
  clock.after(10, () => {
    void (async () => {
      for (let i = 0; i < 20; i++) await Promise.resolve();
      clock.after(5, () => void seen.push(`second ${clock.monotonic()}`));
    })();
  });
  clock.after(20, () => void seen.push(`third ${clock.monotonic()}`));
  clock.after(0, () => void seen.push('at once'));
  await world.run(1);
  expect(seen).toEqual(['at once']);
  await Promise.all([clock.advance(12), clock.advance(10)]);
  expect([seen, clock.monotonic()]).toEqual([['at once', 'second 15', 'third 20'], 22]);
});

test('F5: timers that are put off again and again while time stands are not kept', () => {
  const clock = new VirtualClock(simWorld(1).clock);
  for (let i = 0; i < 100_000; i++) clock.after(60_000, () => undefined).cancel();
  expect(clock.pending).toBe(0);
  const kept = clock.after(60_000, () => undefined);
  for (let i = 0; i < 100; i++) clock.after(60_000, () => undefined).cancel();
  expect(clock.pending).toBe(1);
  kept.cancel();
  kept.cancel();
  expect(clock.pending).toBe(0);
});

test('F5: sixty times as fast', async () => {
  const { world, bmc } = await open({ clock: { speed: 60 } });
  const [wall, shown] = [world.clock.now(), bmc.time.now()];
  await world.until(connectLan(world, SERVER));
  await world.run(10_000);
  expect(bmc.time.now() - shown).toBeGreaterThanOrEqual(600);
  expect(world.clock.now() - wall).toBeLessThan(10_100);
  // It has been silent for ten minutes.
  expect(bmc.sessions.active).toEqual([]);
  const fast = new FastClock(world.clock, 10);
  let fired = 0;
  fast.after(1000, () => fired++);
  await world.run(101);
  expect(fired).toBe(1);
});

test('F5: only a clock that stands is advanced, and by a time', async () => {
  const { bmc } = await open({});
  await expect(bmc.clock.advance('1s')).rejects.toMatchObject({ path: ['clock'] });
  const { bmc: virtual } = await open({ clock: 'virtual' });
  await expect(virtual.clock.advance('soon')).rejects.toThrow('soon');
  expect([bmc.clock.isVirtual, virtual.clock.isVirtual]).toEqual([false, true]);
});
