import { describe, expect, test } from 'vitest';
import { LAN } from '../../../test/support/bmc.ts';
import { Bmc, type BmcOptions } from '../../bmc.ts';
import { Privilege } from '../../commands/command.ts';
import type { SensorOptions } from '../../config/options.ts';
import { Context } from '../../router/index.ts';
import { simWorld, type SimWorld } from '../../world/index.ts';
import type { PlatformEvent } from '../../state/log/events.ts';

interface Bench {
  readonly bmc: Bmc;
  readonly world: SimWorld;
  /** What was logged: `assert` or `deassert`, offset, and the time in seconds. */
  readonly log: string[];
  readonly send: (cmd: number, ...data: number[]) => Promise<number[]>;
}

const cpu = (more: Partial<SensorOptions>): SensorOptions => ({
  name: 'CPU Temp',
  number: 1,
  entity: '3.1',
  type: 'temperature',
  unit: 'degrees C',
  range: [0, 255],
  nominal: 40,
  thresholds: { lnc: 10, lc: 5, unc: 80, uc: 90, unr: 100 },
  hysteresis: 2,
  ...more,
});

async function bench(sensors: SensorOptions[], more: Partial<BmcOptions> = {}): Promise<Bench> {
  const world = simWorld(5);
  const log: string[] = [];
  const bmc = new Bmc({ sel: { bootEvents: false }, sensors, ...more }, { world });
  bmc.events.onLogged((event) => log.push(tell(event, world)));
  await world.until(bmc.open());
  const context = new Context(bmc, LAN, Privilege.Administrator);
  const send: Bench['send'] = async (cmd, ...data) => [
    ...(await bmc.router.dispatch({ netFn: 0x04, cmd, lun: 0, data: Uint8Array.from(data) }, context)),
  ];
  return { bmc, world, log, send };
}

const tell = ({ deassertion, data }: PlatformEvent, world: SimWorld): string =>
  `${deassertion ? 'deassert' : 'assert'} ${data[0] & 0xf} at ${Math.floor(world.clock.monotonic() / 1000)}`;

test('V8: a value beyond the range reads as the end of the range, though factors reach further', async () => {
  const { bmc } = await bench([cpu({ range: [0, 127], thresholds: {}, value: { push: true, first: 40 } })]);
  const sensor = bmc.sensors.get('CPU Temp');
  const read = (value: number): number | undefined => {
    sensor.set(value);
    return sensor.value;
  };
  expect([read(99_999), read(127), read(-5), read(63.5)]).toEqual([127, 127, 0, 63.5]);
});

describe('the watch', () => {
  test('a ramp is seen though nobody reads, and a reading says what the event said', async () => {
    const { world, log, send } = await bench([cpu({ value: { formula: 'ramp(40, 120, 80)' } })]);
    await world.run(70_000);
    expect(log).toEqual(['assert 7 at 40', 'assert 9 at 50', 'assert 11 at 60']);
    expect(await send(0x2d, 1)).toEqual([0, 110, 0xc0, 0xf8]);
  });

  test('sensors that cannot reach a threshold have no timer', async () => {
    const { bmc, world } = await bench([
      cpu({ value: { base: 45, swing: 10, noise: 1 } }),
      cpu({ name: 'Still', number: 2, value: 95 }),
    ]);
    await world.run(60_000);
    expect(world.clock.pending).toBe(0);
    await bmc.sensors.get('CPU Temp').setThresholds({ unc: 50 });
    expect(world.clock.pending, 'now it can').toBe(1);
    bmc.sensors.get('CPU Temp').set(45);
    expect(world.clock.pending, 'held at a value it moves no more').toBe(0);
    await bmc.close();
  });

  test('what is beyond a threshold from the start is told at the start', async () => {
    const { log } = await bench([cpu({ value: 95 })]);
    expect(log).toEqual(['assert 7 at 0', 'assert 9 at 0']);
  });

  test('the interval is a setting, and closing ends it', async () => {
    const { bmc, world, log } = await bench([cpu({ value: { formula: 't' } })], { sensorInterval: 30 });
    await world.run(119_000);
    expect(log).toEqual([
      'assert 0 at 0',
      'assert 2 at 0',
      'deassert 0 at 30',
      'deassert 2 at 30',
      'assert 7 at 90',
      'assert 9 at 90',
    ]);
    await bmc.close();
    expect(world.clock.pending).toBe(0);
  });
});

describe('events', () => {
  test('hysteresis holds a threshold until the reading is back by more than it', async () => {
    const { bmc, log } = await bench([cpu({ value: { push: true, first: 40 } })]);
    for (const value of [80, 79, 80, 78, 77, 10, 11, 10, 12, 13]) bmc.sensors.get('CPU Temp').push(value);
    expect(log.map((line) => line.replace(/ at.*/, ''))).toEqual([
      'assert 7',
      'deassert 7',
      'assert 0',
      'deassert 0',
    ]);
  });

  test('the other direction of each threshold, where the sensor has those events', async () => {
    const { bmc, log } = await bench([
      cpu({ value: { push: true, first: 40 }, hysteresis: 0, events: { assert: [6, 7], deassert: [1] } }),
    ]);
    for (const value of [85, 40, 8, 40]) bmc.sensors.get('CPU Temp').push(value);
    expect(log.map((line) => line.replace(/ at.*/, ''))).toEqual(['assert 7', 'assert 6', 'deassert 1']);
  });

  test('manual re-arm tells once, until the sensor is re-armed', async () => {
    const { bmc, log, send } = await bench([cpu({ value: { push: true, first: 40 }, rearm: 'manual' })]);
    const sensor = bmc.sensors.get('CPU Temp');
    for (const value of [85, 40, 85, 40, 85]) sensor.push(value);
    expect(log.map((line) => line.replace(/ at.*/, ''))).toEqual(['assert 7', 'deassert 7']);
    expect((await send(0x2b, 1)).slice(2)).toEqual([0x80, 0, 0x80, 0]);
    await send(0x2a, 1, 0);
    expect(log.at(-1)).toMatch(/^assert 7/);
    expect(log).toHaveLength(3);
  });

  test('re-arming selected events of a discrete sensor tells of those that still hold', async () => {
    const { log, send } = await bench([
      { name: 'PSU', number: 3, entity: '10.1', type: 'power supply', states: [0, 1] },
    ]);
    await send(0x2a, 3, 0x80, 0x02, 0, 0, 0);
    expect(log).toEqual(['assert 1 at 0']);
    await send(0x2a, 3, 0);
    expect(log).toEqual(['assert 1 at 0', 'assert 0 at 0', 'assert 1 at 0']);
  });

  test('enable masks and the enables of all events and of scanning', async () => {
    const { bmc, log, send } = await bench([cpu({ value: { push: true, first: 40 } })]);
    const sensor = bmc.sensors.get('CPU Temp');
    await send(0x28, 1, 0xe0, 0x80, 0x00, 0x00, 0x00);
    for (const value of [95, 40]) sensor.push(value);
    expect(
      log.map((line) => line.replace(/ at.*/, '')),
      'not assert 7',
    ).toEqual(['assert 9', 'deassert 7', 'deassert 9']);
    await send(0x28, 1, 0x40);
    for (const value of [95, 40]) sensor.push(value);
    expect(log).toHaveLength(3);
    await send(0x28, 1, 0x80);
    expect(await send(0x2d, 1), 'scanning disabled: no reading').toEqual([0, 40, 0xa0, 0xc0]);
    sensor.push(95);
    expect(log).toHaveLength(3);
    await send(0x28, 1, 0xc0);
    expect(await send(0x2d, 1)).toEqual([0, 95, 0xc0, 0xd8]);
    expect(log.slice(3).map((line) => line.replace(/ at.*/, ''))).toEqual(['assert 9']);
    expect(await send(0x28, 1, 0xf0)).toEqual([0xcc]);
  });

  test('event-only sensors tell of events, and reading one is CDh', async () => {
    const { bmc, log, send } = await bench([
      { name: 'BIOS', number: 9, entity: '34.1', type: 'system firmware progress', eventOnly: true },
    ]);
    bmc.sensors.get('BIOS').raise(0, { flags: 0xc0, more: [2] });
    expect(log).toEqual(['assert 0 at 0']);
    expect([...bmc.sel.get(0).record.subarray(10)]).toEqual([0x0f, 9, 0x6f, 0xc0, 2, 0xff]);
    expect(await send(0x2d, 9)).toEqual([0xcd]);
    expect((await send(0x2b, 9))[0]).toBe(0);
  });

  test('OEM and generic event types', async () => {
    const { bmc, log, send } = await bench([
      { name: 'Redundancy', number: 4, entity: '19.1', type: 'power supply', eventType: 0x0b, states: [0] },
      { name: 'Vendor', number: 5, entity: '7.1', type: 0xc0, eventType: 0x70, states: [] },
    ]);
    bmc.sensors.get('Redundancy').set(0b10);
    bmc.sensors.get('Vendor').set(0x4000);
    expect(log).toEqual(['deassert 0 at 0', 'assert 1 at 0', 'assert 14 at 0']);
    expect(await send(0x2d, 5)).toEqual([0, 0, 0xc0, 0, 0xc0]);
    expect(await send(0x2f, 4)).toEqual([0, 0x08, 0x0b]);
    expect((await send(0x29, 4)).slice(2)).toEqual([0xff, 0, 0xff, 0]);
  });

  test('Set Sensor Reading And Event Status sets reading, states and event data', async () => {
    const { bmc, send } = await bench([
      cpu({ value: 40 }),
      { name: 'PSU', number: 3, entity: '10.1', type: 'power supply', states: [0] },
    ]);
    expect(await send(0x30, 1, 0x41, 95, 0, 0, 0, 0, 0xa7, 0x11, 0x22)).toEqual([0]);
    expect(await send(0x2d, 1)).toEqual([0, 95, 0xc0, 0xd8]);
    expect([...bmc.sel.get(0xffff).record.subarray(13)]).toEqual([0xa7, 0x11, 0x22]);
    expect(await send(0x30, 3, 0x10, 0, 0x02, 0x00)).toEqual([0xc7]);
    expect(await send(0x30, 3, 0x10, 0, 0x02, 0x00, 0x00, 0x00)).toEqual([0]);
    expect((await send(0x2d, 3)).slice(3)).toEqual([0x02, 0x80]);
    expect(await send(0x30, 1, 0x41, 95)).toEqual([0xc7]);
    expect(await send(0x30, 1, 0x02, 95)).toEqual([0xcc]);
  });

  test('what hangs on the power of the machine cannot be read without it, and tells of nothing', async () => {
    const { bmc, log, send } = await bench(
      [cpu({ value: { push: true, first: 40 }, thresholds: { lc: 5 }, needsPower: true })],
      {
        chassis: { events: false },
      },
    );
    await bmc.chassis.control('off');
    bmc.sensors.get('CPU Temp').push(0);
    expect(await send(0x2d, 1)).toEqual([0, 0, 0xe0, 0xc0]);
    expect(log).toEqual([]);
    await bmc.chassis.control('on');
    expect(await send(0x2d, 1)).toEqual([0, 0, 0xc0, 0xc2]);
    expect(log).toHaveLength(1);
  });

  test('Z18: a threshold that was set, or a reading, while the machine had no power is told of when that comes back', async () => {
    const { bmc, world, log, send } = await bench(
      [cpu({ needsPower: true, value: 40 }), cpu({ name: 'Core', number: 2, needsPower: true, value: 40 })],
      { chassis: { events: false } },
    );
    await bmc.chassis.control('off');
    expect(await send(0x26, 1, 0x08, 0, 0, 0, 30, 90, 100)).toEqual([0]);
    expect(await send(0x30, 2, 0x01, 4)).toEqual([0]);
    expect(log).toEqual([]);
    await bmc.chassis.control('on');
    expect(log).toEqual(['assert 7 at 0', 'assert 0 at 0', 'assert 2 at 0']);
    await world.until(bmc.close());
  });

  test('Z19: Set Sensor Reading And Event Status changes all that it asks for, or nothing', async () => {
    const { bmc, log, send } = await bench([cpu({ value: 40 })]);
    // A reading, and event status bits that are not there.
    expect(await send(0x30, 1, 0x05, 4)).toEqual([0xc7]);
    // Event data, which is there, and a reading, which is not.
    expect(await send(0x30, 1, 0x41)).toEqual([0xc7]);
    expect([bmc.sensors.get('CPU Temp').value, log]).toEqual([40, []]);
  });

  test('of a reading that falls as its raw number rises, the upper thresholds are still the upper ones', async () => {
    const { bmc, log } = await bench([
      cpu({
        unit: 'Hz',
        type: 'other units-based sensor',
        range: [1, 100],
        linearization: '1/x',
        value: { push: true, first: 2 },
        nominal: 2,
        thresholds: { unc: 50 },
        hysteresis: 0,
      }),
    ]);
    for (const value of [1.5, 80, 2]) bmc.sensors.get('CPU Temp').push(value);
    expect(log.map((line) => line.replace(/ at.*/, ''))).toEqual(['assert 7', 'deassert 7']);
  });
});

test('one temperature ramp: event, SEL entry, PEF action, PET trap, chassis fault bit, in this order', async () => {
  const world = simWorld(11);
  const order: string[] = [];
  /** Sees traps as they leave. */
  const bind: SimWorld['udp']['bind'] = async (at) => {
    const socket = await world.udp.bind(at);
    const send = socket.send.bind(socket);
    socket.send = (datagram, to) => {
      if (to.port === 162) order.push(`PET trap, ${bmc.sel.count} SEL entries`);
      send(datagram, to);
    };
    return socket;
  };
  const bmc: Bmc = new Bmc(
    {
      interfaces: [{ type: 'lan', listen: '10.0.0.1:623', address: '10.0.0.1' }],
      sel: { bootEvents: false },
      sensors: [cpu({ value: { formula: 'ramp(40, 120, 80)' }, thresholds: { uc: 90 } })],
      pef: { startupDelay: 0, eventMessages: true, destinations: [{ address: '10.0.0.9' }] },
    },
    { world: Object.create(world, { udp: { value: { bind } } }) as SimWorld },
  );
  await world.until(bmc.open());
  let fault = false;
  Object.defineProperty(bmc.chassis.faults, 'coolingFault', {
    get: () => fault,
    set(on: boolean) {
      order.push(`fault ${on}, ${bmc.sel.count} SEL entries`);
      fault = on;
    },
  });
  bmc.messages.enables = { ...bmc.messages.enables, eventMessageBuffer: true };
  bmc.messages.onAttention(() => void order.push(`event, ${bmc.sel.count} SEL entries`));
  await world.run(60_000);
  expect(order).toEqual(['event, 0 SEL entries', 'PET trap, 2 SEL entries', 'fault true, 2 SEL entries']);
  const [first, second] = bmc.sel.ids.map((id) => [...bmc.sel.get(id).record.subarray(10)]);
  expect(first, 'upper critical, going high').toEqual([0x01, 1, 0x01, 0x59, 90, 90]);
  expect(second, 'PEF action: alert').toEqual([0x12, 0, 0x6f, 0xc4, 0x01, 0xff]);
  expect(bmc.pef.bmcRecordId).toBe(2);
});
