import type { ClockShown, ScenarioList } from '../../control/answers.ts';
import { CliError } from '../errors.ts';
import { bmcNamed, daemonOf, pathOf } from './daemon.ts';
import type { Flags } from './flags.ts';
import { settingsIn } from './settings-file.ts';
import { facts, table, tell, type Column } from './tell.ts';
import { all, only, wordsOf } from './words.ts';

export const SCENARIO_VERBS = ['list', 'run', 'arm', 'stop', 'play'] as const;

/** Scenarios of the settings, and of files. */
export async function scenario(words: readonly string[], flags: Flags): Promise<void> {
  const { bmc, verb, rest } = wordsOf(words, SCENARIO_VERBS, 'list');
  const [word = ''] = verb === 'list' ? only(rest, []) : all(rest, verb === 'play' ? 'FILE' : 'SCENARIO');
  const scenario = verb === 'play' ? await settingsIn(word) : undefined;
  const control = daemonOf(flags);
  const name = await bmcNamed(control, bmc);
  const path = pathOf(name, '/scenarios');
  if (verb === 'list') {
    const found = await control.get<ScenarioList>(path);
    const rows = [
      ...found.names.map((name) => ({ name, is: 'of the settings' })),
      ...found.running.map(({ name: scenarioName, armed, state }) => ({
        name: scenarioName,
        is: armed ? 'armed' : `under way${state === undefined ? '' : `: ${state}`}`,
      })),
      ...found.ended.map(({ name: scenarioName, outcome, why }) => ({
        name: scenarioName,
        is: `${outcome}${why === undefined ? '' : `: ${why}`}`,
      })),
    ];
    const columns: readonly Column<(typeof rows)[number]>[] = [
      { name: 'SCENARIO', of: (row) => row.name },
      { name: 'IS', of: ({ is }) => is },
    ];
    return tell(flags, found, () => table(columns, rows, flags));
  }
  const storyPath = `${path}/${encodeURIComponent(word)}`;
  const done = { run: 'begins', arm: 'begins with the next request', stop: 'is stopped', play: 'begins' };
  const answer: unknown =
    verb === 'stop'
      ? ((await control.delete<unknown>(storyPath)) ?? { stopped: word })
      : verb === 'play'
        ? await control.post(path, scenario)
        : await control.post(`${storyPath}/${verb}`, verb === 'arm' ? {} : undefined);
  return tell(flags, answer, () => `${name}: ${word} ${done[verb]}`);
}

export interface ClockFlags extends Flags {
  /** Every BMC whose clock is virtual. */
  readonly all?: boolean;
}

export const CLOCK_VERBS = ['show', 'advance'] as const;

/** The time of a BMC, which may be virtual. */
export async function clock(words: readonly string[], flags: ClockFlags): Promise<void> {
  const { bmc, verb, rest } = wordsOf(words, CLOCK_VERBS, 'show');
  const [by] = verb === 'show' ? only(rest, []) : all(rest, 'TIME');
  if (flags.all) {
    if (bmc !== undefined) throw new CliError(`${bmc}: a BMC, or --all, not both`);
    if (verb === 'show' || by === 'next') throw new CliError('--all is for advance TIME');
    const moved = await daemonOf(flags).post<{ bmcs: number }>('/v1/clock/advance', { by });
    return tell(flags, moved, () => `${moved.bmcs} BMCs with a virtual clock: ${by} later`);
  }
  const control = daemonOf(flags);
  const name = await bmcNamed(control, bmc);
  const path = pathOf(name, '/clock');
  const now = await (verb === 'show'
    ? control.get<ClockShown>(path)
    : control.post<ClockShown>(`${path}/advance`, by === 'next' ? { toNextTimer: true } : { by }));
  await tell(flags, { bmc: name, ...now }, () =>
    facts([
      ['Clock', now.kind],
      ['Speed', now.kind === 'fast' ? now.speed : undefined],
      ['Now', now.now],
      ['Timers', now.timers],
      ['SEL time', new Date(now.sel * 1000).toISOString()],
    ]),
  );
}
