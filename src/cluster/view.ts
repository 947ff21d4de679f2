import type { Bus, BucketEntry } from './bus.ts';
import { FLEET_KEY } from './desired.ts';
import { livingOf, type LivingHost } from './hosts.ts';
import { nameOfToken } from './names.ts';
import { ownerOf } from './owners.ts';

/** What a cluster is at this moment, for who only looks. */
export interface ClusterView {
  readonly hosts: ReadonlyMap<string, LivingHost>;
  /** BMCs that a host that lives has, and which one. */
  readonly owners: ReadonlyMap<string, string>;
}

export async function viewOf(bus: Bus): Promise<ClusterView> {
  const [hosts, owners] = await Promise.all(['hosts', 'owners'].map((name) => bus.entries(name)));
  const living = new Map([...hosts].map(([token, entry]) => [nameOfToken(token), livingOf(entry)] as const));
  const owned = [...owners].flatMap(([token, entry]) => {
    const { host, epoch } = ownerOf(entry);
    return living.get(host)?.epoch === epoch ? [[nameOfToken(token), host] as const] : [];
  });
  return { hosts: living, owners: new Map(owned) };
}

/** The fleet file; undefined: there is none yet. It may have passwords: who only looks has no right to it. */
export async function fleetOf(bus: Bus): Promise<BucketEntry | undefined> {
  return (await bus.entries('desired')).get(FLEET_KEY);
}
