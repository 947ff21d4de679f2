import { gzipSync } from 'node:zlib';
import type { Asset, Assets } from '../control/console/assets.ts';
import { packageBytes, packageFiles } from '../world/package-files.ts';

const FOLDER = 'dist/console';
/** What is worth packing: text. */
const TEXT = /\.(html|js|css|svg|md)$/;

/**
 * The built web console of this package. Which files there are is known from the start, and nothing else is
 * ever looked for: no path leads out of them. Each is read and packed when it is first asked for.
 */
export function consoleAssets(): Assets {
  const known = new Map<string, Asset | undefined>(packageFiles(FOLDER).map((path) => [path, undefined]));
  return {
    file(path) {
      if (!known.has(path)) return undefined;
      const before = known.get(path);
      if (before) return before;
      const bytes = packageBytes(`${FOLDER}/${path}`);
      const asset = TEXT.test(path) ? { bytes, packed: gzipSync(bytes) } : { bytes };
      known.set(path, asset);
      return asset;
    },
  };
}
