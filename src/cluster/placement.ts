import { BlockList, isIPv6 } from 'node:net';

/** What a host says of itself. */
export interface HostPlace {
  /** As many BMCs as it takes; default: any number. */
  readonly capacity?: number;
  /** BMCs whose labels have all of these. Default: all BMCs. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Networks (`10.9.0.0/16`) in which the BMC's addresses have to lie. Default: any. */
  readonly networks?: readonly string[];
  /** It gives away what it has, and takes nothing. */
  readonly isDraining?: boolean;
  /** Why it does not know which BMCs there are to be: it keeps what it has, and takes nothing. */
  readonly problem?: string;
}

/** What counts of a BMC for where it may run. */
export interface Placed {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** At which it listens. */
  readonly addresses: readonly string[];
}

/**
 * The host of each BMC, the same whoever asks: of those that can serve it the one that its name draws
 * (rendezvous hashing), so that a host that comes or goes moves its own share and nothing else. A host
 * that is full passes on to the next. A BMC that nobody can serve has none.
 */
export function placed(bmcs: Iterable<Placed>, hosts: ReadonlyMap<string, HostPlace>): Map<string, string> {
  const able = [...hosts]
    .filter(([, { isDraining = false, problem }]) => !isDraining && problem === undefined)
    .map(([name, place]) => ({ name, place, serves: test(place), count: 0 }));
  const found = new Map<string, string>();
  // In the order of names: who is left over where hosts are full does not depend on the order of the file.
  for (const bmc of [...bmcs].toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    let best: (typeof able)[number] | undefined;
    let bestScore = -1;
    for (const host of able) {
      if (host.count >= (host.place.capacity ?? Infinity) || !host.serves(bmc)) continue;
      const score = scoreOf(host.name, bmc.name);
      if (score > bestScore) [best, bestScore] = [host, score];
    }
    if (!best) continue;
    best.count++;
    found.set(bmc.name, best.name);
  }
  return found;
}

function test({ labels = {}, networks }: HostPlace): (bmc: Placed) => boolean {
  const isInside = networks && insideOf(networks);
  return (bmc) =>
    Object.entries(labels).every(([name, value]) => bmc.labels?.[name] === value) &&
    (isInside === undefined || bmc.addresses.every(isInside));
}

/** Hosts that a line names. */
const FEW = 4;

/** Why `placed` has found no host for a BMC, in words. */
export function whyNowhere(
  bmc: Placed,
  hosts: ReadonlyMap<string, HostPlace>,
  places: ReadonlyMap<string, string>,
): string {
  if (hosts.size === 0) return 'no host lives';
  const why = [...hosts].map(([name, place]) => `${name} ${whyNot(bmc, place, name, places)}`);
  const more = why.length > FEW ? [`and ${why.length - FEW} more`] : [];
  return `no host can serve it: ${[...why.slice(0, FEW), ...more].join('; ')}`;
}

function whyNot(bmc: Placed, place: HostPlace, name: string, places: ReadonlyMap<string, string>): string {
  const { isDraining = false, problem, labels = {}, networks, capacity } = place;
  if (isDraining) return 'is being drained';
  if (problem !== undefined) return `takes nothing (${problem})`;
  const wrong = Object.entries(labels).find(([key, value]) => bmc.labels?.[key] !== value);
  if (wrong) return `takes BMCs with the label ${wrong.join('=')}`;
  const inside = networks && insideOf(networks);
  const outside = inside && bmc.addresses.find((address) => !inside(address));
  if (outside !== undefined) return `takes addresses in ${networks?.join(', ')}, and ${outside} is in none`;
  const count = [...places.values()].filter((host) => host === name).length;
  return `is full (capacity ${capacity ?? count})`;
}

/** Whether an address lies in one of the networks. Throws TypeError for what is no network. */
export function insideOf(networks: readonly string[]): (address: string) => boolean {
  const typeOf = (address: string): 'ipv4' | 'ipv6' => (isIPv6(address) ? 'ipv6' : 'ipv4');
  const list = new BlockList();
  for (const network of networks) {
    const [address, bits] = network.split('/');
    const type = typeOf(address);
    try {
      list.addSubnet(address, Number(bits ?? (type === 'ipv6' ? 128 : 32)), type);
    } catch (error) {
      throw new TypeError(`'${network}' is no network: expected 10.9.0.0/16 or 2001:db8::/64`, {
        cause: error,
      });
    }
  }
  return (address) => list.check(address, typeOf(address));
}

/** 0..2^32-1, as good as random (FNV-1a, with the last steps of MurmurHash3 behind it). */
function scoreOf(host: string, bmc: string): number {
  let hash = 0x811c9dc5;
  for (const text of [host, '\0', bmc])
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
