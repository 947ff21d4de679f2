import { describe, expect, test } from 'vitest';
import { HOST, LAN, rig } from '../../../test/support/bmc.ts';
import { u8 } from '../../codec/index.ts';
import { command, Privilege } from '../../commands/command.ts';
import { Context, handle } from '../../router/index.ts';

const bit = (mask: readonly number[], command: number): number =>
  (mask[(command & 0x7f) >> 3] >> (command & 7)) & 1;

describe('Get NetFn Support and Get Command Support', () => {
  test('tell what the claims tell, by channel', async () => {
    const { send } = rig();
    const [cc, luns, ...netFns] = await send(0x06, 0x09, 0x0e);
    expect([cc, luns, netFns.length]).toEqual([0, 0b01010101, 16]);
    // Chassis, sensor, app, storage, transport, group extension; not OEM 30h.
    expect([0, 2, 3, 5, 6, 22, 24].map((pair) => (netFns[pair >> 3] >> (pair & 7)) & 1)).toEqual([
      1, 1, 1, 1, 1, 1, 0,
    ]);
    const [, ...unavailable] = await send(0x06, 0x0a, 1, 0x06, 0);
    expect([bit(unavailable, 0x01), bit(unavailable, 0x00), bit(unavailable, 0x2e)]).toEqual([0, 1, 1]);
    const [, ...inBand] = await send(0x06, 0x0a, 0x0f, 0x06, 0);
    expect(bit(inBand, 0x2e)).toBe(0);
    const [, ...dcmi] = await send(0x06, 0x0a, 1, 0x2c, 0, 0xdc);
    expect([bit(dcmi, 0x02), bit(dcmi, 0x7f)]).toEqual([0, 1]);
  });

  test("a handler set's commands appear with it and go with it", async () => {
    const { bmc, send } = rig();
    const Fan = command({
      name: 'Fan',
      spec: 'x',
      netFn: 0x2e,
      body: 0xabcdef,
      cmd: 0x85,
      privilege: Privilege.User,
      request: { duty: u8 },
      response: {},
    });
    const registration = bmc.router.register({ owner: 'acme', handlers: [handle(Fan, () => ({}))] });
    const [, ...upper] = await send(0x06, 0x0a, 1, 0x40 | 0x2e, 0, 0xef, 0xcd, 0xab);
    expect(bit(upper, 0x85)).toBe(0);
    expect(await send(0x06, 0x64, 1, 0x2e, 0)).toEqual([0, 1, 0b01010101, 0xef, 0xcd, 0xab]);
    expect(await send(0x06, 0x64, 1, 0x2c, 0)).toEqual([0, 1, 0b01010101, 0xdc]);
    await registration.unregister();
    expect(await send(0x06, 0x64, 1, 0x2e, 0)).toEqual([0xc9]);
  });
});

describe('Set Command Enables', () => {
  const enables = async (send: ReturnType<typeof rig>['send'], channel: number): Promise<number[]> =>
    (await send(0x06, 0x61, channel, 0x00, 0)).slice(1);

  test('disables a command on one channel alone, with D4h, and enables it again', async () => {
    const { send, host } = rig();
    const before = await enables(send, 1);
    expect(bit(before, 0x02)).toBe(1);
    const without = before.with(0, before[0] & ~(1 << 2));
    expect(await send(0x06, 0x60, 1, 0x00, 0, ...without)).toEqual([0]);
    expect(await send(0x00, 0x02, 5)).toEqual([0xd4]);
    expect([...(await host.raw(0x00, 0x02, Uint8Array.of(5)))]).toEqual([0]);
    expect(await enables(send, 1)).toEqual(without);
    // Still there, only disabled; the LUN now has restrictions.
    expect(bit((await send(0x06, 0x0a, 1, 0x00, 0)).slice(1), 0x02)).toBe(0);
    expect((await send(0x06, 0x09, 1))[1]).toBe(0b10101010);
    expect(await send(0x06, 0x60, 1, 0x00, 0, ...before)).toEqual([0]);
    expect(await send(0x00, 0x02, 5)).toEqual([0]);
  });

  test('what cannot be configured cannot be changed', async () => {
    const { send } = rig();
    const before = (await send(0x06, 0x61, 1, 0x06, 0)).slice(1);
    // Get Command Enables itself: who disabled it could not see what is disabled.
    expect(await send(0x06, 0x60, 1, 0x06, 0, ...before.with(12, before[12] & ~2))).toEqual([0x80]);
    // Enabling a command that nobody serves.
    expect(await send(0x06, 0x60, 1, 0x06, 0, ...before.with(15, 0x80))).toEqual([0x80]);
    expect(await send(0x06, 0x60, 1, 0x06, 0, ...before)).toEqual([0]);
    expect(await send(0x06, 0x60, 1, 0xc6, 0, ...before)).toEqual([0xcc]);
    expect(await send(0x06, 0x60, 7, 0x06, 0, ...before)).toEqual([0xcc]);
  });

  test('sub-functions: Chassis Control without its power-down is D6h for that alone', async () => {
    const { send } = rig();
    expect(await send(0x06, 0x0b, 1, 0x00, 0, 0x02)).toEqual([0, 0x07, 0x20, 0x11, 0xc0, 0xff, 0xff, 0xff]);
    expect(await send(0x06, 0x0d, 1, 0x00, 0, 0x02)).toEqual([0, 0x3f, 0, 0, 0]);
    expect(await send(0x06, 0x62, 1, 0x00, 0, 0x02, 0x3e, 0, 0, 0)).toEqual([0]);
    expect(await send(0x06, 0x63, 1, 0x00, 0, 0x02)).toEqual([0, 0x3e, 0, 0, 0]);
    expect([await send(0x00, 0x02, 0), await send(0x00, 0x02, 3)]).toEqual([[0xd6], [0]]);
    expect(await send(0x06, 0x62, 1, 0x00, 0, 0x02, 0x40, 0, 0, 0)).toEqual([0x80]);
    expect(await send(0x06, 0x0b, 1, 0x00, 0, 0x7e)).toEqual([0xcb]);
  });
});

describe('the configured policy', () => {
  const ask = async (
    r: ReturnType<typeof rig>,
    channel: typeof LAN,
    netFn: number,
    cmd: number,
    ...data: number[]
  ): Promise<number> =>
    (
      await r.bmc.router.dispatch(
        { netFn, cmd, lun: 0, data: Uint8Array.from(data) },
        new Context(r.bmc, channel, Privilege.Administrator),
      )
    )[0];

  test('deny by name, by group and by number', async () => {
    const r = rig({ firewall: [{ channel: 'lan', deny: ['Set User Password', 'chassis', '2Ch/DCh 02h'] }] });
    expect(await ask(r, LAN, 0x06, 0x47, 2, 0)).toBe(0xd4);
    expect(await ask(r, LAN, 0x00, 0x01)).toBe(0xd4);
    expect(await ask(r, LAN, 0x2c, 0x02, 0xdc, 1, 0, 0)).toBe(0xd4);
    expect(await ask(r, LAN, 0x2c, 0x06, 0xdc, 0, 16)).toBe(0);
    expect(await ask(r, HOST, 0x00, 0x01)).toBe(0);
    // Denied means not there: it is no command that could be enabled.
    expect(bit((await r.send(0x06, 0x0a, 1, 0x00, 0)).slice(1), 0x01)).toBe(1);
    // What nobody serves stays unknown.
    expect(await ask(r, LAN, 0x00, 0x7e)).toBe(0xc1);
  });

  test('a read-only host reads, keeps its watchdog, and changes nothing', async () => {
    const r = rig({ firewall: [{ channel: 'host', restrict: 'read-only' }] });
    expect(await ask(r, HOST, 0x06, 0x01)).toBe(0);
    expect(await ask(r, HOST, 0x06, 0x24, 3, 0, 0, 0, 100, 0)).toBe(0);
    expect(await ask(r, HOST, 0x06, 0x47, 2, 0)).toBe(0xd4);
    expect(await ask(r, HOST, 0x00, 0x02, 0)).toBe(0xd4);
    expect(await ask(r, LAN, 0x00, 0x02, 5)).toBe(0);
  });

  test('an allow list leaves the door open and nothing behind it', async () => {
    const r = rig({ firewall: [{ channel: 1, allow: ['Get Chassis Status'], deny: ['Close Session'] }] });
    expect(await ask(r, LAN, 0x06, 0x38, 1, 4)).toBe(0);
    expect(await ask(r, LAN, 0x00, 0x01)).toBe(0);
    expect(await ask(r, LAN, 0x06, 0x01)).toBe(0xd4);
    expect(await ask(r, LAN, 0x06, 0x3c, 0, 0, 0, 0)).toBe(0xd4);
  });

  test('a closed host learns who is there', async () => {
    const r = rig({ firewall: [{ channel: 'host', restrict: 'closed' }] });
    expect([await ask(r, HOST, 0x06, 0x01), await ask(r, HOST, 0x0a, 0x40)]).toEqual([0, 0xd4]);
  });
});
