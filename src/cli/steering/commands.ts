import type { Command } from 'commander';
import type { Ended } from '../ended.ts';
import { FLEET_NOUNS } from './fleet-nouns.ts';
import { LOOK_NOUNS } from './look-nouns.ts';
import { MACHINE_NOUNS } from './machine-nouns.ts';
import { declare, type Noun } from './noun.ts';
import { TEST_NOUNS } from './test-nouns.ts';
import { TROUBLE_NOUNS } from './trouble-nouns.ts';
import { WATCHING_NOUNS } from './watching-nouns.ts';

/** What a daemon is asked for. Declarations alone: what a command does is loaded when it is given. */
export const NOUNS: readonly Noun[] = [
  ...FLEET_NOUNS,
  ...MACHINE_NOUNS,
  ...WATCHING_NOUNS,
  ...LOOK_NOUNS,
  ...TROUBLE_NOUNS,
  ...TEST_NOUNS,
];

export function steeringCommands(program: Command, ended: Ended): void {
  for (const noun of NOUNS) declare(program, ended, noun);
}
