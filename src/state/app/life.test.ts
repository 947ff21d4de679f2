// The machine's life and the BMC's own: what happens, what is told of it, what is left afterwards.
import { describe, expect, test } from 'vitest';
import { HOST, rig } from '../../../test/support/bmc.ts';
import { toHex } from '../../../test/support/vectors.ts';
import { Bmc } from '../../bmc.ts';
import { Privilege } from '../../commands/command.ts';
import { Context } from '../../router/index.ts';
import type { Button } from '../../machine/chassis/front-panel.ts';
import { simWorld } from '../../world/index.ts';
import { RestartCause } from '../../commands/chassis/chassis.ts';

const CLR = [0x43, 0x4c, 0x52];

/** Sensor type, direction and type, data 1 of every SEL entry. */
const logged = (bmc: Bmc): string[] =>
  Array.from({ length: bmc.sel.count }, (_, i) => bmc.sel.get(i + 1).record).map(
    (record) => toHex(record.subarray(10, 11).slice()) + ` ${toHex(record.slice(12, 14))}`,
  );

describe('machine', () => {
  test('off, on, reset and cycle leave their events, and the cycle its pause', async () => {
    const { send, bmc, world } = rig();
    await send(0, 2, 0);
    expect((await send(0, 1))[1] & 1).toBe(0);
    expect(await send(6, 7)).toEqual([0, 6, 3]);
    expect(await send(0, 2, 2)).toEqual([0xd5]);
    await send(0, 2, 1);
    await send(0, 2, 3);
    expect(logged(bmc)).toEqual(['09 6f 00', '09 ef 00', '1d 6f 00', '1d 6f 01']);
    await send(0, 0x0b, 7);
    await send(0, 2, 2);
    await world.run(6900);
    expect((await send(0, 1))[1] & 1).toBe(0);
    await world.run(200);
    expect((await send(0, 1))[1] & 1).toBe(1);
    expect(logged(bmc).slice(4)).toEqual(['09 6f 00', '09 6f 01', '09 ef 00', '1d 6f 00']);
  });

  test('a platform that has the sensors shows the power in them', async () => {
    const sensors = [
      { name: 'ACPI', number: 7, entity: '7.1', type: 'system acpi power state', states: [0] },
      { name: 'Power', number: 8, entity: '7.1', type: 'power unit', states: [] },
    ];
    const { send } = rig({ sensors });
    await send(0, 2, 0);
    expect((await send(4, 0x2d, 7)).slice(3, 4)).toEqual([0x40]);
    expect((await send(4, 0x2d, 8)).slice(3, 4)).toEqual([0x01]);
    await send(0, 2, 1);
    expect((await send(4, 0x2d, 7)).slice(3, 4)).toEqual([0x01]);
  });

  test('the last power event and the restart cause say who it was', async () => {
    const { send, bmc } = rig();
    await send(0, 2, 0);
    await send(0, 2, 1);
    expect((await send(0, 1))[2]).toBe(0x10);
    expect(await send(0, 7)).toEqual([0, RestartCause.ChassisControl, 1]);
    await bmc.chassis.losePower('overload');
    expect((await send(0, 1)).slice(1, 3)).toEqual([0x22, 0x02]);
    bmc.frontPanel.press('powerOff');
    expect((await send(0, 1)).slice(1, 3)).toEqual([0x21, 0x00]);
    expect(await send(0, 7)).toEqual([0, RestartCause.PowerButton, 0]);
  });

  test('buttons work unless they are disabled or the panel is locked', async () => {
    const { send, bmc, world } = rig();
    const press = (button: Button): boolean => bmc.frontPanel.press(button);
    expect(press('reset')).toBe(true);
    expect(await send(0, 7)).toEqual([0, RestartCause.ResetButton, 0]);
    await send(0, 0x0a, 0x03);
    expect((await send(0, 1))[4]).toBe(0xf3);
    expect([press('powerOff'), press('reset'), press('diagnosticInterrupt')]).toEqual([false, false, true]);
    await send(0, 0x0a, 0x00);
    expect(press('powerOff')).toBe(true);
    await world.run(6000);
    expect(bmc.chassis.isOn).toBe(false);
    expect(press('reset')).toBe(false);
    bmc.frontPanel.lockedOut = true;
    expect(press('powerOff')).toBe(false);
    expect((await send(0, 1))[3] & 2).toBe(2);
    expect(logged(bmc)).toEqual(['14 6f 02', '1d 6f 01', '13 6f 00', '14 6f 00', '09 6f 00']);
  });

  test('an open chassis shows in its status, its sensor and the log', async () => {
    const { send, bmc } = rig({
      sensors: [{ name: 'Intrusion', number: 7, entity: '23.1', type: 'physical security', states: [] }],
    });
    bmc.chassis.setIntrusion(true);
    expect((await send(0, 1))[3] & 1).toBe(1);
    expect((await send(4, 0x2d, 7))[3]).toBe(1);
    bmc.chassis.setIntrusion(false);
    expect((await send(0, 1))[3] & 1).toBe(0);
    expect(logged(bmc)).toEqual(['05 6f 00', '05 ef 00']);
  });

  test('the light goes out by itself, on command, or stays', async () => {
    const { send, world } = rig();
    const state = async (): Promise<number> => ((await send(0, 1))[3] >> 4) & 3;
    await send(0, 4);
    expect(await state()).toBe(1);
    await world.run(15_100);
    expect(await state()).toBe(0);
    await send(0, 4, 3);
    await world.run(3100);
    expect(await state()).toBe(0);
    await send(0, 4, 0, 1);
    await world.run(600_000);
    expect(await state()).toBe(2);
    await send(0, 4, 0);
    expect(await state()).toBe(0);
  });
});

describe('boot flags', () => {
  const PXE = [0x80, 0x04, 0, 0, 0];

  test('are data for whoever starts the machine, used up by the start', async () => {
    const { send, bmc } = rig();
    expect(bmc.bootOptions.next()).toBe(undefined);
    await send(0, 8, 5, 0xa0, 0x94, 0x48, 0x01, 0x11);
    expect(bmc.bootOptions.next()).toEqual({
      device: 'cdrom',
      instance: 0x11,
      persistent: false,
      efi: true,
      verbosity: 2,
      cmosClear: true,
      screenBlank: false,
      bypassPassword: true,
      progressTraps: false,
      lock: { keyboard: false, resetButton: false, powerButton: false, sleepButton: false },
      consoleRedirection: 0,
    });
    await send(0, 2, 1);
    expect(bmc.bootOptions.next()?.device).toBe('cdrom');
    await send(0, 2, 3);
    expect(bmc.bootOptions.next()).toBe(undefined);
  });

  test.each([
    ['power button', 0x01, (bmc: Bmc) => bmc.frontPanel.press('powerOff')],
    ['reset button', 0x02, (bmc: Bmc) => (void bmc.chassis.control('on'), bmc.frontPanel.press('reset'))],
    ['watchdog', 0x04, (bmc: Bmc) => bmc.chassis.control('cycle', RestartCause.Watchdog)],
    ['PEF', 0x10, (bmc: Bmc) => bmc.chassis.control('reset', RestartCause.PefReset)],
  ])(
    'a start by %s clears them before the boot, unless parameter 3 keeps them',
    async (_name, keep, start) => {
      for (const kept of [0, keep]) {
        const { send, bmc } = rig();
        const booted: unknown[] = [];
        await send(0, 2, 0);
        await send(0, 8, 3, kept);
        if (keep === 0x02) await send(0, 2, 1);
        await send(0, 8, 5, ...PXE);
        bmc.chassis.onRestart(() => booted.push(bmc.bootOptions.next()?.device));
        await start(bmc);
        expect(booted).toEqual([kept === 0 ? undefined : 'pxe']);
      }
    },
  );

  test.each([
    [0x00, undefined],
    [0x08, 'pxe'],
  ])(
    'that no start has used within a minute are over, unless parameter 3 says no (%s)',
    async (clearing, device) => {
      const { send, bmc, world } = rig();
      await send(0, 8, 3, clearing);
      await send(0, 8, 5, ...PXE);
      await world.run(59_000);
      expect(bmc.bootOptions.next()?.device).toBe('pxe');
      await world.run(2000);
      expect(bmc.bootOptions.next()?.device).toBe(device);
    },
  );

  test('a mailbox block, an initiator, an acknowledgement', async () => {
    const { send, host, world } = rig();
    expect(await send(0, 8, 7, 1, 1, 2, 3)).toEqual([0]);
    expect((await send(0, 9, 7, 1, 0)).slice(3)).toEqual([1, 1, 2, 3, ...Array<number>(13).fill(0)]);
    await world.run(5000);
    await send(0, 8, 5, ...PXE);
    expect((await send(0, 9, 6, 0, 0)).slice(3, 8)).toEqual([1, 0, 0, 0, 0]);
    expect(await send(0, 8, 4, 0x01, 0x01)).toEqual([0]);
    expect((await send(0, 9, 4, 0, 0)).slice(3)).toEqual([0, 0x1f]);
    expect([...(await host.raw(0, 8, Uint8Array.of(4, 0x01, 0x00)))]).toEqual([0]);
    expect((await send(0, 9, 4, 0, 0)).slice(3)).toEqual([0, 0x1e]);
  });
});

describe('cold reset', () => {
  test('goes dark, refuses with D2h, and comes back with what is durable', async () => {
    const { send, bmc, world } = rig({ reset: { dark: 3 } });
    await send(6, 0x45, 9, ...Array.from('kept'.padEnd(16, '\0'), (c) => c.charCodeAt(0)));
    await send(6, 0x40, 1, 0x82, 0x83);
    await send(6, 0x24, 4, 1, 0, 0, 100, 0);
    const [, ...reservation] = await send(0x0a, 0x42);
    expect(await send(6, 2)).toEqual([0]);
    expect(bmc.life.dark).toBe(false);
    await world.run(20);
    expect([bmc.life.dark, await send(6, 1), await send(0x2c, 1, 0xdc, 1)]).toEqual([
      true,
      [0xd2],
      [0xd2, 0xdc],
    ]);
    // A second reset meanwhile does not make it longer.
    bmc.reset('cold');
    await world.run(3000);
    expect((await send(6, 1))[0]).toBe(0);
    expect((await send(6, 0x46, 9)).slice(1, 5)).toEqual(Array.from('kept', (c) => c.charCodeAt(0)));
    expect(await send(6, 0x41, 1, 0x80)).toEqual([0, 2, 4]);
    expect(await send(6, 0x22)).toEqual([0x80]);
    expect(await send(0x0a, 0x47, ...reservation, ...CLR, 0)).toEqual([0xc5]);
    expect(logged(bmc)).toEqual(['28 6f 02', '28 ef 02']);
  });

  test('a new revision and a GUID last; the self-test is what the settings say', async () => {
    const { send, bmc, world } = rig({ identity: { selfTest: ['sel', 'ipmb'] } });
    expect(await send(6, 4)).toEqual([0, 0x57, 0x90]);
    await bmc.identity.setFirmware({ major: 3, minor: 42 });
    await bmc.identity.setGuid('system', '00112233-4455-6677-8899-AABBCCDDEEFF');
    expect(() => bmc.identity.setGuid('system', 'x')).toThrow(RangeError);
    expect(await send(6, 5, 1, 2)).toEqual([0]);
    expect(bmc.identity.manufacturingTest).toBe(true);
    bmc.reset('cold');
    await world.run(10_000);
    expect((await send(6, 1)).slice(3, 5)).toEqual([3, 0x42]);
    expect((await send(6, 0x37)).slice(1, 3)).toEqual([0xff, 0xee]);
    expect(bmc.identity.manufacturingTest).toBe(false);
  });

  test('warm reset: no darkness, the reservation lives', async () => {
    const { send, bmc, world } = rig();
    const [, ...reservation] = await send(0x0a, 0x42);
    await send(6, 3);
    await world.run(20);
    expect(bmc.life.dark).toBe(false);
    expect(await send(0x0a, 0x47, ...reservation, ...CLR, 0)).toEqual([0, 1]);
  });
});

test('the watchdog stops with its machine; an NMI before it runs out', async () => {
  const { send, bmc, world } = rig();
  const actions: string[] = [];
  bmc.chassis.onPower(({ action }) => actions.push(action));
  await send(6, 0x24, 4, 0x21, 1, 0, 50, 0);
  await send(6, 0x22);
  await world.run(4200);
  expect([actions, bmc.messages.watchdogPreTimeout]).toEqual([['diag'], true]);
  const host = new Context(bmc, HOST, Privilege.Administrator);
  expect([
    ...(await bmc.router.dispatch({ netFn: 6, lun: 0, cmd: 0x31, data: new Uint8Array(0) }, host)),
  ]).toEqual([0, 8]);
  await send(0, 2, 0);
  await world.run(5000);
  expect((await send(6, 0x25))[4]).toBe(0);
  expect(bmc.watchdog.running).toBe(false);
});

test('what an operating system said of itself is gone at the next start, its primary name is not', async () => {
  const { send } = rig();
  const name = (parameter: number): number[] => [
    parameter,
    0,
    0,
    4,
    ...Array.from('Test', (c) => c.charCodeAt(0)),
  ];
  const length = async (parameter: number): Promise<number> => (await send(6, 0x59, 0, parameter, 0, 0))[4];
  for (const parameter of [3, 4, 5]) expect(await send(6, 0x58, ...name(parameter))).toEqual([0]);
  expect(await Promise.all([3, 4, 5].map(length))).toEqual([4, 4, 4]);
  await send(0, 2, 3);
  expect(await Promise.all([3, 4, 5].map(length))).toEqual([4, 0, 0]);
});

test('a machine that refuses what watchdog, limits and buttons want costs a line in the log', async () => {
  const world = simWorld(2);
  const log: string[] = [];
  const say = (line: string): void => void log.push(line);
  const power = {
    power: (): void => {
      throw new Error('no such machine');
    },
  };
  const bmc = new Bmc(
    { sel: { bootEvents: false } },
    { world, power, log: { debug: say, info: say, warn: say, error: say } },
  );
  await bmc.watchdog.set(
    { dontLog: false, use: 4, preTimeoutInterrupt: 2, action: 1, preTimeout: 1, initialCountdown: 20 },
    false,
    0,
  );
  bmc.watchdog.restart();
  await world.run(3000);
  expect(bmc.frontPanel.press('reset')).toBe(true);
  expect(log.filter((line) => line.startsWith('bmc: watchdog'))).toEqual([
    'bmc: watchdog: power diag',
    'bmc: watchdog: power reset',
  ]);
  expect(bmc.chassis.isOn).toBe(true);
});
