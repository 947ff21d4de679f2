import { fromLatin1 } from '../../codec/index.ts';
import { BlobState, OpenFlag } from '../../commands/oem/blob.ts';
import { versionText, type UpdateService } from '../update/index.ts';
import type { FlashBlobs } from './flash.ts';
import { BlobError, type BlobHandler } from './handler.ts';

/** `/flash/cleanup`: committing it throws away what an interrupted update has left. */
export const cleanupBlob = (flash: FlashBlobs): BlobHandler => ({
  owner: 'flash-cleanup',
  claims: ['/flash/cleanup'],
  list: () => ['/flash/cleanup'],
  permit: (requester) => flash.permit(requester),
  open: (_path, flags, requester) => ({
    commit: () => flash.cleanUp(requester),
    stat: () => ({ state: flags, size: 0 }),
    close: () => undefined,
    expire: () => undefined,
  }),
  stat: () => ({ state: 0, size: 0 }),
});

/** `/version/<name>`: the version of each component, as text, as it was when the blob was opened. */
export function versionBlobs(update: UpdateService, names: ReadonlyMap<string, number>): BlobHandler {
  const paths = new Map([...names].map(([name, id]) => [`/version/${name}`, id]));
  return {
    owner: 'version',
    claims: [...paths.keys()],
    list: () => [...paths.keys()],
    open(path, flags) {
      if (flags !== OpenFlag.Read) throw new BlobError(`${path} can only be read`);
      const component = paths.get(path);
      if (component === undefined) throw new BlobError(`${path} is no version`);
      const text = fromLatin1(versionText(update.component(component).active.version));
      return {
        read: (offset, size) => text.subarray(offset, offset + size),
        stat: () => ({ state: BlobState.Committed | BlobState.OpenRead, size: text.length }),
        close: () => undefined,
        expire: () => undefined,
      };
    },
  };
}
