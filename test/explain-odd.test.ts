// Files that people give `ipmi-bmc explain` and `ipmi-bmc tape import` for captures: read right, or one line that
// says what they are, exit code 2.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { main } from '../src/cli/main.ts';
import { bin } from './support/cli.ts';
import { logInNet } from './support/log-in-net.ts';
import { pcapngOf, pcapOf, record, type Recorded } from './support/recorder.ts';
import { runTool } from './support/tools.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

let folder = '';
let packets: Recorded[] = [];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'explain-odd-'));
  const net = await logInNet();
  packets = record(net.bmc, net.world);
  const raw = await net.by({ password: 'AdminPass123' });
  if ((await raw.open()) === 0 && (await raw.rakp1()) === 0) await raw.rakp3();
});
afterAll(() => rmSync(folder, { recursive: true }));

/**
 * The command line with these words, in this process: one for each would take longer than all of them. The first
 * test has the program itself as well.
 */
async function run(...args: string[]): Promise<{ code: number; out: string }> {
  let out = '';
  const hear = (text: string | Uint8Array): boolean => {
    out += typeof text === 'string' ? text : Buffer.from(text).toString();
    return true;
  };
  const spies = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, 'write').mockImplementation(hear),
  );
  try {
    const code = await main(args);
    return { code, out };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
const put = (name: string, bytes: Uint8Array | string): string => {
  const file = join(folder, name);
  writeFileSync(file, bytes);
  return file;
};

test(
  'EXP7: what is no capture, or one that cannot be read, is one line and exit code 2',
  { timeout: 180_000 },
  async () => {
    const whole = pcapOf(packets);
    const cases: readonly (readonly [string, Uint8Array | string, RegExp])[] = [
      ['empty', '', /: (?:the file )?is empty$/],
      [
        'head.pcap',
        whole.subarray(0, 24),
        /: (?:the capture has no packet|has no request .*: the capture has no packet)$/,
      ],
      ['cut-head.pcap', whole.subarray(0, 10), /: the file ends within its header$/],
      ['three', whole.subarray(0, 3), /: neither .*pcap/],
      ['a.bz2', 'BZh91AY&SY\u0001', /: is compressed with bzip2: unpack it first \(bzip2 -d\)$/],
      ['a.zst', hex('28b52ffd 24000000'), /: is compressed with zstd: /],
      ['a.xz', hex('fd377a585a00 0000'), /: is compressed with xz: /],
      ['a.zip', hex('504b0304 14000000'), /: is a ZIP archive: /],
      ['snoop', hex('736e6f6f70000000 00000002'), /: is a capture of snoop: /],
      ['program', hex('7f454c46 02010100'), /: is a program \(ELF\), expected a capture$/],
      ['noise', hex('00010203 ffeeddcc'), /: neither .*pcap/],
      [
        'damaged.gz',
        Buffer.concat([gzipSync(whole).subarray(0, 10), hex('ffffffff ffffffff')]),
        /: what gzip has packed is damaged$/,
      ],
      [
        'wlan.pcap',
        pcapOf(packets, { linkType: 105 }),
        /: \d+ packet\(s\) of link type 105 \(IEEE 802.11\), which is not read$/,
      ],
    ];
    for (const [name, bytes, expected] of cases) {
      const file = put(name, bytes);
      const imported = ['tape', 'import', file, '-o', join(folder, 'out.tape')];
      // The same readers are behind both: some by the other as well.
      const isBoth = /^(?:empty|head|a\.xz|damaged|wlan)/.test(name);
      for (const how of [['explain', file], ...(isBoth ? [imported] : [])]) {
        const { code, out } = await run(...how);
        expect(code, `${how.join(' ')}: ${out}`).toBe(2);
        expect(out.trim()).toMatch(expected);
        expect(out.trim().split('\n'), out).toHaveLength(1);
      }
    }
    const { code, out } = await runTool(process.execPath, [bin, 'explain', put('empty', '')]);
    expect([code, out]).toEqual([2, expect.stringMatching(/^ipmi-bmc: .*empty: (?:the file )?is empty\n$/)]);
  },
);

test(
  'EXP7: packed by gzip, as UTF-16, as bytes of one datagram: read as what they are',
  { timeout: 180_000 },
  async () => {
    const plain = await run('explain', put('a.pcapng', pcapngOf(packets)), '--password', 'AdminPass123');
    expect(plain.out).toMatch(/RAKP 3: right/);
    const packed = await run(
      'explain',
      put('a.pcapng.gz', gzipSync(pcapngOf(packets))),
      '--password',
      'AdminPass123',
    );
    expect([packed.code, packed.out]).toEqual([0, plain.out]);
    const short = gzipSync(pcapngOf(packets)).subarray(0, -60);
    const broken = await run('explain', put('short.gz', short), '--password', 'AdminPass123');
    expect([broken.code, broken.out.trim().split('\n').at(-1)]).toEqual([
      2,
      expect.stringMatching(/: the file ends within what gzip has packed$/),
    ]);
    const wide = await run('explain', put('wide.txt', Buffer.from('\uFEFFraw 6 1\r\n', 'utf16le')));
    expect([wide.code, wide.out]).toEqual([0, expect.stringContaining('Get Device ID')]);
    const one = await run('explain', put('one.bin', packets[0].bytes.subarray(28)));
    expect([one.code, one.out]).toEqual([0, expect.stringMatching(/Open Session Request|Get Channel Auth/)]);
  },
);

test(
  'EXP7: packets that the capture has cut are named, and nobody is said to be silent for them',
  { timeout: 180_000 },
  async () => {
    const SNAP = 60;
    const whole = pcapOf(packets);
    // Each record keeps so many bytes, and says how many there were.
    const parts: Uint8Array[] = [whole.subarray(0, 24)];
    for (let at = 24; at < whole.length;) {
      const head = Buffer.from(whole.subarray(at, at + 16));
      const length = head.readUInt32LE(8);
      head.writeUInt32LE(Math.min(length, SNAP), 8);
      parts.push(head, whole.subarray(at + 16, at + 16 + Math.min(length, SNAP)));
      at += 16 + length;
    }
    const file = put('snap.pcap', Buffer.concat(parts));
    const { code, out } = await run('explain', file);
    expect(code, out).toBe(0);
    expect(out).toMatch(/the capture has \d+ of its \d+ bytes/);
    expect(out).toMatch(
      /\d+ packet\(s\) were cut by the capture: its snap length was too small; tcpdump -s 0 keeps all/,
    );
    expect(out).not.toContain('nothing answers');
  },
);

test(
  'EXP8: passwords and K_g of files: whatever ends their lines; what is none is a line that shows nothing of it',
  { timeout: 180_000 },
  async () => {
    const capture = put('b.pcapng', pcapngOf(packets));
    const [several, one] = [
      put('several', 'Wrong-Secret\r\nAdminPass123\r\n\r\n'),
      put('one', 'AdminPass123'),
    ];
    const read = await run('explain', capture, '--password-file', several);
    expect([read.code, read.out]).toEqual([0, expect.stringMatching(/RAKP 3: right, with password 2 of 2/)]);
    const imported = await run(
      'tape',
      'import',
      capture,
      '--password-file',
      several,
      '-o',
      join(folder, 'b.tape'),
    );
    // The log-in alone has no request.
    expect([imported.code, imported.out]).toEqual([
      2,
      expect.stringMatching(/has no request that could be opened/),
    ]);
    const tape = put('c.tape', '{"tape":1,"bmc":"x","created":"","tool":"","redacted":[],"clock":""}\n');
    const to = ['replay', tape, '--to', '127.0.0.1:9', '-U', 'admin'];
    for (const [args, said] of [
      [
        ['explain', capture, '--password-file', put('none', '\r\n\n')],
        /--password-file: .*none: no password is in it$/,
      ],
      [
        ['explain', capture, '--password-file', folder],
        /--password-file: .*: is a directory, expected a file$/,
      ],
      [
        ['explain', capture, '--password-file', put('latin1', hex('c4ff41'))],
        /--password-file: .*latin1: is no text in UTF-8$/,
      ],
      [['explain', capture, '--kg', '0xSecret'], /--kg: behind 0x a K_g has hexadecimal digits, two a byte$/],
      [['explain', capture, '--kg', '0x5EC12'], /--kg: behind 0x/],
      [['explain', capture, '--kg', 'Secret-Secret-Secret-'], /--kg: a K_g has at most 20 bytes, not 21$/],
      [
        ['tape', 'import', capture, '--kg-file', put('kg', 'fine\n0xSecret\n')],
        /--kg-file: .*kg:2: behind 0x/,
      ],
      [['tape', 'import', capture, '--kg-file', put('nokg', '')], /--kg-file: .*nokg: no K_g is in it$/],
      [[...to, '--password-file', several], /--password-file: .*several: has 2 lines, expected one$/],
      [[...to, '--password-file', one, '-P', 'Secret'], /-P and --password-file: give one of them$/],
      [
        ['run', '--pcap', join(folder, 'x'), '--pcap-on', 'refusd'],
        /'refusd' is none of .*; did you mean refused\?$/,
      ],
    ] as const) {
      const { code, out } = await run(...args);
      expect([code, out.trim()], args.join(' ')).toEqual([2, expect.stringMatching(said)]);
      expect(out.trim().split('\n'), out).toHaveLength(1);
      expect(out).not.toMatch(/Secret|5EC12|AdminPass/);
    }
  },
);
