// What a trace shows: everything, but no secret, whatever way the secret takes and however broken its request
// is.
import { describe, expect, test } from 'vitest';
import { rig, HOST, LAN } from '../../test/support/bmc.ts';
import { toHex } from '../../test/support/vectors.ts';
import { fromLatin1 } from '../codec/index.ts';
import { NetFn, Privilege } from '../commands/command.ts';
import { BlobTransfer } from '../commands/oem/blob.ts';
import { buildMessage } from '../wire/message.ts';
import { Context, handle, handleRaw, type Message } from '../router/index.ts';
import { trace } from './index.ts';

const SECRET = 'Tr0ub4dor&3-horse';
const secret = (size: number): number[] => [...fromLatin1(SECRET.slice(0, size), size)];

/** Every line that a BMC traces of some requests. */
function tracer(options: Parameters<typeof rig>[0] = {}) {
  const { bmc } = rig({ users: [{ id: 2, name: 'admin', password: 'AdminPass123' }], ...options });
  const lines: string[] = [];
  const clock = { monotonic: () => 0, after: () => ({ cancel: () => undefined }) };
  bmc.taps.add(trace(bmc.router, clock, (line) => void lines.push(line)));
  const dispatch = bmc.router.enter;
  const ask = async (
    netFn: number,
    cmd: number,
    data: readonly number[],
    channel = LAN,
  ): Promise<number[]> => {
    const message: Message = { netFn, cmd, lun: 0, data: Uint8Array.from(data) };
    return [...(await dispatch(message, new Context(bmc, channel, Privilege.Administrator)))];
  };
  return { bmc, lines, ask };
}

/** No run of six of the secret's bytes in any line: as text, as hex, with or without blanks. */
function expectHidden(lines: readonly string[], bytes: Uint8Array = fromLatin1(SECRET)): void {
  expect(lines.length).toBeGreaterThan(0);
  const text = lines.join('\n');
  for (let at = 0; at + 6 <= bytes.length; at++) {
    const run = bytes.slice(at, at + 6);
    const spaced = toHex(run);
    for (const form of [
      String.fromCharCode(...run),
      spaced,
      spaced.replaceAll(' ', ''),
      [...run].join(','),
      [...run].join(' '),
    ])
      expect(text.toLowerCase()).not.toContain(form.toLowerCase());
    expect(text).not.toContain(Buffer.from(run).toString('base64').slice(0, 8));
  }
}

const SET_PASSWORD = [2, 2, ...secret(16)];
const requests: Record<string, [number, number, number[]]> = {
  'Set User Password': [NetFn.App, 0x47, SET_PASSWORD],
  'Set User Password of 20 bytes': [NetFn.App, 0x47, [0x82, 2, ...secret(17), 0, 0, 0]],
  'Set User Password, test': [NetFn.App, 0x47, [2, 3, ...secret(16)]],
  'Set User Password, a byte too long': [NetFn.App, 0x47, [2, 2, ...secret(17), 0, 0, 0, 0]],
  'Set User Password, cut': [NetFn.App, 0x47, [2, 2, ...secret(9)]],
  'Set Channel Security Keys': [NetFn.App, 0x56, [1, 1, 1, ...secret(17), 0, 0, 0]],
  'Set Channel Security Keys, cut': [NetFn.App, 0x56, [1, 1, 1, ...secret(12)]],
  'Set LAN Configuration Parameters, community string': [NetFn.Transport, 0x01, [1, 16, ...secret(17), 0]],
  'Set LAN Configuration Parameters, community string, cut': [NetFn.Transport, 0x01, [1, 16, ...secret(9)]],
  'Activate Session': [NetFn.App, 0x3a, [2, 4, ...secret(16), 1, 0, 0, 0]],
  'Activate Session, cut': [NetFn.App, 0x3a, [2, 4, ...secret(16)]],
};
const bridged = ([netFn, cmd, data]: [number, number, number[]], to = 0x20): number[] => [
  ...buildMessage({ to, toLun: 0, netFn, from: 0x81, fromLun: 0, seq: 1, cmd, data: Uint8Array.from(data) }),
];

describe.each(Object.keys(requests))('%s', (name) => {
  const [netFn, cmd, data] = requests[name];

  test('asked for directly', async () => {
    const { lines, ask } = tracer();
    await ask(netFn, cmd, data);
    await ask(netFn, cmd, data, HOST);
    expectHidden(lines);
  });

  test('served by a handler that takes bytes, or by nobody', async () => {
    const { bmc, lines, ask } = tracer();
    const claim = { netFn, cmd };
    bmc.router.register({
      owner: 'oem',
      handlers: [handleRaw(claim, () => Uint8Array.of(0), { override: 'standard' })],
    });
    await ask(netFn, cmd, data);
    expectHidden(lines);
  });

  test('carried by Send Message, once and twice', async () => {
    const { lines, ask } = tracer({
      interfaces: [{ type: 'lan' }, { type: 'ipmb' }],
      satellites: [{ name: 'blade', address: 0x82 }],
    });
    const inner = bridged([netFn, cmd, data], 0x82);
    for (const tracking of [0, 0x40, 0x80]) await ask(NetFn.App, 0x34, [tracking, ...inner]);
    await ask(NetFn.App, 0x34, [0x40, ...bridged([NetFn.App, 0x34, [0x40, ...inner]], 0x82)]);
    expectHidden(lines);
  });
});

test('Get AuthCode: the code that answers is a secret', async () => {
  const { lines, ask } = tracer();
  for (const authType of [0x02, 0x01, 0x40]) {
    const answer = await ask(NetFn.App, 0x3f, [authType, 1, 2, ...secret(16)]);
    expect(answer[0]).toBe(0);
    expectHidden(lines, Uint8Array.from(answer.slice(1)));
  }
});

test('L: Get LAN Configuration Parameters: the community string is a secret, other parameters are not', async () => {
  const { lines, ask } = tracer();
  await ask(NetFn.Transport, 0x01, [1, 16, ...secret(17), 0]);
  expect((await ask(NetFn.Transport, 0x02, [1, 16, 0, 0])).slice(2, 10)).toEqual(secret(8));
  expectHidden(lines);
  await ask(NetFn.Transport, 0x02, [1, 0, 0, 0]);
  expect(lines.at(-1)).toContain('state=0');
});

test('Get Session Challenge: the challenge is a secret until its session is there', async () => {
  const { lines, ask } = tracer();
  const answer = await ask(NetFn.App, 0x39, [2, ...fromLatin1('admin', 16)]);
  expect(answer[0]).toBe(0);
  expectHidden(lines, Uint8Array.from(answer.slice(5)));
});

test('Set Channel Security Keys, read: the key that answers is a secret', async () => {
  const { lines, ask } = tracer();
  await ask(NetFn.App, 0x56, [1, 1, 1, ...secret(17), 0, 0, 0]);
  expect((await ask(NetFn.App, 0x56, [1, 0, 1])).slice(2)).toEqual([...secret(17), 0, 0, 0]);
  expectHidden(lines);
});

test('a handler that takes bytes answers in secret as well, where the command does', async () => {
  for (const cmd of [0x39, 0x3f, 0x56]) {
    const { bmc, lines, ask } = tracer();
    bmc.router.register({
      owner: 'oem',
      handlers: [
        handleRaw({ netFn: NetFn.App, cmd }, () => Uint8Array.of(0, ...secret(16)), { override: 'standard' }),
      ],
    });
    expect(await ask(NetFn.App, cmd, [1])).toHaveLength(17);
    expectHidden(lines);
  }
});

test('what goes in and out of blobs is secret: images, and the tokens of their data paths', async () => {
  const { bmc, lines } = tracer();
  const iana = [0xcf, 0xc2, 0x00];
  const dispatch = bmc.router.enter;
  bmc.router.register({
    owner: 'blobs',
    handlers: [handle(BlobTransfer, ({ framed }) => ({ framed }))],
  });
  const data = Uint8Array.of(...iana, 4, ...secret(16));
  const answer = await dispatch(
    { netFn: NetFn.OemGroup, cmd: BlobTransfer.cmd, lun: 0, data },
    new Context(bmc, LAN, Privilege.Administrator),
  );
  expect([...answer]).toEqual([0, ...iana, ...secret(16)]);
  expectHidden(lines);
});
