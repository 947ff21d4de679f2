import { expect, test } from 'vitest';
import { settingsCase } from './settings.ts';

const CASES = 600;

test(
  `V7: ${CASES} settings made from the schema: refused with a place, or opened and read back as they were written`,
  { timeout: 180_000 },
  async () => {
    const total = { refused: 0, opened: 0, values: 0 };
    for (let seed = 1; seed <= CASES; seed++) {
      const tally = await settingsCase(seed);
      for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += tally[key];
    }
    // The runs are worth something only if they meet what they are for.
    expect(total.opened).toBeGreaterThan(CASES / 6);
    expect(total.refused).toBeGreaterThan(CASES / 5);
    expect(total.values).toBeGreaterThan(CASES);
  },
);
