import { SettingsError } from '../settings/errors.ts';
import type { FirmwareComponentOptions, FirmwareOptions } from '../config/firmware-schema.ts';
import {
  cleanupBlob,
  FLASH_PATHS,
  FlashBlobs,
  netPath,
  versionBlobs,
  windowPath,
  type Blobs,
  type DataPathKind,
} from '../services/blobs/index.ts';
import type { Log } from '../state/setup.ts';
import type { UpdateService } from '../services/update/index.ts';
import type { World } from '../world/world.ts';
import { OWN, streamAddressOf } from '../settings/addresses.ts';

const WINDOW = 65_536;

/** Components by the paths of their images. Throws SettingsError. */
export function imagePaths({ components, paths }: FirmwareOptions): ReadonlyMap<string, number> {
  const images = new Map<string, number>();
  for (const [i, component] of components.entries()) {
    const path = pathOf(component);
    if (images.has(path) || FLASH_PATHS.includes(path))
      throw new SettingsError(`${path} is taken; say another path with blob`, ['firmware', 'components', i]);
    images.set(path, component.id);
  }
  if (paths?.net !== undefined) streamAddressOf(paths.net, OWN);
  return images;
}

/** The blobs of firmware updates: images, hash, verification, update, cleanup and versions. */
export function addFlashBlobs(
  blobs: Blobs,
  update: UpdateService,
  options: FirmwareOptions,
  world: Pick<World, 'stream' | 'clock' | 'random' | 'files'>,
  log: Pick<Log, 'error'>,
): void {
  const images = imagePaths(options);
  const flash = new FlashBlobs({ update, images, paths: [...dataPaths(options, world)], log });
  const names = new Map([...images].map(([path, id]) => [path.slice('/flash/'.length), id]));
  for (const handler of [flash, cleanupBlob(flash), versionBlobs(update, names)]) blobs.register(handler);
}

const pathOf = ({ blob, bmc, name }: FirmwareComponentOptions): string =>
  blob ?? `/flash/${bmc ? 'image' : name.toLowerCase().replace(/[^\w.-]+/g, '-')}`;

function* dataPaths(
  { paths: { net, window } = {} }: FirmwareOptions,
  { stream, clock, random, files }: Pick<World, 'stream' | 'clock' | 'random' | 'files'>,
): Iterable<DataPathKind> {
  // Whoever knows the token of a session is heard; on a Unix socket he must be this user, too.
  if (net !== undefined) yield netPath({ stream, clock, random, listen: streamAddressOf(net, OWN) });
  if (window) yield windowPath({ files, size: WINDOW, kind: 'lpc', address: 0, ...window });
}
