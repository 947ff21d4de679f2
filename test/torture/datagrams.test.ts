import { expect, test } from 'vitest';
import { NativeSockets } from '../../src/world/native-sockets.ts';
import { datagramRounds } from './datagrams.ts';

const works = await NativeSockets.load().then(
  () => true,
  () => false,
);

test.runIf(works)(
  'I18: 20,000 requests in batches, over a bad network and beyond the buffer: none carried out or answered twice, none wrongly',
  { timeout: 120_000 },
  async () => {
    const tally = await datagramRounds(20_000, 'batch');
    expect(tally.requests).toBe(20_000);
    // It is worth something only if it meets what it is for: answers, faults, and what no buffer took.
    expect(tally.answered).toBeGreaterThan(5_000);
    expect(tally.faults).toBeGreaterThan(100);
    expect(tally.carriedOut).toBeLessThan(20_000 - tally.faults);
  },
);

test('I18: the same with one datagram at a time', { timeout: 120_000 }, async () => {
  const tally = await datagramRounds(4_000, 'dgram');
  expect(tally.answered).toBeGreaterThan(500);
  expect(tally.faults).toBeGreaterThan(20);
});
