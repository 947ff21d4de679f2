import type { StoreFile } from '../state/store-declaration.ts';
import { makeDirectory } from '../world/make-directory.ts';
import type { Files, FileLock } from '../world/world.ts';
import { StorageError } from './journal-head.ts';

/** The journals of a state directory. */
export const FILES: readonly StoreFile[] = ['state', 'access', 'secrets'];
export const fileName = (file: StoreFile): string => `${file}.journal`;

/** As ssh does it: whoever may write here decides who gets in. */
export async function checkWriters(
  files: Files,
  directory: string,
  warn: (message: string) => void,
): Promise<void> {
  const above = directory.includes('/') ? directory.replace(/\/+[^/]*\/*$/, '') || '/' : '.';
  const { mode: modeAbove = 0 } = (await files.access(above)) ?? {};
  if ((modeAbove & 0o1002) === 0o002)
    warn(
      `${above}: everybody may put another directory in the place of ${directory}; take that from them: chmod o-w`,
    );
  const places = [directory, ...FILES.map((file) => `${directory}/${fileName(file)}`)];
  for (const place of places) {
    const access = await files.access(place);
    if (!access) continue;
    if (access.othersWrite)
      throw new StorageError(
        `${place}: others may write to it (mode ${access.mode.toString(8)}); take that from them: chmod go-w`,
      );
    if (access.isForeign) warn(`${place}: belongs to another user, who can change what is stored`);
    if (access.othersRead && place.endsWith(fileName('secrets')))
      warn(`${place}: others may read it; take that from them: chmod go-r`);
  }
}

/** One process a directory. */
export async function lockDirectory(files: Files, directory: string): Promise<FileLock> {
  try {
    await makeDirectory(files, directory);
    return await files.lock(`${directory}/lock`);
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    throw new StorageError(
      `${directory}: ${code === 'ELOCKED' ? 'another process uses this state directory' : message}`,
      { cause: error },
    );
  }
}
