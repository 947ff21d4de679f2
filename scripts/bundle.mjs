// `dist/cli/ipmi-bmc.cjs`: the program in one file, which is read and run sooner than hundreds of modules are; beside
// it, for this Node, what V8 compiled of it in a start of the program. `dist/testing/jest.cjs`: what Jest can require.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bin, root } from './programs.mjs';

export const bundle = join(root, 'dist', 'cli', 'ipmi-bmc.cjs');
const forJest = join(root, 'dist', 'testing', 'jest.cjs');
const TYPES_FOR_JEST = `declare const testing: typeof import('./jest.js', { with: { 'resolution-mode': 'import' } });
export = testing;
`;
/** V8 knows a cache's source by its length alone: by its name it is of one bundle. */
export const cacheOf = ({ mtimeMs }) =>
  `${bundle}.${Math.floor(mtimeMs)}-${process.version}-${process.arch}.cache`;
const run = (...args) =>
  execFileSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'ignore', 'pipe'], timeout: 60_000 });

/** What esbuild is asked for, of an entry of this project. */
export const bundled = (entry, target) =>
  run(
    bin('esbuild'),
    join(root, entry),
    '--bundle',
    '--platform=node',
    '--format=cjs',
    '--target=node20',
    // Names stay: stacks are for reading.
    '--minify-syntax',
    '--minify-whitespace',
    '--legal-comments=none',
    // What runs as a script has no `import`; of modules that are outside `require` finds the same.
    '--supported:dynamic-import=false',
    // Native code cannot be inside; where the package lies beside, it is found.
    '--external:koffi',
    '--external:vitest',
    // Of use to ws where they are there, which they are not.
    '--external:bufferutil',
    '--external:utf-8-validate',
    // Where a module is means nothing in a bundle; what is read beside one is where the bundle is, or an asset.
    '--define:import.meta.url=__ipmiBmcUrl',
    `--banner:js=const __ipmiBmcUrl=require('node:url').pathToFileURL(require('node:sea').isSea()?process.execPath:__filename).href;`,
    '--log-level=error',
    `--outfile=${target}`,
  );

/** Makes what is older than the compiler's last run, or is not there; returns the path of the cache. */
export function makeBundle() {
  const compiled = statSync(join(root, 'dist', '.tsbuildinfo')).mtimeMs;
  const isStale = (path) => !((statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? -1) >= compiled);
  if (isStale(bundle)) whole(bundle, (half) => bundled('scripts/bundle-entry.mjs', half));
  if (isStale(forJest)) {
    whole(forJest, (half) => bundled('dist/testing/jest.js', half));
    writeFileSync(forJest.replace('.cjs', '.d.cts'), TYPES_FOR_JEST);
  }
  const cache = cacheOf(statSync(bundle));
  if (existsSync(cache)) return cache;
  for (const name of readdirSync(dirname(cache)))
    if (name.endsWith('.cache')) rmSync(join(dirname(cache), name), { force: true });
  whole(cache, (half) => run(join(root, 'scripts', 'code-cache.mjs'), bundle, half));
  return cache;
}

/** Whole or not at all: somebody may be running the one that is there. */
function whole(path, make) {
  const half = `${path}.${process.pid}`;
  try {
    make(half);
    renameSync(half, path);
  } finally {
    rmSync(half, { force: true });
  }
}
