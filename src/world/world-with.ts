import type { Clock, UdpNetwork, World } from './world.ts';

/** A world with another clock and other sockets; the rest of it is the given one's. */
export const worldWith = (
  { random, stream, files, programs, http, devices, network }: World,
  others: { readonly clock: Clock; readonly udp: UdpNetwork },
): World => ({ ...others, random, stream, files, programs, http, devices, network });
