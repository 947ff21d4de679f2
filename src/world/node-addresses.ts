import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { endianness, networkInterfaces } from 'node:os';
import type { Wall } from './wall.ts';

/**
 * Milliseconds between two looks at the addresses of this machine, and the least between two that somebody
 * asks for.
 */
const SLOWLY = 5000;
const AT_MOST = 1000;

/**
 * The addresses that the interfaces of this machine have now: those of IPv6 links with their zone
 * (`fe80::1%eth0`).
 */
export function localAddresses(): string[] {
  const all = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses.map(({ address, family, scopeid }) =>
      family === 'IPv6' && scopeid ? `${address}%${name}` : address,
    ),
  );
  return [...new Set(all)].sort();
}

/**
 * Looks at the addresses of this machine for all who listen on every one of them: one timer, and none while
 * nobody does.
 */
export class AddressWatch {
  readonly #wall: Wall;
  readonly #listeners = new Set<(addresses: readonly string[]) => void>();
  #timer: NodeJS.Timeout | undefined;
  #known: readonly string[] = [];
  #looked = -Infinity;

  constructor(wall: Wall) {
    this.#wall = wall;
  }

  /** Tells `listener` of the addresses now, and of each change; the result ends it. */
  follow(listener: (addresses: readonly string[]) => void): () => void {
    this.look();
    this.#listeners.add(listener);
    this.#timer ??= setInterval(
      () => this.#wall.call('address watch', undefined, () => this.look(), undefined, undefined),
      SLOWLY,
    ).unref();
    listener(this.#known);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  /** An address that nobody has a socket for was asked, as it seems: it may be new. */
  look(): void {
    const now = performance.now();
    if (now - this.#looked < AT_MOST) return;
    this.#looked = now;
    const addresses = localAddresses();
    if (addresses.join() === this.#known.join()) return;
    this.#known = addresses;
    for (const listener of this.#listeners) listener(addresses);
  }
}

/**
 * Which address of this machine a program of this machine asked, that sends from `host:port` to our `to`:
 * Linux lists its socket with both ends. That tells for addresses that no interface lists, as all of
 * 127.0.0.0/8. Undefined: it does not say.
 */
export async function askedFrom(host: string, port: number, to: number): Promise<string | undefined> {
  for (const file of isIP(host) === 4 ? ['/proc/net/udp', '/proc/net/udp6'] : ['/proc/net/udp6']) {
    const asked = peerIn(await tableIn(file), host, port, to);
    if (asked !== undefined) return asked;
  }
  return undefined;
}

async function tableIn(file: string): Promise<string> {
  try {
    return await readFile(file, 'latin1');
  } catch {
    // No Linux, or no IPv6.
    return '';
  }
}

/**
 * The remote address of the socket at `host:port` that is connected to port `to`, in a table as /proc/net/udp
 * is one.
 */
export function peerIn(table: string, host: string, port: number, to: number): string | undefined {
  const [ours, theirs] = [port, to].map((port) => port.toString(16).toUpperCase().padStart(4, '0'));
  const rows = table.matchAll(new RegExp(`: ([0-9A-F]{8,32}):${ours} ([0-9A-F]{8,32}):${theirs} 01 `, 'g'));
  for (const [, local, remote] of rows) if (addressIn(local) === host) return addressIn(remote);
  return undefined;
}

const pieces = (text: string, size: number): string[] => text.match(new RegExp(`.{${size}}`, 'g')) ?? [];

/** Words of four bytes in the order of this machine; IPv4 in IPv6 as IPv4. */
function addressIn(hex: string): string {
  const words = pieces(hex, 8).map((word) =>
    endianness() === 'LE' ? pieces(word, 2).reverse().join('') : word,
  );
  const bytes = Uint8Array.from(pieces(words.join(''), 2), (byte) => Number.parseInt(byte, 16));
  const v4 = bytes.subarray(-4).join('.');
  if (bytes.length === 4 || words.slice(0, 3).join('') === '00000000000000000000FFFF') return v4;
  const groups = pieces(words.join('').toLowerCase(), 4);
  // The URL parser knows the short form.
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
