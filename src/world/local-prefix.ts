import { readFileSync } from 'node:fs';
import { addressOf, networkOf } from './ip-address.ts';
import type { NativeSockets } from './native-sockets.ts';

/** Of the routes' flags: what is sent there is for this machine. */
const RTF_LOCAL = 0x80000000;

/**
 * Whether what is sent to an address comes to this machine: one of its interfaces has it, or a local route
 * leads to it. Where the system does not say, it does.
 */
export function isLocal(host: string, native: NativeSockets): boolean {
  if (host.includes(':')) return isLocalIn(host, routes());
  try {
    native.close(native.open({ host, port: 0 }).fd);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'EADDRNOTAVAIL';
  }
}

/** By the table of IPv6 routes as Linux shows it. */
export function isLocalIn(host: string, table: string): boolean {
  if (table === '') return true;
  return table.split('\n').some((line) => {
    const [network = '', bits = '', , , , , , , flags = ''] = line.split(/\s+/);
    if (!((parseInt(flags, 16) & RTF_LOCAL) !== 0 && network.length === 32)) return false;
    const length = parseInt(bits, 16);
    const bytes = addressOf(networkOf(host, length) ?? '') ?? [];
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('') === network;
  });
}

function routes(): string {
  try {
    return readFileSync('/proc/net/ipv6_route', 'latin1');
  } catch {
    return '';
  }
}
