// What nobody uses costs no time: BMCs with every part that the settings can give them, and nobody who asks
// for anything.
import { expect, test } from 'vitest';
import { Bmc, type BmcOptions } from '../src/bmc.ts';
import { IcmbNetwork } from '../src/interfaces/index.ts';
import { simWorld } from '../src/world/index.ts';

const MANY = 100;
/**
 * Longer than what a start sets going: PEF's start-up delays, the boot of the simulated machine, boot flags.
 */
const SETTLED = 10 * 60_000;

const everything = (n: number): BmcOptions => ({
  name: `node-${n}`,
  interfaces: [
    { type: 'lan', listen: `127.0.0.1:${10_000 + n}` },
    { type: 'serial', listen: `/serial-${n}`, shared: 'bmc' },
    { type: 'ipmb', listen: `/ipmb-${n}` },
    { type: 'icmb' },
    { type: 'vm', listen: `/vm-${n}` },
  ],
  users: [{ id: 2, name: 'admin', password: 'password' }],
  sensors: [
    {
      name: 'Temp',
      entity: '3.1',
      type: 'temperature',
      unit: 'degrees C',
      value: 40,
      thresholds: { uc: 90 },
    },
    {
      name: 'Ambient',
      entity: '7.1',
      type: 'temperature',
      unit: 'degrees C',
      value: { base: 25, swing: 3 },
      thresholds: { uc: 90 },
    },
    {
      name: 'Probe',
      entity: '7.2',
      type: 'temperature',
      unit: 'degrees C',
      value: { push: true, maxAge: 30 },
      thresholds: { uc: 90 },
    },
  ],
  sensorFeed: { listen: `/feed-${n}` },
  fru: [{ id: 0, name: 'Board' }],
  pef: { enabled: true, policies: [] },
  firewall: [{ channel: 'lan', restrict: 'read-only' }],
  sockets: { handlers: { path: `/handlers-${n}` }, bt: { path: `/bt-${n}` } },
  firmware: { components: [{ id: 0, name: 'BMC', bmc: true }] },
  sol: { instances: 2 },
  satellites: [
    {
      address: 0x30,
      sensors: [{ name: 'Inlet', entity: '55.1', type: 'temperature', unit: 'degrees C', value: 20 }],
    },
  ],
});

test(`${MANY} idle BMCs keep no timer running`, async () => {
  const world = simWorld(1);
  const icmb = new IcmbNetwork(world);
  const bmcs = Array.from({ length: MANY }, (_, n) => new Bmc(everything(n), { world, icmb }));
  for (const bmc of bmcs) await world.until(bmc.open());
  await world.run(SETTLED);
  expect(world.clock.pending).toBe(0);
  for (const bmc of bmcs) await world.until(bmc.close());
});

test.each<[string, BmcOptions]>([
  [
    'a sensor that can cross a threshold',
    {
      sensors: [
        {
          name: 'T',
          entity: '3.1',
          type: 'temperature',
          unit: 'degrees C',
          value: { formula: '40 + t' },
          thresholds: { uc: 90 },
        },
      ],
    },
  ],
  ['a machine that is called and does not answer', { interfaces: [{ type: 'vm', connect: '/nobody' }] }],
  [
    'a terminal server that is called and does not answer',
    { interfaces: [{ type: 'serial', connect: '/nobody' }] },
  ],
  [
    'a console that is called and does not answer',
    { sol: { console: { type: 'socket', connect: '/nobody' } } },
  ],
  [
    'a power back end that has to be asked',
    { chassis: { backend: { type: 'http', url: 'http://127.0.0.1:1/power' } } },
  ],
])('one timer, and no more: %s', async (_, options) => {
  const world = simWorld(1);
  const bmc = new Bmc(options, { world });
  await world.until(bmc.open());
  await world.run(SETTLED);
  expect(world.clock.pending).toBe(1);
  await world.until(bmc.close());
  expect(world.clock.pending).toBe(0);
});
