import { IpmiError } from '../../codec/index.ts';
import { Privilege } from '../../commands/command.ts';
import type { Answer, Context, Message } from '../../router/index.ts';
import { simWorld, type SimWorld } from '../../world/index.ts';
import { settled } from '../../world/settled.ts';
import { holds, same, type ContractCase } from './contract.ts';

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

export interface InterfaceContract {
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
  /** What a handler sees of the way. Default: nothing is looked at. */
  readonly medium?: string;
  readonly session?: boolean;
  /** With which rights a handler is asked. Default: the system interface's Oem, others' Administrator. */
  readonly privilege?: number;
  /**
   * LUNs whose requests are the BMC's own. Default all; 10b is system software's where messages have
   * addresses.
   */
  readonly luns?: readonly number[];
  /** False: a system interface that cannot show its host that something waits. */
  readonly attends?: boolean;
  /** One interface in a world, and who answers behind it: NetFn 30h, every command. */
  readonly make: (world: SimWorld, far: Far) => Promise<InterfaceRig>;
}

/** A command of the far end's own: its owner needs no declaration and no privilege but Administrator. */
const NETFN = 0x30;
/** Bytes that some framing or other gives a meaning to. */
const AWKWARD = [
  0x00, 0x01, 0x03, 0x0d, 0x1b, 0x20, 0x60, 0x61, 0x62, 0x68, 0xa0, 0xa1, 0xa2, 0xa3, 0xa5, 0xa6, 0xaa, 0xb0,
  0xff,
];
const NO_DATA = new Uint8Array(0);
const OK = Uint8Array.of(0);
const BUSY = 0xc0;
/** Of a command's own completion codes. */
const FIRST_CODE = 0x80;

const sizes = (max: number): number[] =>
  [
    ...new Set([0, 1, 2, 27, 28, 29, 30, 31, 32, 33, 58, 59, 60, 61, 62, 63, 64, 90, 128, max - 1, max]),
  ].filter((size) => size <= max);
const pattern = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => AWKWARD[i % AWKWARD.length]);

async function rigged({ make }: InterfaceContract, far: Far, seed = 1) {
  const world = simWorld(seed);
  const making = make(world, far);
  return { world, rig: await world.until(making) };
}

/**
 * What every interface must do: message boundaries, one answer to one request, its own; noise, absence and
 * return.
 */
export function interfaceContract(contract: InterfaceContract): ContractCase[] {
  const { overlong, medium, attends = true } = contract;
  return [
    ...messageCases(contract),
    ...(overlong === undefined ? [] : [tooLong(contract, overlong)]),
    ...answerCases(contract),
    ...absenceCases(contract),
    ...(medium === undefined ? [] : [rights(contract)]),
    ...(medium === 'system-interface' && attends ? [attention(contract)] : []),
  ];
}

function messageCases(contract: InterfaceContract): ContractCase[] {
  const { maxData, maxAnswer, luns = [0, 1, 2, 3] } = contract;
  return [
    {
      name: 'a request of any size arrives as it was sent',
      async run() {
        const got: Message[] = [];
        const { world, rig } = await rigged(contract, ({ netFn, lun, cmd, data }) => {
          got.push({ netFn, lun, cmd, data: data.slice() });
          return OK;
        });
        for (const [cmd, size] of sizes(maxData).entries()) {
          const data = pattern(size);
          const lun = luns[cmd % luns.length];
          same(await world.until(rig.ask(NETFN, cmd, data, lun)), OK, `the answer to ${size} bytes`);
          same(got.splice(0), [{ netFn: NETFN, lun, cmd, data }], `what arrived of ${size} bytes`);
        }
      },
    },
    {
      name: 'an answer of any size comes back as it was given',
      async run() {
        let answer = NO_DATA;
        const { world, rig } = await rigged(contract, () => answer);
        for (const size of sizes(maxAnswer - 1)) {
          answer = Uint8Array.of(0x00, ...pattern(size));
          same(await world.until(rig.ask(NETFN, 1, NO_DATA)), answer, `an answer of ${size} bytes`);
        }
      },
    },
  ];
}

const tooLong = (contract: InterfaceContract, overlong: number): ContractCase => ({
  name: 'an answer that is too long is a completion code, and the next one is whole',
  async run() {
    let size = contract.maxAnswer + 1;
    const { world, rig } = await rigged(contract, () => new Uint8Array(size));
    same(
      await world.until(rig.ask(NETFN, 1, NO_DATA)),
      Uint8Array.of(overlong),
      'an answer that is too long',
    );
    size = 3;
    same(await world.until(rig.ask(NETFN, 1, NO_DATA)), new Uint8Array(3), 'the next one');
  },
});

function answerCases(contract: InterfaceContract): ContractCase[] {
  const { atOnce = 1, patience = 5000, impatient = 0xc3 } = contract;
  return [
    {
      name: 'a refusal is its completion code, at once or later',
      async run() {
        const { world, rig } = await rigged(contract, ({ cmd }) => {
          const code = FIRST_CODE + cmd;
          const refusal = new IpmiError(code);
          if (cmd % 2) return new Promise((_, reject) => world.clock.after(20, () => reject(refusal)));
          throw refusal;
        });
        for (let cmd = 0; cmd < 8; cmd++)
          same(
            await world.until(rig.ask(NETFN, cmd, Uint8Array.of(1))),
            Uint8Array.of(FIRST_CODE + cmd),
            `the refusal of command ${cmd}`,
          );
      },
    },
    {
      name: 'the same request again and again: each has an answer of its own, in time and late',
      async run() {
        let serial = 0;
        const { world, rig } = await rigged(contract, () => {
          const mine = Uint8Array.of(0, ++serial);
          return serial % 3 === 0
            ? mine
            : new Promise((resolve) => world.clock.after((serial % 3) * 100, () => resolve(mine)));
        });
        for (let i = 1; i <= 12; i++)
          same(await world.until(rig.ask(NETFN, 7, Uint8Array.of(5))), Uint8Array.of(0, i), `answer ${i}`);
      },
    },
    {
      name: 'an answer that comes too late is nobody’s: not the asker’s, and not that of the next, identical request',
      async run() {
        let serial = 0;
        const { world, rig } = await rigged(contract, () => {
          const mine = Uint8Array.of(0, ++serial);
          return serial > 1
            ? mine
            : new Promise((resolve) => world.clock.after(patience + 2000, () => resolve(mine)));
        });
        const began = world.clock.monotonic();
        same(
          await world.until(rig.ask(NETFN, 7, Uint8Array.of(5))),
          Uint8Array.of(impatient),
          'the answer meanwhile',
        );
        const took = world.clock.monotonic() - began;
        holds(took <= patience + 500, `expected an answer within ${patience + 500} ms, it took ${took}`);
        // Before the late answer, while it comes, and after it.
        for (let i = 0; i < 30; i++) {
          await world.run(200);
          const answer = await world.until(rig.ask(NETFN, 7, Uint8Array.of(5)));
          // An interface that runs one request at a time says busy until the late one is over.
          holds(answer[0] === 0 || answer[0] === BUSY, `expected an answer or C0h, found code ${answer[0]}`);
          if (answer[0] === 0) same(answer[1], serial, 'whose answer it is');
          holds(answer[1] !== 1, 'expected no late answer, found it');
        }
        holds(serial > 5, `expected more than 5 requests at the far end, found ${serial}`);
      },
    },
    {
      name: 'requests under way at once are answered in any order, each with its own',
      async run() {
        const { world, rig } = await rigged(
          contract,
          ({ data }) =>
            new Promise((resolve) =>
              world.clock.after(10 + (atOnce - data[0]) * 4, () => resolve(Uint8Array.of(0, data[0]))),
            ),
        );
        const answers = await world.until(
          Promise.all(Array.from({ length: atOnce }, (_, i) => rig.ask(NETFN, 3, Uint8Array.of(i)))),
        );
        same(
          answers,
          answers.map((_, i) => Uint8Array.of(0, i)),
          'the answers',
        );
      },
    },
  ];
}

function absenceCases(contract: InterfaceContract): ContractCase[] {
  const { maxAnswer } = contract;
  const echo: Far = ({ cmd, data }) => Uint8Array.of(0, cmd, ...data.subarray(0, maxAnswer - 2));
  return [
    {
      name: 'noise of every kind, then a request',
      async run() {
        for (let seed = 1; seed <= 40; seed++) {
          const { world, rig } = await rigged(contract, echo, seed);
          for (let i = 0; i < 10; i++) {
            const junk = world.random.bytes(world.random.u32() % 300);
            // Half of it from the bytes that mean something.
            if (i % 2) for (const at of junk.keys()) junk[at] = AWKWARD[junk[at] % AWKWARD.length];
            const making = Promise.resolve(rig.noise(junk));
            await world.until(making);
            await world.run(world.random.u32() % 50);
          }
          same(
            await world.until(rig.ask(NETFN, 9, Uint8Array.of(1, 2, 3))),
            Uint8Array.of(0, 9, 1, 2, 3),
            `the answer after noise of seed ${seed}`,
          );
          await world.until(rig.detach());
        }
      },
    },
    {
      name: 'an asker that goes in the middle of a request leaves nothing behind for the next',
      async run() {
        let serial = 0;
        const { world, rig } = await rigged(contract, () => {
          const mine = Uint8Array.of(0, ++serial);
          return serial === 1 ? new Promise((resolve) => world.clock.after(700, () => resolve(mine))) : mine;
        });
        unheard(rig.ask(NETFN, 7, NO_DATA));
        await world.run(100);
        const coming = Promise.resolve(rig.reconnect());
        await world.until(coming);
        for (let i = 0; i < 20; i++) {
          const answer = await world.until(rig.ask(NETFN, 7, NO_DATA));
          if (answer[0] !== BUSY) same(answer, Uint8Array.of(0, serial), 'the answer to the next');
          await world.run(60);
        }
        holds(serial > 5, `expected more than 5 requests at the far end, found ${serial}`);
      },
    },
    {
      name: 'detaching lets what runs be answered, and afterwards nothing comes in',
      async run() {
        let calls = 0;
        const { world, rig } = await rigged(contract, () => {
          calls++;
          return new Promise((resolve) => world.clock.after(200, () => resolve(Uint8Array.of(0, 1))));
        });
        const answer = rig.ask(NETFN, 1, NO_DATA);
        await world.run(100);
        const gone = rig.detach();
        same(await world.until(answer), Uint8Array.of(0, 1), 'the answer to what ran');
        await world.until(gone);
        unheard(rig.ask(NETFN, 1, NO_DATA));
        await world.run(10_000);
        same(calls, 1, 'requests at the far end');
      },
    },
  ];
}

const rights = (contract: InterfaceContract): ContractCase => ({
  name: 'a handler sees by which way and with which rights it was asked',
  async run() {
    const { medium, session = false } = contract;
    const ofMedium = medium === 'system-interface' ? Privilege.Oem : Privilege.Administrator;
    let seen: unknown;
    const { world, rig } = await rigged(contract, (_message, context) => {
      const { channel, privilege } = context ?? {};
      seen = { medium: channel?.medium, session: context?.session !== undefined, privilege };
      return OK;
    });
    await world.until(rig.ask(NETFN, 1, NO_DATA));
    same(seen, { medium, session, privilege: contract.privilege ?? ofMedium }, 'what the handler sees');
  },
});

const attention = (contract: InterfaceContract): ContractCase => ({
  name: 'attention is shown to the host, and taken back',
  async run() {
    const { maxAnswer } = contract;
    const { world, rig } = await rigged(contract, ({ cmd, data }) =>
      Uint8Array.of(0, cmd, ...data.subarray(0, maxAnswer - 2)),
    );
    const { attention } = rig;
    holds(attention !== undefined, 'expected a way to see attention: say `attends: false` otherwise');
    const isSeen = async (expected: boolean): Promise<void> => {
      await world.run(50);
      same(await world.until(Promise.resolve(attention.seen())), expected, 'attention');
    };
    await isSeen(false);
    attention.set(true);
    await isSeen(true);
    same(await world.until(rig.ask(NETFN, 1, Uint8Array.of(4))), Uint8Array.of(0, 1, 4), 'the answer');
    await isSeen(true);
    attention.set(false);
    await isSeen(false);
  },
});

/** An answer that nobody waits for, and whose absence says nothing. */
function unheard(answer: Promise<unknown>): void {
  void settled(answer);
}
