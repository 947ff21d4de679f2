// Asks all BMCs of a fleet but one, again and again: who they are, what their sensors say, what is in their logs.
// Run by `npm run clients`: node --import tsx load.ts FIRST_PORT COUNT LEFT_OUT VISITORS, until SIGTERM.
import { connectLan } from '../../src/client/index.ts';
import { nodeWorld } from '../../src/world/index.ts';

const [firstPort, count, leftOut, visitors] = process.argv.slice(2).map(Number);
/** NetFn, command and data. */
const QUESTIONS: readonly (readonly number[])[] = [
  [0x06, 0x01],
  [0x00, 0x01],
  [0x04, 0x2d, 1],
  [0x0a, 0x40],
  // An entry more in the log, and the last one of it.
  [0x0a, 0x44, 0, 0, 2, 0, 0, 0, 0, 0x20, 0, 4, 1, 1, 0x57, 0x50, 0x55, 0],
  [0x0a, 0x43, 0, 0, 0xff, 0xff, 0, 0xff],
];
const world = nodeWorld();
const tally = { visits: 0, answers: 0, refused: 0, failed: 0 };
const asked = new Set<number>();
let next = 0;
let isOver = false;

async function visit(n: number): Promise<void> {
  const client = await connectLan(world, {
    host: '127.0.0.1',
    port: firstPort + n,
    user: 'admin',
    password: 'AdminPass123',
  });
  for (const [netFn, cmd, ...data] of QUESTIONS) {
    const [completion] = await client.raw(netFn, cmd, Uint8Array.from(data));
    tally.answers++;
    if (completion !== 0) tally.refused++;
  }
  await client.close();
  tally.visits++;
  asked.add(n);
}

async function goRound(): Promise<void> {
  while (!isOver) {
    const n = next++ % count;
    if (n === leftOut) continue;
    await visit(n).catch((error: unknown) => {
      tally.failed++;
      console.error(`${n}: ${String(error)}`);
    });
  }
}

const began = performance.now();
process.once('SIGTERM', () => (isOver = true));
await Promise.all(Array.from({ length: visitors }, goRound));
const seconds = (performance.now() - began) / 1000;
console.log(
  `the others meanwhile: ${asked.size} BMCs asked in ${tally.visits} visits, ${tally.answers} answers ` +
    `(${Math.round(tally.answers / seconds)} a second), ${tally.refused} refused, ${tally.failed} visits failed`,
);
