/**
 * Taps on what is open: frames, payloads, messages, answers, and what was dropped and why, seen as they pass,
 * until taken off. The trace of `ipmi-bmc run --trace` is one. And counters: `bmc.counters`, in one shape.
 */
export type { CounterDeclaration, CounterTable, Counts } from '../joint/counters.ts';
export { countersOf, type CountedBmc, type CounterGroup } from './counters.ts';
export type * from './tap.ts';
export { Taps, type TappedBmc } from './taps.ts';
export {
  answerFields,
  answerText,
  nameOf,
  requestFields,
  requestText,
  type Names,
  type ShownField,
} from './message-text.ts';
export {
  parseTraceFilter,
  type FilteredDatagram,
  type FilterNames,
  type TraceFilter,
  type TraceFilterProblem,
} from './trace-filter.ts';
export { trace, traced, tracedRequest, traceLines, type Traced, type TracedRequest } from './trace.ts';
