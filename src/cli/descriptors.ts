import { readFileSync } from 'node:fs';
import type { BmcOptions } from '../config/options.ts';
import { parseUdpPlace } from '../world/endpoint-forms.ts';
import { CliError } from './errors.ts';

/** Files that the process has open beside what its BMCs need: its journals, output, and the runtime's own. */
const OWN = 32;

/**
 * Sockets and lines that these BMCs have open at least: addresses of prefixes have one for a port, a LAN on
 * all addresses may need one for each.
 */
export function descriptorsOf(bmcs: readonly BmcOptions[]): number {
  const shared = new Set<string>();
  const own = bmcs.reduce((sum, { interfaces = [], sockets = {}, sensorFeed, sol, chassis }) => {
    const others = [sockets.handlers, sockets.bt, sensorFeed, sol?.console, chassis?.backend];
    const alone = interfaces.filter((entry) => {
      const place =
        entry.type === 'lan' && typeof entry.listen === 'string' ? parseUdpPlace(entry.listen) : undefined;
      if (place?.prefix !== undefined) shared.add(`${place.host.includes(':')} ${place.port}`);
      return place?.prefix === undefined;
    });
    return sum + alone.length + others.filter((other) => other !== undefined).length;
  }, OWN);
  return own + shared.size;
}

/**
 * So many BMCs that the system would refuse some of their sockets are told before the first one is opened,
 * with what raises the limit. Throws CliError.
 */
export function checkDescriptors(bmcs: readonly BmcOptions[], most = mostDescriptors()): void {
  const needed = descriptorsOf(bmcs);
  if (most === undefined || needed <= most) return;
  throw new CliError(
    `${bmcs.length} BMCs need at least ${needed} open files, and this process may have ${most}: ` +
      `raise it with 'ulimit -n ${needed}' before it, or LimitNOFILE=${needed} in its systemd unit; ` +
      "BMCs at addresses of a prefix (listen: '10.9.0.0/16:623') share one socket",
  );
}

/** The hard limit, to which the runtime raised the soft one; undefined: the system does not say. */
function mostDescriptors(): number | undefined {
  try {
    const found = /^Max open files +\S+ +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    return found ? Number(found[1]) : undefined;
  } catch {
    return undefined;
  }
}
