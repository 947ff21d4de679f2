// dist/console, the web console's built files; nothing is done where they are newer than all that they are made of.
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './programs.mjs';

const out = join(root, 'dist', 'console');
/** Of the declarations the console has what it decodes with. */
const SOURCES = ['console', 'src/codec', 'src/commands', 'src/tape/entry.ts', 'package-lock.json'];

const filesIn = (path) =>
  statSync(path).isDirectory()
    ? readdirSync(path, { recursive: true, withFileTypes: true })
        .filter((one) => one.isFile())
        .map((one) => join(one.parentPath, one.name))
    : [path];

/** The newest of what it is made of, milliseconds. */
const newest = () =>
  Math.max(...SOURCES.flatMap((path) => filesIn(join(root, path))).map((file) => statSync(file).mtimeMs));

const list = join(out, 'files.json');
if (!existsSync(list) || statSync(list).mtimeMs < newest()) {
  const { build } = await import(
    pathToFileURL(join(root, 'node_modules', 'vite', 'dist', 'node', 'index.js')).href
  );
  await build({ configFile: join(root, 'console', 'vite.config.mjs') });
  // A binary has no folders to look into.
  const files = filesIn(out).map((file) => file.slice(out.length + 1));
  writeFileSync(list, JSON.stringify(files));
}
