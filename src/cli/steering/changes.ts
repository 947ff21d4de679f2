import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { isatty } from 'node:tty';
import type { BmcRow, FleetApplied, FleetPlan, FleetStatus } from '../../control/answers.ts';
import { ControlError, type ControlClient, type ProblemDocument } from '../../control/client.ts';
import { dim, green, red, yellow } from '../colors.ts';
import { CliError, reading } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { bmcNamed, daemonOf, pathOf, queryOf } from './daemon.ts';
import type { Flags } from './flags.ts';
import { facts, tell } from './tell.ts';

export interface ApplyFlags extends Flags {
  /** Does it without asking. */
  readonly yes?: boolean;
}

/** Standard input, as a file. */
const STDIN = '-';

/** The process itself. */
export async function status(flags: Flags): Promise<void> {
  const fleet = await daemonOf(flags).get<FleetStatus>('/v1/fleet');
  await tell(flags, fleet, () =>
    facts([
      ['Version', fleet.version],
      ['Process', fleet.pid],
      ['Started', fleet.started],
      ['Ready', fleet.ready ? 'yes' : 'not yet'],
      ['File', fleet.file ?? 'none'],
      ['State', fleet.state ?? 'in memory'],
      ['BMCs', `${fleet.bmcs} run, ${fleet.stopped} stopped`],
      ['Removed', fleet.removed.length > 0 ? fleet.removed : undefined],
      ['Sessions', fleet.sessions],
    ]),
  );
}

/** One more BMC. */
export async function add(file: string, flags: Flags): Promise<void> {
  const added = await sentFile<{ bmc: BmcRow; kept: boolean }>(daemonOf(flags), '/v1/bmcs', file);
  const { bmc, kept } = added;
  const at = bmc.addresses.map(({ type, address }) => `${type} ${address}`).join(', ');
  const until = kept ? '' : '; until the daemon ends, since it has no state directory';
  await tell(flags, added, () => `${bmc.name}: added${at === '' ? '' : `, ${at}`}${until}`);
}

/** Ends BMCs for good. */
export async function remove(names: readonly string[], flags: Flags): Promise<void> {
  if (names.length === 0) throw new CliError('which BMC? Name what is to be removed');
  const control = daemonOf(flags);
  for (const name of names) {
    const removed = await control.delete<{ origin: string }>(pathOf(name));
    const back = removed.origin === 'file' ? '; its file has it: `start` or `apply` brings it back' : '';
    await tell(flags, removed, () => `${name}: removed${back}`);
  }
}

const DONE = { start: 'started', stop: 'stopped', restart: 'restarted' } as const;

/** Starts, stops or restarts BMCs. */
export async function run(verb: keyof typeof DONE, names: readonly string[], flags: Flags): Promise<void> {
  const control = daemonOf(flags);
  for (const bmc of names.length === 0 ? [undefined] : names) {
    const name = await bmcNamed(control, bmc);
    const row = await control.post<BmcRow>(pathOf(name, `/${verb}`));
    await tell(flags, row, () => `${name}: ${DONE[verb]}`);
  }
}

/** What applying a file, or without one reading the daemon's again, would do; exit code 1 if anything. */
export async function diff(file: string | undefined, flags: Flags): Promise<ExitCode> {
  const { plan } = await planned(daemonOf(flags), file);
  await tell(flags, plan, () => planText(plan));
  return isEmpty(plan) ? EXIT.done : EXIT.failed;
}

/** Makes the fleet what a file says, or the daemon's own file; a person sees the plan first, and is asked. */
export async function apply(file: string | undefined, flags: ApplyFlags): Promise<ExitCode> {
  const control = daemonOf(flags);
  const isAsked = flags.yes !== true && file !== STDIN && isatty(0) && isatty(1);
  if (isAsked) {
    const { plan } = await planned(control, file);
    process.stdout.write(planText(plan));
    if (isEmpty(plan)) return EXIT.done;
    if (!(await isWanted())) throw new CliError('nothing is changed', { exit: EXIT.failed });
  }
  const done = await sent(control, file, false);
  await tell(flags, done, () => (isAsked ? (done.problems.length === 0 ? 'done' : '') : planText(done.plan)));
  if (done.problems.length === 0) return EXIT.done;
  throw new CliError(done.problems.join('\n'), { exit: EXIT.failed });
}

const planned = (control: ControlClient, file: string | undefined): Promise<FleetApplied> =>
  sent(control, file, true);

const sent = (control: ControlClient, file: string | undefined, isPlan: boolean): Promise<FleetApplied> => {
  const query = queryOf({ plan: isPlan ? true : undefined });
  return file === undefined
    ? control.post(`/v1/fleet/reload${query}`)
    : sentFile(control, `/v1/fleet/apply${query}`, file);
};

/** Sends settings. Mistakes in them name the file and not what it was sent as. */
async function sentFile<T>(control: ControlClient, path: string, file: string): Promise<T> {
  const body = file === STDIN ? readFileSync(0, 'utf8') : reading(file, () => readFileSync(file, 'utf8'));
  const type = extname(file) === '.json' ? 'application/json' : 'application/yaml';
  try {
    return await control.request<T>(path, { method: 'POST', body, type });
  } catch (error) {
    throw error instanceof ControlError ? new ControlError(ofFile(error.problem, file)) : error;
  }
}

function ofFile(problem: ProblemDocument, file: string): ProblemDocument {
  const named = (line: string): string => line.replace(/^body(?=:)/, file === STDIN ? 'stdin' : file);
  return {
    ...problem,
    detail: named(problem.detail),
    ...(problem.problems && { problems: problem.problems.map(named) }),
  };
}

const isEmpty = ({ added, removed, changed }: FleetPlan): boolean =>
  added.length + removed.length + changed.length === 0;

/** A line a BMC, as diffs have them: `+` comes, `-` goes, `~` changes. */
function planText(plan: FleetPlan): string {
  const { added, removed, changed, unchanged } = plan;
  if (isEmpty(plan)) return `nothing differs: ${unchanged} BMC(s)\n`;
  return [
    ...added.map((name) => green(`+ ${name}`)),
    ...removed.map((name) => red(`- ${name}`)),
    ...changed.flatMap(({ name, how, keys }) => [
      yellow(`~ ${name}: ${how === 'live' ? 'applies live' : 'this BMC restarts'}`),
      ...keys.map(
        ({ key, how: needs }) => `    ${key}: ${needs === 'live' ? 'live' : 'needs a restart of it'}`,
      ),
    ]),
    dim(`${unchanged} unchanged`),
    '',
  ].join('\n');
}

async function isWanted(): Promise<boolean> {
  const { createInterface } = await import('node:readline/promises');
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await lines.question('Do it? [y/N] ')).trim());
  } finally {
    lines.close();
  }
}
