/**
 * Captures from anywhere, read without the BMC: sessions found, opened with candidate passwords and K_g, each
 * code recomputed (docs/explain.md).
 *
 *   for await (const { request, answer } of readCapture(createReadStream('a.pcapng'), { passwords: ['x'] }))
 *     console.log(request.netFn, request.cmd, answer?.cc);
 */
export { foreignFile, isGzip } from '../capture/foreign-file.ts';
export {
  CaptureError,
  isCapture,
  readPackets,
  type Chunks,
  type ReadPacket,
} from '../capture/read-packets.ts';
export { kgBytes, type Candidates } from './candidates.ts';
export type { Difference } from './codes.ts';
export {
  Conversations,
  type CapturedDatagram,
  type LogIn,
  type Seen,
  type WatchedSession,
} from './conversations.ts';
export type { Explained } from './explained.ts';
export { Explainer, isRmcp, type Ask, type ExplainerParts } from './explainer.ts';
export { InputError, itemsOf, type Item } from './input.ts';
export { isToolLog, passwordsIn, readToolLog, type ToolLog } from './ipmitool-log.ts';
export { LogIn15 } from './log-in-15.ts';
export { LogIn20 } from './log-in-20.ts';
export { readCapture, readDatagrams, type CapturedExchange } from './read-capture.ts';
export { Tally } from './tally.ts';
export type { Cause, Verdict } from './outcome.ts';
export { judge } from './verdict.ts';
