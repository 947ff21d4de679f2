/**
 * BMCs on many hosts: the right to be the one who serves them (`Lease`), where each belongs (`placed`), what
 * clients changed in a log that all hosts share (`StreamStorage`), handlers that any process on the bus has
 * (`HandlerStream`), over NATS (`natsBus`, which loads its
 * libraries when it is called) or any other `Bus`.
 */
export {
  ConflictError,
  NobodyError,
  NoRoomError,
  type Bucket,
  type BucketEntry,
  type Bus,
  type BusRequest,
  type EventLog,
  type Inbox,
  type LogEntry,
  type Watch,
} from './bus.ts';
export { FLEET_KEY } from './desired.ts';
export { BusHandlers, type BusHandlersOptions, type HandledBmc, type HandlerState } from './bus-handlers.ts';
export { HandlerStream, type HandlerPlace } from './handler-stream.ts';
export type { Handled } from './handler-entry.ts';
export type { CallCounters } from './handler-calls.ts';
export { ClusterHost, type ClusterHostOptions, type Runs } from './host.ts';
export { BucketLease, LEASE_TIMES, LocalLeases, type Lease, type LeaseTimes } from './lease.ts';
export { natsBus, type NatsOptions } from './nats-bus.ts';
export { placed, type HostPlace, type Placed } from './placement.ts';
export { FencedError } from './fenced-error.ts';
export { StreamStorage, type StreamSurroundings } from './stream-storage.ts';
