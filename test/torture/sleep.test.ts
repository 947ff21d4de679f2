import { expect, test } from 'vitest';
import { fleetLife } from './sleep.ts';

const SEEDS = 40;

test(
  `Z1: ${SEEDS} fleets under random traffic say the same, byte for byte, whether their BMCs sleep or not`,
  { timeout: 180_000 },
  async () => {
    let [slept, late] = [0, 0];
    for (let seed = 1; seed <= SEEDS; seed++) {
      const asleep = await fleetLife(seed, true);
      const awake = await fleetLife(seed, false);
      expect(asleep.heard, `seed ${seed}`).toEqual(awake.heard);
      slept += asleep.slept;
      late += asleep.late;
    }
    // Those of `npm run torture -- --sleep 10000` that once found something.
    for (const seed of [77, 202, 7679])
      expect((await fleetLife(seed, true)).heard, `seed ${seed}`).toEqual(
        (await fleetLife(seed, false)).heard,
      );
    // The runs are worth something only if they meet what they are for.
    expect(slept).toBeGreaterThan(SEEDS);
    expect(late).toBeGreaterThan(SEEDS / 2);
  },
);
