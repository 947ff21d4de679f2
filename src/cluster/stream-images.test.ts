import { expect, test } from 'vitest';
import { SimServer, type SimLine } from '../../test/support/sim-bus.ts';
import { Bmc } from '../bmc.ts';
import { UpdateError, versionText, type Owner } from '../services/update/index.ts';
import { Seal } from '../storage/seal.ts';
import { simWorld } from '../world/index.ts';
import { StreamStorage } from './stream-storage.ts';

const ANNA: Owner = { key: 'anna', label: 'anna on channel 1' };
const imageOf = (seed: number, size = 300_000): Uint8Array =>
  Uint8Array.from({ length: size }, (_, i) => (i * 7 + seed * 31 + (i >> 8)) & 0xff);

/** Hosts on one simulated bus, each with a BMC of the same settings as it takes it. */
function cluster(seal?: Seal) {
  const world = simWorld(11);
  const server = new SimServer(world.clock, () => 0.5);
  let epoch = 0;
  const host = async (name: string) => {
    const line: SimLine = server.connect();
    const lines: string[] = [];
    const storage = new StreamStorage(await world.until(line.log('state')), {
      clock: world.clock,
      host: name,
      seal,
      objects: () => line.objects('images'),
      warn: (message) => lines.push(message),
      onFenced: () => undefined,
    });
    await world.until(storage.take('bmc', ++epoch));
    const say = (message: string): void => void lines.push(message);
    const log = {
      debug: say,
      info: say,
      warn: say,
      error: (text: string, error: unknown) => say(`${text} ${String(error)}`),
    };
    const components = [
      { id: 0, name: 'BMC', bmc: true, version: '1.00', assumeVersion: '2.05' },
      { id: 1, name: 'BIOS', version: '3.00' },
    ];
    const bmc = new Bmc(
      { sel: { bootEvents: false }, firmware: { components } },
      { world, log, journal: storage.journal('bmc') },
    );
    await world.until(bmc.open());
    const update = bmc.update!;
    const write = async (data: Uint8Array): Promise<void> => {
      for (let at = 0; at < data.length; at += 5000)
        await world.until(Promise.resolve(update.write(ANNA, at, data.subarray(at, at + 5000))));
    };
    const upload = async (data: Uint8Array, id = 0): Promise<void> => {
      await world.until(update.begin(id, ANNA));
      await write(data);
      await world.until(update.finish(ANNA, data.length));
      await world.until(update.verify(ANNA));
    };
    const versions = (id = 0): (string | undefined)[] => {
      const { active, rollback, pending } = update.component(id);
      return [active, rollback, pending].map((image) => image && versionText(image.version));
    };
    const intact = (id = 0) => {
      const component = update.component(id);
      return world.until(Promise.all([component.intact('a'), component.intact('b')]));
    };
    return { line, lines, bmc, update, write, upload, versions, intact };
  };
  return { world, server, host };
}

test('23.3: an image that waits, is active, or may be rolled back to is there for who takes the BMC next', async () => {
  const { world, server, host } = cluster();
  const one = await host('one');
  await one.upload(imageOf(1));
  expect(one.versions()).toEqual(['1.00', undefined, '2.05']);
  const two = await host('two');
  expect(two.versions()).toEqual(['1.00', undefined, '2.05']);
  expect(two.bmc.identity.firmware).toMatchObject({ major: 1, minor: 0 });
  await world.until(two.update.activate(ANNA));
  const three = await host('three');
  expect(three.versions()).toEqual(['2.05', '1.00', undefined]);
  expect(three.bmc.identity.firmware).toMatchObject({ major: 2, minor: 5 });
  expect(await three.intact()).toEqual([true, true]);
  await three.upload(imageOf(2), 1);
  await world.until(three.update.activate(ANNA));
  const four = await host('four');
  expect(four.versions(1)[1]).toBe('3.00');
  // Whole, each under a name of its own that says whose it is.
  expect([...server.objects.keys()].map((name) => name.replace(/[0-9a-f]{16}$/, 'ID')).toSorted()).toEqual([
    'images bmc/0/b/ID',
    'images bmc/1/b/ID',
  ]);
  expect([...server.objects.values()].map(({ length }) => length)).toEqual([300_000, 300_000]);
  await world.until(four.update.rollBack(ANNA));
  const five = await host('five');
  expect([five.versions()[0], five.versions(1)[0]]).toEqual(['1.00', '3.00']);
  // What is replaced is gone.
  await five.upload(imageOf(3));
  await five.upload(imageOf(4), 1);
  expect(server.objects.size).toBe(2);
  expect(server.objects.values().next().value).toEqual(Buffer.from(imageOf(3)));
});

test("23.3: an upload that its host did not live to end is nobody's; who lost the BMC changes nothing", async () => {
  const { world, server, host } = cluster();
  const one = await host('one');
  await one.upload(imageOf(1));
  await world.until(one.update.activate(ANNA));
  await world.until(one.update.begin(0, ANNA));
  await one.write(imageOf(2));
  const two = await host('two');
  expect(two.versions()).toEqual(['2.05', undefined, undefined]);
  expect(() => two.update.write(ANNA, 300_000, Uint8Array.of(1))).toThrow(UpdateError);
  const before = [...server.objects];
  await expect(world.until(one.update.finish(ANNA, 300_000))).rejects.toMatchObject({ problem: 'storage' });
  await world.run(5000);
  expect([...server.objects]).toEqual(before);
  expect(await two.intact()).toEqual([false, true]);
  await two.upload(imageOf(5));
  await world.until(two.update.activate(ANNA));
  expect((await host('three')).versions()).toEqual(['2.05', '2.05', undefined]);
});

test('23.3: what came of an image whose record was never written is removed by who finds its name', async () => {
  const { world, server, host } = cluster();
  const one = await host('one');
  await world.until(one.update.begin(0, ANNA));
  await one.write(imageOf(1));
  await world.until(one.update.finish(ANNA, 300_000));
  expect(server.objects.size).toBe(1);
  const two = await host('two');
  expect([two.versions(), server.objects.size]).toEqual([['1.00', undefined, undefined], 0]);
});

test('23.3: an image that cannot be looked at now is not taken for a damaged one; one that is damaged is', async () => {
  const { world, server, host } = cluster(Seal.create('a key'));
  const one = await host('one');
  await one.upload(imageOf(1));
  await world.until(one.update.activate(ANNA));
  const [[name, sealed]] = [...server.objects];
  expect(Buffer.from(sealed).includes(Buffer.from(imageOf(1)).subarray(0, 32))).toBe(false);
  await world.run(6000);
  one.line.isCut = true;
  await expect(one.intact()).rejects.toThrow('bmc/0/b/');
  one.line.isCut = false;
  expect((await host('two')).versions()[0]).toBe('2.05');
  server.objects.set(name, sealed.slice(0, -1));
  const three = await host('three');
  expect(three.versions()[0]).toBe('1.00');
  expect(three.lines.join('\n')).toContain('the image in slot b is damaged; booting slot a');
});
