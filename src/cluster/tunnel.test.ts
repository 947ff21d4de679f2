import { expect, test } from 'vitest';
import { SimServer } from '../../test/support/sim-bus.ts';
import { simWorld } from '../world/index.ts';
import { Tunnel, tunnelSubjects } from './tunnel.ts';

function pair() {
  const world = simWorld(5);
  const server = new SimServer(world.clock, () => 0.5);
  const lines = [server.connect(), server.connect()] as const;
  const ends = lines.map((line, i) => {
    const end = new Tunnel(line, world.clock, tunnelSubjects('1', i === 0));
    end.on('error', (error) => errors.push(error.message));
    return end;
  });
  const errors: string[] = [];
  /** Streams go on behind promises. */
  const run = async (ms: number): Promise<void> => {
    for (let at = 0; at < ms; at += 50) {
      await world.run(50);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { world, server, lines, a: ends[0], b: ends[1], errors, run };
}

test('23.5: a tunnel carries bytes both ways in order, and ends when both have said so', async () => {
  const { a, b, run, errors, server } = pair();
  const heard: Buffer[] = [];
  b.on('data', (bytes: Buffer) => heard.push(bytes));
  b.on('end', () => b.end('bye'));
  let answer = '';
  a.on('data', (bytes: Buffer) => (answer += bytes.toString()));
  const all = Buffer.alloc(900_000, 'abcdefg');
  a.end(all);
  await run(3000);
  expect(Buffer.concat(heard).equals(all)).toBe(true);
  expect([answer, a.destroyed, b.destroyed, errors, server.served.length]).toEqual([
    'bye',
    true,
    true,
    [],
    0,
  ]);
});

test('23.5: who does not read holds up who writes: no more than a window is on its way', async () => {
  const { a, b, run } = pair();
  let written = 0;
  const write = (): void => {
    while (written < 40) {
      written++;
      if (!a.write(Buffer.alloc(65_536), () => undefined)) return void a.once('drain', write);
    }
  };
  write();
  await run(2000);
  expect(b.readableLength).toBeLessThanOrEqual(1 << 17);
  expect(written).toBeLessThan(10);
  let read = 0;
  b.on('data', (bytes: Buffer) => (read += bytes.length));
  await run(6000);
  expect([written, read]).toEqual([40, 40 * 65_536]);
});

test('23.5: who sends more than there is room for is cut off', async () => {
  const { world, lines, b, run, errors } = pair();
  const { say } = tunnelSubjects('1', true);
  for (let sent = 1; sent <= 6; sent++) {
    const message = new Uint8Array(9 + 65_536);
    new DataView(message.buffer).setUint32(1, sent);
    lines[0].publish(say, message);
    await world.run(100);
  }
  await run(1000);
  expect([b.destroyed, errors]).toEqual([true, ['the other host sends more than there is room for']]);
});

test('23.5: what is lost on the way destroys both ends, and so does a silence', async () => {
  const one = pair();
  one.b.resume();
  one.lines[1].isCut = true;
  one.a.write('lost');
  await one.run(100);
  one.lines[1].isCut = false;
  one.a.write('heard');
  await one.run(200);
  expect([one.a.destroyed, one.b.destroyed, one.errors]).toEqual([
    true,
    true,
    ['some of it was lost on the bus'],
  ]);

  const other = pair();
  await other.run(30_000);
  expect(other.errors).toEqual([]);
  other.lines[0].isCut = true;
  await other.run(21_000);
  expect([other.a.destroyed, other.b.destroyed, other.errors]).toEqual([
    true,
    true,
    ['the other host says nothing any more', 'the other host says nothing any more'],
  ]);
  expect(other.server.served).toEqual([]);
});
