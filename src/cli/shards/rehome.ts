import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { keptIn, NOTHING_KEPT, type Kept } from '../../control/wanted.ts';
import { Placement } from '../../fleet/placement.ts';
import type { Log } from '../../state/setup.ts';
import { fileNameOf } from '../../storage/file-name.ts';
import { KeptFile } from '../../storage/kept-file.ts';
import { Storage } from '../../storage/storage.ts';
import { makeDirectory } from '../../world/make-directory.ts';
import type { World } from '../../world/world.ts';
import type { StatePlace } from '../state-place.ts';
import { PlacementFile } from './placement-file.ts';

/** Where a shard keeps the state of its BMCs. */
export const stateOfShard = (directory: string, shard: number): string => join(directory, `shard-${shard}`);

/** Kept beside the journals: what commands changed of which BMCs there are. */
const FLEET = 'fleet.json';

/** A directory of state that BMCs come from: a shard's, or that of a process without shards. */
interface Source {
  readonly directory: string;
  readonly storage: Storage;
  readonly kept: Kept;
}

/**
 * Which shard has which BMC of a state directory. Where it was served by another number of shards, or by
 * none, each BMC that belongs elsewhere goes there with what is stored of it. A start that ends in the midst
 * begins again. Rejects with StorageError.
 */
export async function placed(
  world: World,
  { directory, sealKey }: StatePlace,
  shards: number,
  names: ReadonlySet<string>,
  log: Log,
): Promise<PlacementFile> {
  const { files } = world;
  await makeDirectory(files, directory);
  const before = await PlacementFile.read(files, directory);
  const open = async (place: string): Promise<Source> => {
    const storage = await Storage.open(files, place, { warn: (text) => log.warn(text), sealKey });
    const value = await new KeptFile(files, place, FLEET, sealKey).read();
    return {
      directory: place,
      storage,
      kept: (value === undefined ? undefined : keptIn(value)) ?? NOTHING_KEPT,
    };
  };
  if (before !== undefined && before.now.of === shards) {
    for (const [bmc, shard] of Object.entries(before.leaving)) {
      const source = await open(stateOfShard(directory, shard));
      await source.storage.forget(withSatellites(bmc, source.storage, names));
      await source.storage.close();
      await before.left(bmc);
    }
    return before;
  }
  if (before === undefined && !existsSync(join(directory, 'state.journal')))
    return PlacementFile.begin(files, directory, shards);
  const after = new Placement(shards);
  const sources: Source[] = [];
  const targets = new Map<number, Source>();
  try {
    if (before === undefined) sources.push(await open(directory));
    for (let shard = 0; shard < Math.max(shards, before?.now.of ?? 0); shard++) {
      const opened = await open(stateOfShard(directory, shard));
      if (shard < (before?.now.of ?? 0)) sources.push(opened);
      targets.set(shard, opened);
    }
    const isOwn = (shard: number, bmc: string): boolean =>
      before === undefined || before.now.shardOf(bmc) === shard;
    const moved: { readonly source: Source; readonly names: string[] }[] = [];
    const keptBy = new Map<number, Kept>();
    for (const [i, source] of sources.entries()) {
      const stored = groupsOf(source.storage, names);
      for (const [bmc, all] of stored) {
        const target = targets.get(after.shardOf(bmc));
        if (target === undefined || target === source || !isOwn(i, bmc)) continue;
        await target.storage.takeOver(await source.storage.belongings(all));
        carryFirmware(bmc, source.directory, target.directory);
        moved.push({ source, names: all });
      }
      shareOut(source.kept, (bmc) => (isOwn(i, bmc) ? after.shardOf(bmc) : undefined), keptBy);
    }
    for (const [shard, { directory: place }] of targets)
      if (shard < shards || keptBy.has(shard))
        await new KeptFile(files, place, FLEET, sealKey).write(keptBy.get(shard) ?? NOTHING_KEPT);
    const placements = await PlacementFile.begin(files, directory, shards);
    for (const { source, names: all } of moved) await source.storage.forget(all);
    log.info(`${directory}: is served by ${shards} shard(s) now: ${moved.length} BMC(s) have another one`);
    return placements;
  } finally {
    const all = new Set([...sources, ...targets.values()]);
    for (const { storage } of all) await storage.close();
  }
}

/** Files of a BMC beside its journals go with it. */
export function carryFirmware(bmc: string, from: string, to: string): void {
  const [source, target] = [from, to].map((directory) => join(directory, 'firmware', fileNameOf(bmc)));
  if (!existsSync(source)) return;
  mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
  renameSync(source, target);
}

/** What is stored, by BMC: a satellite's name begins with that of its BMC. */
function groupsOf(storage: Storage, names: ReadonlySet<string>): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const [name] of storage.strangers(new Set())) {
    const parts = name.split('/');
    const owner =
      parts.map((_, i) => parts.slice(0, i + 1).join('/')).find((name) => names.has(name)) ?? name;
    groups.set(owner, [...(groups.get(owner) ?? []), name]);
  }
  return groups;
}

const withSatellites = (bmc: string, storage: Storage, names: ReadonlySet<string>): string[] =>
  groupsOf(storage, new Set([...names, bmc])).get(bmc) ?? [bmc];

function shareOut(
  { added, removed, stopped }: Kept,
  shardOf: (bmc: string) => number | undefined,
  keptBy: Map<number, Kept>,
): void {
  const of = (bmc: string): Kept => keptBy.get(shardOf(bmc) ?? -1) ?? NOTHING_KEPT;
  const put = (bmc: string, kept: Kept): void => {
    const shard = shardOf(bmc);
    if (shard !== undefined) keptBy.set(shard, kept);
  };
  for (const [bmc, settings] of Object.entries(added))
    put(bmc, { ...of(bmc), added: { ...of(bmc).added, [bmc]: settings } });
  for (const bmc of removed) put(bmc, { ...of(bmc), removed: [...of(bmc).removed, bmc] });
  for (const bmc of stopped) put(bmc, { ...of(bmc), stopped: [...of(bmc).stopped, bmc] });
}
