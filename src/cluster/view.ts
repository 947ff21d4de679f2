import type { Bus, BucketEntry } from './bus.ts';
import { FLEET_KEY } from './host.ts';
import { livingOf, type LivingHost } from './hosts.ts';
import { nameOfToken } from './names.ts';
import { ownerOf } from './owners.ts';

/** What a cluster is at this moment, for who only looks. */
export interface ClusterView {
  readonly hosts: ReadonlyMap<string, LivingHost>;
  /** BMCs that a host that lives has, and which one. */
  readonly owners: ReadonlyMap<string, string>;
  /** The fleet file; undefined: there is none yet. */
  readonly fleet: BucketEntry | undefined;
}

export async function viewOf(bus: Bus): Promise<ClusterView> {
  const [hosts, owners, desired] = await Promise.all(
    ['hosts', 'owners', 'desired'].map((name) => bus.entries(name)),
  );
  const living = new Map([...hosts].map(([token, entry]) => [nameOfToken(token), livingOf(entry)] as const));
  const owned = [...owners].flatMap(([token, entry]) => {
    const { host, epoch } = ownerOf(entry);
    return living.get(host)?.epoch === epoch ? [[nameOfToken(token), host] as const] : [];
  });
  return { hosts: living, owners: new Map(owned), fleet: desired.get(FLEET_KEY) };
}
