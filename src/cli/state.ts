import { readFileSync } from 'node:fs';
import type { Kinds } from '../config/kinds.ts';
import type { BmcOptions } from '../config/options.ts';
import { exportLines, importLines, inspect, type FileReport, type StoredValue } from '../storage/inspect.ts';
import { isSecret, Storage } from '../storage/storage.ts';
import { parameterOfKey } from '../commands/parameters/parameter.ts';
import { declarationOf, stores } from '../state/stores.ts';
import { givenSettings } from '../config/given.ts';
import { nodeWorld } from '../world/node.ts';
import { loadFile } from './load.ts';
import { loadPlugins } from './plugin.ts';
import { CliError, reading, systemProblem } from './errors.ts';
import { sealKey } from './state-place.ts';
import { dim } from './colors.ts';

interface StateFlags {
  readonly json?: boolean;
  readonly sealKey?: string;
}

const { files } = nodeWorld();

/** A setting of the config file that a client may change, by the store and key that its change would have. */
interface ConfigValue {
  readonly bmc: string;
  readonly store: string;
  readonly key: string;
  readonly value: unknown;
}

/** Prints what clients have changed and, with a config file, which of its settings still hold. */
export async function showState(
  directory: string,
  config: string | undefined,
  flags: StateFlags & { readonly bmc?: string; readonly plugin?: readonly string[] },
): Promise<number> {
  const { kinds } = await loadPlugins(flags.plugin);
  const inspection = await looked(directory, flags);
  const values = inspection.values.filter(({ bmc }) => flags.bmc === undefined || bmc === flags.bmc);
  const changed = new Set(values.map(keyOf));
  const inFile = (
    config === undefined ? [] : loadFile(config, kinds).flatMap((options) => configValues(options, kinds))
  ).filter(({ bmc }) => flags.bmc === undefined || bmc === flags.bmc);
  const rows = [
    ...values.map((value) => ({
      ...value,
      value: shown(value),
      from: inFile.some((setting) => keyOf(setting) === keyOf(value)) ? 'client, over config' : 'client',
    })),
    ...inFile
      .filter((value) => !changed.has(keyOf(value)))
      .map((value) => ({ ...value, value: shown(value), from: 'config' })),
  ].map((row) => ({ ...row, parameter: parameterName(row) }));
  if (flags.json) process.stdout.write(`${JSON.stringify({ files: inspection.files, values: rows })}\n`);
  else {
    for (const report of inspection.files) process.stdout.write(dim(`${reportLine(report)}\n`));
    for (const { bmc, store, key, parameter, value, from } of rows)
      process.stdout.write(`${bmc}  ${store}/${key}${named(parameter)}  ${value}  ${dim(`(${from})`)}\n`);
  }
  return 0;
}

/** Says what is wrong with the files; the exit code is 1 if anything is. */
export async function verifyState(directory: string, flags: StateFlags): Promise<number> {
  const { files: reports } = await looked(directory, flags);
  const ok = reports.every(
    ({ damaged, tornTail, locked, problem }) =>
      damaged === 0 && tornTail === 0 && !locked && (problem === undefined || problem === 'not there'),
  );
  process.stdout.write(
    flags.json
      ? `${JSON.stringify({ ok, files: reports })}\n`
      : reports.map((report) => `${reportLine(report)}\n`).join(''),
  );
  return ok ? 0 : 1;
}

/** Writes every value as a line of JSON; secrets only where they are asked for. */
export async function exportState(
  directory: string,
  flags: StateFlags & { secrets?: boolean },
): Promise<number> {
  const { values, files: reports } = await looked(directory, flags);
  const problem = reports.find(
    (report) =>
      report.problem !== undefined && report.problem !== 'not there' && !(report.sealed && !flags.secrets),
  );
  if (problem) throw new CliError(problem.problem);
  process.stdout.write(`${exportLines(values, flags.secrets ?? false).join('\n')}\n`);
  return 0;
}

export async function importState(directory: string, file: string, flags: StateFlags): Promise<number> {
  const text = file === '-' ? readFileSync(0, 'utf8') : reading(file, () => readFileSync(file, 'utf8'));
  try {
    const count = await importLines(files, directory, text, sealKey(flags.sealKey));
    process.stdout.write(`${directory}: ${count} value(s)\n`);
    return 0;
  } catch (error) {
    throw new CliError(systemProblem(error) ?? (error as Error).message, { cause: error });
  }
}

/**
 * Says that what is left in files of which something was lost is right as it is. The BMC must not be running.
 */
export async function unlockState(directory: string, flags: StateFlags): Promise<number> {
  if ((await files.stat(directory)) === undefined) throw new CliError(`${directory}: no such directory`);
  try {
    const warn = (line: string): void => void process.stderr.write(`${line}\n`);
    const storage = await Storage.open(files, directory, { warn, sealKey: sealKey(flags.sealKey) });
    const unlocked = await storage.unlock();
    await storage.close();
    process.stdout.write(
      unlocked.length === 0
        ? `${directory}: nothing is locked\n`
        : unlocked.map((name) => `${name}: unlocked\n`).join(''),
    );
    return 0;
  } catch (error) {
    throw new CliError(systemProblem(error) ?? (error as Error).message, { cause: error });
  }
}

async function looked(directory: string, flags: StateFlags): ReturnType<typeof inspect> {
  try {
    return await inspect(files, directory, sealKey(flags.sealKey));
  } catch (error) {
    throw error instanceof CliError
      ? error
      : new CliError(systemProblem(error) ?? (error as Error).message, { cause: error });
  }
}

function reportLine({
  name,
  bytes,
  sealed,
  records,
  damaged,
  tornTail,
  locked,
  problem,
}: FileReport): string {
  if (problem !== undefined) return `${name}: ${problem}`;
  const faults = [
    damaged > 0 ? `${damaged} damaged stretch(es) in the middle` : '',
    tornTail > 0 ? `a torn tail of ${tornTail} byte(s), which the next start cuts` : '',
    locked ? 'some of it is lost: what is not set anew is locked' : '',
  ].filter(Boolean);
  return `${name}: ${records} change(s), ${bytes} bytes${sealed ? ', sealed' : ''}; ${faults.join(', ') || 'whole'}`;
}

const keyOf = ({ bmc, store, key }: Pick<StoredValue, 'bmc' | 'store' | 'key'>): string =>
  `${bmc}\n${store}\n${key}`;

const named = (parameter: string | undefined): string => (parameter === undefined ? '' : ` (${parameter})`);

/** What the specification calls a configuration parameter. */
export function parameterName({ store, key }: Pick<StoredValue, 'store' | 'key'>): string | undefined {
  const { parameters } = declarationOf(store);
  return parameters && parameterOfKey(parameters, key)?.name;
}

function shown({ store, value }: Pick<StoredValue, 'store' | 'value'>): string {
  if (isSecret(store)) return '(secret)';
  return JSON.stringify(value, (_key, nested: unknown) =>
    nested instanceof Uint8Array ? Buffer.from(nested).toString('hex') : nested,
  );
}

/**
 * The settings of a file that clients can change, each under the key that the change would have: stores
 * declare which those are.
 */
function configValues(options: BmcOptions, kinds: Kinds): ConfigValue[] {
  const { name: bmc = 'bmc' } = options;
  const settings = givenSettings(options, kinds);
  return Object.values(stores).flatMap(({ name: store, shadows }) =>
    (shadows?.(settings) ?? []).flatMap(([key, value]) =>
      value === undefined ? [] : [{ bmc, store, key: String(key), value }],
    ),
  );
}
