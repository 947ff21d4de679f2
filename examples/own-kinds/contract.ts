// Our kinds keep the contracts of the package: `node --import tsx --test examples/own-kinds/contract.ts`.
import { describe, test } from 'node:test';
import { backendContract, sourceContract } from 'ipmi-bmc/testing';
import { simWorld } from 'ipmi-bmc/world';
import { kinds, outlets } from './kinds.ts';

/** Virtual time, another one for each case. */
const world = () => simWorld(1);

const strip = backendContract({
  world,
  kinds,
  backend: { type: 'strip', outlet: 3 },
  machine() {
    const outlet = outlets[3];
    Object.assign(outlet, { on: false, isStuck: false });
    return {
      get on() {
        return outlet.on;
      },
      told: [],
      set broken(isStuck: boolean) {
        outlet.isStuck = isStuck;
      },
      dies: () => undefined,
    };
  },
  // It can be told nothing but on and off, and does not notice what else becomes of the machine.
  words: {},
  notices: false,
});

const daily = sourceContract({ world, kinds, value: { daily: 21, height: 4 } });

for (const [kind, cases] of Object.entries({ strip, daily }))
  void describe(kind, () => {
    for (const { name, run } of cases) void test(name, run);
  });
