import { expect, test } from 'vitest';
import { rig } from '../../../test/support/bmc.ts';
import { hex, toHex } from '../../../test/support/vectors.ts';

/** A mask with the bits of these commands. */
const mask = (...commands: number[]): number[] =>
  Array.from({ length: 16 }, (_, i) =>
    commands.filter((one) => one >> 3 === i).reduce((byte, one) => byte | (1 << (one & 7)), 0),
  );

test('a command of the LAN channel goes to system software, and its answer comes back', async () => {
  const { send, host, world } = rig();
  const ask = async (cmd: number, text: string): Promise<string> =>
    toHex(await host.raw(0x0c, cmd, hex(text)));
  // Chassis NetFn, LUN 0: Get Chassis Status.
  expect(await send(0x0c, 0x31, 1, 0x00, 0, ...mask(1))).toEqual([0]);
  expect(await send(0x0c, 0x32, 1, 0x00, 0)).toEqual([0, ...mask(1)]);
  expect((await send(0, 1))[0]).toBe(0);
  expect(await send(0x0c, 0x33, 1, 2)).toEqual([0, 0]);
  expect(await send(0x0c, 0x33, 1, 1)).toEqual([0, 1]);
  const forwarded = send(0, 1);
  // Get Message: channel and privilege; 0Ch to LUN 2, checksum, BMC, sequence number, 30h; privilege and
  // channel, no session, NetFn, command.
  const message = await host.raw(6, 0x33);
  expect(toHex(message.subarray(1, -1))).toBe('41 32 ae 20 04 30 41 00 00 01');
  expect(await ask(0x30, '05 00')).toBe('80');
  expect(await ask(0x30, '01 00 21 00 00 00')).toBe('00');
  expect(await forwarded).toEqual([0, 0x21, 0, 0, 0]);
  // The host's own requests, and other commands, are the BMC's as before.
  expect((await host.raw(0, 1))[0]).toBe(0);
  expect((await send(0, 0))[0]).toBe(0);
  expect(await send(0x0c, 0x33, 1, 0)).toEqual([0, 0]);
  expect((await send(0, 1))[0]).toBe(0);
  await world.run(10);
});

test('refused: the host itself, a channel it does not listen to, a body that does not fit', async () => {
  const { send, host } = rig();
  expect(await send(0x0c, 0x33, 15, 1)).toEqual([0xcc]);
  expect(await send(0x0c, 0x33, 1, 3)).toEqual([0xcc]);
  expect(await send(0x0c, 0x31, 1, 0x2c, 0, ...mask(1))).toEqual([0xc7]);
  expect(await send(0x0c, 0x30, 1, 0)).toEqual([0xd4]);
  await host.raw(6, 0x32, hex('01 00'));
  expect(await send(0x0c, 0x33, 1, 1)).toEqual([0x80]);
});

test('a reset ends forwarding; what is to be forwarded is kept', async () => {
  const { send, bmc, world } = rig();
  await send(0x0c, 0x31, 1, 0x00, 0, ...mask(1));
  await send(0x0c, 0x33, 1, 1);
  bmc.reset('cold');
  await world.run(5000);
  expect(await send(0x0c, 0x33, 1, 2)).toEqual([0, 0]);
  expect(await send(0x0c, 0x32, 1, 0x00, 0)).toEqual([0, ...mask(1)]);
});
