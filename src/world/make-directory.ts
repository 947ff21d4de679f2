import { dirname } from 'node:path';
import type { Files } from './world.ts';

/**
 * A directory is there after a power loss only if its parent knows it: each one that is made (0700) is synced
 * into the one above.
 */
export async function makeDirectory(files: Files, directory: string): Promise<void> {
  if ((await files.stat(directory)) !== undefined) return;
  const above = dirname(directory);
  if (above !== directory) await makeDirectory(files, above);
  await files.mkdir(directory, 0o700);
  await files.syncDir(above);
}
