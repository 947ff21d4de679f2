// Bridging on busses that lose, repeat, spoil and reorder frames: every message ends in its own answer or in
// a code that says why not.
import { expect, test } from 'vitest';
import { Bmc } from '../../bmc.ts';
import { SendMessage } from '../../commands/app/bridging.ts';
import { NetFn, Privilege } from '../../commands/command.ts';
import { Context } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import { buildMessage, parseMessage } from '../../wire/index.ts';
import { simWorld } from '../../world/index.ts';

const LAN = { number: 1, medium: 'lan', maxAnswer: 248 } as const;
const FAULTS = {
  loss: 0.1,
  duplicate: 0.2,
  corrupt: 0.05,
  delay: [0, 40],
  nack: 0.05,
  arbitration: 0.05,
  busError: 0.02,
} as const;
const OEM = 0x30;
/** What a client may be told instead of its answer: not written, nobody answers, too much at once. */
const REFUSALS = [0x81, 0x82, 0x83, 0xc0, 0xc3];

const wrapped = (
  channel: number,
  to: number,
  netFn: number,
  cmd: number,
  seq: number,
  data: Uint8Array,
): Uint8Array => {
  const message = buildMessage({ to, toLun: 0, netFn, from: 0x81, fromLun: 0, seq, cmd, data });
  return SendMessage.request.encode({
    channel,
    tracking: 1,
    encrypted: false,
    authenticated: false,
    message,
  });
};

test.each(Array.from({ length: 20 }, (_, i) => i + 101))(
  'seed %i: one and two controllers away',
  async (seed) => {
    const world = simWorld(seed);
    const bmc = new Bmc(
      {
        interfaces: [{ type: 'lan' }, { type: 'ipmb', faults: FAULTS }],
        sel: { bootEvents: false },
        chassis: { events: false },
        satellites: [{ address: 0x82, satellites: [{ address: 0x72, channel: 7 }] }],
      },
      { world },
    );
    await world.until(bmc.open());
    let executed = 0;
    for (const one of [bmc.satellites[0], bmc.satellites[0].satellites[0]]) {
      one.router.setDefaultHandler('echo', ({ data }) => {
        executed++;
        return Uint8Array.of(0, one.identity.address, ...data);
      });
    }
    const ask = async (i: number): Promise<number> => {
      const far = i % 2 === 1;
      const seq = i % 64;
      const mark = Uint8Array.of(i & 0xff, i >> 8);
      const inner = wrapped(7, 0x72, OEM, 1, seq, mark);
      const data = far
        ? wrapped(0, 0x82, SendMessage.netFn, SendMessage.cmd, seq, inner)
        : wrapped(0, 0x82, OEM, 1, seq, mark);
      const context = new Context<BmcState>(bmc, LAN, Privilege.Administrator);
      const answer = await bmc.router.dispatch(
        { netFn: NetFn.App, lun: 0, cmd: SendMessage.cmd, data },
        context,
      );
      if (answer[0] !== 0) return answer[0];
      let response = parseMessage((await context.followUp)!)!;
      expect(response.seq).toBe(seq);
      if (far && response.data[0] === 0) response = parseMessage(response.data, 1)!;
      expect(response.seq).toBe(seq);
      if (response.data[0] === 0)
        expect([...response.data], `seed ${seed}, request ${i}`).toEqual([0, far ? 0x72 : 0x82, ...mark]);
      return response.data[0];
    };
    const codes: number[] = [];
    const client = async (first: number): Promise<void> => {
      for (let i = first; i < 120; i += 4) codes.push(await ask(i));
    };
    await world.until(Promise.all([0, 1, 2, 3].map(client)));
    expect(codes).toHaveLength(120);
    expect(
      codes.filter((cc) => cc !== 0 && !REFUSALS.includes(cc)),
      `seed ${seed}`,
    ).toEqual([]);
    const good = codes.filter((cc) => cc === 0).length;
    expect(good, `seed ${seed}`).toBeGreaterThan(80);
    // Repetitions are answered from memory: nothing is carried out twice.
    expect(executed).toBeLessThanOrEqual(120);
    await world.run(10_000);
    expect(bmc.bridge.outlet(0)!.requester.waiting).toBe(0);
    expect(bmc.satellites[0].bridge.outlet(7)!.requester.waiting).toBe(0);
    await world.until(bmc.close());
  },
);

test.each(Array.from({ length: 15 }, (_, i) => i + 201))(
  'seed %i: the same question again and again never has an old answer',
  async (seed) => {
    const world = simWorld(seed);
    const bmc = new Bmc(
      {
        interfaces: [{ type: 'ipmb', faults: { ...FAULTS, loss: 0.3 } }],
        satellites: [{ address: 0x82 }],
        chassis: { events: false },
      },
      { world },
    );
    await world.until(bmc.open());
    let count = 0;
    bmc.satellites[0].router.setDefaultHandler('counter', () => Uint8Array.of(0, ++count & 0xff));
    const { requester } = bmc.bridge.outlet(0)!;
    const poll = async (): Promise<void> => {
      for (let i = 0; i < 60; i++) {
        const before = count;
        const answer = await requester
          .request({ to: 0x82, toLun: 0, netFn: OEM, cmd: 1, data: Uint8Array.of(1) })
          .catch(() => undefined);
        // Carried out after it was asked.
        if (answer?.[0] === 0) expect(answer[1], `seed ${seed}`).toBeGreaterThan(before & 0xff);
      }
    };
    await world.until(Promise.all([poll(), poll(), poll(), poll()]));
    expect(count).toBeGreaterThan(100);
    await world.until(bmc.close());
  },
);

test('two controllers with one address are a mistake in the settings', () => {
  const at = (...addresses: number[]) => ({ satellites: addresses.map((address) => ({ address })) });
  expect(() => new Bmc(at(0x82, 0x82), { world: simWorld(1) })).toThrow(
    /channel 0: two controllers have slave address 82h/,
  );
  expect(() => new Bmc(at(0x20), { world: simWorld(1) })).toThrow(/20h/);
  expect(
    () => new Bmc({ ...at(0x20), interfaces: [{ type: 'ipmb', address: 0x24 }] }, { world: simWorld(1) }),
  ).not.toThrow();
});
