import { expect, test } from 'vitest';
import { simLife } from './sim.ts';

const SEEDS = 300;

test(
  `${SEEDS} lives of a state directory on a failing disk: what was acknowledged is there, whole`,
  { timeout: 120_000 },
  async () => {
    const total = { restarts: 0, acknowledged: 0, refused: 0, flips: 0 };
    for (let seed = 1; seed <= SEEDS; seed++) {
      const tally = await simLife(seed);
      for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += tally[key];
    }
    // The runs are worth something only if they meet what they are for.
    expect(total.acknowledged).toBeGreaterThan(SEEDS * 20);
    expect(total.refused).toBeGreaterThan(SEEDS);
    expect(total.flips).toBeGreaterThan(SEEDS / 2);
  },
);
