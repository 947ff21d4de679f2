// `npm run package`: what a release consists of, in `out/`: the npm package, one binary with everything in it
// (Node's single executable application), a Debian package around that, and the wheels of python/.
//   npm run package              all that the tools of this machine can make
//   npm run package -- binary    one of npm, binary, deb, wheels
// What is left out, and for want of what, is said.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle, bundled } from './bundle.mjs';
import { bin, onPath, root } from './programs.mjs';
import { build, ensurePackages } from './setup.mjs';

const { name, version, description } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const out = join(root, 'out');
/** Files that the program reads of its package; a binary carries them. */
const ASSETS = ['package.json', 'schema/config.schema.json', 'openapi.json'];
const CONSOLE = 'dist/console';
/** What a binary of Node looks for, to know that it is one (Node's documentation, single executables). */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';
const binary = join(out, `${name}-${version}-${process.platform}-${process.arch}`);
const say = (line) => process.stderr.write(`${line}\n`);
const run = (command, args, options = {}) =>
  execFileSync(command, args, { cwd: root, stdio: ['ignore', 'ignore', 'pipe'], ...options });
const made = (path) => say(`${path.replace(`${root}/`, '')}  ${(statSync(path).size / 1e6).toFixed(1)} MB`);

const steps = { npm, binary: makeBinary, deb, wheels };
const wanted = process.argv.slice(2);
const unknown = wanted.find((step) => !(step in steps));
if (unknown !== undefined) {
  say(`there is no '${unknown}': expected one of ${Object.keys(steps).join(', ')}`);
  process.exit(2);
}
ensurePackages();
const cache = await build();
mkdirSync(out, { recursive: true });
for (const step of wanted.length > 0 ? wanted : Object.keys(steps)) steps[step]();

function npm() {
  run('npm', ['pack', '--pack-destination', out, '--loglevel=error']);
  made(join(out, `${name}-${version}.tgz`));
}

/** Node itself, with the program as a bundle inside. */
function makeBinary() {
  if (!['linux', 'darwin'].includes(process.platform)) {
    say(`binary: not tried on ${process.platform}`);
    return;
  }
  if (cache === undefined) {
    say('binary: there is no bundle');
    process.exitCode = 1;
    return;
  }
  const work = mkdtempSync(join(tmpdir(), 'package-'));
  try {
    const start = join(work, 'binary.cjs');
    bundled('scripts/binary.cjs', start);
    // A thread of its own, which runs a text: a binary has no files.
    const thread = join(work, 'yaml-thread.cjs');
    bundled('dist/cli/yaml-thread.js', thread);
    const config = join(work, 'sea.json');
    const blob = join(work, 'blob');
    const pages = JSON.parse(readFileSync(join(root, CONSOLE, 'files.json'), 'utf8'));
    const carried = [...ASSETS, ...['files.json', ...pages].map((path) => `${CONSOLE}/${path}`)];
    const assets = {
      ...Object.fromEntries(carried.map((path) => [path, join(root, path)])),
      'ipmi-bmc.cjs': bundle,
      'ipmi-bmc.cache': cache,
      'yaml-thread.cjs': thread,
    };
    writeFileSync(
      config,
      JSON.stringify({ main: start, output: blob, disableExperimentalSEAWarning: true, assets }),
    );
    run(process.execPath, ['--experimental-sea-config', config]);
    // Whole or not at all: somebody may be running the one that is there.
    const half = `${binary}.${process.pid}`;
    copyFileSync(process.execPath, half);
    chmodSync(half, 0o755);
    run(process.execPath, [bin('postject'), half, 'NODE_SEA_BLOB', blob, '--sentinel-fuse', FUSE]);
    renameSync(half, binary);
    const beside = join(out, `${name}.cjs`);
    copyFileSync(bundle, `${beside}.${process.pid}`);
    renameSync(`${beside}.${process.pid}`, beside);
    made(binary);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The binary, the documents and the units of systemd, for Debian and what comes of it. */
function deb() {
  if (!onPath('dpkg-deb')) {
    say('deb: dpkg-deb is not here');
    return;
  }
  if (!existsSync(binary)) makeBinary();
  const architecture = { x64: 'amd64', arm64: 'arm64' }[process.arch];
  if (architecture === undefined || !existsSync(binary)) {
    say(`deb: no binary for ${process.arch}`);
    return;
  }
  const tree = mkdtempSync(join(tmpdir(), 'deb-'));
  try {
    const into = (path, mode = 0o755) => {
      mkdirSync(join(tree, path), { recursive: true, mode });
      return join(tree, path);
    };
    chmodSync(tree, 0o755);
    copyFileSync(binary, join(into('usr/bin'), name));
    chmodSync(join(tree, 'usr/bin', name), 0o755);
    for (const unit of [`${name}.service`, `${name}@.service`])
      copyFileSync(join(root, 'systemd', unit), join(into('usr/lib/systemd/system'), unit));
    const user = `u ${name} - "IPMI BMCs" /var/lib/${name}\n`;
    writeFileSync(join(into('usr/lib/sysusers.d'), `${name}.conf`), user);
    cpSync(join(root, 'docs'), into(`usr/share/doc/${name}/docs`), { recursive: true });
    for (const file of ['README.md', 'CHANGELOG.md'])
      copyFileSync(join(root, file), join(tree, 'usr/share/doc', name, file));
    copyFileSync(join(root, 'LICENSE'), join(tree, 'usr/share/doc', name, 'copyright'));
    const control = [
      `Package: ${name}`,
      `Version: ${version}`,
      `Architecture: ${architecture}`,
      'Maintainer: ipmi-bmc maintainers <maintainers@ipmi-bmc.invalid>',
      'Depends: libc6 (>= 2.28), libstdc++6 (>= 9)',
      'Section: admin',
      'Priority: optional',
      `Installed-Size: ${Math.ceil(statSync(binary).size / 1024)}`,
      `Description: ${description.split(':')[0]}`,
      ` ${description}.`,
    ];
    writeFileSync(join(into('DEBIAN'), 'control'), `${control.join('\n')}\n`);
    const installed =
      '#!/bin/sh\nset -e\nif command -v systemd-sysusers > /dev/null; then systemd-sysusers; fi\n';
    writeFileSync(join(tree, 'DEBIAN', 'postinst'), installed, { mode: 0o755 });
    const path = join(out, `${name}_${version}_${architecture}.deb`);
    run('dpkg-deb', ['--root-owner-group', '-Zgzip', '--build', tree, `${path}.${process.pid}`]);
    renameSync(`${path}.${process.pid}`, path);
    made(path);
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

/** Of python/: one with the binary inside, and one that runs the npm package on a Node from PyPI. */
function wheels() {
  const script = join(root, 'python', 'build.py');
  if (!existsSync(script)) {
    say('wheels: there is no python/');
    return;
  }
  if (!onPath('python3')) {
    say('wheels: python3 is not here');
    return;
  }
  if (!existsSync(binary)) makeBinary();
  run('python3', [script, out, ...(existsSync(binary) ? [binary] : [])], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}
