/**
 * BMCs on many hosts: the right to be the one who serves them (`Lease`), where each belongs (`placed`), what
 * clients changed in a log that all hosts share (`StreamStorage`), over NATS (`natsBus`, which loads its
 * libraries when it is called) or any other `Bus`.
 */
export {
  ConflictError,
  NobodyError,
  type Bucket,
  type BucketEntry,
  type Bus,
  type BusRequest,
  type EventLog,
  type LogEntry,
  type Watch,
} from './bus.ts';
export { ClusterHost, FLEET_KEY, type ClusterHostOptions, type Runs } from './host.ts';
export { BucketLease, LEASE_TIMES, LocalLeases, type Lease, type LeaseTimes } from './lease.ts';
export { natsBus, type NatsOptions } from './nats-bus.ts';
export { placed, type HostPlace, type Placed } from './placement.ts';
export { FencedError, StreamStorage, type StreamSurroundings } from './stream-storage.ts';
