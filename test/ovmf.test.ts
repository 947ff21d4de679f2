// Boot flags reach a machine with UEFI: OVMF in QEMU, told by ipmitool, and what its firmware says it tries first.
import { copyFileSync, mkdtempSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { BmcOptions } from '../src/bmc.ts';
import { withOpen } from './support/judged.ts';
import { lanplus, runTool, toolTest } from './support/tools.ts';

const CODE = '/usr/share/OVMF/OVMF_CODE_4M.fd';
const VARIABLES = '/usr/share/OVMF/OVMF_VARS_4M.fd';
const PATIENCE = { timeout: 60_000, interval: 200 };

toolTest(
  'the boot device of IPMI is what UEFI tries first: once, for every boot, at a start and at a reset',
  ['qemu-system-x86_64', 'ipmitool', CODE],
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ovmf-'));
    const file = (name: string): string => join(folder, name);
    copyFileSync(VARIABLES, file('vars.fd'));
    for (const name of ['disk', 'cd']) {
      writeFileSync(file(name), '');
      truncateSync(file(name), 2 << 20);
    }
    const log = file('serial.log');
    const command = [
      'qemu-system-x86_64 -M q35 -m 256 -nodefaults -display none',
      `-drive if=pflash,format=raw,unit=0,readonly=on,file=${CODE}`,
      `-drive if=pflash,format=raw,unit=1,file=${file('vars.fd')}`,
      `-serial file:${log}`,
      `-drive id=disk,if=none,format=raw,file=${file('disk')} -device virtio-blk-pci,drive=disk,bootindex=0`,
      `-drive id=cd,if=none,media=cdrom,format=raw,file=${file('cd')} -device ide-cd,drive=cd,bootindex=1`,
      '-netdev user,id=net -device virtio-net-pci,netdev=net,id=nic,romfile=',
    ].join(' ');
    const settings: BmcOptions = {
      interfaces: [{ type: 'lan' }],
      users: [{ id: 2, name: 'admin', password: 'AdminPass123' }],
      chassis: { power: 'off', backend: { type: 'qemu', command, qmp: file('qmp') } },
    };
    /** What the firmware has tried since the text was this long. */
    const triedSince = (length: number): string | undefined => {
      const said = readFileSync(log, 'latin1').slice(length);
      if (/Start PXE/.exec(said)?.index === Math.max(0, said.search(/Start PXE|BdsDxe: [a-z ]*Boot/)))
        return 'network';
      return /BdsDxe: [a-z ]*Boot\w+ "UEFI ([^"]*)"/.exec(said)?.[1].trim();
    };
    await withOpen(settings, async (_bmc, port) => {
      const chassis = async (...words: string[]): Promise<void> => {
        const { code, out } = await runTool('ipmitool', [...lanplus(port), 'chassis', ...words]);
        expect([code, out]).toEqual([0, expect.any(String)]);
      };
      const boots = async (...words: string[]): Promise<string | undefined> => {
        let length = 0;
        try {
          ({ length } = readFileSync(log, 'latin1'));
        } catch {
          // It was never on.
        }
        await chassis(...words);
        let tried: string | undefined;
        await expect.poll(() => (tried = triedSince(length)), PATIENCE).toBeDefined();
        return tried;
      };
      await chassis('bootdev', 'pxe', 'options=efiboot');
      expect(await boots('power', 'on')).toBe('network');
      // That was for one boot.
      expect(await boots('power', 'reset')).toBe('Misc Device');
      await chassis('bootdev', 'cdrom', 'options=efiboot,persistent');
      expect(await boots('power', 'reset')).toMatch(/^QEMU DVD-ROM/);
      expect(await boots('power', 'reset')).toMatch(/^QEMU DVD-ROM/);
      await chassis('bootdev', 'none');
      expect(await boots('power', 'reset')).toBe('Misc Device');
    });
  },
  180_000,
);
