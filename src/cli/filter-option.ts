import { nearest } from '../config/wording.ts';
import { parseTraceFilter, type TraceFilter, type TraceFilterProblem } from '../taps/index.ts';
import { CliError } from './errors.ts';

/**
 * The terms that an option has, as `cmd=get-sdr user=admin cc!=0`.
 *
 * @throws CliError for terms that are none, with their column.
 */
export function filterOption(option: string, terms: string | undefined): TraceFilter | undefined {
  if (terms === undefined) return undefined;
  const filter = parseTraceFilter(terms);
  if (typeof filter === 'object') throw new CliError(filterProblem(option, filter));
  return filter;
}

/** What is wrong with the terms of an option, and what was meant. */
export function filterProblem(option: string, { column, problem, unknown }: TraceFilterProblem): string {
  const near = unknown && nearest(unknown.value, unknown.known);
  const meant = near === undefined ? '' : `; did you mean ${near}?`;
  return `${option}: column ${column}: ${problem}${meant}`;
}
