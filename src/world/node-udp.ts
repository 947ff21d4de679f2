import { lookup as resolveName } from 'node:dns/promises';
import { isIP } from 'node:net';
import { BatchUdp } from './batch-udp.ts';
import { NativeSockets } from './native-sockets.ts';
import { AddressWatch } from './node-addresses.ts';
import { EveryAddress } from './node-udp-every.ts';
import { bound, type Bind } from './node-udp-socket.ts';
import type { NodeUdp, UdpEngine } from './udp-engine.ts';
import type { Wall } from './wall.ts';
import type { UdpOptions, UdpSocket } from './world.ts';

/** Datagrams of the real world, IPv4 and IPv6. */
export function nodeUdp(wall: Wall, wanted: UdpEngine = 'dgram'): NodeUdp {
  const watch = new AddressWatch(wall);
  let engine: UdpEngine | undefined;
  let problem: string | undefined;
  let batches: Promise<BatchUdp | undefined> | undefined;
  const load = async (): Promise<BatchUdp | undefined> => {
    try {
      return new BatchUdp(await NativeSockets.load(), wall);
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
      return undefined;
    }
  };
  return {
    get engine() {
      return engine;
    },
    get problem() {
      return problem;
    },
    async bind(options: UdpOptions): Promise<UdpSocket> {
      const { host } = options;
      const known = isIP(host);
      const address = known ? host : (await resolveName(host)).address;
      if (wanted === 'batch' && !address.includes('%')) {
        const batch = await (batches ??= load());
        if (batch && (isIP(address) === 4 || batch.native.hasIpv6)) {
          engine = 'batch';
          return batch.bind({ ...options, host: address });
        }
      }
      if (options.prefix !== undefined) throw noPrefix(options, problem ?? 'they were not asked for');
      engine ??= 'dgram';
      const bind: Bind = (at, share = false) => bound({ ...options, ...at }, share, wall);
      return isEvery(address)
        ? EveryAddress.open({ ...options, host: address }, bind, watch, wall)
        : bind({ host: address, port: options.port });
    },
  };
}

/** One socket for many addresses is what the other engine has. */
const noPrefix = ({ host, prefix }: UdpOptions, why: string): Error =>
  Object.assign(
    new Error(
      `one socket for the prefix ${host}/${prefix} needs datagrams in batches (Linux, with the package koffi: ` +
        `engine 'batch'): ${why}; or give each BMC an address of its own, without a prefix`,
    ),
    { code: 'ENOTSUP' },
  );

/** Windows gives a shared port to whoever it likes. */
const isEvery = (address: string): boolean =>
  (address === '0.0.0.0' || address === '::') && process.platform !== 'win32';
