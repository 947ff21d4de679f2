import { networkInterfaces } from 'node:os';
import { dotted, ipv6Text, putIpv4, putIpv6, wordAt } from './ip-address.ts';
import { V4, V6, ZONE } from './native-layout.ts';
import type { Endpoint } from './world.ts';

/** Numbers of Linux's headers; the same on all machines. */
export const AF_INET = 2;
export const AF_INET6 = 10;

/** Most addresses of IPv6 whose bytes are kept. */
const HOSTS = 4096;

/** Endpoints as `struct sockaddr_in` and `sockaddr_in6`, both ways. */
export class NativeNames {
  /** Interfaces by their numbers: of those that link-local addresses came by. */
  readonly #zones = new Map<number, string>();
  readonly #hosts = new Map<string, Uint8Array>();

  /** False: the host is no address of that family. */
  put(bytes: Uint8Array, at: number, isV6: boolean, host: string, port: number): boolean {
    bytes[at] = isV6 ? AF_INET6 : AF_INET;
    bytes[at + 1] = 0;
    bytes[at + 2] = port >>> 8;
    bytes[at + 3] = port;
    if (!isV6) return putIpv4(bytes, at + V4.address, host);
    bytes.fill(0, at + 4, at + V6.address);
    const rest = this.#hosts.get(host) ?? this.#bytesOf(host);
    if (rest === undefined) return false;
    bytes.set(rest, at + V6.address);
    return true;
  }

  /** Of IPv6; of IPv4 where a socket of IPv6 took it, with its zone where it has one. */
  endpointIn(name: Uint8Array): Endpoint {
    const zone = name[ZONE] | (name[ZONE + 1] << 8) | (name[ZONE + 2] << 16) | (name[ZONE + 3] << 24);
    const host = ipv6Text(name, V6.address);
    return {
      host: zone === 0 ? host : `${host}%${this.#zoneName(zone)}`,
      port: (name[2] << 8) | name[3],
    };
  }

  /** An address of IPv6 with its zone, as `struct sockaddr_in6` ends; it takes time to read, so it is kept. */
  #bytesOf(host: string): Uint8Array | undefined {
    const bytes = new Uint8Array(V6.name - V6.address);
    const [address, zone] = host.split('%');
    const index = zone === undefined ? 0 : this.#zoneIndex(zone);
    for (let i = 0; i < 4; i++) bytes[V6.size + i] = index >>> (8 * i);
    if (!putIpv6(bytes, 0, address)) return undefined;
    if (this.#hosts.size >= HOSTS) this.#hosts.clear();
    this.#hosts.set(host, bytes);
    return bytes;
  }

  /** As people call it; its number where the system has no name for it. */
  #zoneName(index: number): string {
    const known = this.#zones.get(index);
    if (known !== undefined) return known;
    const name = zonesNow().find(([, number]) => number === index)?.[0] ?? String(index);
    this.#zones.set(index, name);
    return name;
  }

  #zoneIndex(zone: string): number {
    for (const [index, name] of this.#zones) if (name === zone) return index;
    const index = zonesNow().find(([name]) => name === zone)?.[1] ?? Number(zone);
    if (index > 0) this.#zones.set(index, zone);
    return index > 0 ? index : 0;
  }
}

/** For people to read. */
export const nameIn = (bytes: Uint8Array, at: number): string => {
  const port = (bytes[at + 2] << 8) | bytes[at + 3];
  return bytes[at] === AF_INET6
    ? `[${ipv6Text(bytes, at + V6.address)}]:${port}`
    : `${dotted(wordAt(bytes, at + V4.address))}:${port}`;
};

/** Names and numbers of the interfaces that have addresses of IPv6. */
const zonesNow = (): [string, number][] =>
  Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses.flatMap((address): [string, number][] =>
      address.family === 'IPv6' ? [[name, address.scopeid]] : [],
    ),
  );
