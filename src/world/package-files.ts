import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { getAsset, isSea } from 'node:sea';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** This process is the binary of `npm run package`: Node, with the program and its files inside. */
export const isBinary = (): boolean => isSea();

/** A file of this package as text, by its path from the top: in the binary, one of its assets. */
export const packageFile = (path: string): string =>
  isSea() ? getAsset(path, 'utf8') : readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** The same as bytes. */
export const packageBytes = (path: string): Uint8Array =>
  isSea()
    ? new Uint8Array(getAsset(path))
    : new Uint8Array(readFileSync(new URL(`../../${path}`, import.meta.url)));

/** Paths below a folder of this package, of all files in it; of a folder that is not there, none. */
export function packageFiles(folder: string): string[] {
  if (isSea()) return JSON.parse(getAsset(`${folder}/files.json`, 'utf8')) as string[];
  const place = new URL(`../../${folder}/`, import.meta.url);
  if (!existsSync(place)) return [];
  const top = fileURLToPath(place);
  return readdirSync(top, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(top, join(entry.parentPath, entry.name)));
}

/** The path of a file of this package that others run. Of no use in the binary. */
export const packagePath = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** A module of the caller's by its path. Binaries and bundles have no `import` of their own: they require. */
export async function importFile(path: string): Promise<unknown> {
  if (isSea()) return createRequire(pathToFileURL(process.execPath))(path);
  if (import.meta.url.endsWith('.cjs')) return createRequire(import.meta.url)(path);
  return import(pathToFileURL(path).href);
}
