import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { getAsset, isSea } from 'node:sea';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** This process is the binary of `npm run package`: Node, with the program and its files inside. */
export const isBinary = (): boolean => isSea();

/** A file of this package as text, by its path from the top: in the binary, one of its assets. */
export const packageFile = (path: string): string =>
  isSea() ? getAsset(path, 'utf8') : readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** The path of a file of this package that others run. Of no use in the binary. */
export const packagePath = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** A module of the caller's by its path. Binaries and bundles have no `import` of their own: they require. */
export async function importFile(path: string): Promise<unknown> {
  if (isSea()) return createRequire(pathToFileURL(process.execPath))(path);
  if (import.meta.url.endsWith('.cjs')) return createRequire(import.meta.url)(path);
  return import(pathToFileURL(path).href);
}
