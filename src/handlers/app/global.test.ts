import { expect, test } from 'vitest';
import { LAN, rig } from '../../../test/support/bmc.ts';
import { Context, type Interface } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';

const TEMPERATURE_EVENT = [0x20, 0x04, 0x01, 0x30, 0x01, 0x59, 0x5a, 0x5f];

function hostOf(r: ReturnType<typeof rig>): (cmd: number, ...data: number[]) => Promise<number[]> {
  return async (cmd, ...data) => [...(await r.host.raw(0x06, cmd, Uint8Array.from(data)))];
}

test('R33: attention is set while something waits, interrupts as the enables say, and is restated to an interface that comes later', async () => {
  const r = rig();
  const host = hostOf(r);
  const seen: unknown[] = [];
  const system: Interface<BmcState> = {
    channel: { number: 15, medium: 'system-interface', maxAnswer: 255 },
    open: async () => undefined,
    close: async () => undefined,
    attention: (attention) => void seen.push(attention),
  };
  await r.bmc.attach(system);
  expect(await host(0x2e, 0x0e)).toEqual([0]);
  await r.host.raw(0x04, 0x02, Uint8Array.from(TEMPERATURE_EVENT));
  expect(await host(0x31)).toEqual([0, 0x02]);
  // A second event is not kept, and reads nothing new.
  await r.host.raw(0x04, 0x02, Uint8Array.from(TEMPERATURE_EVENT.with(5, 0x52)));
  await r.bmc.attach({ ...system, attention: (attention) => void seen.push(['later', attention]) });
  const [cc, ...record] = await host(0x35);
  expect([cc, record[2], record.slice(7)]).toEqual([
    0,
    0x02,
    [0x20, 0, 0x04, 0x01, 0x30, 0x01, 0x59, 0x5a, 0x5f].slice(0, 9),
  ]);
  expect(await host(0x35)).toEqual([0x80]);
  expect(await host(0x31)).toEqual([0, 0]);
  expect(seen).toEqual([
    { set: false, interrupt: false },
    { set: true, interrupt: true },
    ['later', { set: true, interrupt: true }],
    { set: false, interrupt: false },
    ['later', { set: false, interrupt: false }],
  ]);
});

test('without its enable an event message does not interrupt, and without the buffer it does not wait', async () => {
  const r = rig();
  const host = hostOf(r);
  await host(0x2e, 0x0c);
  await r.host.raw(0x04, 0x02, Uint8Array.from(TEMPERATURE_EVENT));
  expect(r.bmc.messages.attention).toEqual({ set: true, interrupt: false });
  await host(0x30, 0x02);
  expect(r.bmc.messages.attention).toEqual({ set: false, interrupt: false });
  await host(0x2e, 0x08);
  await r.host.raw(0x04, 0x02, Uint8Array.from(TEMPERATURE_EVENT));
  expect(await host(0x31)).toEqual([0, 0]);
});

test('the receive message queue: order, bound, channels that are not wanted, flush', async () => {
  const r = rig();
  const host = hostOf(r);
  const put = (value: number, channel = 0): boolean =>
    r.bmc.messages.receive({ channel, privilege: 3, data: Uint8Array.of(value) });
  expect(await host(0x33)).toEqual([0x80]);
  expect([put(1), put(2)]).toEqual([true, true]);
  expect(await host(0x31)).toEqual([0, 0x01]);
  expect([await host(0x33), await host(0x33), await host(0x33)]).toEqual([
    [0, 0x30, 1],
    [0, 0x30, 2],
    [0x80],
  ]);
  // Reception of channel 0 off, asked, and on again.
  expect(await host(0x32, 0, 0)).toEqual([0, 0, 0]);
  expect(put(3)).toBe(false);
  expect(put(3, 1)).toBe(true);
  expect([
    await host(0x32, 0, 2),
    await host(0x32, 0, 1),
    await host(0x32, 0, 3),
    await host(0x32, 9, 1),
  ]).toEqual([[0, 0, 0], [0, 0, 1], [0xcc], [0xcc]]);
  let room = 1;
  while (put(room)) room++;
  expect(room).toBe(32);
  expect(await host(0x30, 0x01)).toEqual([0]);
  expect(r.bmc.messages.waiting).toBe(0);
});

test('what belongs to the host is refused elsewhere', async () => {
  const { bmc } = rig();
  for (const cmd of [0x2e, 0x30, 0x31, 0x32, 0x33, 0x35]) {
    expect([
      ...(await bmc.router.dispatch(
        { netFn: 6, cmd, lun: 0, data: Uint8Array.of(0, 0) },
        new Context(bmc, LAN, 4),
      )),
    ]).toEqual([0xd4]);
  }
});
