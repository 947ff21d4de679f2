// A capture of a Linux guest behind KCS, and of what it has bridged to a satellite, read by stock tshark and capinfos.
// One boot.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { Guest } from './guest/guest.ts';
import { judged, startBmc } from './support/cli.ts';
import { runTool, toolTest } from './support/tools.ts';

const NEW_PASSWORD = 'InBandPass1';
const COLUMNS = ['frame.interface_name', '_ws.col.Info', 'ipmi.response_to', 'frame.comment'];

interface Row {
  readonly interface: string;
  readonly info: string;
  readonly to: string;
  readonly comment: string;
}

async function tshark(file: string, ...args: string[]): Promise<string> {
  const { code, out } = await runTool('tshark', [
    '-o',
    'ipmi.dissect_bus_commands:TRUE',
    '-r',
    file,
    ...args,
  ]);
  expect(code, out).toBe(0);
  return out.replace(/^Running as user.*\n/m, '');
}

/** What the guest's ipmitool does while everything is captured. */
async function capturedGuest(folder: string): Promise<string> {
  const [config, socket, file] = ['bmc.yaml', 'vm.sock', 'guest.pcapng'].map((name) => join(folder, name));
  const vm = `  - { type: vm, interface: kcs, listen: ${socket} }\n`;
  writeFileSync(config, readFileSync(judged, 'utf8').replace('interfaces:\n', `interfaces:\n${vm}`));
  const bmc = await startBmc(config, '--pcap', file);
  let guest: Guest | undefined;
  try {
    guest = await Guest.boot('kcs', socket);
    for (const [args, code] of [
      ['mc info', 0],
      ['chassis bootdev pxe options=efiboot', 0],
      ['-t 0x30 mc info', 0],
      [`user set password 10 ${NEW_PASSWORD}`, 0],
      ['raw 0x06 0x7f', 1],
    ] as const)
      expect([args, (await guest.run(`ipmitool ${args}`)).code]).toEqual([args, code]);
  } finally {
    await guest?.stop();
    await bmc.stop();
  }
  return file;
}

toolTest(
  'EXP9: a KCS guest: names, boot flags by bit, requests with their responses, what was bridged, nothing malformed',
  ['qemu-system-x86_64', 'ipmitool', 'xz', 'apt-get', 'tshark', 'capinfos'],
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'guest-capture-'));
    try {
      const file = await capturedGuest(folder);
      const info = (await runTool('capinfos', [file])).out;
      for (const name of ['wire', 'decrypted', 'host', 'cmx/30h host'])
        expect(info).toContain(`Name = ${name}\n`);
      expect((await tshark(file, '-Y', '_ws.malformed')).trim()).toBe('');
      expect(readFileSync(file).toString('latin1')).not.toContain(NEW_PASSWORD);

      const text = await tshark(file, '-T', 'fields', ...COLUMNS.flatMap((name) => ['-e', name]));
      const rows = text.split('\n').flatMap((line): Row[] => {
        const [one, what, to, comment = ''] = line.split('\t');
        return what === undefined ? [] : [{ interface: one, info: what, to, comment }];
      });
      const host = rows.filter((row) => row.interface === 'host');
      const infos = host.map((row) => row.info);
      expect(infos).toContain('Req, Set System Boot Options');
      expect(infos).toContain('Req, Set User Password');
      expect(infos).toContainEqual(expect.stringMatching(/^Rsp, Get Device ID, Command Completed Normally/));
      expect(infos).toContainEqual(expect.stringMatching(/^Rsp, .*Invalid Command \(c1h\)$/i));
      expect(rows.filter((row) => row.info.startsWith('Rsp') && row.to === '')).toEqual([]);
      expect(rows.filter((row) => row.comment === '')).toEqual([]);

      const flags = await tshark(file, '-V');
      expect(flags).toMatch(/1\.\.\. \.\.\.\. = Boot flags valid: True/);
      expect(flags).toMatch(/= Boot type: Extensible Firmware Interface Boot/);
      expect(flags).toMatch(/= Boot Device Selector: Force PXE/);

      // Carried by Send Message, fetched with Get Message, and between them on the bus, seen from both its ends.
      expect(infos).toContainEqual(expect.stringMatching(/^Req, (Send Message|Get Device ID)/));
      const satellite = rows.filter((row) => row.interface === 'cmx/30h host');
      expect(satellite).toContainEqual(
        expect.objectContaining({ comment: expect.stringContaining('Get Device ID\\nanswered by standard') }),
      );
      const said = host.map((row) => row.comment);
      expect(said).toContainEqual(expect.stringMatching(/^Get Device ID\\nasked of 30h/));
      expect(said).toContainEqual(expect.stringMatching(/^Send Message .*channel 15, system-interface$/));
      expect(said).toContainEqual(expect.stringMatching(/^Get Message/));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  280_000,
);
