import type { LogInProblem } from '../../state/app/log-ins.ts';
import { RakpStatus, Refusal } from '../../wire/index.ts';
import type { Wanted } from './wanted-suite.ts';

/** What the console hears (§13.24): of a user's state nothing but that the name will not do. */
export const STATUS: Readonly<Record<LogInProblem, number>> = {
  'unknown user': RakpStatus.UnauthorizedName,
  'no null user': RakpStatus.UnauthorizedName,
  'user whose stored settings are lost': RakpStatus.UnauthorizedName,
  'disabled user': RakpStatus.UnauthorizedName,
  'user without a password': RakpStatus.UnauthorizedName,
  'no access to the channel': RakpStatus.UnauthorizedName,
  'user locked out': RakpStatus.UnauthorizedName,
  'wrong password': RakpStatus.InvalidIntegrityCheckValue,
  'console did not go on: wrong password?': RakpStatus.InvalidIntegrityCheckValue,
  'wrong K_g': RakpStatus.InvalidIntegrityCheckValue,
  'console did not go on: wrong K_g?': RakpStatus.InvalidIntegrityCheckValue,
  'too many wrong passwords': RakpStatus.InsufficientResources,
  'privilege level': RakpStatus.UnauthorizedRole,
  'privilege level of the cipher suite': RakpStatus.UnauthorizedRole,
  'cipher suite': RakpStatus.NoCipherSuiteMatch,
  'unknown algorithm': RakpStatus.NoCipherSuiteMatch,
  'authentication type': RakpStatus.NoCipherSuiteMatch,
  'BMC key changed': RakpStatus.InvalidIntegrityCheckValue,
  'user changed': RakpStatus.InvalidIntegrityCheckValue,
  'channel not available': RakpStatus.InsufficientResources,
  'session limit of the user': RakpStatus.InsufficientResources,
  'no session slot': RakpStatus.InsufficientResources,
  'password of 20 bytes': RakpStatus.UnauthorizedName,
  'password cut to 16 bytes': RakpStatus.InvalidIntegrityCheckValue,
  'wrong challenge': RakpStatus.InvalidIntegrityCheckValue,
  'malformed log-in': RakpStatus.IllegalParameter,
};

/** Of an algorithm that no suite has. */
export const UNKNOWN: Readonly<Record<keyof Wanted, number>> = {
  authentication: RakpStatus.InvalidAuthenticationAlgorithm,
  integrity: RakpStatus.InvalidIntegrityAlgorithm,
  confidentiality: RakpStatus.InvalidConfidentialityAlgorithm,
};

/** The answer to a message of a log-in that goes no further. */
export const refusal = (tag: number, status: number, consoleId: number): Uint8Array =>
  Refusal.encode({ tag, status, consoleId });
/** Where an answer goes to an Open Session whose rest makes no sense; of 8 bytes or more. */
export const consoleIdIn = (openSession: Uint8Array): number => Refusal.decode(openSession, 0, 8).consoleId;
