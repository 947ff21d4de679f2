import { entryLine, headerLine, record, tapeHeader, type TapeEntry } from '../tape/index.ts';
import type { Log } from '../state/setup.ts';
import { fileNameOf } from '../storage/file-name.ts';
import { RecordFile } from '../world/record-file.ts';
import type { World } from '../world/world.ts';
import { CliError, problemOf } from './errors.ts';
import type { Onlooker } from './onlooker.ts';

const MIB = 1024 * 1024;
/** Where the name of a BMC stands in a file's name. */
const PLACE = '{bmc}';

export interface RecordOptions {
  /** With more than one BMC `{bmc}` stands in it. */
  readonly record: string;
  /** MiB of a file. */
  readonly recordSize?: number;
}

interface Recording {
  readonly file: RecordFile;
  /** Monotonic milliseconds when the tape began. */
  readonly began: number;
  stop: () => void;
}

/** A tape for each BMC. Rejects with CliError where a file cannot be had. */
export async function openRecording(
  { record: path, recordSize }: RecordOptions,
  names: readonly string[],
  { clock, files }: World,
  log: Log,
): Promise<Onlooker> {
  if (names.length > 1 && !path.includes(PLACE))
    throw new CliError(`--record ${path}: ${names.length} BMCs, put ${PLACE} into the name`);
  const lineOf = (line: string): Uint8Array => Buffer.from(`${line}\n`);
  const recordings = new Map<string, Recording>();
  for (const name of names) {
    const where = path.replaceAll(PLACE, fileNameOf(name));
    const began = clock.monotonic();
    const file = await RecordFile.open(files, where, {
      header: [lineOf(headerLine(tapeHeader(name, clock.now())))],
      size: recordSize === undefined ? undefined : recordSize * MIB,
      failed: (error) => log.error(`${where}: nothing more is recorded`, error),
    }).catch((error: unknown) =>
      Promise.reject(new CliError(`--record: ${problemOf(error)}`, { cause: error })),
    );
    recordings.set(name, { file, began, stop: () => undefined });
  }
  return {
    add(bmc) {
      const recording = recordings.get(bmc.name);
      if (recording === undefined) {
        log.warn(`${bmc.name}: recorded from the next start on`);
        return;
      }
      recording.stop();
      // One that is made anew goes on in the tape that it had.
      const { began, file } = recording;
      const write = (entry: TapeEntry): void => file.write((missing) => lineOf(linesOf(entry, missing)));
      recording.stop = record(bmc, clock, write, began);
    },
    async close() {
      for (const { stop, file } of recordings.values()) {
        stop();
        await file.close();
        if (file.missing > 0) log.warn(`--record: the disk was too slow for ${file.missing} entries`);
      }
    },
  };
}

/** An entry, and before it a line of those that are missing. */
function linesOf(entry: TapeEntry, missing: number): string {
  const line = entryLine(entry);
  if (missing === 0) return line;
  return `${entryLine({ kind: 'gap', t: 't' in entry ? entry.t : 0, count: missing })}\n${line}`;
}
