// Who looks on at a process that runs: capture, record and trace, with what their filters let through.
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { PASSWORD, startDaemon, type RunningDaemon } from './support/daemon.ts';
import { runTool, toolTest, untilSeen } from './support/tools.ts';

let daemon: RunningDaemon;
beforeAll(async () => {
  daemon = await startDaemon(`
name: node-1
interfaces: [{ type: lan, listen: "127.0.0.1:0" }]
users: [{ id: 2, name: admin, password: ${PASSWORD}, privilege: administrator }]
`);
});
afterAll(() => daemon.stop());

const ipmi = async (...args: string[]) => daemon.ipmi(args);

toolTest('EXP6: capture looks on at a BMC that runs', ['ipmitool', 'tshark'], async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'look-')), 'node-1.pcapng');
  const looking = ipmi('capture', 'node-1', '-w', file, '--for', '4s');
  expect((await untilSeen(looking, () => daemon.ipmitool('node-1', 'mc info'))).code).toBe(0);
  const { out } = await runTool('tshark', ['-r', file, '-T', 'fields', '-e', 'frame.comment']);
  expect(out).toContain('RAKP Message 4: the session is open');
  expect((await ipmi('capture', 'node-1')).out).toContain('-w FILE is missing');
});

toolTest(
  'EXP8: capture, record and trace of a BMC that runs show what a filter lets through',
  ['ipmitool', 'tshark'],
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'look-'));
    const [pcap, tape] = [join(folder, 'a.pcapng'), join(folder, 'a.tape')];
    const filter = ['--filter', 'cmd=get-device-id,30h* user=admin'];
    const looking = Promise.all([
      ipmi('capture', 'node-1', '-w', pcap, '--for', '9s', ...filter),
      ipmi('record', 'node-1', '-w', tape, '--for', '9s', ...filter),
      ipmi('trace', 'node-1', '--count', '1', '--filter', 'cmd=get-device-id us>0 privilege=administrator'),
    ]);
    const [captured, recorded, device] = await untilSeen(looking, async () => {
      await daemon.ipmitool('node-1', 'mc info');
      await daemon.ipmitool('node-1', 'raw 0x30 0x77');
    });
    expect([captured.code, recorded.code]).toEqual([0, 0]);
    const info = [
      '-o',
      'ipmi.dissect_bus_commands:TRUE',
      '-Y',
      'frame.interface_name == "decrypted"',
      '-T',
      'fields',
      '-e',
      'frame.comment',
    ];
    const { out } = await runTool('tshark', ['-r', pcap, ...info]);
    const comments = out.split('\n').filter((line) => /^[A-Z0-9]/.test(line) && !line.startsWith('Running'));
    expect(comments.length).toBeGreaterThan(1);
    expect(comments.filter((line) => !/^(Get Device ID|30h 77h)/.test(line))).toEqual([]);
    const lines = readFileSync(tape, 'utf8').trim().split('\n');
    const [header, ...entries] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(header).toMatchObject({ tape: 1, bmc: 'node-1' });
    expect(new Set(entries.map(({ netfn, cmd }) => `${String(netfn)} ${String(cmd)}`))).toEqual(
      new Set(['6 1', '48 119']),
    );
    expect(device.out).toMatch(/Get Device ID .* by standard\n$/);
    for (const which of ['capture', 'record', 'trace']) {
      const wrong = await ipmi(
        which,
        'node-1',
        ...(which === 'trace' ? [] : ['-w', pcap]),
        '--filter',
        'cmnd=1',
      );
      expect([wrong.code, wrong.out]).toEqual([2, expect.stringContaining("'cmnd' is none of")]);
    }
  },
);

toolTest(
  'EXP8: a capture through a pipe: tshark reads it, and a reader who goes ends it without a word',
  ['ipmitool', 'tshark'],
  async () => {
    /** Asks the BMC for as long as the script runs, so that there is something to see. */
    const whileAsked = async (script: string): Promise<string> =>
      (await untilSeen(daemon.bash(script), () => daemon.ipmitool('node-1', 'mc info'))).out;
    const dissected = 'tshark -o ipmi.dissect_bus_commands:TRUE -r - 2>/dev/null';
    const seen = await whileAsked(`ipmi-bmc capture node-1 -w - --for 5s 2>piped | ${dissected}; cat piped`);
    expect(seen).toContain('Rsp, Get Device ID, Command Completed Normally');
    expect(seen).not.toContain('ipmi-bmc');
    const closed = await whileAsked('ipmi-bmc capture node-1 -w - 2>closed | head -c 10 | wc -c; cat closed');
    expect(closed.trim()).toBe('10');
  },
);
