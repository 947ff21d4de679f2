import { ERROR_CODES } from '../codec/index.ts';

/** A registration or removal that cannot be done; nothing was changed. */
export class RegistrationError extends Error {
  override name = 'RegistrationError';
  readonly code = ERROR_CODES.RegistrationError;
  /** One line for each claim that clashes or override that fails. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/**
 * file:line of whoever called the function that calls this one, for messages that name where something was
 * registered.
 */
export function callSite(): string {
  const line = (new Error().stack ?? '').split('\n')[3] ?? '';
  const place = /([^\s(]+:\d+):\d+\)?$/.exec(line)?.[1];
  return place?.replace(/^file:\/\//, '').replace(/^.*\/((?:src|dist|test|examples)\/)/, '$1') ?? 'unknown';
}
