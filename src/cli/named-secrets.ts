import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { ControlTlsOptions } from '../config/options.ts';
import { Tokens } from '../control/tokens.ts';
import type { SettingsPath } from '../settings/errors.ts';
import { certificatePair } from './certificates.ts';
import { CliError, problemOf, reading } from './errors.ts';
import type { FileSettings } from './file-settings.ts';
import { directoryObstacle } from './places.ts';

/** Who is not its owner can read it. */
const OTHERS_READ = 0o077;

/** What is wrong with a file that the settings of a process name. */
interface Found {
  readonly path: SettingsPath;
  readonly message: string;
}

/** What keeps a process from having what its settings name, and what it has with a doubt. */
export interface NamedProblems {
  readonly problems: readonly Found[];
  readonly warnings: readonly Found[];
}

/**
 * Files of tokens, certificates, keys and credentials that `control`, `console`, `audit`, `state` and
 * `cluster` name: whether they are there, are what they should be, and are nobody else's to read. `file`:
 * relative paths begin beside it.
 */
export function namedProblems(
  { control, console: web, audit, state, cluster }: FileSettings,
  file: string | undefined,
): NamedProblems {
  const problems: Found[] = [];
  const warnings: Found[] = [];
  const beside = (path: string): string => resolve(file === undefined ? '.' : dirname(file), path);
  const open = (place: string, path: SettingsPath): void => {
    const mode = statSync(place, { throwIfNoEntry: false })?.mode ?? 0;
    if ((mode & OTHERS_READ) !== 0)
      warnings.push({ path, message: `${place}: others can read it: chmod 600 it` });
  };
  /** False: it is a problem. */
  const tried = (path: SettingsPath, work: () => unknown): boolean => {
    try {
      work();
      return true;
    } catch (error) {
      problems.push({ path, message: problemOf(error) });
      return false;
    }
  };
  const secret = (
    named: string | undefined,
    path: SettingsPath,
    isRight: (text: string) => void,
  ): boolean => {
    if (named === undefined) return true;
    const place = beside(named);
    if (!tried(path, () => isRight(reading(place, () => readFileSync(place, 'utf8'))))) return false;
    open(place, path);
    return true;
  };
  const tokens = (named: string | undefined, key: string): void =>
    void secret(named, [key, 'tokens'], (text) => new Tokens(text, beside(named ?? '')));
  const pair = ({ certificate, key }: ControlTlsOptions, path: SettingsPath): void => {
    const there = tried([...path, 'certificate'], () => certificateIn(beside(certificate)));
    const isKey = secret(key, [...path, 'key'], (text) => keyIn(text, beside(key)));
    if (there && isKey) tried([...path, 'key'], () => certificatePair(beside(certificate), beside(key)));
  };
  tokens(control?.tokens, 'control');
  if (control?.tls) pair(control.tls, ['control', 'tls']);
  tokens(web?.tokens, 'console');
  if (web?.tls) pair(web.tls, ['console', 'tls']);
  if (audit !== undefined && audit.file !== '-') {
    const obstacle = fileObstacle(beside(audit.file));
    if (obstacle !== undefined) problems.push({ path: ['audit', 'file'], message: obstacle });
  }
  if (state?.sealKeyFile !== undefined) open(beside(state.sealKeyFile), ['state', 'sealKeyFile']);
  for (const key of ['passwordFile', 'nkeyFile', 'credentialsFile', 'sealKeyFile'] as const)
    secret(cluster?.[key], ['cluster', key], (text) => {
      if (text.trim() === '') throw new Error(`${beside(cluster?.[key] ?? '')}: there is nothing in it`);
    });
  const { ca, certificate, key } = cluster?.tls ?? {};
  if (ca !== undefined) tried(['cluster', 'tls', 'ca'], () => certificateIn(beside(ca)));
  if (certificate !== undefined && key !== undefined) pair({ certificate, key }, ['cluster', 'tls']);
  return { problems, warnings };
}

/** Throws CliError with a line for each problem; tells what is in doubt. */
export function checkNamed(
  settings: FileSettings,
  file: string | undefined,
  warn: (line: string) => void,
): void {
  const { problems, warnings } = namedProblems(settings, file);
  const lineOf = ({ path, message }: Found): string =>
    `${settings.place?.(undefined, path) ?? path.join('.')}: ${message}`;
  if (problems.length > 0) throw new CliError(problems.map(lineOf).join('\n'));
  for (const warning of warnings) warn(lineOf(warning));
}

function certificateIn(place: string): void {
  const text = reading(place, () => readFileSync(place, 'utf8'));
  try {
    void new X509Certificate(text);
  } catch (error) {
    throw new Error(`${place}: there is no certificate in it (PEM)`, { cause: error });
  }
}

function keyIn(text: string, place: string): void {
  try {
    createPrivateKey(text);
  } catch (error) {
    throw new Error(`${place}: there is no private key in it that can be read without a password (PEM)`, {
      cause: error,
    });
  }
}

/** What keeps a file from being written. */
function fileObstacle(place: string): string | undefined {
  const found = statSync(place, { throwIfNoEntry: false });
  if (found?.isDirectory()) return `${place}: is a directory, expected a file`;
  return found ? undefined : directoryObstacle(dirname(place));
}
