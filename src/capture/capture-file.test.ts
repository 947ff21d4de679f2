// Much at once into a file: what a ring kept.
import { expect, test } from 'vitest';
import { simWorld } from '../world/sim.ts';
import { CaptureFile, captureHeader } from './index.ts';
import { blocksIn, enhancedPacket, PacketBlock } from './pcapng.ts';

const MIB = 1024 * 1024;
const PATH = '/trouble.pcapng';

/** `count` packets of some 40 KiB, numbered. */
function* packets(count: number): Generator<Uint8Array, void, void> {
  const bytes = new Uint8Array(40_000).fill(0x5a);
  for (let i = 0; i < count; i++)
    yield enhancedPacket({ interface: 0, time: i, direction: 'in', bytes, comment: `packet ${i}` });
}

async function written(count: number, size: number) {
  const world = simWorld(1);
  const failed = (error: unknown): void => expect(error).toBeUndefined();
  const gather = { clock: world.clock, ms: 100 };
  const options = { header: captureHeader('bmc'), failed, size, gather };
  const file = await world.until(CaptureFile.open(world.files, PATH, options));
  await world.until(file.writeAll(packets(count)));
  await world.until(file.close());
  const read = async (path: string): Promise<{ size: number; comments: string[] }> => {
    const bytes = await world.until(world.files.read(path));
    // Behind a section and its three interfaces.
    const comments = [...blocksIn(bytes)].slice(4).map((block) => new PacketBlock(block).comment);
    return { size: bytes.length, comments };
  };
  return { file, read };
}

const numbered = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => `packet ${from + i}`);

test('CAP18: all that a ring kept goes to the file, also what is more than may wait for the disk', async () => {
  const { file, read } = await written(700, 100 * MIB);
  expect((await read(PATH)).comments).toEqual(numbered(0, 700));
  expect(file.missed).toBe(0);
});

test('CAP18: what is given at once becomes files of their size, and the last packets are in the last two', async () => {
  const { file, read } = await written(200, MIB);
  const [older, newer] = [await read(`${PATH}.1`), await read(PATH)];
  expect(older.size).toBeGreaterThanOrEqual(MIB);
  for (const { size } of [older, newer]) expect(size).toBeLessThan(1.5 * MIB);
  const both = [...older.comments, ...newer.comments];
  expect(both).toEqual(numbered(200 - both.length, 200));
  expect(file.missed).toBe(0);
});
