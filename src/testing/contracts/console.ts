import { Bmc } from '../../bmc.ts';
import type { Kinds } from '../../config/kinds.ts';
import type { ConsoleOptions } from '../../config/options.ts';
import { holds, same, soon, type ContractCase, type ContractWorld } from './contract.ts';

/** The machine at the other end of a serial console, as the test has it. */
export interface MachineSide {
  says(characters: Uint8Array): void;
  /** Everything that was typed and has come so far. */
  heard(): Uint8Array;
  /** It cannot be reached; `comes`: it can again. Left out: it is never lost. */
  goes?(): void | Promise<void>;
  comes?(): void | Promise<void>;
}

export interface ConsoleContract<W extends ContractWorld> {
  /** A new one for each case. */
  readonly world: () => W;
  /** `sol.console`. */
  readonly console: ConsoleOptions;
  /** The kinds of a program. */
  readonly kinds?: Kinds;
  /**
   * Puts the machine, which is on, into a world, before the BMC is made. Left out: there is none outside; the
   * console plays or echoes.
   */
  readonly machine?: (world: W) => MachineSide | Promise<MachineSide>;
  /** Whether the machine can be lost (`goes`, `comes`). Default true. */
  readonly isLost?: boolean;
  /** What it says by itself, from its beginning to whoever begins to listen. */
  readonly plays?: Uint8Array;
  /** Characters that are read back, as they were, when they are typed. */
  readonly echoes?: Uint8Array;
}

/** Milliseconds for characters to be through, and for a machine that is back to be reached. */
const PASSES = 5000;
const RETURNS = 60_000;
/** Milliseconds in which what is too much would come. */
const QUIET = 200;
/** Every character, several times over. */
const LONG = Uint8Array.from({ length: 4096 }, (_, i) => i & 0xff);

const NO_MACHINE: MachineSide = {
  says: () => undefined,
  heard: () => new Uint8Array(0),
};

async function bench<W extends ContractWorld>(contract: ConsoleContract<W>) {
  const world = contract.world();
  const machine = (await contract.machine?.(world)) ?? NO_MACHINE;
  const open = async (): Promise<Bmc> => {
    const bmc = new Bmc({ sol: { console: contract.console } }, { world, kinds: contract.kinds });
    await world.until(bmc.open());
    await soon(world, () => bmc.console.available, RETURNS);
    return bmc;
  };
  const bmc = await open();
  /** What is read from now on. */
  const listen = () => {
    const read: number[] = [];
    const listener = { onData: (characters: Uint8Array) => void read.push(...characters) };
    const stop = bmc.console.listen(listener);
    return { read: () => Uint8Array.from(read), stop };
  };
  /** Lets so many characters come, and what is too much. */
  const come = async (heard: () => Uint8Array, count: number): Promise<void> => {
    await soon(world, () => heard().length >= count, PASSES);
    await world.run(QUIET);
  };
  /** Types all of it, as fast as it is taken. */
  const type = async (characters: Uint8Array): Promise<void> => {
    let taken = 0;
    for (let i = 0; i < 1000 && taken < characters.length; i++) {
      taken += bmc.console.write(characters.subarray(taken));
      if (taken < characters.length) await world.run(QUIET);
    }
    same(taken, characters.length, 'characters taken');
  };
  /** What the machine hears of what is typed. */
  const heard = async (characters: Uint8Array): Promise<Uint8Array> => {
    const before = machine.heard().length;
    await type(characters);
    await come(() => machine.heard(), before + characters.length);
    return machine.heard().subarray(before);
  };
  return { world, machine, bmc, open, listen, come, type, heard };
}

/** What every console must do. */
export function consoleContract<W extends ContractWorld>(contract: ConsoleContract<W>): ContractCase[] {
  const { machine, plays, echoes, isLost = true } = contract;
  if (machine === undefined && plays === undefined && echoes === undefined)
    throw new RangeError('consoleContract: expected a machine, or what the console plays or echoes');
  return [
    ...ofEvery(contract),
    ...(machine ? ofMachines(contract) : []),
    ...(machine && isLost ? ofLost(contract) : []),
    ...(plays ? ofPlayed(contract, plays) : []),
    ...(echoes ? ofEchoed(contract, echoes) : []),
  ];
}

const ofEvery = <W extends ContractWorld>(contract: ConsoleContract<W>): ContractCase[] => [
  {
    name: 'is there once the BMC is open, and gone with it',
    async run() {
      const { world, bmc } = await bench(contract);
      same(bmc.console.available, true, 'whether it is available');
      await world.until(bmc.close());
      same(bmc.console.available, false, 'whether it is available afterwards');
      same(bmc.console.write(Uint8Array.of(0x41)), 0, 'characters taken afterwards');
    },
  },
  {
    name: 'what is typed is taken, whoever reads',
    async run() {
      const { world, bmc, type } = await bench(contract);
      await type(LONG);
      await world.until(bmc.close());
    },
  },
  {
    name: 'a second BMC has it when the first has gone',
    async run() {
      const { world, machine, bmc, open, come } = await bench(contract);
      await world.until(bmc.close());
      const next = await open();
      same(next.console.available, true, 'whether it is available');
      const before = machine.heard().length;
      next.console.write(Uint8Array.of(0x41, 0x42));
      if (contract.machine) {
        await come(() => machine.heard(), before + 2);
        same(machine.heard().subarray(before), Uint8Array.of(0x41, 0x42), 'what the machine heard');
      }
      await world.until(next.close());
    },
  },
];

const ofMachines = <W extends ContractWorld>(contract: ConsoleContract<W>): ContractCase[] => [
  {
    name: 'what the machine says is read whole and in order, every character',
    async run() {
      const { world, machine, bmc, listen, come } = await bench(contract);
      const { read } = listen();
      for (let at = 0; at < LONG.length; at += 512) {
        machine.says(LONG.subarray(at, at + 512));
        await soon(world, () => read().length >= at + 512, PASSES);
      }
      await come(read, LONG.length);
      same(read(), LONG, 'what was read');
      await world.until(bmc.close());
    },
  },
  {
    name: 'what is typed reaches the machine whole and in order, every character',
    async run() {
      const { world, bmc, heard } = await bench(contract);
      same(await heard(LONG), LONG, 'what the machine heard');
      await world.until(bmc.close());
    },
  },
];

const ofLost = <W extends ContractWorld>(contract: ConsoleContract<W>): ContractCase[] => [
  {
    name: 'a machine that is lost is not available, and reached again when it is back',
    async run() {
      const { world, machine, bmc, heard } = await bench(contract);
      holds(
        machine.goes !== undefined && machine.comes !== undefined,
        'expected a machine that goes and comes: say `isLost: false` otherwise',
      );
      await machine.goes();
      await soon(world, () => !bmc.console.available, PASSES);
      same(bmc.console.available, false, 'whether it is available without its machine');
      await machine.comes();
      await soon(world, () => bmc.console.available, RETURNS);
      same(bmc.console.available, true, 'whether it is available again');
      same(await heard(Uint8Array.of(0x43)), Uint8Array.of(0x43), 'what the machine heard');
      await world.until(bmc.close());
    },
  },
];

const ofPlayed = <W extends ContractWorld>(
  contract: ConsoleContract<W>,
  plays: Uint8Array,
): ContractCase[] => [
  {
    name: 'what it plays is read whole and in order, from its beginning by whoever begins to listen',
    async run() {
      const { world, bmc, listen, come } = await bench(contract);
      for (const time of ['first', 'second']) {
        const { read, stop } = listen();
        await come(read, plays.length);
        same(read(), plays, `what was read the ${time} time`);
        stop();
      }
      await world.until(bmc.close());
    },
  },
];

const ofEchoed = <W extends ContractWorld>(
  contract: ConsoleContract<W>,
  echoes: Uint8Array,
): ContractCase[] => [
  {
    name: 'what is typed is read back whole and in order',
    async run() {
      const { world, bmc, listen, come, type } = await bench(contract);
      const { read, stop } = listen();
      await type(echoes);
      await come(read, echoes.length);
      same(read(), echoes, 'what was read');
      stop();
      await world.until(bmc.close());
    },
  },
];
