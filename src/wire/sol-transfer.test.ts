import { describe, expect, test } from 'vitest';
import { hex, toHex } from '../../test/support/vectors.ts';
import { simWorld } from '../world/index.ts';
import { ByteQueue } from './byte-queue.ts';
import { SequenceWindow } from './sequence.ts';
import { SolToBmc, SolToConsole } from './sol.ts';
import { SolTransfer, type SolPacket, type SolTiming } from './sol-transfer.ts';

const TIMING: SolTiming = { accumulate: 10, threshold: 8, retries: 2, retryInterval: 100 };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array): string => new TextDecoder().decode(data);
type Flags = { readonly mark: boolean };

const end = (
  accept: (characters: Uint8Array) => number = (characters) => characters.length,
  timing: SolTiming = TIMING,
): SolTransfer<Flags> => new SolTransfer<Flags>({ timing: () => timing, packet: 10, capacity: 100, accept });

const packet = (
  sequence: number,
  characters = '',
  ack: Partial<SolPacket<Flags>> = {},
): SolPacket<Flags> => ({
  sequence,
  ackSequence: 0,
  accepted: 0,
  nack: false,
  characters: bytes(characters),
  flags: {},
  ...ack,
});

describe('SOL packets', () => {
  // From recorded sessions: ipmitool types `hello`, the BMC acknowledges; the BMC writes, ipmitool
  // acknowledges.
  test.each([
    [
      'data from the console',
      SolToBmc,
      '01 00 00 00 68 65 6c 6c 6f 0d',
      { sequence: 1, ackSequence: 0, nack: false },
    ],
    ['a break', SolToBmc, '03 00 00 10', { sequence: 3, generateBreak: true }],
    [
      'acknowledgement of the BMC',
      SolToConsole,
      '00 01 06 00',
      { sequence: 0, ackSequence: 1, accepted: 6, nack: false },
    ],
    ['data of the BMC', SolToConsole, '04 00 00 00 0d 0a', { sequence: 4, transferUnavailable: false }],
    [
      'refused, console not there',
      SolToConsole,
      '00 05 00 60',
      { ackSequence: 5, nack: true, transferUnavailable: true },
    ],
    ['refused, not active', SolToConsole, '00 05 00 50', { ackSequence: 5, nack: true, deactivated: true }],
    [
      'lost characters and a break',
      SolToConsole,
      '02 00 00 0c 41',
      { transmitOverrun: true, breakDetected: true },
    ],
  ] as const)('%s', (_name, codec, wire, values) => {
    const value = codec.decode(hex(wire));
    expect(value).toMatchObject(values);
    expect(toHex((codec as typeof SolToBmc).encode(value as ReturnType<typeof SolToBmc.decode>))).toBe(wire);
  });
});

describe('sending', () => {
  test('waits for more until the threshold or the interval', () => {
    const one = end();
    one.push(bytes('abc'), 0);
    expect(one.poll(9)).toBeUndefined();
    expect(one.wakeAt()).toBe(10);
    expect(text(one.poll(10)!.characters)).toBe('abc');
    one.receive(packet(0, '', { ackSequence: 1, accepted: 3 }), 0, 11);
    one.push(bytes('12345678'), 20);
    expect(one.poll(20)).toMatchObject({ sequence: 2 });
  });

  test('one packet at a time; the same again until acknowledged, then dropped and counted', () => {
    const one = end();
    one.push(bytes('0123456789abc'), 0);
    expect(text(one.poll(0)!.characters)).toBe('0123456789');
    expect(one.poll(99)).toBeUndefined();
    expect(one.poll(100)).toMatchObject({ sequence: 1, characters: bytes('0123456789') });
    expect(one.poll(200)).toMatchObject({ sequence: 1 });
    expect(one.poll(300)).toMatchObject({ sequence: 2, characters: bytes('abc') });
    expect([one.lost, one.failing]).toEqual([10, true]);
    one.receive(packet(0, '', { ackSequence: 2, accepted: 3 }), 0, 301);
    expect([one.waiting, one.failing]).toEqual([0, false]);
  });

  test('what was not accepted goes in a new packet, before everything else', () => {
    const one = end();
    one.push(bytes('0123456789abc'), 0);
    one.poll(0);
    one.receive(packet(0, '', { ackSequence: 1, accepted: 7 }), 0, 1);
    expect(one.poll(1)).toMatchObject({ sequence: 2, characters: bytes('789') });
  });

  test('a NACK stops it until the far end can take characters again, or a while has passed', () => {
    const one = end();
    one.push(bytes('0123456789'), 0);
    one.poll(0);
    one.receive(packet(0, '', { ackSequence: 1, accepted: 4, nack: true }), 0, 1);
    expect(one.poll(1)).toBeUndefined();
    one.receive(packet(0), 0, 2);
    expect(one.poll(2)).toMatchObject({ sequence: 2, characters: bytes('456789') });
    one.receive(packet(0, '', { ackSequence: 2, nack: true }), 0, 3);
    expect(one.wakeAt()).toBe(103);
    expect(one.poll(103)).toMatchObject({ sequence: 3, characters: bytes('456789') });
  });

  test('sequence numbers go from 15 to 1', () => {
    const one = end();
    const seen = Array.from({ length: 17 }, (_, i) => {
      one.push(bytes('x'.repeat(8)), i);
      const { sequence } = one.poll(i)!;
      one.receive(packet(0, '', { ackSequence: sequence, accepted: 8 }), 0, i);
      return sequence;
    });
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 1, 2]);
  });

  test('flags go at once, or with the next characters; flush drops what waits and what is on its way', () => {
    const one = end();
    one.note({ mark: true });
    expect(one.poll(0)).toBeUndefined();
    one.push(bytes('0123456789abc'), 0);
    expect(one.poll(0)).toMatchObject({ sequence: 1, flags: { mark: true } });
    one.flush();
    expect([one.waiting, one.poll(1000)]).toEqual([0, undefined]);
    one.send({ mark: true });
    expect(one.poll(1000)).toMatchObject({
      sequence: 2,
      flags: { mark: true },
      characters: new Uint8Array(0),
    });
  });

  test('there is a bound', () => {
    const one = end();
    expect(one.push(new Uint8Array(150), 0)).toBe(100);
    expect([one.lost, one.waiting]).toEqual([50, 100]);
  });
});

describe('receiving', () => {
  test('a repeated packet is acknowledged as before and not taken again', () => {
    let got = '';
    const one = end(
      (characters) => ((got += text(characters.subarray(0, 3))), Math.min(3, characters.length)),
    );
    one.receive(packet(7, 'hello'), 1, 0);
    expect(one.poll(0)).toMatchObject({ sequence: 0, ackSequence: 7, accepted: 3, nack: false });
    one.receive(packet(7, 'hello, more'), 2, 1);
    expect(one.poll(1)).toMatchObject({ sequence: 0, ackSequence: 7, accepted: 3 });
    expect(got).toBe('hel');
  });

  test('a refusal is held back, tried once more, and then given', () => {
    let room = 0;
    const one = end((characters) => Math.min(room, characters.length));
    one.receive(packet(1, 'ab'), 1, 0);
    expect(one.poll(0)).toBeUndefined();
    one.receive(packet(1, 'ab'), 2, 100);
    expect(one.poll(100)).toBeUndefined();
    expect(one.poll(250)).toMatchObject({ ackSequence: 1, accepted: 0, nack: true });
    one.receive(packet(2, 'ab'), 3, 260);
    room = 9;
    expect(one.poll(510)).toMatchObject({ ackSequence: 2, accepted: 2, nack: false });
  });

  test('a packet that others have overtaken is no news, except the one that is missing', () => {
    const got: string[] = [];
    const one = end((characters) => (got.push(text(characters)), characters.length));
    one.receive(packet(1, 'one'), 10, 0);
    one.receive(packet(2, 'two'), 12, 0);
    // Sent again before the far end had our answer, and late.
    expect(one.isNews(packet(1, 'one'), 11)).toBe(false);
    one.receive(packet(1, 'one'), 11, 0);
    one.receive(packet(0, '', { ackSequence: 4 }), 14, 0);
    one.receive(packet(3, 'three'), 13, 0);
    expect(got).toEqual(['one', 'two', 'three']);
  });

  test('data and acknowledgement share a packet where there is something to send', () => {
    const one = end();
    one.receive(packet(1, 'a'), 1, 0);
    one.push(bytes('12345678'), 0);
    expect(one.poll(0)).toMatchObject({ sequence: 1, ackSequence: 1, accepted: 1 });
  });
});

describe('two ends and a bad network', () => {
  test.each(Array.from({ length: 60 }, (_, i) => i + 1))(
    'seed %i: every character once and in order, both ways',
    async (seed) => {
      const world = simWorld(seed);
      const { clock, random } = world;
      const chance = (share: number): boolean => random.fraction() < share;
      const timing = { accumulate: 20, threshold: 5, retries: 40, retryInterval: 60 };
      const side = () => {
        const got: number[] = [];
        const accept = (characters: Uint8Array): number => {
          const count = chance(0.1) ? 0 : chance(0.1) ? Math.ceil(characters.length / 2) : characters.length;
          got.push(...characters.subarray(0, count));
          return count;
        };
        const transfer = new SolTransfer<Flags>({ timing: () => timing, packet: 9, capacity: 5000, accept });
        return { got, window: new SequenceWindow(0, 16, 15), order: 0, timerAt: Infinity, transfer };
      };
      const sides = [side(), side()];
      for (const [i, me] of sides.entries()) {
        const far = sides[1 - i];
        const pump = (): void => {
          for (
            let sent = me.transfer.poll(clock.monotonic());
            sent;
            sent = me.transfer.poll(clock.monotonic())
          ) {
            const order = ++me.order;
            const copy = sent;
            for (let copies = chance(0.15) ? 0 : chance(0.1) ? 2 : 1; copies > 0; copies--) {
              clock.after(1 + random.fraction() * 90, () => {
                if (!far.window.take(order)) return;
                far.transfer.receive(copy, order, clock.monotonic());
                pumps[1 - i]();
              });
            }
          }
          const at = me.transfer.wakeAt();
          if (at >= me.timerAt) return;
          me.timerAt = at;
          clock.after(at - clock.monotonic(), () => {
            me.timerAt = Infinity;
            pump();
          });
        };
        pumps[i] = pump;
      }
      const said = sides.map(() => Array.from(random.bytes(400)));
      for (const [i, all] of said.entries()) {
        for (let at = 0; at < all.length; at += 40) {
          clock.after(random.fraction() * 10 + at * 5, () => {
            sides[i].transfer.push(Uint8Array.from(all.slice(at, at + 40)), clock.monotonic());
            pumps[i]();
          });
        }
      }
      await world.run(120_000);
      expect(sides[1].got, `seed ${seed}`).toEqual(said[0]);
      expect(sides[0].got, `seed ${seed}`).toEqual(said[1]);
      expect(sides.map(({ transfer }) => [transfer.waiting, transfer.lost])).toEqual([
        [0, 0],
        [0, 0],
      ]);
    },
  );
  const pumps: (() => void)[] = [];
});

test('a byte queue keeps the order through growth and wrap', () => {
  const { random } = simWorld(3);
  const queue = new ByteQueue(1000);
  const inside: number[] = [];
  for (let round = 0; round < 2000; round++) {
    const more = random.bytes(Math.floor(random.fraction() * 60));
    const taken = queue.push(more);
    inside.push(...more.subarray(0, taken));
    expect(queue.length).toBe(inside.length);
    const count = Math.floor(random.fraction() * 60);
    expect(Array.from(queue.take(count))).toEqual(inside.splice(0, count));
  }
});
