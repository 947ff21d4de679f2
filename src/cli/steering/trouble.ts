import { readFileSync } from 'node:fs';
import type { ClockShown, FaultList, FaultShown, PresetShown, ScenarioList } from '../../control/answers.ts';
import { CliError, reading } from '../errors.ts';
import { bmcNamed, daemonOf, pathOf } from './daemon.ts';
import type { Flags } from './flags.ts';
import { facts, lineOf, table, tell, type Column } from './tell.ts';
import { all, only, wordsOf } from './words.ts';

export const FAULT_VERBS = ['list', 'presets', 'arm', 'add', 'remove', 'clear'] as const;

const FAULTS: readonly Column<FaultShown>[] = [
  { name: 'ID', of: ({ id }) => id },
  { name: 'LAYER', of: ({ layer }) => layer },
  { name: 'HITS', right: true, of: ({ hits }) => hits },
  { name: 'STATE', of: ({ waiting }) => (waiting ? 'waits' : 'armed') },
  { name: 'PRESET', of: ({ preset }) => preset },
  { name: 'RULE', wide: true, of: ({ rule }) => lineOf(rule) },
];
const PRESETS: readonly Column<PresetShown>[] = [
  { name: 'PRESET', of: ({ name }) => name },
  { name: 'EFFECT', of: ({ effect }) => effect },
  { name: 'FINDING', wide: true, of: ({ finding }) => finding },
];

/** What goes wrong on purpose. */
export async function fault(words: readonly string[], flags: Flags): Promise<void> {
  const { bmc, verb, rest } = wordsOf(words, FAULT_VERBS, 'list');
  const needed = { arm: ['PRESET'], add: ['FILE'], remove: ['ID'] } as const;
  const [word = ''] = verb in needed ? all(rest, ...needed[verb as keyof typeof needed]) : only(rest, []);
  const rule = verb === 'add' ? await settingsIn(word) : undefined;
  const control = daemonOf(flags);
  const name = await bmcNamed(control, bmc);
  const path = pathOf(name, '/faults');
  if (verb === 'presets') {
    const found = await control.get<{ presets: PresetShown[] }>(`${path}/presets`);
    return tell(flags, found, () => table(PRESETS, found.presets, flags));
  }
  if (verb === 'remove' || verb === 'clear') {
    await control.delete(verb === 'clear' ? path : `${path}/${encodeURIComponent(word)}`);
    const what = verb === 'clear' ? 'every rule is off' : `'${word}' is off`;
    return tell(flags, { bmc: name, removed: verb === 'clear' ? null : word }, () => `${name}: ${what}`);
  }
  const found =
    verb === 'list'
      ? await control.get<FaultList>(path)
      : verb === 'arm'
        ? await control.post<FaultList>(`${path}/presets/${encodeURIComponent(word)}`)
        : { rules: [await control.post<FaultShown>(path, rule)] };
  return tell(flags, found, () => table(FAULTS, found.rules, flags));
}

/** YAML, or JSON, which is YAML too. */
async function settingsIn(file: string): Promise<unknown> {
  const text = file === '-' ? readFileSync(0, 'utf8') : reading(file, () => readFileSync(file, 'utf8'));
  const { parse } = await import('yaml');
  try {
    return parse(text) as unknown;
  } catch (error) {
    const [line] = (error instanceof Error ? error.message : String(error)).split('\n', 1);
    throw new CliError(`${file}: ${line}`, { cause: error });
  }
}

export const SCENARIO_VERBS = ['list', 'run', 'arm', 'stop', 'play'] as const;

/** Scenarios of the settings, and of files. */
export async function scenario(words: readonly string[], flags: Flags): Promise<void> {
  const { bmc, verb, rest } = wordsOf(words, SCENARIO_VERBS, 'list');
  const [word = ''] = verb === 'list' ? only(rest, []) : all(rest, verb === 'play' ? 'FILE' : 'SCENARIO');
  const given = verb === 'play' ? await settingsIn(word) : undefined;
  const control = daemonOf(flags);
  const name = await bmcNamed(control, bmc);
  const path = pathOf(name, '/scenarios');
  if (verb === 'list') {
    const found = await control.get<ScenarioList>(path);
    const rows = [
      ...found.names.map((one) => ({ name: one, is: 'of the settings' })),
      ...found.running.map(({ name: one, armed, state }) => ({
        name: one,
        is: armed ? 'armed' : `under way${state === undefined ? '' : `: ${state}`}`,
      })),
      ...found.ended.map(({ name: one, outcome, why }) => ({
        name: one,
        is: `${outcome}${why === undefined ? '' : `: ${why}`}`,
      })),
    ];
    const columns: readonly Column<(typeof rows)[number]>[] = [
      { name: 'SCENARIO', of: (row) => row.name },
      { name: 'IS', of: ({ is }) => is },
    ];
    return tell(flags, found, () => table(columns, rows, flags));
  }
  const one = `${path}/${encodeURIComponent(word)}`;
  const done = { run: 'begins', arm: 'begins with the next request', stop: 'is stopped', play: 'begins' };
  const answer: unknown =
    verb === 'stop'
      ? ((await control.delete<unknown>(one)) ?? { stopped: word })
      : verb === 'play'
        ? await control.post(path, given)
        : await control.post(`${one}/${verb}`, verb === 'arm' ? {} : undefined);
  return tell(flags, answer, () => `${name}: ${word} ${done[verb]}`);
}

export const CLOCK_VERBS = ['show', 'advance'] as const;

/** The time of a BMC, which may be virtual. */
export async function clock(words: readonly string[], flags: Flags): Promise<void> {
  const { bmc, verb, rest } = wordsOf(words, CLOCK_VERBS, 'show');
  const [by] = verb === 'show' ? only(rest, []) : all(rest, 'TIME');
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
