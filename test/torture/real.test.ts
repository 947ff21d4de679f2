import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nodeWorld } from '../../src/world/index.ts';
import { fleetKills } from './fleet-kills.ts';
import { toolTest } from '../support/tools.ts';
import { firmwareRounds } from './firmware.ts';
import { realRounds } from './real.ts';

toolTest(
  'kill -9 while ipmitool writes: what was acknowledged is there (npm run torture -- --rounds N for more)',
  ['ipmitool'],
  async () => {
    const { acknowledged } = await realRounds(
      4,
      mkdtempSync(join(tmpdir(), 'ipmi-bmc-torture-')),
      nodeWorld().random,
      () => undefined,
    );
    expect(acknowledged).toBeGreaterThan(10);
  },
);

toolTest(
  'kill -9 while ipmitool upgrades firmware: the image before, or the new one whole (npm run torture -- --firmware N for more)',
  ['ipmitool'],
  async () => {
    const { rounds } = await firmwareRounds(
      4,
      mkdtempSync(join(tmpdir(), 'ipmi-bmc-torture-')),
      nodeWorld().random,
      () => undefined,
    );
    expect(rounds).toBe(4);
  },
);

test('kill -9 of 100 BMCs, with a writer to each: what was acknowledged is there (npm run torture -- --kills N for 1,000)', async () => {
  const tally = await fleetKills(
    { count: 100, rounds: 1 },
    mkdtempSync(join(tmpdir(), 'ipmi-bmc-torture-')),
    nodeWorld().random,
    () => undefined,
  );
  expect(tally.written).toBe(100);
}, 30_000);
