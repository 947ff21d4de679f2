import type { Bmc } from '../bmc.ts';
import type { Fleet } from '../fleet/index.ts';
import type { Log } from '../state/setup.ts';

/** What everything counted of those that are awake and of those that are not. */
export function tellCounters(fleet: Fleet | undefined, log: Log): void {
  for (const name of fleet?.names ?? []) {
    const bmc = fleet?.use(name);
    if (bmc) tellCountersOf([bmc], log);
  }
}

/** A line a group; a text line leaves out what is nought. */
function tellCountersOf(bmcs: readonly Bmc[], log: Log): void {
  for (const { name, counters: groups, satellites } of bmcs) {
    for (const { name: group, channel, medium, counters } of groups) {
      const counted = Object.entries(counters).filter(([, count]) => count > 0);
      const text = counted.map(([counter, count]) => `${count} ${counter}`).join(', ');
      log.info(`${name}: counters of ${group}: ${text || 'all 0'}`, {
        bmc: name,
        group,
        channel,
        medium,
        ...counters,
      });
    }
    tellCountersOf(satellites, log);
  }
}
