// Packets that are copied from those that said the same before, against what really passed.
import { expect, test } from 'vitest';
import { logInNet } from '../../test/support/log-in-net.ts';
import { endpointOf, overIp } from './carriers.ts';
import { Capture, PacketRing } from './index.ts';
import { PacketBlock } from './pcapng.ts';

const NEAR = { host: '10.0.0.1', port: 623 };
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** What passes a BMC: each encrypted datagram, and the same in the clear. */
class Passing {
  readonly wire: string[] = [];
  readonly clear: string[] = [];
  #came: { readonly peer: string; readonly bytes: Uint8Array } | undefined;
  #sealed: Uint8Array | undefined;

  frame({ direction, peer, bytes }: { direction: 'in' | 'out'; peer: string; bytes: Uint8Array }): void {
    const came = { peer, bytes: bytes.slice() };
    if (direction === 'in') this.#came = came;
    else if (this.#sealed !== undefined) this.#add('out', came, this.#sealed);
  }

  payload({ direction, bytes }: { direction: 'in' | 'out'; bytes: Uint8Array }): void {
    if (direction === 'out') this.#sealed = bytes.slice();
    else if (this.#came !== undefined) this.#add('in', this.#came, bytes);
  }

  #add(
    direction: 'in' | 'out',
    { peer, bytes }: { readonly peer: string; readonly bytes: Uint8Array },
    payload: Uint8Array,
  ): void {
    const far = endpointOf(peer);
    const [from, to] = direction === 'in' ? [far, NEAR] : [NEAR, far];
    const clear = Buffer.concat([bytes.subarray(0, 16), payload]);
    clear[5] &= 0x3f;
    clear.writeUInt16LE(payload.length, 14);
    this.wire.push(hex(overIp(bytes, from, to)));
    this.clear.push(hex(overIp(clear, from, to)));
  }
}

for (const [family, near, hosts] of [
  ['IPv4', '10.0.0.1', ['10.0.0.2', '10.0.0.3', '10.0.0.4']],
  ['IPv6', '::', ['2001:db8::2', '2001:db8::3']],
] as const)
  test(`CAP17: what is copied has its own addresses, bytes, times and microseconds, over ${family}`, async () => {
    const net = await logInNet();
    const consoles = [];
    for (const [i, host] of hosts.entries()) {
      const raw = await net.by({ suite: i % 2 === 0 ? 3 : 17 }, host);
      await raw.open();
      await raw.rakp1();
      expect(await raw.rakp3()).toBe(0);
      consoles.push(raw);
    }
    const passing = new Passing();
    net.bmc.taps.add(passing);
    const ring = new PacketRing(16 << 20);
    // Each look at the clock is later than the one before: by one digit of microseconds, two, three and four.
    let [now, looks] = [5000, 0];
    const times: number[] = [];
    const monotonic = (): number => {
      now += [0.004, 0.037, 0.25, 1.9, 0.012][looks++ % 5];
      times.push(now);
      return now;
    };
    NEAR.host = near;
    const capture = new Capture(
      { router: net.bmc.router, clock: { now: () => 1e12, monotonic }, addressOf: () => NEAR },
      ring,
    );
    net.bmc.taps.add(capture);
    const began = times.length;
    for (let round = 0; round < 12; round++)
      for (const raw of consoles)
        for (const [netFn, cmd, ...data] of [
          [6, 1],
          [0, 1],
          [6, 0x38, 0x0e, 4],
          [6, 1, 9],
        ])
          await raw.send20(netFn, cmd, data);
    capture.flush();
    const packets = ring.take().map((block) => new PacketBlock(block));
    const of = (place: number) => packets.filter((packet) => packet.interface === place);
    const [wire, clear] = [of(0), of(1)];
    expect(wire.length).toBe(12 * consoles.length * 4 * 2);
    expect(wire.map(({ bytes }) => hex(bytes))).toEqual(passing.wire);
    expect(clear.map(({ bytes }) => hex(bytes))).toEqual(passing.clear);
    expect(clear.map(({ comment }) => comment)).toEqual(wire.map(({ comment }) => comment));
    expect(clear.map(({ time }) => time)).toEqual(wire.map(({ time }) => time));
    const epoch = 1e12 - times[0];
    const own = times.slice(began);
    expect(wire.map(({ time }) => time)).toEqual(own.map((at) => Math.round((epoch + at) * 1000)));
    for (const [i, { comment, direction }] of wire.entries()) {
      expect(direction).toBe(i % 2 === 0 ? 'in' : 'out');
      const last = comment.split('\n').at(-1);
      if (i % 2 === 0) expect(last).toBe('session of admin');
      else expect(last).toBe(`${Math.round((own[i] - own[i - 1]) * 1000)} us`);
    }
    expect(new Set(wire.map(({ comment }) => comment)).size).toBeGreaterThan(16);
  });
