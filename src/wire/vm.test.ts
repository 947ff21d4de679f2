import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hex, toHex } from '../../test/support/vectors.ts';
import { buildVmMessage, buildVmOperation, VM_DATA_MAX, VmCode, VmReader, type VmMessage } from './vm.ts';

type Seen =
  | VmMessage
  | { readonly code: number; readonly value: number | undefined }
  | 'malformed'
  | { readonly tooLong: number };

/** What a reader makes of a stream that comes in the given pieces. */
function read(...pieces: Uint8Array[]): Seen[] {
  const seen: Seen[] = [];
  const reader = new VmReader({
    message: (message) => seen.push(message),
    operation: (code, value) => seen.push({ code, value }),
    malformed: () => seen.push('malformed'),
    tooLong: ({ seq }) => seen.push({ tooLong: seq }),
  });
  for (const piece of pieces) reader.push(piece);
  return seen;
}

const message = fc.record({
  seq: fc.nat(255),
  netFn: fc.nat(63),
  lun: fc.nat(3),
  cmd: fc.nat(255),
  data: fc.uint8Array({ maxLength: VM_DATA_MAX }),
});

describe('VM protocol: frames seen between QEMU 7.2, a Debian kernel and ipmi_sim', () => {
  test.each<[string, string, Partial<VmMessage>]>([
    ['Get Device ID', '00 18 01 e7 a0', { seq: 0, netFn: 6, lun: 0, cmd: 1, data: hex('') }],
    [
      'its response',
      '00 1c 01 00 00 03 09 08 02 9f 91 12 00 02 0f 00 00 00 00 7a a0',
      { netFn: 7, data: hex('00 00 03 09 08 02 9f 91 12 00 02 0f 00 00 00 00') },
    ],
    [
      'a checksum that is escaped',
      '22 1c 22 00 aa b0 a0',
      { seq: 0x22, netFn: 7, cmd: 0x22, data: hex('00') },
    ],
  ])('%s', (_title, text, expected) => {
    const frame = hex(text);
    const [seen] = read(frame);
    expect(seen).toMatchObject(expected);
    expect(toHex(buildVmMessage(seen as VmMessage))).toBe(toHex(frame));
  });

  test('operations', () => {
    expect(read(hex('ff 01 a1 08 3f a1 00 a1 02 a1'))).toEqual([
      { code: VmCode.Version, value: 1 },
      { code: VmCode.Capabilities, value: 0x3f },
      { code: VmCode.AttentionOff, value: undefined },
      { code: VmCode.AttentionInterrupt, value: undefined },
    ]);
    expect(toHex(buildVmOperation(VmCode.Version, 1))).toBe('ff 01 a1');
    expect(toHex(buildVmOperation(0xa1, 0xaa))).toBe('aa b1 aa ba a1');
  });
});

test('whatever is built is read again, however it is cut', () => {
  fc.assert(
    fc.property(
      fc.array(message, { minLength: 1, maxLength: 5 }),
      fc.array(fc.nat(40), { maxLength: 40 }),
      (messages, cuts) => {
        const stream = messages.flatMap((one) => [...buildVmMessage(one)]);
        const pieces: Uint8Array[] = [];
        for (let at = 0; at < stream.length;) {
          const length = cuts[pieces.length % (cuts.length || 1)] ?? 1;
          pieces.push(Uint8Array.from(stream.slice(at, at + length)));
          at += Math.max(length, 0);
          if (length === 0 && cuts.every((cut) => cut === 0)) return;
        }
        expect(read(...pieces)).toEqual(messages);
      },
    ),
  );
});

test.each<[string, string]>([
  ['an empty frame', 'a0'],
  ['no command', '00 18 e8 a0'],
  ['a wrong checksum', '00 18 01 e8 a0'],
  ['an escape that is cut off', '00 18 01 e7 aa a0'],
  ['an operation without a code', 'a1'],
  ['an operation of three bytes', '08 01 02 a1'],
])('malformed: %s; the next frame is read', (_title, text) => {
  expect(read(hex(text), hex('00 18 01 e7 a0'))).toEqual([
    'malformed',
    expect.objectContaining({ netFn: 6 }),
  ]);
});

test('a message that is too long is told by its header, and kept in no memory', () => {
  const long = new Uint8Array(100_000).fill(7);
  const head = [0x42, 0x18, 0x01];
  const sum = [...head, ...long].reduce((a, b) => a + b, 0);
  expect(read(Uint8Array.from(head), long, Uint8Array.of(-sum & 0xff, 0xa0))).toEqual([{ tooLong: 0x42 }]);
  expect(() =>
    buildVmMessage({ seq: 0, netFn: 6, lun: 0, cmd: 1, data: new Uint8Array(VM_DATA_MAX + 1) }),
  ).toThrow(RangeError);
});
