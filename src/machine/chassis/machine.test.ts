import { expect, test } from 'vitest';
import { rig } from '../../../test/support/bmc.ts';
import { Bmc } from '../../bmc.ts';
import { CC, IpmiError } from '../../codec/index.ts';
import { simWorld } from '../../world/index.ts';
import { RestartCause } from '../../commands/chassis/chassis.ts';
import type { MachineReports, PowerAction, PowerBackend } from './machine.ts';

/** A machine that takes `takes` ms over everything, and fails as it is told. */
class SlowMachine implements PowerBackend {
  readonly told: PowerAction[] = [];
  readonly restores = true;
  reports: MachineReports | undefined;
  fails: Error | undefined;
  takes = 100;
  readonly #after: (ms: number) => Promise<void>;

  constructor(after: (ms: number) => Promise<void>) {
    this.#after = after;
  }

  async power(action: PowerAction): Promise<void> {
    this.told.push(action);
    await this.#after(this.takes);
    if (this.fails) throw this.fails;
  }

  watch(reports: MachineReports): Promise<void> {
    this.reports = reports;
    reports.power(false);
    return Promise.resolve();
  }
}

async function bench(power: 'on' | 'off' = 'off') {
  const world = simWorld(3);
  const log: string[] = [];
  const say = (line: string): void => void log.push(line);
  const machine = new SlowMachine((ms) => new Promise((resolve) => world.clock.after(ms, resolve)));
  const bmc = new Bmc(
    { chassis: { power }, sel: { bootEvents: false } },
    { world, power: machine, log: { debug: say, info: say, warn: say, error: say } },
  );
  await world.until(bmc.open());
  return { world, machine, bmc, log };
}

test('the chassis is what its machine does: a failure is D5h and changes nothing', async () => {
  const { world, machine, bmc, log } = await bench();
  machine.fails = new Error('no such domain');
  await expect(world.until(bmc.chassis.control('on')!)).rejects.toMatchObject({ cc: CC.NotSupportedInState });
  expect(bmc.chassis.isOn).toBe(false);
  expect(log).toContain('bmc: power on failed: no such domain');
  machine.fails = new IpmiError(CC.Timeout, 'too slow');
  await expect(world.until(bmc.chassis.control('on')!)).rejects.toMatchObject({ cc: CC.Timeout });
  machine.fails = undefined;
  await world.until(bmc.chassis.control('on')!);
  expect(bmc.chassis.isOn).toBe(true);
});

test('one action at a time: the second is told C0h; one that takes long is answered before it is done', async () => {
  const { world, machine, bmc } = await bench();
  machine.takes = 30_000;
  const slow = bmc.chassis.control('on')!;
  expect(() => bmc.chassis.control('off')).toThrow(expect.objectContaining({ cc: CC.NodeBusy }));
  await world.until(slow);
  expect(bmc.chassis.isOn).toBe(false);
  await world.run(30_000);
  expect(bmc.chassis.isOn).toBe(true);
});

test('a cycle is off, the interval, on', async () => {
  const { world, machine, bmc } = await bench('on');
  expect(machine.told).toEqual(['on']);
  await world.until(bmc.chassis.control('cycle')!);
  expect([bmc.chassis.isOn, machine.told.at(-1)]).toEqual([false, 'off']);
  await world.run(2200);
  expect([bmc.chassis.isOn, machine.told]).toEqual([true, ['on', 'off', 'on']]);
});

test('soft is over when the machine says so, also where it says so before the back end has answered', async () => {
  const { world, machine, bmc } = await bench('on');
  await world.until(bmc.chassis.control('soft')!);
  await world.run(60_000);
  expect(bmc.chassis.isOn).toBe(true);
  machine.reports!.power(false);
  expect(bmc.chassis.isOn).toBe(false);
  await world.until(bmc.chassis.control('on')!);
  const asked = bmc.chassis.control('soft')!;
  machine.reports!.power(false);
  await world.until(asked);
  expect(bmc.chassis.isOn).toBe(false);
});

test('what happens to the machine by itself shows in restart cause and boot flags', async () => {
  const { world, machine, bmc } = await bench('on');
  await world.until(Promise.resolve(bmc.bootOptions.set(5, Uint8Array.of(0x80, 0x04, 0, 0, 0), undefined)));
  machine.reports!.reset();
  expect(bmc.chassis.restartCause.cause).toBe(RestartCause.SoftReset);
  expect(bmc.bootOptions.flags.valid).toBe(false);
  machine.reports!.power(false);
  machine.reports!.power(true);
  expect(bmc.chassis.restartCause.cause).toBe(RestartCause.Unknown);
});

test('a diagnostic interrupt does not stop a shutdown that is under way; a reset does', async () => {
  const { bmc, world } = rig();
  void bmc.chassis.control('soft');
  void bmc.chassis.control('diag');
  await world.run(5000);
  expect(bmc.chassis.isOn).toBe(false);
  void bmc.chassis.control('on');
  void bmc.chassis.control('soft');
  void bmc.chassis.control('reset');
  await world.run(10_000);
  expect(bmc.chassis.isOn).toBe(true);
});

test('without a back end nothing changes: simulated', async () => {
  const { bmc } = rig();
  expect(bmc.chassis.control('off')).toBe(undefined);
  expect(bmc.chassis.isOn).toBe(false);
});
