// What `npm start` and `npm test` need before they can do their job, on Node built-ins alone: the packages of
// the lock file, the built CLI, and for tests the Debian tools that play the other side.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { bin, onPath, root, run } from './programs.mjs';

const say = (line) => process.stderr.write(`${line}\n`);

/** command, or a file's path -> Debian package; each is needed by some test. */
export const TOOLS = {
  ipmitool: 'ipmitool',
  'bmc-info': 'freeipmi-tools',
  solterm: 'openipmi',
  pyghmicons: 'python3-pyghmi',
  'prometheus-ipmi-exporter': 'prometheus-ipmi-exporter',
  promtool: 'prometheus',
  tshark: 'tshark',
  capinfos: 'wireshark-common',
  python3: 'python3',
  'pytest-3': 'python3-pytest',
  curl: 'curl',
  'systemd-notify': 'systemd',
  'systemd-analyze': 'systemd',
  'qemu-system-x86_64': 'qemu-system-x86',
  '/usr/share/OVMF/OVMF_CODE_4M.fd': 'ovmf',
  virsh: 'libvirt-clients',
  libvirtd: 'libvirt-daemon',
  'virt-qemu-run': 'libvirt-daemon-driver-qemu',
  xz: 'xz-utils',
  chromium: 'chromium',
  gcc: 'gcc',
  make: 'make',
  ps: 'procps',
  setpriv: 'util-linux',
  ip: 'iproute2',
  nft: 'nftables',
  zsh: 'zsh',
  fish: 'fish',
  '/usr/include/stdio.h': 'libc6-dev',
  '/usr/include/openssl/sha.h': 'libssl-dev',
};

export function ensurePackages() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    say(`ipmi-bmc needs Node 20.19 or newer; this is ${process.version}`);
    process.exit(2);
  }
  const stamp = join(root, '.stamp', 'lock');
  const hash = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(join(root, 'node_modules')) && existsSync(stamp) && readFileSync(stamp, 'utf8') === hash)
    return;
  say('installing the packages of package-lock.json ...');
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
  mkdirSync(join(root, '.stamp'), { recursive: true });
  writeFileSync(stamp, hash);
}

export function compile() {
  run(process.execPath, [bin('typescript', 'tsc'), '-b']);
  run(process.execPath, [join(root, 'scripts', 'console.mjs')]);
}

/** The modules, and the program as one file; without that it starts later, and no worse. */
export async function build() {
  compile();
  try {
    const { makeBundle } = await import('./bundle.mjs');
    return makeBundle();
  } catch (error) {
    say(`the program is not bundled, and starts from its modules: ${error.stderr || error.message}`);
    return undefined;
  }
}

/** Names of the tools that are still missing after trying to install them. */
export function ensureTools() {
  const missing = () => Object.keys(TOOLS).filter((tool) => !onPath(tool));
  if (missing().length === 0 || process.env.SKIP_SYSTEM_TOOLS) return missing();
  const packages = [...new Set(missing().map((tool) => TOOLS[tool]))];
  if (process.getuid?.() === 0 && onPath('apt-get')) {
    say(`installing Debian packages for the tests: ${packages.join(' ')} ...`);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const install = () =>
      spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], {
        env,
        stdio: ['ignore', 'ignore', 'inherit'],
        timeout: 240_000,
      }).status === 0;
    if (!install()) {
      spawnSync('apt-get', ['update', '-qq'], { env, stdio: 'ignore', timeout: 120_000 });
      install();
    }
  }
  if (missing().length > 0)
    say(
      `missing: ${missing().join(', ')}; tests that need them are skipped. To get them: apt-get install ${packages.join(' ')}`,
    );
  return missing();
}

/** Programs in Python for tests that Debian does not have, each in a folder of its own, once a machine. */
const PYTHON = {
  // test/support/ironic.ts
  ironic: { name: 'OpenStack Ironic', size: '300 MB', instead: 'IRONIC_PYTHON' },
  // test/support/nats.ts
  nats: { name: 'nats-server', size: '20 MB', instead: 'NATS_SERVER' },
  // test/schemathesis.test.ts
  schemathesis: { name: 'Schemathesis', size: '60 MB', instead: 'SCHEMATHESIS' },
};

/** Where programs for tests lie that no package of this system has. */
const kept = (which) => join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'ipmi-bmc', which);
const isDone = (command, args, options = {}) =>
  spawnSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 600_000, ...options }).status ===
  0;

/** Jest, for test/jest.test.ts: another test runner among the packages would be in everybody's way. */
export function ensureJest() {
  const from = join(root, 'test', 'jest');
  const wanted = readFileSync(join(from, 'package-lock.json'), 'utf8');
  const [folder, lock] = [kept('jest'), join(kept('jest'), 'package-lock.json')];
  const isThere = existsSync(join(folder, 'stamp')) && readFileSync(lock, 'utf8') === wanted;
  if (process.env.SKIP_SYSTEM_TOOLS || isThere) return;
  say('getting Jest for the tests (60 MB of npm packages) ...');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const file of ['package.json', 'package-lock.json'])
    copyFileSync(join(from, file), join(folder, file));
  if (isDone('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder }))
    writeFileSync(join(folder, 'stamp'), '');
  else {
    rmSync(folder, { recursive: true, force: true });
    say('Jest cannot be had here: what needs it is left out');
  }
}

/** What `PYTHON` has, as far as it can be had here. */
export function ensurePython() {
  for (const [which, { name, size, instead }] of Object.entries(PYTHON)) {
    const requirements = join(root, 'test', which, 'requirements.txt');
    const wanted = readFileSync(requirements, 'utf8');
    const folder = kept(which);
    const stamp = join(folder, 'stamp');
    const isThere = existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;
    if (process.env[instead] || process.env.SKIP_SYSTEM_TOOLS || isThere || !onPath('python3')) continue;
    say(`getting ${name} for the tests (${size} of Python packages) ...`);
    rmSync(folder, { recursive: true, force: true });
    if (
      isDone('python3', ['-m', 'venv', folder]) &&
      isDone(join(folder, 'bin', 'pip'), ['install', '-q', '-r', requirements])
    )
      writeFileSync(stamp, wanted);
    else {
      rmSync(folder, { recursive: true, force: true });
      say(`${name} cannot be had here: what needs it is left out (get it, and name it in ${instead})`);
    }
  }
}
