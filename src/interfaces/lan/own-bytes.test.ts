// Whose memory a datagram lies in: a socket uses that of one for the next, and the packet that is sent last
// is written over the one before.
import { expect, test } from 'vitest';
import { Bmc } from '../../bmc.ts';
import type { BmcState } from '../../bmc-state.ts';
import { handleRaw } from '../../router/index.ts';
import { HandConsole, logIn15, logIn20, request } from '../../../test/support/hand-console.ts';
import { simWorld, type UdpNetwork, type World } from '../../world/index.ts';

/** A BMC whose socket has one buffer for everything that comes. */
async function lan() {
  const world = simWorld(5);
  const udp: UdpNetwork = {
    bind: async (at) => {
      const socket = await world.udp.bind(at);
      const buffer = new Uint8Array(2048);
      return {
        address: socket.address,
        set onDatagram(take: typeof socket.onDatagram) {
          socket.onDatagram = (datagram, from) => {
            buffer.set(datagram);
            take?.(buffer.subarray(0, datagram.length), from);
            buffer.fill(0xee);
          };
        },
        send: (datagram, to) => socket.send(datagram, to),
        close: () => socket.close(),
      };
    },
  };
  const listen = '10.0.0.1:623';
  const bmc = new Bmc(
    {
      interfaces: [{ type: 'lan', listen, cipherSuites: [1, 3, 17], authTypes: ['md5'] }],
      users: [{ id: 2, name: 'admin', password: 'AdminPass123', privilege: 'administrator' }],
    },
    { world: Object.create(world, { udp: { value: udp } }) as World },
  );
  await bmc.open();
  const slow = handleRaw<BmcState>({ netFn: 0x30, cmd: 1 }, async ({ data }) => {
    await new Promise<void>((resolve) => world.clock.after(0.5, resolve));
    return Uint8Array.of(0, ...data);
  });
  bmc.router.register({ owner: 'slow', handlers: [slow] });
  return { world, bmc, console: await HandConsole.at(world) };
}

const DATA = Uint8Array.of(1, 2, 3, 4, 5);
const RAISE = [0x06, 0x3b, Uint8Array.of(4)] as const;

test.each([1, 3, 17])(
  'I18: suite %i: a handler that takes its time has its data after the datagram is gone',
  async (suite) => {
    const { console } = await lan();
    const session = await logIn20(console, { suite });
    await session.ask(1, ...RAISE);
    expect(await session.ask(2, 0x30, 1, DATA)).toEqual([0, ...DATA]);
  },
);

test('I18: IPMI 1.5: a handler that takes its time has its data after the datagram is gone', async () => {
  const { console } = await lan();
  const session = await logIn15(console);
  await session.ask(session.first, ...RAISE);
  expect(await session.ask(session.first + 1, 0x30, 1, DATA)).toEqual([0, ...DATA]);
});

test('I18: who looks at frames and makes the BMC send another packet meanwhile changes none', async () => {
  const { bmc, console } = await lan();
  const session = await logIn20(console, { suite: 3 });
  await session.ask(1, ...RAISE);
  const one = bmc.sessions.active[0];
  const outlet = bmc.bridge.outlet(1);
  let sent = 0;
  bmc.taps.add({
    frame: ({ direction }) => {
      if (direction === 'out' && sent++ === 0 && outlet?.kind === 'sessions')
        outlet.send(one, request(0x30, 7, new Uint8Array(20), 9));
    },
  });
  const packet = session.seal(2, request(0x06, 0x01, new Uint8Array(0), 5));
  const answers = await session.exchange(packet);
  expect(answers.map(({ netFn, cmd }) => [netFn, cmd])).toEqual(
    expect.arrayContaining([
      [0x07, 0x01],
      [0x30, 0x07],
    ]),
  );
});

test.each([3, 17, 'md5'] as const)(
  'CAP15: %s: who looks at payloads where they lie, and makes the BMC send another packet meanwhile, changes none',
  async (suite) => {
    const { bmc, console } = await lan();
    const session = suite === 'md5' ? await logIn15(console) : await logIn20(console, { suite });
    const first = 'first' in session ? session.first : 1;
    await session.ask(first, ...RAISE);
    const [one] = bmc.sessions.active;
    const outlet = bmc.bridge.outlet(1);
    const seen: string[] = [];
    let sent = 0;
    bmc.taps.add({
      payload: ({ direction, bytes }) => {
        const [, netFnLun, , , , cmd] = bytes;
        if (direction === 'out' && sent++ === 0 && outlet?.kind === 'sessions')
          outlet.send(one, request(0x30, 7, new Uint8Array(20), 9));
        seen.push(`${direction} ${netFnLun >> 2} ${cmd} ${bytes.length}`);
      },
    });
    const packet = session.seal(first + 1, request(0x06, 0x01, new Uint8Array(0), 5));
    const answers = await session.exchange(packet);
    expect(answers.map(({ netFn, cmd }) => [netFn, cmd])).toEqual(
      expect.arrayContaining([
        [0x07, 0x01],
        [0x30, 0x07],
      ]),
    );
    // The window of the answer is the same after the other packet was made.
    expect(seen).toEqual(['in 6 1 7', 'out 48 7 27', 'out 7 1 19']);
    expect((await session.ask(first + 2, 0x06, 0x01))?.length).toBe(12);
  },
);

test.each([1, 3, 17])(
  'I18: suite %i: answers are as long as they are, whatever was sent before',
  async (suite) => {
    const { console } = await lan();
    const session = await logIn20(console, { suite });
    await session.ask(1, ...RAISE);
    let sequence = 1;
    for (const length of [0, 40, 40, 3, 120, 0, 40]) {
      const data = new Uint8Array(length).fill(length);
      expect(await session.ask(++sequence, 0x30, 1, data)).toEqual([0, ...data]);
    }
  },
);

test('I18: a datagram that a fault makes come twice is the same both times, though it is opened where it lies', async () => {
  const { bmc, console } = await lan();
  const session = await logIn20(console, { suite: 3 });
  await session.ask(1, ...RAISE);
  const reasons: string[] = [];
  bmc.drops.onDropped((reason) => void reasons.push(reason));
  bmc.faults.add({ when: { direction: 'in' }, then: { duplicate: 1 } });
  expect((await session.ask(2, 0x06, 0x01))?.[0]).toBe(0);
  expect(reasons).toEqual(['replayed or out of the window']);
});
