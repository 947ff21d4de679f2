import type { PowerState } from '../../control/answers.ts';
import { bmcNamed, daemonOf, pathOf } from './daemon.ts';
import type { Flags } from './flags.ts';
import { tell } from './tell.ts';
import { only, wordsOf } from './words.ts';

export const POWER_VERBS = ['status', 'on', 'off', 'cycle', 'reset', 'soft', 'diag'] as const;

/** Whether a machine has power, and switching it. */
export async function power(words: readonly string[], flags: Flags): Promise<void> {
  const { bmc, verb, rest } = wordsOf(words, POWER_VERBS, 'status');
  only(rest, []);
  const control = daemonOf(flags);
  const name = await bmcNamed(control, bmc);
  const path = pathOf(name, '/power');
  const state = await (verb === 'status'
    ? control.get<PowerState>(path)
    : control.post<PowerState>(path, { action: verb }));
  await tell(flags, { bmc: name, ...state }, () => `${name}: power is ${state.power}`);
}
