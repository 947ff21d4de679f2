import { Bmc, type PowerAction } from '../../bmc.ts';
import { CC, IpmiError } from '../../codec/index.ts';
import type { Kinds } from '../../config/kinds.ts';
import type { BackendOptions, BmcOptions } from '../../config/options.ts';
import { holds, refused, same, type ContractCase, type ContractWorld } from './contract.ts';

/** The machine behind a power back end, as the test has it. */
export interface MachineBehind {
  /** As the machine itself knows it. */
  readonly on: boolean;
  /** What was done to it, in the back end's own words, in order. */
  readonly told: readonly string[];
  /** True: everything that is asked of it fails. */
  broken: boolean;
  /** It goes off by itself. */
  dies(): void;
}

export interface BackendContract<W extends ContractWorld> {
  /** A new one for each case. */
  readonly world: () => W;
  /** `chassis.backend`. */
  readonly backend: BackendOptions;
  /** The kinds of a program. */
  readonly kinds?: Kinds;
  /** What else the BMC is set to. */
  readonly settings?: BmcOptions;
  /** Puts the machine, which is off, into a world; before the BMC is made. */
  readonly machine: (world: W) => MachineBehind;
  /** What is told to the machine for each action; one that is left out is refused with D5h. */
  readonly words: Readonly<Partial<Record<Exclude<PowerAction, 'cycle'>, RegExp>>>;
  /** What is told to it where it boots from the network, with power and with a reset. Default: it cannot. */
  readonly boots?: { readonly power: RegExp; readonly reset?: RegExp };
  /** A machine that goes off by itself is noticed. Default true. */
  readonly notices?: boolean;
  /** An action that fails rejects at once; false: the machine stays off without a word. Default true. */
  readonly tellsFailure?: boolean;
}

/** Milliseconds for a machine to start, and for a BMC to notice what becomes of it. */
const SETTLES = 3000;
const NOTICES = 5000;
/** Boot flags (IPMI 2.0 §28.13, parameter 5): valid for the next boot, from the network. */
const BOOT_FLAGS = 5;
const FROM_NETWORK = Uint8Array.of(0x80, 0x04, 0, 0, 0);

/** A BMC with its back end and the machine behind it. */
export async function backendBench<W extends ContractWorld>(
  { world: makeWorld, machine: place, backend, kinds, settings }: BackendContract<W>,
  power: 'on' | 'off' = 'off',
) {
  const world = makeWorld();
  const machine = place(world);
  const log: string[] = [];
  const say = (line: string): void => void log.push(line);
  const options = { ...settings, chassis: { power, backend }, sel: { bootEvents: false } };
  const bmc = new Bmc(options, { world, kinds, log: { debug: say, info: say, warn: say, error: say } });
  await world.until(bmc.open());
  await world.run(2000);
  /** Rejects as the action does. */
  const ask = async (action: PowerAction): Promise<void> =>
    world.until((async () => bmc.chassis.control(action))());
  const control = async (action: PowerAction): Promise<void> => {
    await ask(action);
    await world.run(SETTLES);
  };
  const bootFromNetwork = async (): Promise<void> =>
    world.until((async () => bmc.bootOptions.set(BOOT_FLAGS, FROM_NETWORK, undefined))());
  const isOn = (on: boolean, when: string): void =>
    same([machine.on, bmc.chassis.isOn], [on, on], `power of machine and chassis ${when}`);
  return { world, machine, bmc, ask, control, bootFromNetwork, isOn, log };
}

/** What was told to a machine since then. */
const since =
  ({ told }: MachineBehind, from = told.length) =>
  (): readonly string[] =>
    told.slice(from);

function isAmong(told: readonly string[], words: RegExp, expected: boolean, of: string): void {
  const found = told.some((line) => words.test(line));
  holds(
    found === expected,
    `${of}: expected ${expected ? '' : 'nothing like '}${words}, told ${told.join('; ')}`,
  );
}

/** The code that refuses; throws ExpectationError for an error that is no refusal. */
const codeOf = (error: unknown): number => {
  holds(error instanceof IpmiError, `expected an IpmiError, found ${String(error)}`);
  return error.cc;
};

/** What every power back end must do. */
export function backendContract<W extends ContractWorld>(contract: BackendContract<W>): ContractCase[] {
  const { words, boots, notices = true, tellsFailure = true } = contract;
  const cases: ContractCase[] = [
    {
      name: 'switches its machine on and off, and does not mind being asked twice',
      async run() {
        const { world, machine, bmc, control, isOn } = await backendBench(contract);
        same(bmc.chassis.isOn, false, 'power at first');
        for (const on of [true, true, false, false, true]) {
          await control(on ? 'on' : 'off');
          isOn(on, `after ${on ? 'on' : 'off'}`);
        }
        const { on } = words;
        if (on) same(machine.told.filter((line) => on.test(line)).length >= 2, true, 'told twice to go on');
        await world.until(bmc.close());
      },
    },
    {
      name: 'a cycle leaves it on',
      async run() {
        const { world, bmc, control, isOn } = await backendBench(contract);
        await control('on');
        await control('cycle');
        isOn(true, 'after a cycle');
        await world.until(bmc.close());
      },
    },
  ];
  for (const action of ['reset', 'diag', 'soft'] as const) {
    const word = words[action];
    cases.push({
      name: word ? `does ${action}` : `refuses ${action} with D5h, and the machine goes on`,
      async run() {
        const { world, machine, bmc, ask, control } = await backendBench(contract);
        await control('on');
        const told = since(machine);
        if (word) {
          await control(action);
          isAmong(told(), word, true, action);
        } else same(codeOf(await refused(ask(action), action)), CC.NotSupportedInState, `code of ${action}`);
        same(bmc.chassis.isOn, true, `power after ${action}`);
        await world.until(bmc.close());
      },
    });
  }
  if (notices)
    cases.push({
      name: 'when the machine goes off by itself, so does the chassis',
      async run() {
        const { world, machine, bmc, control, isOn } = await backendBench(contract);
        await control('on');
        machine.dies();
        await world.run(NOTICES);
        isOn(false, 'after it went off');
        await control('on');
        isOn(true, 'after on');
        await world.until(bmc.close());
      },
    });
  cases.push({
    name: 'what the machine does not do is D5h, with its reason in the log',
    async run() {
      const { world, machine, bmc, ask, control, log } = await backendBench(contract);
      machine.broken = true;
      if (tellsFailure) {
        same(codeOf(await refused(ask('on'), 'on')), CC.NotSupportedInState, 'code of on');
        holds(/power on failed: .+/.test(log.join('\n')), `expected why on failed in ${log.join('\n')}`);
      }
      same(bmc.chassis.isOn, false, 'power of a machine that did not start');
      machine.broken = false;
      await control('on');
      same(bmc.chassis.isOn, true, 'power after it is whole again');
      await world.until(bmc.close());
    },
  });
  return boots ? [...cases, ...bootCases(contract, boots)] : cases;
}

function bootCases<W extends ContractWorld>(
  contract: BackendContract<W>,
  { power, reset }: NonNullable<BackendContract<W>['boots']>,
): ContractCase[] {
  const once: ContractCase = {
    name: 'boots once from where it is told',
    async run() {
      const { world, machine, bmc, control, bootFromNetwork } = await backendBench(contract);
      await bootFromNetwork();
      await control('on');
      isAmong(machine.told, power, true, 'the first boot');
      same(bmc.bootOptions.flags.valid, false, 'whether the flags are still valid');
      const told = since(machine);
      await control('off');
      await control('on');
      isAmong(told(), power, false, 'the second boot');
      await world.until(bmc.close());
    },
  };
  if (reset === undefined) return [once];
  const onReset: ContractCase = {
    name: 'a reset boots from there too',
    async run() {
      const { world, machine, bmc, control, bootFromNetwork } = await backendBench(contract);
      await control('on');
      await bootFromNetwork();
      const told = since(machine);
      await control('reset');
      isAmong(told(), reset, true, 'a reset');
      await world.until(bmc.close());
    },
  };
  return [once, onReset];
}
