import type { Files } from '../world/world.ts';
import { readRecords } from './read-records.ts';
import { identify, StorageError } from './journal-head.ts';
import { pack, unpack, type Entry } from './record.ts';
import { fileOf, isSecret, openJournals } from './storage.ts';
import { FILES, fileName, lockDirectory } from './state-directory.ts';

/** What is found in one file of a state directory, without changing it. */
export interface FileReport {
  readonly name: string;
  readonly bytes: number;
  readonly sealed: boolean;
  /** Changes that are whole. */
  readonly records: number;
  /** Stretches in the middle that cannot be read. */
  readonly damaged: number;
  /** Bytes behind the last whole record. */
  readonly tornTail: number;
  /** Some of what guards is lost, and locked. */
  readonly locked: boolean;
  /** Why nothing could be read. */
  readonly problem?: string;
}

export type StoredValue = Entry & { readonly bmc: string };

export interface Inspection {
  readonly files: readonly FileReport[];
  readonly values: readonly StoredValue[];
}

/** Reads a state directory as it is; a process may be using it. */
export async function inspect(files: Files, directory: string, sealKey?: string): Promise<Inspection> {
  if ((await files.stat(directory)) === undefined) throw new StorageError(`${directory}: no such directory`);
  const reports: FileReport[] = [];
  const values: StoredValue[] = [];
  for (const name of FILES.map(fileName)) {
    const path = `${directory}/${name}`;
    const none = { name, bytes: 0, sealed: false, records: 0, damaged: 0, tornTail: 0, locked: false };
    try {
      const { head, size, seal, start } = await identify(files, path, sealKey);
      if (head === 'none') {
        reports.push((await files.stat(path)) === undefined ? { ...none, problem: 'not there' } : none);
        continue;
      }
      const file = await files.open(path, 'read');
      const { contents, whole, damaged, records, tail } = await readRecords(file, start, size, seal);
      await file.close();
      const tornTail = tail === 'torn' ? size - Math.max(whole, start) : 0;
      const locked = contents.isInDoubt && name !== fileName('state');
      reports.push({ name, bytes: size, sealed: head === 'sealed', records, damaged, tornTail, locked });
      // Not spread: as arguments, a hundred thousand of them are more than the stack takes.
      for (const entry of contents.entries()) values.push(entry);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      reports.push({
        ...none,
        bytes: (await files.stat(path))?.size ?? 0,
        sealed: error.message.includes('sealed'),
        problem: error.message,
      });
    }
  }
  return { files: reports, values: values.toSorted((a, b) => order(a, b)) };
}

const HEAD = { 'ipmi-bmc state': 1 };

/** One JSON object a line: what it is, then each value. */
export function exportLines(values: readonly StoredValue[], withSecrets: boolean): string[] {
  return [HEAD, ...values.filter(({ store }) => withSecrets || !isSecret(store))].map((line) =>
    JSON.stringify(line, pack),
  );
}

/**
 * Fills a directory that has no state yet. Rejects with StorageError, naming the line, for text that
 * exportLines did not write.
 */
export async function importLines(
  files: Files,
  directory: string,
  text: string,
  sealKey?: string,
): Promise<number> {
  const [head, ...lines] = text.split('\n').filter((line) => line.trim() !== '');
  const values = lines.map((line, i) => parseLine(line, i + 2));
  if (head !== JSON.stringify(HEAD))
    throw new StorageError('line 1: not an export of ipmi-bmc state, version 1');
  const lock = await lockDirectory(files, directory);
  try {
    for (const name of FILES.map(fileName)) {
      if (((await files.stat(`${directory}/${name}`))?.size ?? 0) > 64)
        throw new StorageError(`${directory}: has state already; name an empty directory`);
    }
    const journals = await openJournals({ files, directory, sealKey, warn: () => undefined });
    await Promise.all(
      values.map(({ bmc, ...entry }) => journals[fileOf(entry.store)].append({ bmc, entries: [entry] })),
    );
    await Promise.all(FILES.map((file) => journals[file].close()));
    await files.syncDir(directory);
    return values.length;
  } finally {
    await lock.release();
  }
}

function parseLine(line: string, number: number): StoredValue {
  try {
    const { bmc, store, key, value, version } = JSON.parse(line, unpack) as StoredValue;
    const isVersion = version === undefined || Number.isSafeInteger(version);
    if (
      [bmc, store, key].every((part) => typeof part === 'string') &&
      bmc !== '' &&
      value !== undefined &&
      isVersion
    )
      return version === undefined ? { bmc, store, key, value } : { bmc, store, key, value, version };
  } catch {
    // Said below.
  }
  throw new StorageError(`line ${number}: not a value of an export`);
}

function order(a: StoredValue, b: StoredValue): number {
  if (a.bmc !== b.bmc) return a.bmc < b.bmc ? -1 : 1;
  if (a.store !== b.store) return a.store < b.store ? -1 : 1;
  return a.key.localeCompare(b.key, 'en', { numeric: true });
}
