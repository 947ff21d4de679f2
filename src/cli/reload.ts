import type { Daemon } from '../control/daemon.ts';
import { ControlError } from '../control/problem.ts';
import { summaryOf } from '../fleet/index.ts';
import { CliError, problemOf } from './errors.ts';

/**
 * SIGHUP: reads the file again, and makes the fleet what it says now. A mistake in it is a line a problem,
 * and nothing changes. Never rejects.
 */
export async function reload(daemon: Daemon): Promise<void> {
  const { file, log } = daemon;
  if (file === undefined) {
    log.warn('SIGHUP: there is no file to read again');
    return;
  }
  try {
    const { plan, problems } = await daemon.reload();
    log.info(`SIGHUP: ${file} is read again: ${summaryOf(plan)}`, {
      added: plan.added.length,
      removed: plan.removed.length,
      changed: plan.changed.length,
      unchanged: plan.unchanged.length,
    });
    for (const problem of problems) log.error(`SIGHUP: ${problem}; that BMC is as it was before`);
  } catch (error) {
    for (const line of linesOf(error)) log.error(`SIGHUP: nothing is changed: ${line}`);
  }
}

function linesOf(error: unknown): readonly string[] {
  if (error instanceof ControlError) return error.problem.problems ?? [error.problem.detail];
  return (error instanceof CliError ? error.message : problemOf(error)).split('\n');
}
