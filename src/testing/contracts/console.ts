import { Bmc } from '../../bmc.ts';
import type { Kinds } from '../../config/kinds.ts';
import type { ConsoleOptions } from '../../config/options.ts';
import { holds, same, type ContractCase, type ContractWorld } from './contract.ts';

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
  /** Puts the machine, which is on, into a world, before the BMC is made. */
  readonly machine: (world: W) => MachineSide | Promise<MachineSide>;
  /** Whether it can be lost (`goes`, `comes`). Default true. */
  readonly isLost?: boolean;
}

/** Milliseconds for characters to be through, and for a machine that is back to be reached. */
const PASSES = 5000;
const RETURNS = 60_000;
/** Every character, several times over. */
const LONG = Uint8Array.from({ length: 4096 }, (_, i) => i & 0xff);

async function bench<W extends ContractWorld>(contract: ConsoleContract<W>) {
  const world = contract.world();
  const machine = await contract.machine(world);
  const bmc = new Bmc({ sol: { console: contract.console } }, { world, kinds: contract.kinds });
  const read: number[] = [];
  bmc.console.listen({ onData: (characters) => void read.push(...characters) });
  await world.until(bmc.open());
  await world.run(PASSES);
  /** Types all of it, as fast as it is taken. */
  const type = async (characters: Uint8Array): Promise<void> => {
    let taken = 0;
    for (let i = 0; i < 1000 && taken < characters.length; i++) {
      taken += bmc.console.write(characters.subarray(taken));
      await world.run(100);
    }
    same(taken, characters.length, 'characters taken');
    await world.run(PASSES);
  };
  return { world, machine, bmc, type, read: () => Uint8Array.from(read) };
}

/** What every console must do. */
export function consoleContract<W extends ContractWorld>(contract: ConsoleContract<W>): ContractCase[] {
  const cases: ContractCase[] = [
    {
      name: 'is there once the BMC is open, and gone with it',
      async run() {
        const { world, bmc } = await bench(contract);
        same(bmc.console.available, true, 'whether it is available');
        await world.until(bmc.close());
        same(bmc.console.available, false, 'whether it is available afterwards');
      },
    },
    {
      name: 'what the machine says is read whole and in order, every character',
      async run() {
        const { world, machine, bmc, read } = await bench(contract);
        const before = read().length;
        for (let at = 0; at < LONG.length; at += 512) {
          machine.says(LONG.subarray(at, at + 512));
          await world.run(100);
        }
        await world.run(PASSES);
        same(read().subarray(before), LONG, 'what was read');
        await world.until(bmc.close());
      },
    },
    {
      name: 'what is typed reaches the machine whole and in order, every character',
      async run() {
        const { world, machine, bmc, type } = await bench(contract);
        const before = machine.heard().length;
        await type(LONG);
        same(machine.heard().subarray(before), LONG, 'what the machine heard');
        await world.until(bmc.close());
      },
    },
    {
      name: 'a second BMC has it when the first has gone',
      async run() {
        const { world, machine, bmc } = await bench(contract);
        await world.until(bmc.close());
        const next = new Bmc({ sol: { console: contract.console } }, { world, kinds: contract.kinds });
        await world.until(next.open());
        await world.run(RETURNS);
        same(next.console.available, true, 'whether it is available');
        const before = machine.heard().length;
        next.console.write(Uint8Array.of(0x41, 0x42));
        await world.run(PASSES);
        same(machine.heard().subarray(before), Uint8Array.of(0x41, 0x42), 'what the machine heard');
        await world.until(next.close());
      },
    },
  ];
  if (contract.isLost ?? true)
    cases.push({
      name: 'a machine that is lost is not available, and reached again when it is back',
      async run() {
        const { world, machine, bmc, type } = await bench(contract);
        holds(
          machine.goes !== undefined && machine.comes !== undefined,
          'expected a machine that goes and comes: say `isLost: false` otherwise',
        );
        await machine.goes();
        await world.run(PASSES);
        same(bmc.console.available, false, 'whether it is available without its machine');
        await machine.comes();
        await world.run(RETURNS);
        same(bmc.console.available, true, 'whether it is available again');
        const before = machine.heard().length;
        await type(Uint8Array.of(0x43));
        same(machine.heard().subarray(before), Uint8Array.of(0x43), 'what the machine heard');
        await world.until(bmc.close());
      },
    });
  return cases;
}
