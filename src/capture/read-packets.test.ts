import { expect, test } from 'vitest';
import { pcapngOf, pcapOf } from '../../test/support/recorder.ts';
import { overIp } from './carriers.ts';
import { udpIn } from './link-layers.ts';
import { enhancedPacket } from './pcapng.ts';
import { CaptureError, readPackets, type ReadPacket } from './read-packets.ts';

const CONSOLE = { host: '10.0.0.9', port: 40712 };
const BMC = { host: '10.0.0.1', port: 9623 };
const PAYLOAD = Uint8Array.of(6, 0, 0xff, 7, 1, 2, 3);
const PACKETS = [
  { time: 1_700_000_000_123_456, bytes: overIp(PAYLOAD, CONSOLE, BMC) },
  { time: 1_700_000_001_000_001, bytes: overIp(PAYLOAD, BMC, CONSOLE) },
];

async function all(chunks: Parameters<typeof readPackets>[0]): Promise<ReadPacket[]> {
  const packets: ReadPacket[] = [];
  for await (const packet of readPackets(chunks)) packets.push(packet);
  return packets;
}

const shown = (packets: readonly ReadPacket[]) =>
  packets.map(({ number, time, linkType, bytes }) => ({ number, time, linkType, bytes: Buffer.from(bytes) }));
const EXPECTED = PACKETS.map(({ time, bytes }, i) => ({
  number: i + 1,
  time,
  linkType: 101,
  bytes: Buffer.from(bytes),
}));

test('EXP1: pcapng and classic pcap in both byte orders and both units give the same packets, in pieces of any size', async () => {
  for (const file of [
    pcapngOf(PACKETS),
    pcapOf(PACKETS),
    pcapOf(PACKETS, { little: false }),
    pcapOf(PACKETS, { nano: true }),
    pcapOf(PACKETS, { little: false, nano: true }),
  ]) {
    expect(shown(await all(file))).toEqual(EXPECTED);
    for (const size of [1, 7, 4096]) {
      const pieces = Array.from({ length: Math.ceil(file.length / size) }, (_, i) =>
        file.subarray(i * size, (i + 1) * size),
      );
      expect(shown(await all(pieces))).toEqual(EXPECTED);
    }
  }
});

/** A block of pcapng in either byte order. */
function block(little: boolean, type: number, body: Uint8Array): Uint8Array {
  const out = new Uint8Array(12 + body.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, type, little);
  view.setUint32(4, out.length, little);
  out.set(body, 8);
  view.setUint32(out.length - 4, out.length, little);
  return out;
}

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

test('EXP1: a section of the other byte order, nanoseconds, an offset, simple and old packets, unknown blocks', async () => {
  // Big-endian; interface 0: Ethernet, 9 (nanoseconds), an offset of 100 s; name eth1.
  const file = Buffer.concat([
    block(false, 0x0a0d0d0a, hex('1a2b3c4d 0001 0000 ffffffffffffffff')),
    block(
      false,
      1,
      hex('0001 0000 00000004 0002 0004 65746831 0009 0001 09000000 000e 0008 0000000000000064 0000 0000'),
    ),
    block(false, 0x0bad, hex('00000000')),
    block(false, 6, hex('00000000 00000000 3b9aca00 00000003 00000003 aabbcc00')),
    block(false, 2, hex('0000 0000 00000000 77359400 00000003 00000003 aabbcc00')),
    // Simple: of 6 bytes 4 were kept, as the interface says.
    block(false, 3, hex('00000006 01020304')),
    pcapngOf(PACKETS),
  ]);
  const packets = await all(file);
  expect(
    packets
      .slice(0, 3)
      .map(({ time, linkType, bytes, interfaceName: name }) => [time, linkType, [...bytes], name]),
  ).toEqual([
    [101_000_000, 1, [0xaa, 0xbb, 0xcc], 'eth1'],
    [102_000_000, 1, [0xaa, 0xbb, 0xcc], 'eth1'],
    [0, 1, [1, 2, 3, 4], 'eth1'],
  ]);
  expect(packets[2].length).toBe(6);
  expect(packets.slice(3).map(({ number, time, application }) => [number, time, application])).toEqual([
    [4, PACKETS[0].time, 'a test'],
    [5, PACKETS[1].time, 'a test'],
  ]);
});

test('EXP1: what is no capture, cut, or says impossible lengths is an error with a code, after what stands before it', async () => {
  const wrong = async (file: Uint8Array): Promise<[number, string]> => {
    let count = 0;
    try {
      for await (const _ of readPackets(file)) count++;
    } catch (error) {
      expect(error).toBeInstanceOf(CaptureError);
      return [count, (error as CaptureError).message];
    }
    return [count, ''];
  };
  expect(await wrong(new Uint8Array(0))).toEqual([0, 'the file is empty']);
  expect(await wrong(hex('0600ff07'))).toEqual([0, 'neither pcapng nor pcap']);
  expect(await wrong(hex('06'))).toEqual([0, 'neither pcapng nor pcap']);
  const good = pcapngOf(PACKETS);
  expect(await wrong(good.subarray(0, -3))).toEqual([1, 'the file ends within a packet']);
  const classic = pcapOf(PACKETS);
  expect(await wrong(classic.subarray(0, -1))).toEqual([1, 'the file ends within a packet']);
  const huge = Uint8Array.from(classic);
  new DataView(huge.buffer).setUint32(24 + 8, 0x7fffffff, true);
  expect(await wrong(huge)).toEqual([0, 'packet 1 says that it has 2147483647 bytes']);
  const many = Uint8Array.from(good);
  new DataView(many.buffer).setUint32(4, 0xfffffff0, true);
  expect(await wrong(many)).toEqual([0, 'a block says that it has 4294967280 bytes']);
  const other = Buffer.concat([
    good,
    enhancedPacket({ interface: 7, time: 0, direction: 'in', bytes: PAYLOAD, comment: '' }),
  ]);
  expect(await wrong(other)).toEqual([2, 'packet 3 is damaged']);
});

test('EXP1: a datagram is found behind every link layer, VLAN tags and headers of IPv6; a fragment, or what is none, is not one', () => {
  const v4 = overIp(PAYLOAD, CONSOLE, BMC);
  const v6 = overIp(PAYLOAD, { host: 'fe80::1', port: 5 }, { host: '2001:db8::a:0:0:1', port: 623 });
  const before = (head: string, packet: Uint8Array): Uint8Array => Buffer.concat([hex(head), packet]);
  const mac = '020000000001 020000000002';
  for (const [linkType, packet] of [
    [101, v4],
    [228, v4],
    [1, before(`${mac} 0800`, v4)],
    [1, before(`${mac} 8100 0005 0800`, v4)],
    [1, before(`${mac} 88a8 0005 8100 0006 0800`, v4)],
    // A short frame is filled up.
    [1, Buffer.concat([hex(`${mac} 0800`), v4, new Uint8Array(9)])],
    [0, before('02000000', v4)],
    [108, before('00000002', v4)],
    [113, before('0000 0304 0006 000000000000 0000 0800', v4)],
    [276, before('0800 0000 00000001 0304 00 06 0000000000000000', v4)],
  ] as const) {
    const datagram = udpIn(linkType, packet);
    expect({ ...datagram, bytes: [...(datagram?.bytes ?? [])] }).toEqual({
      from: CONSOLE,
      to: BMC,
      bytes: [...PAYLOAD],
    });
  }
  const six = udpIn(1, before(`${mac} 86dd`, v6));
  expect(six?.from).toEqual({ host: 'fe80::1', port: 5 });
  expect(six?.to).toEqual({ host: '2001:db8::a:0:0:1', port: 623 });
  // A header of destination options of eight bytes.
  const longer = Buffer.concat([v6.subarray(0, 40), hex('11 00 01 04 00000000'), v6.subarray(40)]);
  longer[6] = 60;
  longer[5] += 8;
  expect([...(udpIn(229, longer)?.bytes ?? [])]).toEqual([...PAYLOAD]);
  const fragment = v4.slice();
  fragment[6] = 0x20;
  const tcp = v4.slice();
  tcp[9] = 6;
  for (const none of [fragment, tcp, v4.subarray(0, 12), v4.subarray(0, 24), new Uint8Array(0)])
    expect(udpIn(101, none)).toBeUndefined();
  expect(udpIn(147, v4)).toBeUndefined();
  expect(udpIn(1, before(`${mac} 0806`, v4))).toBeUndefined();
  for (let cut = 0; cut < v6.length; cut++) udpIn(101, v6.subarray(0, cut));
});
