import type { UdpNetwork } from './world.ts';

/** What carries datagrams: Node's own sockets, or many datagrams in one call (decision 97). */
export const udpEngines = ['dgram', 'batch'] as const;
export type UdpEngine = (typeof udpEngines)[number];

/** Datagrams of the real world. */
export interface NodeUdp extends UdpNetwork {
  /** Which engine is at work; undefined before the first socket. Link-local addresses are always Node's. */
  readonly engine: UdpEngine | undefined;
  /** Why it is not the one that was wanted. */
  readonly problem: string | undefined;
}
