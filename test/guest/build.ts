// Makes a Linux guest of Debian's packages, once: the stock kernel with its own IPMI drivers, busybox and
// ipmitool. Nothing is installed; the packages are unpacked in a cache folder.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { archive, type Entry } from './cpio.ts';

export interface GuestFiles {
  readonly kernel: string;
  readonly initrd: string;
}

const here = fileURLToPath(new URL('.', import.meta.url));
const MODULES = [
  ...['ipmi_msghandler', 'ipmi_devintf', 'ipmi_si', 'ipmi_ssif', 'ipmi_watchdog'].map(
    (name) => `drivers/char/ipmi/${name}`,
  ),
  'drivers/i2c/i2c-smbus',
  'drivers/i2c/busses/i2c-i801',
  'drivers/acpi/button',
  'drivers/input/evdev',
];

/**
 * The guest's kernel and initramfs, built where they are not there yet. Takes about 15 s, and Debian's
 * package archive.
 */
export function guestFiles(): GuestFiles {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'ipmi-bmc', 'guest');
  const files = { kernel: join(cache, 'vmlinux'), initrd: join(cache, 'initrd') };
  const hash = createHash('sha256');
  for (const source of ['build.ts', 'cpio.ts', 'init']) hash.update(readFileSync(join(here, source)));
  const stamp = hash.digest('hex');
  if (existsSync(join(cache, 'stamp')) && readFileSync(join(cache, 'stamp'), 'utf8') === stamp) return files;
  process.stderr.write('building the Linux guest for the tests ...\n');
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(tmpdir(), 'guest-'));
  // The user that apt downloads as has to reach it.
  chmodSync(work, 0o755);
  try {
    const busybox = join(unpacked(work, 'busybox-static', ['./bin/busybox']), 'bin/busybox');
    const kernelPackage = dependency('linux-image-amd64');
    const root = unpacked(work, kernelPackage, [
      './boot/vmlinuz-*',
      ...MODULES.map((name) => `./lib/modules/*/${name}.ko*`),
    ]);
    const [version] = readdirSync(join(root, 'lib/modules'));
    writeFileSync(join(work, 'vmlinux'), elfOf(join(root, 'boot', `vmlinuz-${version}`)));
    writeFileSync(
      join(work, 'initrd'),
      archive(filesOf(busybox, join(root, 'lib/modules', version, 'kernel'))),
    );
    for (const name of ['vmlinux', 'initrd']) {
      // Into place as one: another test process may be starting from it.
      copyFileSync(join(work, name), join(cache, `${name}.${process.pid}`));
      renameSync(join(cache, `${name}.${process.pid}`), join(cache, name));
    }
    writeFileSync(join(cache, 'stamp'), stamp);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return files;
}

function filesOf(busybox: string, modules: string): Entry[] {
  const ipmitool = spawnSync('sh', ['-c', 'command -v ipmitool'], { encoding: 'utf8' }).stdout.trim();
  const libraries = [...execFileSync('ldd', [ipmitool], { encoding: 'utf8' }).matchAll(/(\/\S+) \(/g)].map(
    ([, path]) => path,
  );
  const program = (name: string, path: string): Entry => ({ name, mode: 0o755, data: readFileSync(path) });
  const data = (name: string, content: Uint8Array): Entry => ({ name, mode: 0o644, data: content });
  return [
    program('init', join(here, 'init')),
    program('bin/busybox', busybox),
    program('bin/sh', busybox),
    program('usr/bin/ipmitool', ipmitool),
    ...libraries.map((path) => program(path.slice(1), path)),
    // Reading the whole list of vendors takes ipmitool a second of an emulated processor.
    data(
      'usr/share/misc/enterprise-numbers.txt',
      Buffer.from('0\n  Reserved\n    nobody\n      nobody&example.org\n'),
    ),
    ...MODULES.map((name) => data(`modules/${basename(name)}.ko`, moduleOf(join(modules, name)))),
  ];
}

/** A module's bytes; newer kernels come with compressed ones. */
const moduleOf = (path: string): Buffer =>
  existsSync(`${path}.ko`) ? readFileSync(`${path}.ko`) : unxz(readFileSync(`${path}.ko.xz`));

/**
 * The kernel proper, taken out of its self-extracting image: an emulated processor would need seconds to do
 * that at each boot, and QEMU starts an ELF kernel directly (PVH).
 */
function elfOf(image: string): Buffer {
  const bytes = readFileSync(image);
  // The boot protocol's header: sectors of real-mode code, place and length of the payload, whose last 4
  // bytes are its size.
  const start = (bytes[0x1f1] + 1) * 512 + bytes.readUInt32LE(0x248);
  const kernel = unxz(bytes.subarray(start, start + bytes.readUInt32LE(0x24c) - 4));
  if (kernel.subarray(1, 4).toString() !== 'ELF') throw new Error(`${image}: no ELF kernel in it`);
  return kernel;
}

const unxz = (input: Uint8Array): Buffer => execFileSync('xz', ['-dc'], { input, maxBuffer: 1 << 28 });

/** Some files of a Debian package, in a folder. */
function unpacked(work: string, name: string, patterns: readonly string[]): string {
  const folder = join(work, name);
  mkdirSync(folder);
  chmodSync(folder, 0o755);
  const download = (): boolean =>
    spawnSync('apt-get', ['download', '-qq', name], { cwd: folder, stdio: ['ignore', 'ignore', 'ignore'] })
      .status === 0;
  if (!download()) {
    spawnSync('apt-get', ['update', '-qq'], { stdio: 'ignore' });
    if (!download())
      throw new Error(`apt-get download ${name}: failed; the guest tests need Debian's package archive once`);
  }
  const [deb] = readdirSync(folder).filter((file) => file.endsWith('.deb'));
  const script = 'dpkg-deb --fsys-tarfile "$0" | tar -x --wildcards -C "$1"';
  execFileSync('sh', [
    '-c',
    `${script} ${patterns.map((pattern) => `'${pattern}'`).join(' ')}`,
    join(folder, deb),
    folder,
  ]);
  return folder;
}

function dependency(name: string): string {
  const look = (): string | undefined =>
    /Depends: (\S+)/.exec(
      spawnSync('apt-cache', ['depends', name], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } })
        .stdout,
    )?.[1];
  const found = look() ?? (spawnSync('apt-get', ['update', '-qq'], { stdio: 'ignore' }), look());
  if (!found) throw new Error(`apt-cache knows no ${name}`);
  return found;
}
