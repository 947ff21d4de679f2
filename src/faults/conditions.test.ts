// Conditions of the BMC itself: what several rules do to one thing, what begins with a command, firmware that
// does not get there, and that nothing is left.
import { expect, test } from 'vitest';
import { rig } from '../../test/support/bmc.ts';
import { Bmc, type BmcOptions } from '../bmc.ts';
import { hash } from '../crypto/hash.ts';
import { parseVersion, versionText, writeDescriptor, type Owner } from '../services/update/index.ts';
import { simWorld } from '../world/index.ts';
import type { ConditionEffect, FaultRule } from './index.ts';

const BASE: BmcOptions = {
  sensors: [
    { name: 'Inlet', number: 1, entity: '7.1', type: 'temperature', value: 25 },
    {
      name: 'Door',
      number: 2,
      entity: '7.1',
      type: 'physical security',
      states: [0],
    },
  ],
  fru: [
    {
      id: 0,
      name: 'Board',
      board: { manufacturer: 'ACME', product: 'X', serial: '1', partNumber: '2' },
      product: { manufacturer: 'ACME', name: 'Y', serial: '3' },
    },
  ],
  chassis: { softOff: 1 },
};

const sum = (bytes: Uint8Array): number => bytes.reduce((all, one) => all + one, 0) & 0xff;

interface Shared {
  readonly then: readonly [FaultRule['then'], FaultRule['then']];
  /** What shows it, which differs without a rule, with one and with both. */
  readonly seen: (bmc: Bmc) => unknown;
  /** Of the first rule, the second one, both, and none. */
  readonly shows: readonly [unknown, unknown, unknown, unknown];
}

const fru = (area: NonNullable<ConditionEffect['fru']>['area']): FaultRule['then'] => ({
  fru: { id: 0, checksum: 'wrong', area },
});
/** Whether header and board area are right. */
const fruSums = (bmc: Bmc): boolean[] => {
  const image = bmc.fru.shown(0);
  const board = image[3] * 8;
  return [sum(image.subarray(0, 8)) === 0, sum(image.subarray(board, board + image[board + 1] * 8)) === 0];
};

const shared: Readonly<Record<string, Shared>> = {
  'the SEL': {
    then: [{ sel: 'full' }, { sel: 'full' }],
    seen: ({ sel }) => sel.isHeldFull,
    shows: [true, true, true, false],
  },
  'the clock': {
    then: [{ clock: '+1h' }, { clock: '-1h' }],
    seen: ({ time, setup }) => time.now() - Math.floor(setup.clock.now() / 1000),
    shows: [3600, -3600, 3600, 0],
  },
  'a sensor': {
    then: [{ sensor: { name: 'Inlet', is: 90 } }, { sensor: { name: '#1', is: 'unreadable' } }],
    seen: ({ sensors }) => sensors.get('Inlet').value,
    shows: [90, undefined, 90, 25],
  },
  'a discrete sensor': {
    then: [{ sensor: { name: 'Door', is: 0 } }, { sensor: { name: 'Door', is: 'stuck' } }],
    seen: ({ sensors }) => sensors.get('Door').value,
    shows: [0, 1, 0, 1],
  },
  'the self test': {
    then: [{ selfTest: 'fatal' }, { selfTest: 'ipmb' }],
    seen: ({ identity }) => [identity.selfTest.result, identity.selfTest.detail],
    shows: [
      [0x58, 0],
      [0x57, 0x10],
      [0x58, 0],
      [0x55, 0],
    ],
  },
  'a FRU': {
    then: [fru(undefined), fru('board')],
    seen: fruSums,
    shows: [
      [false, true],
      [true, false],
      [false, false],
      [true, true],
    ],
  },
  'the machine': {
    then: [{ softOff: 'ignored' }, { power: 'hangs' }],
    seen: ({ chassis }) => chassis.intervene !== undefined,
    shows: [true, true, true, false],
  },
};

test.each(Object.entries(shared))(
  'F4: two rules for %s: the first in order is what it has, and they go in any order',
  (_name, { then, seen, shows: [first, second, both, none] }) => {
    for (const order of [
      [0, 1],
      [1, 0],
    ]) {
      const { bmc } = rig(BASE);
      const faults = then.map((one) => bmc.faults.add({ then: one }));
      expect(seen(bmc)).toEqual(both);
      faults[order[0]].remove();
      expect(seen(bmc)).toEqual(order[0] === 0 ? second : first);
      faults[order[1]].remove();
      expect(seen(bmc)).toEqual(none);
    }
  },
);

test('F4: soft off is ignored, and then hangs with everything else: whichever goes first', async () => {
  const { bmc, send, world } = rig(BASE);
  const deaf = bmc.faults.add({ then: { softOff: 'ignored' } });
  const slow = bmc.faults.add({ then: { power: { takes: '5s' } } });
  deaf.remove();
  await send(0, 2, 0);
  expect(bmc.chassis.isOn).toBe(true);
  await world.run(5001);
  expect(bmc.chassis.isOn).toBe(false);
  slow.remove();
  await send(0, 2, 1);
  expect(bmc.chassis.isOn).toBe(true);
});

test('F4: a power action that takes its time is not carried out by a BMC that is closed', async () => {
  const { bmc, send, world } = rig(BASE);
  bmc.faults.add({ then: { power: { takes: '5s' } } });
  await send(0, 2, 0);
  await bmc.close();
  await world.run(10_000);
  expect(bmc.chassis.isOn).toBe(true);
});

test('F4: dark twice over: light comes when the longer one ends, and a reset does not end it', async () => {
  const { bmc, world } = rig({ ...BASE, reset: { dark: 2 } });
  bmc.faults.add({ then: { dark: '10s' } });
  bmc.faults.add({ then: { dark: '20s' } });
  bmc.reset('cold');
  const seen: unknown[] = [];
  for (let i = 0; i < 3; i++) {
    await world.run(8000);
    seen.push([bmc.life.dark, bmc.router.suspended, bmc.faults.list.length]);
  }
  expect(seen).toEqual([
    [true, 0xd2, 2],
    [true, 0xd2, 1],
    [false, undefined, 0],
  ]);
});

test('F4: what is set meanwhile is there when the fault is over', async () => {
  const { bmc, world } = rig(BASE);
  const sensor = bmc.sensors.get('Inlet');
  sensor.set(30);
  {
    using stuck = bmc.faults.add({ then: { sensor: { name: 'Inlet', is: 'stuck' } } });
    sensor.set(40);
    expect([sensor.value, stuck.isArmed]).toEqual([30, true]);
  }
  expect(sensor.value).toBe(40);
  {
    using jumping = bmc.faults.add({ then: { sensor: { name: 'Inlet', is: 'jumping' } } });
    await world.run(3500);
    expect(jumping.isArmed).toBe(true);
  }
  expect(sensor.value).toBe(40);
});

test('F4: a condition that begins with a command lasts so long from then on, and waits again', async () => {
  const { bmc, world, send } = rig(BASE);
  bmc.faults.add({
    id: 'sick',
    when: { command: 'get-device-id' },
    then: { selfTest: 'fru' },
    for: '10s',
    times: 2,
  });
  const test4 = async (): Promise<number> => (await send(6, 4))[1];
  await world.run(60_000);
  const seen = [await test4()];
  for (let i = 0; i < 2; i++) {
    await send(6, 1);
    seen.push(await test4());
    await world.run(10_001);
    seen.push(await test4());
  }
  expect([seen, bmc.faults.list]).toEqual([[0x55, 0x57, 0x55, 0x57, 0x55], []]);
});

test('F4: darkness that has passed leaves no rule; one that waits for a command stays', async () => {
  const { bmc, world, send } = rig(BASE);
  bmc.faults.add({ then: { dark: '5s' } });
  bmc.faults.add({ id: 'again', when: { command: 'get-device-id' }, then: { dark: '5s' } });
  bmc.faults.add({ id: 'once', when: { command: 'get-self-test-results' }, then: { dark: '5s' }, times: 1 });
  await world.run(6000);
  expect(bmc.faults.list.map(({ id }) => id)).toEqual(['again', 'once']);
  await send(6, 1);
  await world.run(6000);
  await send(6, 4);
  await world.run(6000);
  expect(bmc.faults.list.map(({ id }) => id)).toEqual(['again']);
});

test.each<[NonNullable<ConditionEffect['selfTest']>, number, number]>([
  ['fatal', 0x58, 0],
  ['firmware', 0x57, 0x01],
  ['boot-block', 0x57, 0x02],
  ['internal-use', 0x57, 0x04],
  ['sdr-empty', 0x57, 0x08],
  ['ipmb', 0x57, 0x10],
  ['fru', 0x57, 0x20],
  ['sdr', 0x57, 0x40],
  ['sel', 0x57, 0x80],
])('F4: self test %s', async (selfTest, result, detail) => {
  const { bmc, send } = rig(BASE);
  bmc.faults.add({ then: { selfTest } });
  expect(await send(6, 4)).toEqual([0, result, detail]);
});

test('F4: an area that a FRU does not have, and a sensor without a reading, are refused', () => {
  const { bmc } = rig({
    ...BASE,
    sensors: [{ name: 'Log', number: 3, entity: '7.1', type: 'event logging disabled', eventOnly: true }],
  });
  expect(() => bmc.faults.add({ then: fru('chassis') })).toThrow(
    expect.objectContaining({ path: ['then', 'fru', 'area'] }),
  );
  expect(() => bmc.faults.add({ then: { sensor: { name: 'Log', is: 'stuck' } } })).toThrow(
    expect.objectContaining({ path: ['then', 'sensor', 'name'] }),
  );
});

const OWNER: Owner = { key: 'anna', label: 'anna on channel 1' };

function firmwareImage(version: string): Uint8Array {
  const body = Uint8Array.from({ length: 5000 }, (_, i) => i & 0xff);
  const described = {
    version: parseVersion(version)!,
    earliest: parseVersion('0.00')!,
    component: 0,
    deviceId: 0x20,
    manufacturerId: 0,
    productId: 0,
    size: body.length,
    digest: hash('sha256', body),
  };
  return Uint8Array.from([...body, ...writeDescriptor(described)]);
}

async function withFirmware() {
  const world = simWorld(1);
  const component = { id: 0, name: 'BMC', version: '1.00', bmc: true };
  const bmc = new Bmc({ ...BASE, firmware: { components: [component] } }, { world });
  await bmc.open();
  const update = bmc.update!;
  const upload = (): Promise<unknown> =>
    world.until(
      (async () => {
        await update.begin(0, OWNER);
        await update.write(OWNER, 0, firmwareImage('2.00'));
        await update.finish(OWNER);
        await update.verify(OWNER);
      })(),
    );
  const activate = (): Promise<void> => world.until(update.activate(OWNER));
  const active = (): string => versionText(update.component(0).active.version);
  return { bmc, world, update, upload, activate, active };
}

test('F4: firmware that fails to verify is thrown away, and is taken when the rule is gone', async () => {
  const { bmc, update, upload, activate, active } = await withFirmware();
  const fault = bmc.faults.add({ then: { firmware: 'fails-verification' } });
  await expect(upload()).rejects.toMatchObject({ problem: 'digest' });
  expect([update.component(0).pending, update.info, active()]).toEqual([undefined, undefined, '1.00']);
  fault.remove();
  await upload();
  await activate();
  expect(active()).toBe('2.00');
});

test('F4: firmware that fails to boot: two restarts later the one before is back, and says why', async () => {
  const { bmc, update, upload, activate, active } = await withFirmware();
  const restarts: string[] = [];
  bmc.life.onReset((phase) => void restarts.push(phase));
  const fault = bmc.faults.add({ then: { firmware: 'fails-to-boot' } });
  await upload();
  await expect(activate()).rejects.toMatchObject({ problem: 'self-test' });
  expect([active(), update.selfTest, update.lastRollback.outcome]).toEqual([
    '1.00',
    { result: 0x60, failed: 1 },
    'done',
  ]);
  expect(restarts.filter((phase) => phase === 'down').length).toBeGreaterThan(0);
  fault.remove();
  await upload();
  await activate();
  expect([active(), update.selfTest.result]).toEqual(['2.00', 0x55]);
});

test('F4: without firmware that could be updated the rule is refused', () => {
  const { bmc } = rig(BASE);
  expect(() => bmc.faults.add({ then: { firmware: 'fails-to-boot' } })).toThrow('no firmware');
});
