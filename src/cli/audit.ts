import { dirname, resolve } from 'node:path';
import { Audit, type Actor } from '../audit/index.ts';
import type { AuditOptions } from '../config/options.ts';
import type { Fleet } from '../fleet/index.ts';
import type { Log } from '../state/setup.ts';
import type { Storage } from '../storage/storage.ts';
import { RecordFile } from '../world/record-file.ts';
import type { World } from '../world/world.ts';
import { CliError, problemOf } from './errors.ts';

const MIB = 1024 * 1024;

/** The audit log of this process. */
export interface AuditLog {
  readonly audit: Audit;
  /** Somebody has moved its file away. */
  reopen(): void;
  /** Writes what is left. */
  close(): Promise<void>;
}

/** What the command line or the file asks for, the former first; undefined: nothing. `shard`: which of several. */
export function auditPlace(
  file: string | undefined,
  inFile: AuditOptions | undefined,
  flag: string | undefined,
  shard: number | undefined,
): AuditOptions | undefined {
  // Each process has a file of its own: none can tell when another one begins a new one.
  const own = (path: string): string => (shard === undefined ? path : `${path}.shard-${shard}`);
  if (flag !== undefined) return { ...inFile, file: flag === '-' ? flag : own(resolve(flag)) };
  if (inFile === undefined || inFile.file === '-') return inFile;
  return { ...inFile, file: own(resolve(file === undefined ? '.' : dirname(file), inFile.file)) };
}

/** Throws CliError where the file cannot be had. `write`: to standard error. `also`: hears each line, too. */
export async function openAudit(
  { file: path, size = 10, keep = 5 }: AuditOptions,
  { clock, files }: Pick<World, 'clock' | 'files'>,
  log: Log,
  write: (line: string) => void,
  also: (line: string) => void = () => undefined,
): Promise<AuditLog> {
  if (path === '-') {
    const audit = new Audit(clock, (make) => {
      write(`${make(0)}\n`);
      also(make(0));
    });
    return { audit, reopen: () => undefined, close: () => Promise.resolve() };
  }
  const failed = (error: unknown): void =>
    log.error(`${path}: changes are missing in the audit log until it can be written again`, error);
  const options = { header: [], size: size * MIB, keep, lasts: true, failed };
  const file = await RecordFile.open(files, path, options).catch((error: unknown) =>
    Promise.reject(new CliError(`audit: ${problemOf(error)}`, { cause: error })),
  );
  const text = new TextEncoder();
  return {
    audit: new Audit(clock, (make) => {
      file.write((missing) => text.encode(`${make(missing)}\n`));
      also(make(0));
    }),
    reopen: () => file.reopen(),
    close: () => file.close(),
  };
}

/** From now on what changes the BMCs of a fleet is told, and which ones there are. */
export function auditFleet(fleet: Fleet, { audit }: AuditLog, file: string | undefined): void {
  const actor: Actor = { by: 'process', ...(file !== undefined && { file: resolve(file) }) };
  fleet.onWoken((bmc) => void audit.watch(bmc));
  fleet.onApplied(({ plan, refused, failed }) => {
    const { added, removed, changed, unchanged } = plan;
    const keys = Object.fromEntries(changed.map(({ name, keys }) => [name, keys.map(({ key }) => key)]));
    const fields = { added, removed, changed: keys, unchanged: unchanged.length };
    const wrong = [...refused, ...failed].map(({ bmc, error }) => `${bmc}: ${problemOf(error)}`);
    audit.tell({ actor, what: 'settings', fields, ...(wrong.length > 0 && { result: wrong.join('\n') }) });
  });
}

/** What was kept of each BMC, before any of it is loaded. */
export function auditRestored(
  { audit }: AuditLog,
  storage: Storage | undefined,
  directory: string | undefined,
): void {
  for (const [bmc, values] of storage?.strangers(new Set()) ?? [])
    audit.tell({ bmc, actor: { by: 'process' }, what: 'state restored', fields: { directory, values } });
}
