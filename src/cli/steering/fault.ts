import type { FaultList, FaultShown, PresetShown } from '../../control/answers.ts';
import type { ControlClient } from '../../control/client.ts';
import { ControlError } from '../../control/problem.ts';
import { bold } from '../colors.ts';
import { complain, CliError } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { plain } from '../output.ts';
import { complaintOf } from './complaint.ts';
import { bmcNamed, daemonOf, pathOf } from './daemon.ts';
import { ruleOf, saysRule, type RuleFlags } from './fault-rule.ts';
import { allBmcs } from './fleet.ts';
import type { Flags } from './flags.ts';
import { isForPrograms, lineOf, table, tell, type Column } from './tell.ts';
import { all, only, wordsOf, type Words } from './words.ts';

export interface FaultFlags extends Flags, RuleFlags {
  /** Every BMC that runs. */
  readonly all?: boolean;
  /** Those that run and have these labels. */
  readonly selector?: string;
}

export const FAULT_VERBS = ['list', 'show', 'presets', 'arm', 'add', 'remove', 'clear'] as const;
type FaultVerb = (typeof FAULT_VERBS)[number];

/** A rule, and of several BMCs whose it is. */
type Row = FaultShown & { readonly bmc: string };
const OF_BMC: Column<Row> = { name: 'BMC', of: ({ bmc }) => bmc };
const FAULTS: readonly Column<Row>[] = [
  { name: 'ID', of: ({ id }) => id },
  { name: 'LAYER', of: ({ layer }) => layer },
  { name: 'HITS', right: true, of: ({ hits }) => hits },
  { name: 'STATE', of: ({ waiting }) => (waiting ? 'waits' : 'armed') },
  { name: 'PRESET', of: ({ preset }) => preset },
  { name: 'RULE', wide: true, of: ({ rule }) => lineOf(rule) },
];

/** What goes wrong on purpose, of one BMC or of several. */
export async function fault(typed: readonly string[], flags: FaultFlags): Promise<ExitCode> {
  const words = wordsOf(typed, FAULT_VERBS, 'list');
  const isFleet = flags.all === true || flags.selector !== undefined;
  if (isFleet && words.bmc !== undefined)
    throw new CliError(`${words.bmc}: a BMC, or --all or --selector, not both`);
  const act = await actOf(words, flags);
  const control = daemonOf(flags);
  if (words.verb === 'presets') return presets(control, flags);
  if (isFleet) return ofFleet(control, act, words, flags);
  const bmc = await bmcNamed(control, words.bmc);
  const rules = await act(control, pathOf(bmc, '/faults'));
  if (rules === undefined) {
    const [removed = null] = words.rest;
    await tell(flags, { bmc, removed }, () => `${bmc}: ${offText(words)}`);
  } else {
    await tell(flags, { rules }, () =>
      table<Row>(
        FAULTS,
        rules.map((rule) => ({ ...rule, bmc })),
        flags,
      ),
    );
  }
  return EXIT.done;
}

const offText = ({ rest: [id] }: Words<FaultVerb>): string =>
  id === undefined ? 'every rule is off' : `'${id}' is off`;

/** What is asked of one BMC; the rules that it is about, undefined where there are none any more. */
type Act = (control: ControlClient, path: string) => Promise<readonly FaultShown[] | undefined>;

/** Reads what has to be read before a daemon is asked for anything. Throws CliError. */
async function actOf({ verb, rest }: Words<FaultVerb>, flags: FaultFlags): Promise<Act> {
  if (verb === 'add') {
    const rule = await ruleOf(rest, flags);
    return async (control, path) => [await control.post<FaultShown>(path, rule)];
  }
  if (saysRule(flags)) throw new CliError(`--when, --then and the like are for add, not for ${verb}`);
  switch (verb) {
    case 'arm': {
      const [name] = all(rest, 'PRESET');
      const arm = `/presets/${encodeURIComponent(name)}`;
      return async (control, path) => (await control.post<FaultList>(path + arm)).rules;
    }
    case 'show': {
      const [id] = all(rest, 'ID');
      return async (control, path) => [await control.get<FaultShown>(`${path}/${encodeURIComponent(id)}`)];
    }
    case 'remove': {
      const [id] = all(rest, 'ID');
      return (control, path) => control.delete(`${path}/${encodeURIComponent(id)}`);
    }
    case 'clear':
      only(rest, []);
      return (control, path) => control.delete(path);
    default:
      only(rest, []);
      return async (control, path) => (await control.get<FaultList>(path)).rules;
  }
}

/** BMCs that are asked at a time. */
const AT_ONCE = 16;

/** Each BMC by itself: one that refuses keeps nobody else from it, and the exit code is 1. */
async function ofFleet(
  control: ControlClient,
  act: Act,
  words: Words<FaultVerb>,
  flags: FaultFlags,
): Promise<ExitCode> {
  const label = flags.selector;
  const names = (await allBmcs(control, { label, state: 'running' })).map(({ name }) => name);
  if (names.length === 0) throw new CliError('no BMC that runs fits', { exit: EXIT.notThere });
  const outcomes: Outcome[] = [];
  for (let i = 0; i < names.length; i += AT_ONCE)
    outcomes.push(
      ...(await Promise.all(names.slice(i, i + AT_ONCE).map((bmc) => outcomeOf(control, act, bmc)))),
    );
  const refused = outcomes.filter(({ problem }) => problem !== undefined);
  const isTable = words.verb !== 'remove' && words.verb !== 'clear';
  await tell(flags, { bmcs: outcomes }, () =>
    isTable
      ? table(
          [OF_BMC, ...FAULTS],
          outcomes.flatMap(({ bmc, rules = [] }) => rules.map((rule) => ({ ...rule, bmc }))),
          flags,
        )
      : `${outcomes.length - refused.length} BMCs: ${offText(words)}`,
  );
  if (!isForPrograms(flags))
    for (const { bmc, problem = '' } of refused)
      complain(`${bmc}: ${problem}`, false, (text) => process.stderr.write(text));
  return refused.length === 0 ? EXIT.done : EXIT.failed;
}

interface Outcome {
  readonly bmc: string;
  readonly rules?: readonly FaultShown[];
  readonly problem?: string;
}

async function outcomeOf(control: ControlClient, act: Act, bmc: string): Promise<Outcome> {
  try {
    return { bmc, rules: await act(control, pathOf(bmc, '/faults')) };
  } catch (error) {
    if (error instanceof ControlError) return { bmc, problem: complaintOf(error.problem).lines };
    throw error;
  }
}

/** Stories are the same for every BMC. */
async function presets(control: ControlClient, flags: Flags): Promise<ExitCode> {
  const [first] = await allBmcs(control, { state: 'running' });
  if (first === undefined) throw new CliError('no BMC runs', { exit: EXIT.notThere });
  const found = await control.get<{ presets: PresetShown[] }>(pathOf(first.name, '/faults/presets'));
  await tell(flags, found, () =>
    found.presets
      .map(
        ({ name, effect, finding }) =>
          `${bold(plain(name))}\n  seen:  ${plain(effect)}\n  find:  ${plain(finding)}\n`,
      )
      .join(''),
  );
  return EXIT.done;
}
