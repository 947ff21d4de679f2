import { dotted, ipv6Text, wordAt } from './ip-address.ts';
import type { NativeSockets } from './native-sockets.ts';
import type { Wall } from './wall.ts';
import type { Endpoint } from './world.ts';

/** Most senders whose names are kept; a flood of made up ones begins anew. */
const NAMES = 4096;

interface Named {
  readonly endpoint: Endpoint;
  /** Its address and port as one number. */
  readonly number: number;
  /** The address that it asked, as a number; 0: nobody wants to know. */
  readonly asked: number;
}

interface Named6 {
  readonly endpoint: Endpoint;
  readonly name: Uint8Array;
  readonly asked: Uint8Array | undefined;
}

/** What the sockets of a world share. */
export interface BatchShares {
  readonly native: NativeSockets;
  readonly wall: Wall;
  readonly senders: Senders;
}

/** Who sent a datagram: one object for a sender, made with its first. */
export class Senders {
  readonly #native: NativeSockets;
  readonly #names = new Map<number, Named>();
  readonly #names6 = new Map<number, Named6>();

  constructor(native: NativeSockets) {
    this.#native = native;
  }

  /** Of IPv4; `isEvery`: with the address that it asked. */
  of4(i: number, isEvery: boolean): Endpoint {
    const number = this.#native.sender(i);
    const asked = isEvery ? this.#native.asked(i) : 0;
    // A small number: the Map would make an object of a larger one each time.
    const key = (number ^ (number / 0x10000)) & 0x3fffffff;
    const known = this.#names.get(key);
    if (known !== undefined && known.number === number && known.asked === asked) return known.endpoint;
    if (this.#names.size >= NAMES) this.#names.clear();
    const host = dotted(Math.floor(number / 0x10000));
    const port = number % 0x10000;
    const endpoint = asked === 0 ? { host, port } : { host, port, asked: dotted(asked) };
    this.#names.set(key, { endpoint, number, asked });
    return endpoint;
  }

  /** Of IPv6, or of IPv4 where such a socket took it. */
  of6(i: number, isEvery: boolean): Endpoint {
    const name = this.#native.sender6(i);
    const asked = isEvery ? this.#native.asked6(i) : undefined;
    const key = mixed(name, 2) ^ (asked === undefined ? 0 : mixed(asked, 0));
    const known = this.#names6.get(key);
    if (known !== undefined && isSame(known.name, name) && isSame(known.asked, asked)) return known.endpoint;
    if (this.#names6.size >= NAMES) this.#names6.clear();
    const from = this.#native.endpointIn(name);
    const endpoint = asked === undefined ? from : { ...from, asked: ipv6Text(asked, 0) };
    this.#names6.set(key, { endpoint, name: name.slice(), asked: asked?.slice() });
    return endpoint;
  }
}

/** Many bytes as one small number: of those that differ it mostly differs. */
export function mixed(bytes: Uint8Array, from: number): number {
  let value = 0;
  for (let at = from; at + 4 <= bytes.length; at += 4)
    value = Math.imul(value ^ wordAt(bytes, at), 0x01000193);
  return value ^ (value >>> 15);
}

export function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return a.length === b.length;
}
