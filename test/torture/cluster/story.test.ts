import { expect } from 'vitest';
import { hasNats } from '../../support/nats.ts';
import { toolTest } from '../../support/tools.ts';
import { missingForMachines } from './machines.ts';
import { clusterStory } from './story.ts';

// Left out where no server of NATS can be had, or no namespaces: scripts/setup.mjs and the name say so.
const missing = missingForMachines();
if (hasNats)
  toolTest(
    '23: three machines in namespaces, one killed while clients write: served by others within ten seconds, nothing acknowledged lost, nobody twice (npm run torture -- --cluster 3000 for more)',
    ['ipmitool', ...(missing === undefined ? [] : [missing])],
    async () => {
      const troubles = ['kill host'] as const;
      const story = { count: 60, troubles, seconds: 8, writers: 4, tell: () => undefined };
      const { away, found, twice, ipmitool } = await clusterStory(story);
      expect(away[0].bmcs).toBeGreaterThan(5);
      // The probers look each second.
      expect(away[0].longest).toBeLessThan(11_000);
      expect(found.lost).toEqual([]);
      expect(found.acknowledged).toBeGreaterThan(200);
      expect(ipmitool).toBeGreaterThan(5);
      expect(twice).toEqual([]);
    },
    90_000,
  );
