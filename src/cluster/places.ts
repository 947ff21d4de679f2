import type { BmcOptions } from '../config/options.ts';
import { nameOf } from '../fleet/index.ts';
import { parseUdpPlace } from '../world/endpoint-forms.ts';
import type { Endpoint } from '../world/world.ts';
import type { Placed } from './placement.ts';

/** What counts of a BMC for where it may run. */
export function placeOf(bmc: BmcOptions): Placed {
  const addresses = endpointsOf(bmc).map(({ host }) => host);
  return { name: nameOf(bmc), labels: bmc.labels, addresses };
}

/** At which it listens. */
export function endpointsOf(bmc: BmcOptions): Endpoint[] {
  return (bmc.interfaces ?? []).flatMap((options) => {
    const listen: unknown = 'listen' in options ? options.listen : undefined;
    const endpoint = typeof listen === 'string' ? parseUdpPlace(listen) : undefined;
    return endpoint === undefined ? [] : [endpoint];
  });
}
