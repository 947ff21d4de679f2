// The libvirt back end on libvirt itself: a daemon of its own, as one who is not root, and a machine of it in QEMU.
import { spawn, type ChildProcess } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import type { BmcOptions } from '../src/bmc.ts';
import { stopped } from './support/cli.ts';
import { withOpen } from './support/judged.ts';
import { lanplus, runTool, toolTest } from './support/tools.ts';

/** Who runs it, in the place of root: for root's libvirtd needs a system that was set up for it. */
const NOBODY = 65_534;
const PATIENCE = { timeout: 20_000, interval: 200 };
const DOMAIN = `<domain type='qemu'>
  <name>guest</name>
  <memory unit='MiB'>32</memory>
  <os><type arch='x86_64' machine='pc'>hvm</type><boot dev='hd'/></os>
  <devices><emulator>/usr/bin/qemu-system-x86_64</emulator></devices>
</domain>`;

// Nobody's, and so not within the tests' own folder, which is root's alone.
let folder: string | undefined;
let daemon: ChildProcess | undefined;
let virsh: (...words: string[]) => Promise<string>;

afterAll(async () => {
  if (folder === undefined) return;
  await virsh('destroy', 'guest').catch((error: unknown) => expect(String(error)).toContain('not running'));
  if (daemon) await stopped(daemon, 'SIGTERM');
  rmSync(folder, { recursive: true, force: true });
});

/** The URI of a libvirtd that has one domain, which is off. */
async function libvirt(): Promise<string> {
  folder = mkdtempSync('/tmp/lv-');
  const [home, run] = [join(folder, 'home'), join(folder, 'run')];
  const config = join(home, 'libvirt');
  for (const path of [folder, home, config, run]) {
    if (path !== folder) mkdirSync(path);
    if (process.getuid?.() === 0) chownSync(path, NOBODY, NOBODY);
  }
  // Else it starts a daemon for the machines' logs, which outlives it.
  writeFileSync(join(config, 'qemu.conf'), 'stdio_handler = "file"\n');
  const settings = join(folder, 'libvirtd.conf');
  writeFileSync(settings, `unix_sock_dir = "${run}"\nauth_unix_rw = "none"\n`);
  const user =
    process.getuid?.() === 0 ? ['--reuid', `${NOBODY}`, '--regid', `${NOBODY}`, '--clear-groups'] : [];
  const env = {
    ...process.env,
    HOME: home,
    XDG_CONFIG_HOME: home,
    XDG_RUNTIME_DIR: run,
    PATH: `${process.env.PATH}:/usr/sbin:/sbin`,
  };
  daemon = spawn('setpriv', ['--pdeathsig', 'KILL', ...user, 'libvirtd', '-f', settings], {
    env,
    stdio: 'ignore',
  });
  const socket = join(run, 'libvirt-sock');
  const uri = `qemu+unix:///session?socket=${socket}`;
  virsh = async (...words) => {
    const { code, out } = await runTool('virsh', ['-c', uri, ...words], {
      env: { ...process.env, LC_ALL: 'C' },
    });
    if (code !== 0) throw new Error(out);
    return out.trim();
  };
  await expect.poll(() => existsSync(socket), PATIENCE).toBe(true);
  const domain = join(folder, 'guest.xml');
  writeFileSync(domain, DOMAIN);
  await virsh('define', domain);
  return uri;
}

const orderIn = (xml: string): string[] =>
  [...xml.matchAll(/<boot dev='(\w+)'/g)].map(([, device]) => device);

toolTest(
  'a machine of libvirt is switched, reset and booted from elsewhere by ipmitool, and what others do to it is seen',
  ['virsh', 'libvirtd', 'setpriv', 'qemu-system-x86_64', 'ipmitool', 'virt-qemu-run'],
  async () => {
    const connect = await libvirt();
    const settings: BmcOptions = {
      interfaces: [{ type: 'lan' }],
      users: [{ id: 2, name: 'admin', password: 'AdminPass123' }],
      chassis: { power: 'off', backend: { type: 'libvirt', domain: 'guest', connect, interval: 60 } },
    };
    await withOpen(settings, async (_bmc, port) => {
      const chassis = async (...words: string[]): Promise<string> => {
        const { code, out } = await runTool('ipmitool', [...lanplus(port), 'chassis', ...words]);
        expect([code, out]).toEqual([0, expect.any(String)]);
        return out.trim();
      };
      const power = (): Promise<string> => chassis('power', 'status');
      const domain = (): Promise<string> => virsh('domstate', 'guest', '--reason');
      const isOn = async (on: boolean): Promise<void> => {
        await expect.poll(power, PATIENCE).toBe(`Chassis Power is ${on ? 'on' : 'off'}`);
        expect(await domain()).toMatch(on ? /^running/ : /^shut off/);
      };
      await isOn(false);
      await chassis('power', 'on');
      await isOn(true);
      expect(await domain()).toBe('running (booted)');
      await chassis('power', 'reset');
      expect(orderIn(await virsh('dumpxml', 'guest'))).toEqual(['hd']);
      await chassis('power', 'diag');
      await chassis('power', 'soft');

      // For the next boot alone, which is that of a reset.
      await chassis('bootdev', 'pxe');
      const id = await virsh('domid', 'guest');
      await chassis('power', 'reset');
      await expect.poll(() => virsh('domid', 'guest').catch(() => id), PATIENCE).not.toBe(id);
      await expect
        .poll(async () => orderIn(await virsh('dumpxml', 'guest')), PATIENCE)
        .toEqual(['network', 'hd']);
      await expect
        .poll(async () => orderIn(await virsh('dumpxml', 'guest', '--inactive')), PATIENCE)
        .toEqual(['hd']);
      await isOn(true);

      // By others: libvirt tells of it, long before the back end looks by itself.
      await virsh('destroy', 'guest');
      await isOn(false);
      await virsh('start', 'guest');
      await isOn(true);
      await chassis('power', 'off');
      await isOn(false);
      expect(await domain()).toBe('shut off (destroyed)');

      // For every boot.
      await chassis('bootdev', 'cdrom', 'options=persistent');
      await chassis('power', 'on');
      await isOn(true);
      expect(orderIn(await virsh('dumpxml', 'guest', '--inactive'))).toEqual(['cdrom', 'hd']);
    });
  },
);
