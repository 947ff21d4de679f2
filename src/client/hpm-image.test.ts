import { expect, test } from 'vitest';
import { hash } from '../crypto/hash.ts';
import { HPM_ACTION_SIZE, HPM_FIRMWARE_SIZE, HPM_HEADER_SIZE, MD5_SIZE } from '../images/hpm-image.ts';
import { simWorld } from '../world/index.ts';
import { readHpmImage, writeHpmImage } from './hpm-image.ts';

const VERSION = { major: 2, minor: 5, aux: '00000000' };

/**
 * An image of two small parts, and what reading it says after a change; its MD5 is made right again, as
 * whoever changes it would do.
 */
async function changed() {
  const world = simWorld(1);
  for (const name of ['/a.bin', '/b.bin'])
    await world.until(world.files.write(name, new Uint8Array(40).fill(0x5a)));
  const parts = ['a', 'b'].map((name, component) => ({
    component,
    version: VERSION,
    description: name,
    file: `/${name}.bin`,
  }));
  const about = {
    deviceId: 0x20,
    manufacturerId: 7,
    productId: 9,
    time: 1,
    version: VERSION,
    earliest: { major: 0, minor: 0 },
  };
  await world.until(writeHpmImage(world.files, '/image.hpm', { ...about, parts, describe: false }));
  const good = await world.until(world.files.read('/image.hpm'));
  const read = async (bytes: Uint8Array): Promise<string> => {
    const body = bytes.slice(0, -MD5_SIZE);
    await world.until(world.files.write('/image.hpm', Uint8Array.of(...body, ...hash('md5', body))));
    return world.until(
      world.files
        .open('/image.hpm', 'read')
        .then(readHpmImage)
        .then(
          ({ records }) => `${records.length} records`,
          (error: Error) => error.message,
        ),
    );
  };
  return { good, read };
}

test("the checksum of an image's header covers every byte of it", async () => {
  const { good, read } = await changed();
  expect(await read(good)).toBe('3 records');
  // Before byte 9 stand what an image is and its format, which are refused by themselves; the length of OEM
  // data moves the checksum itself.
  for (let at = 9; at < HPM_HEADER_SIZE - 2; at++)
    expect(await read(good.with(at, good[at] ^ 1)), `byte ${at}`).toBe("the header's checksum is wrong");
  expect(await read(good.with(HPM_HEADER_SIZE, good[HPM_HEADER_SIZE] ^ 1))).toBe(
    "the header's checksum is wrong",
  );
});

test('each action record has a checksum of its own', async () => {
  const { good, read } = await changed();
  const first = HPM_HEADER_SIZE + 1;
  const second = first + HPM_ACTION_SIZE;
  const third = second + HPM_ACTION_SIZE + HPM_FIRMWARE_SIZE + 40;
  for (const record of [first, second, third])
    for (let at = 0; at < HPM_ACTION_SIZE; at++)
      expect(
        await read(good.with(record + at, good[record + at] ^ 0x10)),
        `byte ${at} of the record at ${record}`,
      ).toBe(`the action record at byte ${record} has a wrong checksum`);
});

test('the MD5 covers every byte before it', async () => {
  const { good, read } = await changed();
  expect(await read(good)).toBe('3 records');
  const world = simWorld(1);
  for (const at of [60, 100, good.length - 17, good.length - 1]) {
    await world.until(world.files.write('/image.hpm', good.with(at, good[at] ^ 1)));
    await expect(world.until(world.files.open('/image.hpm', 'read').then(readHpmImage))).rejects.toThrow(
      'its MD5 is wrong',
    );
  }
});
