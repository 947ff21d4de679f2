// Images that change where they lie, after somebody has looked at them.
import { expect, test } from 'vitest';
import { Bmc } from '../../bmc.ts';
import { simWorld } from '../../world/index.ts';
import { versionText, type Owner } from './index.ts';

const ANNA: Owner = { key: 'anna', label: 'anna on channel 1' };
const DIRECTORY = '/state/firmware/bmc';

async function uploaded() {
  const world = simWorld(7);
  const components = [{ id: 0, name: 'BMC', version: '1.00', assumeVersion: '2.00' }];
  const bmc = new Bmc(
    { sel: { bootEvents: false }, firmware: { components } },
    { world, firmwareDirectory: DIRECTORY },
  );
  await world.until(bmc.open());
  const update = bmc.update!;
  await world.until(update.begin(0, ANNA));
  await world.until(Promise.resolve(update.write(ANNA, 0, new Uint8Array(10_000).fill(0x5a))));
  await world.until(update.finish(ANNA, 10_000));
  await world.until(update.verify(ANNA));
  const { medium, spareSlot } = update.component(0);
  return {
    world,
    update,
    slot: medium.path(spareSlot)!,
    active: () => versionText(update.component(0).active.version),
  };
}

test('an image that was changed after it was verified is not activated', async () => {
  const { world, update, slot, active } = await uploaded();
  const image = await world.until(world.files.read(slot));
  await world.until(world.files.write(slot, image.with(5000, 0)));
  await expect(world.until(update.activate(ANNA))).rejects.toMatchObject({ problem: 'digest' });
  expect(active()).toBe('1.00');
});

test('an image that is as it was verified is', async () => {
  const { world, update, active } = await uploaded();
  await world.until(update.activate(ANNA));
  expect(active()).toBe('2.00');
});
