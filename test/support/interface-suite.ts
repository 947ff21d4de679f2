import { describe, expect, test } from 'vitest';
import { IpmiError } from '../../src/codec/index.ts';
import { Privilege } from '../../src/commands/command.ts';
import type { Answer, Context, Message } from '../../src/router/index.ts';
import { simWorld, type SimWorld } from '../../src/world/index.ts';
import { toHex } from './vectors.ts';

/** What answers at the far end. The context is there where the far end is a handler in process. */
export type Far = (message: Message, context?: Context) => Answer | Promise<Answer>;

/** One interface between somebody who asks and a far end that answers, in a simulated world. */
export interface InterfaceRig {
  /**
   * One request by the medium: completion code and data as the asker gets them. Never asked twice at once
   * unless `atOnce` says so.
   */
  ask(netFn: number, cmd: number, data: Uint8Array, lun?: number): Promise<Uint8Array>;
  /** Bytes that mean nothing, as they are, on the medium. Afterwards the asker is as it was. */
  noise(bytes: Uint8Array): void | Promise<void>;
  /** The asker goes without a word, in the middle of what it does, and another one comes. */
  reconnect(): void | Promise<void>;
  /** Takes the interface from its router. */
  detach(): Promise<void>;
  /** System interfaces: something waits, or nothing does; and what the host sees of it. */
  readonly attention?: { set(set: boolean): void; seen(): boolean | Promise<boolean> };
}

export interface InterfaceTraits {
  /** Bytes of request data, and of an answer with its completion code, that one message carries. */
  readonly maxData: number;
  readonly maxAnswer: number;
  /** Completion code in place of an answer that is longer. Absent: not bounded by the interface. */
  readonly overlong?: number;
  /** Requests that an asker may have under way. Default 1. */
  readonly atOnce?: number;
  /**
   * Milliseconds after which an asker is answered without the far end, and the code that it gets. Default
   * 5000, C3h.
   */
  readonly patience?: number;
  readonly impatient?: number;
  /** What a handler sees of the way. */
  readonly medium?: string;
  readonly session?: boolean;
  /**
   * LUNs whose requests are the BMC's own. Default all; 10b is system software's where messages have
   * addresses.
   */
  readonly luns?: readonly number[];
  /** False: a system interface that cannot show its host that something waits. */
  readonly attends?: boolean;
}

/**
 * A command of the far end's own (NetFn 30h): its owner needs no declaration and no privilege but
 * Administrator.
 */
const NETFN = 0x30;
/** Bytes that some framing or other gives a meaning to. */
const AWKWARD = [
  0x00, 0x01, 0x03, 0x0d, 0x1b, 0x20, 0x60, 0x61, 0x62, 0x68, 0xa0, 0xa1, 0xa2, 0xa3, 0xa5, 0xa6, 0xaa, 0xb0,
  0xff,
];

/** A test of what not every interface has: where it has not, there is nothing to skip. */
const testWhere = (has: boolean): typeof test | (() => void) => (has ? test : () => undefined);

/**
 * Every interface passes this: message boundaries, one answer to one request, its own; noise, absence and
 * return.
 */
export function interfaceSuite(
  name: string,
  traits: InterfaceTraits,
  make: (world: SimWorld, far: Far) => Promise<InterfaceRig>,
): void {
  const {
    maxData,
    maxAnswer,
    overlong,
    atOnce = 1,
    patience = 5000,
    impatient = 0xc3,
    medium,
    session = false,
  } = traits;
  const { luns = [0, 1, 2, 3], attends = true } = traits;
  const echo: Far = ({ cmd, data }) => Uint8Array.of(0, cmd, ...data.subarray(0, maxAnswer - 2));
  const rig = async (far: Far, seed = 1): Promise<{ world: SimWorld; one: InterfaceRig }> => {
    const world = simWorld(seed);
    const making = make(world, far);
    return { world, one: await world.until(making) };
  };
  const sizes = (max: number): number[] => [
    ...new Set([0, 1, 2, 27, 28, 29, 30, 31, 32, 33, 58, 59, 60, 61, 62, 63, 64, 90, 128, max - 1, max]),
  ];
  const pattern = (length: number): Uint8Array =>
    Uint8Array.from({ length }, (_, i) => AWKWARD[i % AWKWARD.length]);

  describe(`${name}: the interface suite`, () => {
    test('a request of any size arrives as it was sent', async () => {
      const got: string[] = [];
      const { world, one } = await rig(({ cmd, lun, data }) => {
        got.push(`${cmd} ${lun} ${toHex(data)}`);
        return Uint8Array.of(0);
      });
      for (const [i, size] of sizes(maxData).entries()) {
        if (size > maxData) continue;
        const data = pattern(size);
        expect(
          toHex(await world.until(one.ask(NETFN, i, data, luns[i % luns.length]))),
          `${size} bytes`,
        ).toBe('00');
        expect(got.splice(0)).toEqual([`${i} ${luns[i % luns.length]} ${toHex(data)}`]);
      }
    });

    test('an answer of any size comes back as it was given', async () => {
      let answer = new Uint8Array(0);
      const { world, one } = await rig(() => answer);
      for (const size of sizes(maxAnswer - 1)) {
        if (size >= maxAnswer) continue;
        answer = Uint8Array.of(0x00, ...pattern(size));
        expect(toHex(await world.until(one.ask(NETFN, 1, new Uint8Array(0)))), `${size} bytes`).toBe(
          toHex(answer),
        );
      }
    });

    testWhere(overlong !== undefined)(
      'an answer that is too long is a completion code, and the next one is whole',
      async () => {
        let size = maxAnswer + 1;
        const { world, one } = await rig(() => new Uint8Array(size));
        expect(toHex(await world.until(one.ask(NETFN, 1, new Uint8Array(0))))).toBe(
          toHex(Uint8Array.of(overlong!)),
        );
        size = 3;
        expect(toHex(await world.until(one.ask(NETFN, 1, new Uint8Array(0))))).toBe('00 00 00');
      },
    );

    test('a refusal is its completion code, at once or later', async () => {
      const { world, one } = await rig(({ cmd }) => {
        const refusal = new IpmiError(0x80 + cmd);
        if (cmd % 2) return new Promise((_, reject) => world.clock.after(20, () => reject(refusal)));
        throw refusal;
      });
      for (let cmd = 0; cmd < 8; cmd++) {
        expect(toHex(await world.until(one.ask(NETFN, cmd, Uint8Array.of(1))))).toBe(
          (0x80 + cmd).toString(16),
        );
      }
    });

    test('the same request again and again: each has an answer of its own, in time and late', async () => {
      let serial = 0;
      const { world, one } = await rig(() => {
        const mine = Uint8Array.of(0, ++serial);
        return serial % 3 === 0
          ? mine
          : new Promise((resolve) => world.clock.after((serial % 3) * 100, () => resolve(mine)));
      });
      for (let i = 1; i <= 12; i++)
        expect(toHex(await world.until(one.ask(NETFN, 7, Uint8Array.of(5))))).toBe(
          toHex(Uint8Array.of(0, i)),
        );
    });

    test('an answer that comes too late is nobody’s: not the asker’s, and not that of the next, identical request', async () => {
      let serial = 0;
      const { world, one } = await rig(() => {
        const mine = Uint8Array.of(0, ++serial);
        return serial > 1
          ? mine
          : new Promise((resolve) => world.clock.after(patience + 2000, () => resolve(mine)));
      });
      const began = world.clock.monotonic();
      expect(toHex(await world.until(one.ask(NETFN, 7, Uint8Array.of(5))))).toBe(impatient.toString(16));
      expect(world.clock.monotonic() - began).toBeLessThanOrEqual(patience + 500);
      // Before the late answer, while it comes, and after it.
      for (let i = 0; i < 30; i++) {
        await world.run(200);
        const answer = await world.until(one.ask(NETFN, 7, Uint8Array.of(5)));
        // An interface that runs one request at a time says busy until the late one is over.
        expect(['00', 'c0'], toHex(answer)).toContain(toHex(answer.subarray(0, 1)));
        if (answer[0] === 0) expect(answer[1]).toBe(serial);
        expect(answer[1]).not.toBe(1);
      }
      expect(serial).toBeGreaterThan(5);
    });

    test('requests under way at once are answered in any order, each with its own', async () => {
      const { world, one } = await rig(
        ({ data }) =>
          new Promise((resolve) =>
            world.clock.after(10 + (atOnce - data[0]) * 4, () => resolve(Uint8Array.of(0, data[0]))),
          ),
      );
      const answers = await world.until(
        Promise.all(Array.from({ length: atOnce }, (_, i) => one.ask(NETFN, 3, Uint8Array.of(i)))),
      );
      expect(answers.map(toHex)).toEqual(answers.map((_, i) => toHex(Uint8Array.of(0, i))));
    });

    test('noise of every kind, then a request', async () => {
      for (let seed = 1; seed <= 40; seed++) {
        const { world, one } = await rig(echo, seed);
        for (let i = 0; i < 10; i++) {
          const junk = world.random.bytes(world.random.u32() % 300);
          // Half of it from the bytes that mean something.
          if (i % 2) for (const at of junk.keys()) junk[at] = AWKWARD[junk[at] % AWKWARD.length];
          const making = Promise.resolve(one.noise(junk));
          await world.until(making);
          await world.run(world.random.u32() % 50);
        }
        expect(toHex(await world.until(one.ask(NETFN, 9, Uint8Array.of(1, 2, 3)))), `seed ${seed}`).toBe(
          '00 09 01 02 03',
        );
        await world.until(one.detach());
      }
    });

    test('an asker that goes in the middle of a request leaves nothing behind for the next', async () => {
      let serial = 0;
      const { world, one } = await rig(() => {
        const mine = Uint8Array.of(0, ++serial);
        return serial === 1 ? new Promise((resolve) => world.clock.after(700, () => resolve(mine))) : mine;
      });
      void one.ask(NETFN, 7, new Uint8Array(0)).catch(() => undefined);
      await world.run(100);
      const coming = Promise.resolve(one.reconnect());
      await world.until(coming);
      for (let i = 0; i < 20; i++) {
        const answer = await world.until(one.ask(NETFN, 7, new Uint8Array(0)));
        if (answer[0] !== 0xc0) expect(toHex(answer)).toBe(toHex(Uint8Array.of(0, serial)));
        await world.run(60);
      }
      expect(serial).toBeGreaterThan(5);
    });

    test('detaching lets what runs be answered, and afterwards nothing comes in', async () => {
      let calls = 0;
      const { world, one } = await rig(() => {
        calls++;
        return new Promise((resolve) => world.clock.after(200, () => resolve(Uint8Array.of(0, 1))));
      });
      const answer = one.ask(NETFN, 1, new Uint8Array(0));
      await world.run(100);
      const gone = one.detach();
      expect(toHex(await world.until(answer))).toBe('00 01');
      await world.until(gone);
      void one.ask(NETFN, 1, new Uint8Array(0)).catch(() => undefined);
      await world.run(10_000);
      expect(calls).toBe(1);
    });

    testWhere(medium !== undefined)(
      'a handler sees by which way and with which rights it was asked',
      async () => {
        let seen: unknown;
        const { world, one } = await rig((_message, context) => {
          seen = {
            medium: context?.channel.medium,
            session: context?.session !== undefined,
            privilege: context?.privilege,
          };
          return Uint8Array.of(0);
        });
        await world.until(one.ask(NETFN, 1, new Uint8Array(0)));
        expect(seen).toEqual({
          medium,
          session,
          privilege: medium === 'system-interface' ? Privilege.Oem : Privilege.Administrator,
        });
      },
    );

    testWhere(medium === 'system-interface' && attends)(
      'R33: attention is shown to the host, and taken back',
      async () => {
        const { world, one } = await rig(echo);
        const attention = one.attention!;
        const now = async (): Promise<boolean> => {
          await world.run(50);
          return world.until(Promise.resolve(attention.seen()));
        };
        expect(await now()).toBe(false);
        attention.set(true);
        expect(await now()).toBe(true);
        expect(toHex(await world.until(one.ask(NETFN, 1, Uint8Array.of(4))))).toBe('00 01 04');
        expect(await now()).toBe(true);
        attention.set(false);
        expect(await now()).toBe(false);
      },
    );
  });
}
