import { expect, test } from 'vitest';
import { clusterSeed } from './cluster-stories.ts';

const SEEDS = 60;

test(
  `23: ${SEEDS} stories of hosts that are cut off, slow, stopped and killed: one serves at a time, nothing acknowledged is lost, all is served again`,
  { timeout: 120_000 },
  async () => {
    const tally = { acknowledged: 0, taken: 0, troubles: 0 };
    for (let seed = 1; seed <= SEEDS; seed++) await clusterSeed(seed, tally);
    // They are worth something only if they meet what they are for.
    expect(tally.acknowledged).toBeGreaterThan(SEEDS * 100);
    expect(tally.taken).toBeGreaterThan(SEEDS * 5);
  },
);

test(
  "23: the stories in which a BMC was nobody's for ever are told to their end",
  { timeout: 120_000 },
  async () => {
    const tally = { acknowledged: 0, taken: 0, troubles: 0 };
    // A late answer brought back, to the host that was to take it, whose the BMC had been long before.
    for (const seed of [13_457, 16_571, 48_828, 52_097, 57_548, 61_740, 70_690])
      await clusterSeed(seed, tally);
    expect(tally.taken).toBeGreaterThan(5);
  },
);
