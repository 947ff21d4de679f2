// What was kept of a BMC, written into files of a size: the daemon, a client, and what tshark reads of it.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { connectLan } from '../src/client/index.ts';
import { GetDeviceId } from '../src/commands/app/device.ts';
import { nodeWorld } from '../src/world/index.ts';
import { judged, startBmc } from './support/cli.ts';
import { runTool, toolTest } from './support/tools.ts';

const MIB = 1024 * 1024;
const DISSECT = ['-o', 'ipmi.dissect_bus_commands:TRUE'];
const FIELDS = ['-T', 'fields', '-e', 'frame.time_epoch', '-e', 'frame.comment'];

/** What tshark reads of all of it. */
async function read(file: string, ...more: string[]): Promise<string> {
  const { code, out } = await runTool('tshark', [...DISSECT, '-r', file, ...more]);
  expect(code, out).toBe(0);
  return out.replace(/^Running as user.*\n/m, '').trim();
}

toolTest(
  'CAP18: --pcap-on with --pcap-size: files of that size, in order, the trouble itself at the end',
  ['tshark'],
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'capture-'));
    const file = join(folder, 'bmc.pcapng');
    const older = `${file}.1`;
    try {
      const bmc = await startBmc(judged, '--pcap', file, '--pcap-on', 'c1h', '--pcap-size', '1');
      try {
        const client = await connectLan(nodeWorld(), {
          host: '127.0.0.1',
          port: Number(bmc.port),
          user: 'admin',
          password: 'AdminPass123',
          cipherSuite: 3,
        });
        // 1.3 KB each in the file: three files, of which the first one goes.
        for (let i = 0; i < 2400; i++) await client.send(GetDeviceId);
        expect(statSync(file).size).toBeLessThan(4096);
        expect([...(await client.raw(0x3c, 0x99, new Uint8Array(0)))]).toEqual([0xc1]);
        await client.close();
      } finally {
        await bmc.stop();
      }
      expect(statSync(older).size).toBeGreaterThanOrEqual(MIB);
      for (const one of [older, file]) {
        expect(statSync(one).size).toBeLessThan(1.5 * MIB);
        expect(await read(one, '-Y', '_ws.malformed')).toBe('');
      }
      const [before, after] = [await read(older, ...FIELDS), await read(file, ...FIELDS)];
      expect(before).not.toContain('invalid command');
      expect(after).toContain('invalid command (C1h)');
      expect(after).not.toContain('missing');
      const times = `${before}\n${after}`.split('\n').map((row) => Number(row.split('\t')[0]));
      expect(times.length).toBeGreaterThan(4000);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
