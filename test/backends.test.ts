// Back ends on real programs: QEMU by its monitor, virsh as a script on PATH, commands, an HTTP server.
import { spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { Bmc } from '../src/bmc.ts';
import { connectLan, openSol } from '../src/client/index.ts';
import { CC } from '../src/codec/index.ts';
import type { BackendOptions } from '../src/config/options.ts';
import type { PowerAction } from '../src/machine/chassis/machine.ts';
import { nodeWorld } from '../src/world/node.ts';
import { guestFiles } from './guest/build.ts';
import { bin, firstLine, root, stopped } from './support/cli.ts';
import { lanplus, runTool, toolTest } from './support/tools.ts';

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'backends-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function withBackend(
  backend: BackendOptions,
  body: (bmc: Bmc, control: (action: PowerAction) => Promise<void>) => Promise<void>,
): Promise<void> {
  const bmc = new Bmc(
    { name: 'rack-7', chassis: { power: 'off', backend }, sel: { bootEvents: false } },
    { world: nodeWorld() },
  );
  await bmc.open();
  try {
    await body(bmc, async (action) => bmc.chassis.control(action));
  } finally {
    await bmc.close();
  }
}

toolTest(
  'QEMU by QMP: started, reset, ended; what it cannot do is D5h; one that is left over is taken over',
  ['qemu-system-x86_64'],
  async () => {
    const qmp = join(folder, 'qmp.sock');
    const command = 'qemu-system-x86_64 -machine none -nodefaults -display none';
    await withBackend({ type: 'qemu', command, qmp }, async (bmc, control) => {
      expect(bmc.chassis.isOn).toBe(false);
      await control('on');
      await control('reset');
      // This machine has no NMI.
      await expect(control('diag')).rejects.toMatchObject({ cc: CC.NotSupportedInState });
      await control('off');
      expect(bmc.chassis.isOn).toBe(false);
    });
    const left = spawn(
      'qemu-system-x86_64',
      [...command.split(' ').slice(1), '-qmp', `unix:${qmp},server=on,wait=off`],
      { stdio: 'ignore' },
    );
    try {
      await expect.poll(async () => nodeWorld().files.stat(qmp)).toBeDefined();
      await withBackend({ type: 'qemu', command, qmp }, async (bmc) => {
        expect(bmc.chassis.isOn).toBe(true);
        left.kill('SIGTERM');
        await expect.poll(() => bmc.chassis.isOn).toBe(false);
      });
    } finally {
      await stopped(left, 'SIGKILL');
    }
    await withBackend({ type: 'qemu', command: `${command} -no-such-option`, qmp }, async (bmc, control) => {
      await expect(control('on')).rejects.toMatchObject({
        cc: CC.NotSupportedInState,
        message: expect.stringContaining('no-such-option') as unknown,
      });
      expect(bmc.chassis.isOn).toBe(false);
    });
  },
);

test('libvirt by virsh, which a script plays', async () => {
  const virsh = join(folder, 'virsh');
  const log = join(folder, 'virsh.log');
  const state = join(folder, 'state');
  writeFileSync(state, 'shut off');
  writeFileSync(
    virsh,
    `#!/bin/sh
case $1 in
  domstate) cat ${state} ;;
  dumpxml) echo "<domain><os><boot dev='hd'/></os></domain>" ;;
  event) exec sleep 60 ;;
  define) echo "define $(cat $2)" >>${log} ;;
  *) echo "$*" >>${log}
    case $1 in start) printf running >${state} ;; destroy) printf 'shut off' >${state} ;; esac ;;
esac
`,
  );
  chmodSync(virsh, 0o755);
  await withBackend({ type: 'libvirt', domain: 'guest', virsh, interval: 0.2 }, async (bmc, control) => {
    await bmc.bootOptions.set(5, Uint8Array.of(0x80, 0x14, 0, 0, 0), undefined);
    await control('on');
    await control('soft');
    writeFileSync(state, 'shut off');
    await expect.poll(() => bmc.chassis.isOn).toBe(false);
  });
  expect(readFileSync(log, 'utf8').trim().split('\n')).toEqual([
    "define <domain><os><boot dev='cdrom'/><boot dev='hd'/></os></domain>",
    'start guest',
    "define <domain><os><boot dev='hd'/></os></domain>",
    'shutdown guest',
  ]);
});

test('commands learn from their environment what is wanted, and fail with their own words', async () => {
  const log = join(folder, 'command.log');
  const say = `echo $IPMI_ACTION $IPMI_BMC_NAME $IPMI_BOOT_DEVICE >>${log}`;
  await withBackend(
    { type: 'command', on: say, off: ['sh', '-c', say], soft: 'echo no power >&2; exit 3' },
    async (bmc, control) => {
      await bmc.bootOptions.set(5, Uint8Array.of(0x80, 0x04, 0, 0, 0), undefined);
      await control('on');
      await expect(control('soft')).rejects.toMatchObject({
        message: expect.stringContaining('ended with 3: no power') as unknown,
      });
      await control('off');
    },
  );
  expect(readFileSync(log, 'utf8')).toBe('on rack-7 pxe\noff rack-7 none\n');
});

test('an HTTP hook', async () => {
  const asked: string[] = [];
  let power = 'off';
  const hook = await nodeWorld().http.listen({ host: '127.0.0.1', port: 0 }, ({ method, body }) => {
    if (method === 'GET') return { status: 200, body: JSON.stringify({ power }) };
    asked.push(body);
    power = 'on';
    return { status: 202 };
  });
  const { port } = hook.address as { port: number };
  await withBackend(
    { type: 'http', url: `http://127.0.0.1:${port}/`, interval: 0.1 },
    async (bmc, control) => {
      await control('on');
      expect(bmc.chassis.isOn).toBe(true);
      power = 'off';
      await expect.poll(() => bmc.chassis.isOn).toBe(false);
    },
  );
  await hook.close();
  expect(asked.map((body) => JSON.parse(body) as unknown)).toEqual([
    { bmc: 'rack-7', action: 'on', boot: { device: 'none', persistent: false, efi: false } },
  ]);
});

toolTest(
  'examples/qemu-vm: one file and one command are a guest with a BMC, in band, over LAN, and its console over SOL',
  ['qemu-system-x86_64', 'ipmitool', 'xz'],
  async () => {
    cpSync(join(root, 'examples/qemu-vm'), folder, { recursive: true });
    // The file as it is, with a system for the machine.
    const { kernel, initrd } = guestFiles();
    const file = parse(readFileSync(join(folder, 'bmc.yaml'), 'utf8')) as {
      chassis: { backend: { command: string | string[] } };
    };
    const command = (file.chassis.backend.command as string).trim().split(/\s+/);
    file.chassis.backend.command = [
      ...command,
      '-kernel',
      kernel,
      '-initrd',
      initrd,
      '-append',
      'console=ttyS0 quiet mitigations=off shell',
      '-cpu',
      'max',
    ];
    writeFileSync(join(folder, 'bmc.yaml'), stringify(file));
    const child = spawn(process.execPath, [bin, 'run', 'bmc.yaml', '--lan', '127.0.0.1:0', '--json'], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const port = Number(/"address":"127\.0\.0\.1:(\d+)"/.exec(await firstLine(child))![1]);
      const ipmitool = (args: string) =>
        runTool('ipmitool', [...lanplus(port, 'secret-enough'), ...args.split(' ')]);
      expect((await ipmitool('chassis power status')).out).toContain('is on');
      const client = await connectLan(nodeWorld(), {
        host: '127.0.0.1',
        port,
        user: 'admin',
        password: 'secret-enough',
      });
      const sol = await openSol(nodeWorld().clock, client);
      let out = '';
      sol.onData = (characters) => (out += Buffer.from(characters).toString('latin1'));
      // A shell that listens answers; before that, the firmware and the kernel do not.
      const asking = setInterval(() => sol.write(Buffer.from('ipmitool mc info | grep Product\n')), 1000);
      await expect.poll(() => out, { interval: 200 }).toMatch(/Product ID +: 0/);
      clearInterval(asking);
      sol.write(Buffer.from('ipmitool event 1\n'));
      await expect.poll(async () => (await ipmitool('sel list')).out).toMatch(/Temperature.*Upper Critical/);
      await sol.close();
      await client.close();
      expect((await ipmitool('chassis power off')).code).toBe(0);
      expect((await ipmitool('chassis power status')).out).toContain('is off');
    } finally {
      await stopped(child, 'SIGQUIT');
    }
  },
  180_000,
);
