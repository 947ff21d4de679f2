import { createReadStream, writeFileSync } from 'node:fs';
import { CaptureError, Tally } from '../explain/index.ts';
import {
  declaredNames,
  entryLine,
  entryText,
  headerLine,
  importCapture,
  isRequest,
  replay,
  shrink,
  TapeError,
  type Replayed,
  type Tape,
  type TapeEntry,
} from '../tape/index.ts';
import { candidatesOf, type CandidateFlags } from './candidates.ts';
import { opened } from './capture-source.ts';
import { CliError, problemOf, reading, systemProblem } from './errors.ts';
import { showCount } from './progress.ts';
import { checkReach, masksOf, reached, tapeIn, type ReplayFlags } from './replay.ts';

/** Whose tape it is is their own business. */
const MODE = 0o600;

export function showTape(file: string): number {
  const { header, entries } = tapeIn(file);
  const names = declaredNames();
  const lines = [`${header.bmc}, recorded ${header.created || 'some time'} by ${header.tool || 'somebody'}`];
  process.stdout.write(`${[...lines, ...entries.map((entry) => entryText(names, entry))].join('\n')}\n`);
  return 0;
}

export interface ImportFlags extends CandidateFlags {
  readonly output?: string;
  readonly bmc?: string;
}

/** Throws CliError for what is no capture, and for one of which nothing could be opened. */
export async function importTape(
  file: string,
  { output = `${file}.tape`, bmc, ...flags }: ImportFlags,
): Promise<number> {
  const candidates = candidatesOf(flags);
  // A directory, or nothing at all, is told before it is read.
  const capture = reading(file, () => createReadStream(file));
  try {
    const tally = new Tally();
    const tape = await importCapture((await opened(capture)).all, { ...candidates, bmc, tally });
    write(output, tape);
    const unanswered = tape.entries.filter((entry) => isRequest(entry) && entry.answer.length === 0).length;
    const silent = unanswered > 0 ? `, ${unanswered} of them without an answer` : '';
    process.stdout.write(`${output}: ${tape.entries.length} requests of ${tape.header.bmc}${silent}\n`);
    for (const note of tally.notes()) process.stdout.write(`not read: ${note}\n`);
    return 0;
  } catch (error) {
    if (error instanceof TapeError || error instanceof CaptureError || systemProblem(error) !== undefined)
      throw new CliError(`${file}: ${problemOf(error)}`, { cause: error });
    throw error;
  }
}

export interface ShrinkFlags extends ReplayFlags {
  readonly output?: string;
  readonly tries: number;
}

/** Exit code 0: the smaller tape is written; 1: nothing differs, so that there is nothing to cut. */
export async function shrinkTape(file: string, flags: ShrinkFlags): Promise<number> {
  const tape = tapeIn(file);
  const { output = `${file}.small`, tries, json = false } = flags;
  const mask = masksOf(flags);
  await checkReach(flags);
  const answersTo = async (entries: readonly TapeEntry[]): Promise<readonly Replayed[]> => {
    const part = { header: tape.header, entries };
    const { requests } = await reached(flags, (client, reconnect) =>
      replay(part, client, { ...flags, mask, now: Date.now, reconnect }),
    );
    return requests;
  };
  const [first] = (await answersTo(tape.entries)).flatMap(({ differences }) => differences);
  if (first === undefined) {
    process.stdout.write(json ? '{"kept":null}\n' : `${file}: nothing differs, there is nothing to cut\n`);
    return 1;
  }
  const requests = tape.entries.filter(isRequest);
  const progress = showCount('replays', json ? undefined : process.stderr);
  let tried = 0;
  const fails = async (part: readonly TapeEntry[]): Promise<boolean> => {
    progress.show(++tried, tries);
    const differences = (await answersTo(part)).flatMap((replayed) => replayed.differences);
    return differences.some(({ command, field }) => command === first.command && field === first.field);
  };
  const { kept, isCut } = await shrink(requests, fails, tries).finally(progress.end);
  write(output, { header: tape.header, entries: kept });
  const difference = `${first.command}.${first.field}`;
  process.stdout.write(
    json
      ? `${JSON.stringify({ kept: kept.length, of: requests.length, difference, tried, isCut, output })}\n`
      : `${output}: ${kept.length} of ${requests.length} requests still differ in ${difference}${isCut ? ', and maybe fewer would: --tries was reached' : ''}\n`,
  );
  return 0;
}

function write(output: string, { header, entries }: Tape): void {
  const lines = [headerLine(header), ...entries.map(entryLine)];
  try {
    writeFileSync(output, `${lines.join('\n')}\n`, { mode: MODE });
  } catch (error) {
    throw new CliError(problemOf(error), { cause: error });
  }
}
