import { readFileSync, statSync } from 'node:fs';
import { kgBytes, type Candidates } from '../explain/index.ts';
import { CliError, systemProblem } from './errors.ts';

/** Passwords and BMC keys as commands take them that open sessions of captures. */
export interface CandidateFlags {
  readonly password?: readonly string[];
  /** The password is in IPMI_PASSWORD, as ipmitool has it. */
  readonly E?: boolean;
  /** Passwords, a line each. */
  readonly passwordFile?: string;
  readonly kg?: readonly string[];
  /** K_g, a line each, written as with `--kg`. */
  readonly kgFile?: string;
}

const LONGEST_FILE = 16 * 1024 * 1024;
/** Bytes of a K_g. */
const KG_SIZE = 20;

/** What was given, IPMI_PASSWORD where no password was. Throws CliError, which shows none of it. */
export function candidatesOf({ password, passwordFile, E, kg, kgFile }: CandidateFlags): Candidates {
  const { IPMI_PASSWORD: inEnvironment } = process.env;
  if (E === true && inEnvironment === undefined)
    throw new CliError('-E: IPMI_PASSWORD of the environment is not set');
  const inFile = passwordFile === undefined ? [] : linesIn('--password-file', passwordFile, 'password');
  const typed = [...(password ?? []), ...inFile];
  const passwords = typed.length > 0 || inEnvironment === undefined ? typed : [inEnvironment];
  kg?.forEach((key) => checkKg('--kg', key));
  const keys = kgFile === undefined ? [] : linesIn('--kg-file', kgFile, 'K_g');
  keys.forEach((key, i) => checkKg(`--kg-file: ${kgFile}:${i + 1}`, key));
  const all = [...(kg ?? []), ...keys];
  return { passwords, kg: all.length > 0 ? all : undefined };
}

/** The one password of a file. Throws CliError where there are several. */
export const passwordIn = (file: string): string => lineIn('--password-file', file, 'password');

/** The K_g that is given itself or as the one line of a file. Throws CliError, which shows nothing of it. */
export function kgOf({
  kg,
  kgFile,
}: {
  readonly kg?: string;
  readonly kgFile?: string;
}): Uint8Array | undefined {
  if (kg !== undefined && kgFile !== undefined) throw new CliError('--kg and --kg-file: give one of them');
  if (kgFile !== undefined) {
    const key = lineIn('--kg-file', kgFile, 'K_g');
    checkKg(`--kg-file: ${kgFile}:1`, key);
    return kgBytes(key);
  }
  if (kg === undefined) return undefined;
  checkKg('--kg', kg);
  return kgBytes(kg);
}

function lineIn(option: string, file: string, what: string): string {
  const [line, ...more] = linesIn(option, file, what);
  if (more.length > 0) throw new CliError(`${option}: ${file}: has ${more.length + 1} lines, expected one`);
  return line;
}

/** Lines that are not empty, whatever ends them. */
function linesIn(option: string, file: string, what: string): string[] {
  let text: string;
  try {
    if (statSync(file).size > LONGEST_FILE) throw new CliError(`${option}: ${file}: more than 16 MiB`);
    text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    if (error instanceof TypeError)
      throw new CliError(`${option}: ${file}: is no text in UTF-8`, { cause: error });
    const problem = systemProblem(error, file);
    if (problem === undefined) throw error;
    throw new CliError(`${option}: ${problem}`, { cause: error });
  }
  const lines = text.split(/\r?\n/).filter(Boolean);
  if (lines.length === 0) throw new CliError(`${option}: ${file}: no ${what} is in it`);
  return lines;
}

/** Not shown: it is a secret, even with a slip of the finger in it. */
function checkKg(where: string, key: string): void {
  const [, digits] = /^0x(.*)$/i.exec(key) ?? [];
  if (digits !== undefined && !/^(?:[\da-f]{2})+$/i.test(digits))
    throw new CliError(`${where}: behind 0x a K_g has hexadecimal digits, two a byte`);
  const length = digits === undefined ? Buffer.byteLength(key) : digits.length / 2;
  if (length > KG_SIZE) throw new CliError(`${where}: a K_g has at most ${KG_SIZE} bytes, not ${length}`);
}
