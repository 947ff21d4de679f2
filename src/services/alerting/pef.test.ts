import { describe, expect, test } from 'vitest';
import { LAN } from '../../../test/support/bmc.ts';
import { Bmc, type BmcOptions } from '../../bmc.ts';
import { Privilege } from '../../commands/command.ts';
import { Context } from '../../router/index.ts';
import { Storage } from '../../storage/storage.ts';
import { PetFields } from '../../wire/pet.ts';
import { simWorld, type SimWorld } from '../../world/index.ts';
import type { PlatformEvent } from '../../state/log/events.ts';

const RECEIVER = '10.0.0.9';
const FIELDS = 47;

interface Bench {
  readonly bmc: Bmc;
  readonly world: SimWorld;
  readonly traps: { readonly at: number; readonly host: string; readonly fields: PetFields }[];
  readonly send: (cmd: number, ...data: number[]) => Promise<number[]>;
}

async function bench(pef: BmcOptions['pef'] = {}): Promise<Bench> {
  const world = simWorld(7);
  const bmc = new Bmc(
    {
      interfaces: [{ type: 'lan', listen: '10.0.0.1:623', address: '10.0.0.1' }],
      sel: { bootEvents: false },
      identity: { manufacturerId: 0x1291, systemGuid: '00112233-4455-6677-8899-aabbccddeeff' },
      pef: { startupDelay: 0, ...pef },
    },
    { world },
  );
  await world.until(bmc.open());
  const traps: Bench['traps'] = [];
  for (const host of [RECEIVER, '10.0.0.8', '10.0.0.7']) {
    const socket = await world.until(world.udp.bind({ host, port: 162 }));
    // What lies before the octet string is the same length in all of these.
    socket.onDatagram = (datagram) =>
      traps.push({
        at: world.clock.monotonic(),
        host,
        fields: PetFields.decode(datagram.subarray(datagram.length - FIELDS)),
      });
  }
  const context = new Context(bmc, LAN, Privilege.Administrator);
  const send: Bench['send'] = async (cmd, ...data) => [
    ...(await bmc.router.dispatch({ netFn: 0x04, cmd, lun: 0, data: Uint8Array.from(data) }, context)),
  ];
  return { bmc, world, traps, send };
}

/** Upper critical, going high, of a temperature sensor. */
const tooHot: PlatformEvent = {
  generator: 0x20,
  sensorType: 0x01,
  sensorNumber: 3,
  eventType: 0x01,
  deassertion: false,
  data: Uint8Array.of(0x59, 96, 95),
};
const to = (address: string, more = {}) => ({ address, ...more });

describe('alerts', () => {
  test('a pre-configured filter sends a trap with what happened', async () => {
    const { bmc, world, traps } = await bench({ destinations: [to(RECEIVER)] });
    void bmc.events.raise(tooHot);
    await world.run(1000);
    expect(traps).toHaveLength(1);
    expect(traps[0].fields).toMatchObject({
      sequence: 1,
      localTimestamp: Date.UTC(2026, 0, 1) / 1000 - Date.UTC(1998, 0, 1) / 1000,
      utcOffset: 0xffff,
      trapSource: 0x20,
      severity: 0x10,
      sensorDevice: 0x20,
      sensorNumber: 3,
      manufacturerId: 0x1291,
      eventData: Uint8Array.of(0x59, 96, 95, 0, 0, 0, 0, 0),
      guid: Uint8Array.of(
        0x00,
        0x11,
        0x22,
        0x33,
        0x44,
        0x55,
        0x66,
        0x77,
        0x88,
        0x99,
        0xaa,
        0xbb,
        0xcc,
        0xdd,
        0xee,
        0xff,
      ),
    });
  });

  test('a flood is repeated for 64 traps and sent once for the others', async () => {
    const { bmc, world, traps } = await bench({ destinations: [to(RECEIVER, { timeout: 5, retries: 1 })] });
    for (let i = 0; i < 100; i++) void bmc.events.raise(tooHot);
    await world.run(60_000);
    expect(traps).toHaveLength(100 + 64);
  });

  test('a deassertion, or an event of another kind, sends none', async () => {
    const { bmc, world, traps } = await bench({ destinations: [to(RECEIVER)] });
    void bmc.events.raise({ ...tooHot, deassertion: true });
    void bmc.events.raise({ ...tooHot, sensorType: 0x0b });
    await world.run(1000);
    expect(traps).toEqual([]);
  });

  test('without an acknowledgement it is repeated as often as is set, with the same sequence number', async () => {
    const { bmc, world, traps } = await bench({
      destinations: [to(RECEIVER, { acknowledged: true, timeout: 5, retries: 2 })],
    });
    void bmc.events.raise(tooHot);
    await world.run(60_000);
    expect(traps.map(({ at, fields }) => [Math.floor(at / 1000), fields.sequence])).toEqual([
      [0, 1],
      [5, 1],
      [10, 1],
    ]);
  });

  test('PET Acknowledge, which needs no session, ends the repetition; one for another trap does not', async () => {
    const { bmc, world, traps } = await bench({
      destinations: [to(RECEIVER, { acknowledged: true, timeout: 5, retries: 7 })],
    });
    void bmc.events.raise(tooHot);
    await world.run(1000);
    const { sequence, localTimestamp } = traps[0].fields;
    const acknowledge = async (number: number): Promise<number[]> => {
      const time = [0, 8, 16, 24].map((shift) => (localTimestamp >>> shift) & 0xff);
      const data = Uint8Array.of(number & 0xff, number >> 8, ...time, 0x20, 0x20, 3, 0x59, 96, 95);
      return [
        ...(await bmc.router.dispatch(
          { netFn: 4, cmd: 0x17, lun: 0, data },
          new Context(bmc, LAN, Privilege.None),
        )),
      ];
    };
    expect(await acknowledge(sequence + 1)).toEqual([0]);
    await world.run(6000);
    expect(traps).toHaveLength(2);
    expect(await acknowledge(sequence)).toEqual([0]);
    await world.run(60_000);
    expect(traps).toHaveLength(2);
  });

  test('the rules of a policy set follow from the success of the alert before', async () => {
    const destinations = [to(RECEIVER), to('10.0.0.8'), to('10.0.0.7')];
    const run = async (
      rules: readonly ('always' | 'next-entry' | 'stop' | 'next-channel' | 'next-type')[],
      first: boolean,
    ): Promise<string[]> => {
      const { bmc, world, traps } = await bench({
        destinations: first ? destinations : [to('0.0.0.0'), ...destinations.slice(1)],
        policies: rules.map((rule, i) => ({ destination: i + 1, rule })),
      });
      void bmc.events.raise(tooHot);
      await world.run(1000);
      return traps.map(({ host }) => host.slice(-1));
    };
    expect(await run(['always', 'always', 'always'], true)).toEqual(['9', '8', '7']);
    expect(await run(['always', 'next-entry', 'always'], true)).toEqual(['9', '7']);
    expect(await run(['always', 'stop', 'always'], true)).toEqual(['9']);
    expect(await run(['always', 'stop', 'stop'], false)).toEqual(['8']);
    expect(await run(['always', 'next-channel', 'always'], true)).toEqual(['9']);
    expect(await run(['always', 'next-type', 'always'], true)).toEqual(['9']);
  });

  test('a channel whose alerting is disabled sends none by PEF, but Alert Immediate does, with its status', async () => {
    const { bmc, world, traps, send } = await bench({
      destinations: [to(RECEIVER, { acknowledged: true, timeout: 1, retries: 0 })],
    });
    bmc.channels.setPresentAccess(1, { ...bmc.channels.access(1, 'present'), alertingDisabled: true });
    void bmc.events.raise(tooHot);
    await world.run(1000);
    expect(traps).toHaveLength(0);
    expect(await send(0x16, 1, 0x01, 0x00)).toEqual([0]);
    expect(await send(0x16, 1, 0x01, 0x00), 'while it is under way').toEqual([0x81]);
    expect(await send(0x16, 1, 0x40, 0)).toEqual([0, 0xff]);
    await world.run(5000);
    expect(traps.map(({ fields }) => fields.eventData[0])).toEqual([0x0f]);
    expect(await send(0x16, 1, 0x40, 0), 'nobody acknowledged').toEqual([0, 0x03]);
    expect(await send(0x16, 1, 0x80, 0)).toEqual([0]);
    expect(await send(0x16, 1, 0x40, 0)).toEqual([0, 0x00]);
    expect(await send(0x16, 1, 0x0f, 0)).toEqual([0xc9]);
    expect(await send(0x16, 7, 0x01, 0)).toEqual([0xcc]);
  });

  test('disabling PEF stops a policy set where it is, and lets an immediate alert go on', async () => {
    const { bmc, world, traps, send } = await bench({
      destinations: [to(RECEIVER, { acknowledged: true, timeout: 5, retries: 7 }), to('10.0.0.8')],
    });
    void bmc.events.raise(tooHot);
    await send(0x16, 1, 0x01, 0x00);
    await world.run(1000);
    expect(traps.map(({ host }) => host)).toEqual([RECEIVER, RECEIVER]);
    await send(0x12, 1, 0x04);
    await world.run(6000);
    expect(
      traps.map(({ host, fields }) => [host, fields.sequence]).slice(2),
      'the immediate one, again',
    ).toEqual([[RECEIVER, 2]]);
    expect(bmc.pef.bmcRecordId).toBe(1);
    await bmc.close();
    expect(world.clock.pending).toBe(0);
  });

  test('more alerts than can wait are lost, and nothing else is', async () => {
    const { bmc, world, traps } = await bench({
      destinations: [to(RECEIVER, { acknowledged: true, timeout: 1, retries: 0 })],
    });
    for (let i = 0; i < 50; i++) void bmc.events.raise(tooHot);
    await world.run(100_000);
    expect(traps).toHaveLength(33);
    expect(bmc.sel.count).toBe(50);
    expect(bmc.pef.bmcRecordId).toBe(50);
  });
});

describe('actions', () => {
  const filter = (
    ...actions: ('alert' | 'power-off' | 'power-cycle' | 'reset' | 'diagnostic-interrupt' | 'oem')[]
  ) => ({ actions, sensorNumber: 3 });

  test('the strongest power action wins, with its restart cause', async () => {
    const { bmc, world } = await bench({
      filters: [filter('reset'), filter('power-cycle', 'diagnostic-interrupt')],
    });
    void bmc.events.raise(tooHot);
    await world.run(100);
    expect(bmc.chassis.isOn, 'in the middle of a cycle').toBe(false);
    await world.run(20_000);
    expect(bmc.chassis.isOn).toBe(true);
    expect(bmc.chassis.restartCause.cause).toBe(0x9);
  });

  test('each action can be logged as an event, which is subject to PEF and ends there', async () => {
    const { bmc, world } = await bench({ eventMessages: true, filters: [{ actions: ['oem'] }] });
    const seen: number[] = [];
    bmc.pef.onOem(({ sensorType }, number) => void seen.push(sensorType, number));
    void bmc.events.raise({ ...tooHot, sensorType: 0xc5 });
    await world.run(1000);
    expect(seen).toEqual([0xc5, 21, 0x12, 21]);
    expect([...bmc.sel.get(0xffff).record.subarray(7)]).toEqual([
      0x20, 0, 4, 0x12, 0, 0x6f, 0xc4, 0x10, 0xff,
    ]);
    expect(bmc.sel.count).toBe(2);
  });

  test('the global mask holds an action back', async () => {
    const { bmc, send } = await bench({ filters: [filter('power-off')] });
    expect(await send(0x12, 2, 0x3d)).toEqual([0]);
    void bmc.events.raise(tooHot);
    expect(bmc.chassis.isOn).toBe(true);
    expect(await send(0x12, 2, 0x3f)).toEqual([0]);
    void bmc.events.raise(tooHot);
    expect(bmc.chassis.isOn).toBe(false);
  });

  test('after a power-on the start-up delay comes first; disabling PEF cancels what waits', async () => {
    const { bmc, world, send } = await bench({ startupDelay: 30, filters: [filter('power-off')] });
    await bmc.chassis.control('reset');
    await world.run(1000);
    void bmc.events.raise(tooHot);
    await world.run(28_000);
    expect(bmc.chassis.isOn).toBe(true);
    await world.run(2000);
    expect(bmc.chassis.isOn).toBe(false);
    await bmc.chassis.control('on');
    await world.run(1000);
    void bmc.events.raise(tooHot);
    expect(await send(0x12, 1, 0x04)).toEqual([0]);
    await world.run(60_000);
    expect(bmc.chassis.isOn).toBe(true);
  });
});

describe('postpone timer and last processed event', () => {
  const oem = { actions: ['oem' as const] };

  test('PEF waits for software, and acts when the timer runs out', async () => {
    const { bmc, world, send } = await bench({ filters: [oem] });
    let acted = 0;
    bmc.pef.onOem(() => void acted++);
    expect(await send(0x11, 10)).toEqual([0, 10]);
    void bmc.events.raise(tooHot);
    await world.run(4000);
    expect(await send(0x11, 0xff)).toEqual([0, 6]);
    expect(acted).toBe(0);
    await world.run(6001);
    expect(acted).toBe(1);
    void bmc.events.raise(tooHot);
    expect(await send(0x14, 0x00, 2, 0)).toEqual([0]);
    await world.run(60_000);
    expect(acted, 'software has seen the second one').toBe(1);
    expect(await send(0x11, 0xff)).toEqual([0, 10]);
    expect((await send(0x15)).slice(5)).toEqual([2, 0, 2, 0, 2, 0]);
  });

  test('FEh turns PEF off until the next reset', async () => {
    const { bmc, send } = await bench({ filters: [oem] });
    let acted = 0;
    bmc.pef.onOem(() => void acted++);
    expect(await send(0x11, 0xfe)).toEqual([0, 0xfe]);
    void bmc.events.raise(tooHot);
    expect(acted).toBe(0);
    await bmc.chassis.control('reset');
    expect(await send(0x11, 0xff)).toEqual([0, 0]);
    acted = 0;
    void bmc.events.raise(tooHot);
    expect(acted).toBe(1);
  });

  test('an empty SEL says FFFFh three times, and clearing it does so again', async () => {
    const { bmc, send } = await bench();
    expect((await send(0x15)).slice(5)).toEqual([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    void bmc.events.raise(tooHot);
    expect((await send(0x15)).slice(5)).toEqual([1, 0, 0xff, 0xff, 1, 0]);
    await bmc.sel.clear();
    expect((await send(0x15)).slice(5)).toEqual([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
  });
});

describe('parameters', () => {
  test('each of 0 to 15 can be read; what can be written reads back', async () => {
    const { send } = await bench();
    const set = async (...data: number[]): Promise<void> =>
      expect(await send(0x12, ...data), `set ${data.join()}`).toEqual([0]);
    const get = async (parameter: number, set = 0, block = 0): Promise<number[]> =>
      (await send(0x13, parameter, set, block)).slice(2);
    const filled = (size: number, first: number): number[] =>
      Array.from({ length: size }, (_, i) => (first + i) & 0x3f);
    await set(1, 0x0f);
    await set(2, 0x15);
    await set(3, 9);
    await set(4, 8);
    await set(6, 30, ...filled(20, 1));
    await set(7, 30, 0x80);
    await set(9, 20, 0x18, 0x11, 0x81);
    await set(10, 1, ...filled(16, 7));
    await set(12, 8, 30, 1);
    await set(13, 8, 2, ...filled(16, 3));
    await set(15, 4, ...filled(10, 5));
    expect(await get(0)).toEqual([0]);
    expect(await get(1)).toEqual([0x0f]);
    expect(await get(2)).toEqual([0x15]);
    expect(await get(3)).toEqual([9]);
    expect(await get(4)).toEqual([8]);
    expect(await get(5)).toEqual([40]);
    expect(await get(6, 30)).toEqual([30, 0x80, ...filled(20, 1).slice(1)]);
    expect(await get(7, 30)).toEqual([30, 0x80]);
    expect(await get(8)).toEqual([20]);
    expect(await get(9, 20)).toEqual([20, 0x18, 0x11, 0x81]);
    expect(await get(10)).toEqual([1, ...filled(16, 7)]);
    expect(await get(11)).toEqual([8]);
    expect(await get(12, 8)).toEqual([8, 30, 1]);
    expect(await get(13, 8, 2)).toEqual([8, 2, ...filled(16, 3)]);
    expect(await get(14)).toEqual([4]);
    expect(await get(15, 4)).toEqual([4, ...filled(10, 5)]);
    expect(await send(0x13, 0x81, 0, 0), 'only the revision').toEqual([0, 0x11]);
  });

  test('what is wrong is refused with the code for it', async () => {
    const { send } = await bench();
    expect(await send(0x13, 16, 0, 0)).toEqual([0x80]);
    expect(await send(0x12, 16, 0)).toEqual([0x80]);
    expect(await send(0x12, 5, 9)).toEqual([0x82]);
    expect(await send(0x12, 1)).toEqual([0xc7]);
    expect(await send(0x12, 6, 1, 2)).toEqual([0xc7]);
    expect(await send(0x13, 6, 0, 0)).toEqual([0xc9]);
    expect(await send(0x13, 6, 41, 0)).toEqual([0xc9]);
    expect(await send(0x13, 13, 1, 0)).toEqual([0xc9]);
    expect(await send(0x12, 0, 2)).toEqual([0xcc]);
  });

  test('an alert string reaches the trap, chosen by filter and set', async () => {
    const { bmc, world, send } = await bench({ destinations: [to('10.0.0.5')] });
    const socket = await world.until(world.udp.bind({ host: '10.0.0.5', port: 162 }));
    let text = '';
    socket.onDatagram = (datagram) => (text = String.fromCharCode(...datagram));
    await send(0x12, 9, 1, 0x18, 0x11, 0x85);
    await send(0x12, 12, 3, 1, 5);
    await send(0x12, 13, 3, 1, ...Array.from('hall 3 too hot', (letter) => letter.charCodeAt(0)));
    void bmc.events.raise(tooHot);
    await world.run(1000);
    expect(text).toContain('\x80\x4e\x01hall 3 too hot\xc1');
  });
});

test('events that were logged and not processed before a crash are processed after it; a reset that is too late is not', async () => {
  const world = simWorld(8);
  const acted: string[] = [];
  let process = world.process();
  let storage = await world.until(Storage.open(process.files, '/state', { warn: () => undefined }));
  const start = async (): Promise<Bmc> => {
    const bmc = new Bmc(
      {
        sel: { bootEvents: false },
        pef: { startupDelay: 0, filters: [{ actions: ['oem', 'reset'], sensorNumber: 3 }] },
      },
      { world: process, journal: storage.journal('bmc') },
    );
    bmc.pef.onOem(({ data }) => void acted.push(`oem ${data[1]}`));
    bmc.chassis.onPower(({ action }) => void acted.push(action));
    await world.until(bmc.open());
    return bmc;
  };
  let bmc = await start();
  const raise = (reading: number): Promise<void> =>
    world.until(bmc.events.raise({ ...tooHot, data: Uint8Array.of(0x59, reading, 95) })!);
  await raise(1);
  await world.run(1000);
  expect(acted).toEqual(['reset', 'oem 1']);
  bmc.pef.arm(30);
  await raise(2);
  await raise(3);
  process.crash();
  process = world.process();
  storage = await world.until(Storage.open(process.files, '/state', { warn: () => undefined }));
  bmc = await start();
  expect(acted.slice(2)).toEqual(['oem 2', 'oem 3']);
  expect(bmc.pef.bmcRecordId).toBe(bmc.sel.lastId);
  expect(bmc.chassis.isOn).toBe(true);
});
