/**
 * Tapes: requests and answers of a BMC above the session layer, as lines of JSON; recorded, replayed against
 * another one, answered from, shrunk (docs/tape.md).
 *
 *   const stop = record(bmc, world.clock, (entry) => lines.push(entryLine(entry)));
 *   const report = await replay(readTape(text, 'bmc.tape'), client);
 */
export { TapeAnswers, type TapeAnswersOptions } from './answers.ts';
export { differenceText, type Difference, type Mask } from './difference.ts';
export * from './entry.ts';
export { importCapture, type ImportOptions } from './import.ts';
export { maskOf } from './mask.ts';
export { declaredNames } from './names.ts';
export { readTape, TapeError } from './read.ts';
export { record, TapeRecorder, type RecordedBmc, type RecorderParts } from './recorder.ts';
export {
  replay,
  type Replayed,
  type Replaying,
  type ReplayOptions,
  type ReplayReport,
  type SkipReason,
} from './replay.ts';
export { shrink, type Shrunk } from './shrink.ts';
export { entryText } from './show.ts';
export { tapeUsers, type TapeUser } from './users.ts';
