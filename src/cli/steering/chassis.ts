import type { ChassisState } from '../../control/answers.ts';
import { bmcNamed, daemonOf, pathOf } from './daemon.ts';
import type { Flags } from './flags.ts';
import { facts, tell } from './tell.ts';
import { all, only, wordsOf } from './words.ts';

export const CHASSIS_VERBS = ['show', 'policy', 'press'] as const;

/** The chassis of a machine: how it stands, what becomes of it after a loss of mains, its buttons. */
export async function chassis(words: readonly string[], flags: Flags): Promise<void> {
  const { bmc, verb, rest } = wordsOf(words, CHASSIS_VERBS, 'show');
  const [word = ''] = verb === 'show' ? only(rest, []) : all(rest, verb === 'policy' ? 'POLICY' : 'BUTTON');
  const control = daemonOf(flags);
  const name = await bmcNamed(control, bmc);
  if (verb === 'press') {
    await control.post(pathOf(name, '/press'), { button: word });
    return tell(flags, { bmc: name, pressed: word }, () => `${name}: the ${word} button is pressed`);
  }
  const path = pathOf(name, '/chassis');
  const state = await (verb === 'show'
    ? control.get<ChassisState>(path)
    : control.put<ChassisState>(path, { restorePolicy: word }));
  return tell(flags, { bmc: name, ...state }, () =>
    facts([
      ['Power', state.power],
      ['Machine', state.machine],
      ['After a loss of mains', state.restorePolicy],
      ['Started because of', state.restartCause],
      ['Identify lamp', state.identify],
      ['Faults', state.faults],
    ]),
  );
}
