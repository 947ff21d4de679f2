import { expect, test } from 'vitest';
import { rig } from '../../test/support/bmc.ts';
import { logInNet } from '../../test/support/log-in-net.ts';
import { pcapngOf, record, type Recorded } from '../../test/support/recorder.ts';
import { udpIn } from '../capture/link-layers.ts';
import { itemsOf, readDatagrams, Tally } from './index.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const before =
  (head: string) =>
  (packet: Uint8Array): Uint8Array =>
    Buffer.concat([hex(head), packet]);

/** A log-in as it was on the wire: packets of IPv4. */
async function logIn(): Promise<Recorded[]> {
  const net = await logInNet();
  const packets = record(net.bmc, net.world);
  const raw = await net.by({ password: 'AdminPass123' });
  if ((await raw.open()) === 0 && (await raw.rakp1()) === 0) await raw.rakp3();
  return packets;
}

async function read(file: Uint8Array): Promise<{ found: string[]; tally: Tally }> {
  const tally = new Tally();
  const found: string[] = [];
  for await (const { from, bytes } of readDatagrams(file, tally))
    found.push(`${from.port} ${Buffer.from(bytes).toString('hex')}`);
  return { found, tally };
}

/** IPv4 cuts a packet into pieces of so many bytes. */
function inPieces({ time, bytes }: Recorded, id: number, size = 24): Recorded[] {
  const body = bytes.subarray(20);
  return Array.from({ length: Math.ceil(body.length / size) }, (_, i) => {
    const part = body.subarray(i * size, (i + 1) * size);
    const piece = Buffer.concat([bytes.subarray(0, 20), part]);
    piece.writeUInt16BE(piece.length, 2);
    piece.writeUInt16BE(id, 4);
    piece.writeUInt16BE(((i + 1) * size < body.length ? 0x2000 : 0) | ((i * size) / 8), 6);
    return { time, bytes: piece };
  });
}

/** The same datagram over IPv6, its headers being so many before it. */
function inV6({ time, bytes }: Recorded, next: number, extension: Uint8Array): Recorded {
  const head = Buffer.alloc(40);
  head[0] = 0x60;
  head.writeUInt16BE(bytes.length - 20 + extension.length, 4);
  head[6] = next;
  head[23] = head[39] = 1;
  return { time, bytes: Buffer.concat([head, extension, bytes.subarray(20)]) };
}

test('EXP7: the same datagrams are found behind tags of Linux, PPP over Ethernet and more headers of IPv6', async () => {
  const packets = await logIn();
  const { found } = await read(pcapngOf(packets));
  expect(found.length).toBeGreaterThan(5);
  const mac = '020000000001 020000000002';
  for (const [linkType, head] of [
    [276, '8100 0000 00000001 0304 00 06 0000000000000000 0005 0800'],
    [276, '88a8 0000 00000001 0304 00 06 0000000000000000 0005 8100 0006 0800'],
    [113, '0000 0304 0006 000000000000 0000 8100 0005 0800'],
    [1, `${mac} 8864 1100 0001 0022 0021`],
  ] as const)
    expect((await read(pcapngOf(packets, linkType, before(head)))).found, head).toEqual(found);
  for (const [next, extension] of [
    [17, ''],
    // A fragment that is all of it; the header of authentication, whose length is counted otherwise.
    [44, '11 00 0000 00000007'],
    [51, `11 04 0000 ${'00'.repeat(20)}`],
    [0, `33 00 01 04 00000000 11 04 0000 ${'00'.repeat(20)}`],
  ] as const) {
    const longer = packets.map((packet) => inV6(packet, next, hex(extension)));
    expect((await read(pcapngOf(longer))).found, extension).toEqual(found);
  }
  expect(udpIn(1, hex(`${mac} 8864 1100 0001 0022 c021`))).toBeUndefined();
});

test('EXP7: what IP has sent in pieces is put together in any order; of what is lost the pieces are counted', async () => {
  const packets = await logIn();
  const { found } = await read(pcapngOf(packets));
  const pieces = packets.map((packet, id) => inPieces(packet, id));
  expect((await read(pcapngOf(pieces.flat()))).found).toEqual(found);
  const turned = await read(pcapngOf(pieces.flatMap((all) => all.toReversed())));
  expect([turned.found, turned.tally.pieces]).toEqual([found, 0]);
  const twice = await read(pcapngOf(pieces.flatMap((all) => all.flatMap((piece) => [piece, piece]))));
  expect(twice.found).toEqual(found);
  const sixes = packets.flatMap((packet, id) => {
    const half = ((packet.bytes.length - 20) >> 4) << 3;
    return [
      packet.bytes.subarray(0, 20 + half),
      Buffer.concat([packet.bytes.subarray(0, 20), packet.bytes.subarray(20 + half)]),
    ].map((bytes, i) => {
      const head = Buffer.alloc(8);
      head[0] = 17;
      head.writeUInt16BE(i === 0 ? 1 : half, 2);
      head[7] = id;
      return inV6({ time: packet.time, bytes }, 44, head);
    });
  });
  expect((await read(pcapngOf(sixes))).found).toEqual(found);
  const lost = await read(pcapngOf(pieces.flatMap(([, ...rest]) => rest)));
  expect(lost.found.length).toBeLessThan(found.length);
  expect(lost.tally.pieces).toBeGreaterThan(0);
  expect(lost.tally.notes()).toEqual([
    `${lost.tally.pieces} piece(s) of datagrams, of which others are missing`,
  ]);
  // Bounded, whatever comes.
  const many = Array.from({ length: 5000 }, (_, id) => inPieces(packets.at(-1)!, id)[0]);
  expect((await read(pcapngOf(many))).tally.pieces).toBe(5000);
});

test('EXP7: of a capture with nothing to read it is said why', async () => {
  const packets = await logIn();
  const why = async (file: Uint8Array): Promise<string> => (await read(file)).tally.whyNothing();
  expect(await why(pcapngOf([]))).toBe('the capture has no packet');
  expect(await why(pcapngOf(packets, 105))).toMatch(
    /^no datagram of RMCP is in it: \d+ packet\(s\) of link type 105 \(IEEE 802.11\), which is not read$/,
  );
  const hosts = await read(pcapngOf(packets, 260));
  // Every capture of ours may have them: beside datagrams they are not missing.
  expect(hosts.tally.notes()).toEqual([]);
  expect(hosts.tally.whyNothing()).toMatch(
    /of link type 260 \(messages of system interfaces and IPMB, HPM.2\)/,
  );
  expect(await why(pcapngOf([{ time: 0, bytes: new Uint8Array(28) }]))).toBe(
    'no datagram of RMCP is in it, in 1 packet(s)',
  );
});

test('EXP7: text of tcpdump and tshark, with their lines of each packet, and arrays of xxd -i', async () => {
  const packets = await logIn();
  const dump = (bytes: Uint8Array, width: string): string =>
    Array.from({ length: Math.ceil(bytes.length / 16) }, (_, i) => {
      const row = Buffer.from(bytes.subarray(i * 16, i * 16 + 16)).toString('hex');
      return `\t0x${(i * 16).toString(16).padStart(4, '0')}:  ${row.replaceAll(/(....)/g, '$1 ').trim()}${width}`;
    }).join('\n');
  const names = rig().bmc.router;
  for (const head of [
    '12:34:56.000001 IP 10.0.0.2.5000 > 10.0.0.1.623: UDP, length 23',
    '2026-11-29 12:34:56.000001 IP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto UDP (17), length 51)\n    10.0.0.2.5000 > 10.0.0.1.623: UDP, length 23',
    '12:34:56.000001 lo    In  IP6 fd00::2.5000 > fd00::1.623: UDP, length 23',
    '12:34:56.000001 02:00:00:00:00:01 > 02:00:00:00:00:02, ethertype IPv4 (0x0800), length 65: 10.0.0.2.5000 > 10.0.0.1.623: UDP, length 23',
    'Packet (65 bytes):',
  ]) {
    const text = packets.map(({ bytes }) => `${head}\n${dump(bytes, '')}`).join('\n');
    const items = itemsOf(text, names);
    const found = items.map((item) => {
      if (item.kind !== 'datagram') throw new Error(item.kind);
      return `${item.from?.port} ${Buffer.from(item.bytes).toString('hex')}`;
    });
    // With their addresses, so that sessions can be told apart and opened.
    expect(found, head).toEqual((await read(pcapngOf(packets))).found);
  }
  const [item, ...more] = itemsOf(
    'unsigned char one_bin[] = {\n  0x06, 0x00, 0xff, 0x07, 0x00, 0x00, 0x00, 0x00, 0x00,\n  0x00, 0x00, 0x00, 0x00, 0x09, 0x20, 0x18,\n  0xc8, 0x81, 0x00, 0x38, 0x8e, 0x04, 0xb5\n};\nunsigned int one_bin_len = 23;\n',
    names,
  );
  expect([item.kind, more]).toEqual(['datagram', []]);
});
