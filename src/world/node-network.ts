import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { IpPlace, Network } from './world.ts';

const NO_GATEWAY = '0.0.0.0';
const EVERYWHERE = new Set(['0.0.0.0', '::', '']);

interface Place extends Omit<IpPlace, 'gateway'> {
  readonly device: string;
  readonly internal: boolean;
}

export const nodeNetwork: Network = {
  placeOf(host) {
    const places = placesOf(networkInterfaces());
    const gateways = gatewaysIn(routes());
    const reaching =
      places.find(({ device }) => gateways.has(device)) ??
      places.find(({ internal }) => !internal) ??
      places[0];
    const place = EVERYWHERE.has(host) ? reaching : places.find(({ address }) => address === host);
    // Linux answers on all of 127.0.0.0/8.
    if (!place)
      return host.startsWith('127.')
        ? { address: host, netmask: '255.0.0.0', gateway: NO_GATEWAY }
        : undefined;
    const { address, netmask, device } = place;
    return { address, netmask, gateway: gateways.get(device) ?? NO_GATEWAY };
  },
};

const placesOf = (interfaces: ReturnType<typeof networkInterfaces>): Place[] =>
  Object.entries(interfaces).flatMap(([device, addresses = []]) =>
    addresses.flatMap(({ family, address, netmask, internal }) =>
      family === 'IPv4' ? [{ device, address, netmask, internal }] : [],
    ),
  );

/** Elsewhere than on Linux, no gateway is known. */
function routes(): string {
  try {
    return readFileSync('/proc/net/route', 'latin1');
  } catch {
    return '';
  }
}

/** Devices with a default route, and its gateway: hex digits, the first byte of the address last. */
export function gatewaysIn(table: string): Map<string, string> {
  const gateways = new Map<string, string>();
  for (const line of table.split('\n')) {
    const [device, destination, gateway] = line.split('\t');
    if (destination !== '00000000' || !/^[\da-f]{8}$/i.test(gateway ?? '') || gateways.has(device)) continue;
    gateways.set(device, [6, 4, 2, 0].map((at) => parseInt(gateway.slice(at, at + 2), 16)).join('.'));
  }
  return gateways;
}
