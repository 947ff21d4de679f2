import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildLoadgen } from '../../../bench/lan/measure.ts';
import { hasNats } from '../../support/nats.ts';
import { missingForMachines } from './machines.ts';
import { clusterStory, TROUBLES, type StoryResult } from './story.ts';

/** Milliseconds in which BMCs have to be with others. */
const LIMIT = 10_000;

/**
 * The whole story with so many BMCs: each trouble once, half a minute where something stands still. Rejects with
 * what is missing on this machine.
 */
export async function provenCluster(count: number, tell: (line: string) => void): Promise<StoryResult> {
  const missing = hasNats ? missingForMachines() : 'nats-server (scripts/setup.mjs)';
  if (missing !== undefined) throw new Error(`a cluster of machines needs ${missing}`);
  const folder = mkdtempSync(join(tmpdir(), 'ipmi-bmc-loadgen-'));
  try {
    const loadgen = buildLoadgen(folder);
    return await clusterStory({ count, troubles: TROUBLES, seconds: 30, writers: 8, loadgen, tell });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What was found, and against what it has to be; a line each. */
export function summaryOf({ away, found, twice, load, ipmitool }: StoryResult): string {
  const late = away.filter(({ longest }) => longest > LIMIT).map(({ trouble }) => trouble);
  return [
    `${found.acknowledged} acknowledged writes to ${found.bmcs} BMCs (${ipmitool} by ipmitool), ${found.lost.length} lost` +
      `${found.lost.length > 0 ? `: ${found.lost.slice(0, 5).join('; ')}` : ''}; ${found.cut} visits were cut short`,
    `two answered for one BMC: ${twice.length === 0 ? 'never' : twice.slice(0, 5).join('; ')}`,
    `longer than ${LIMIT / 1000} s away: ${late.length === 0 ? 'after none of them' : late.join(', ')}`,
    `load generator: ${Math.round(load)} log-ins/s in its best second`,
  ].join('\n');
}
