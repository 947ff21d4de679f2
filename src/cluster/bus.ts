import { ERROR_CODES } from '../codec/index.ts';

/** Somebody else was faster: what was to be replaced is no longer what is there. Nothing was written. */
export class ConflictError extends Error {
  override name = 'ConflictError';
  readonly code = ERROR_CODES.ConflictError;
}

/** A value of a bucket, and which change of the bucket it was. */
export interface BucketEntry {
  readonly value: Uint8Array;
  readonly revision: number;
}

/**
 * Values by key that all hosts share, each replaced only by who knows its last revision. Whatever rejects
 * with something else than ConflictError may have been done all the same: nobody heard of it.
 */
export interface Bucket {
  /** Its revision. Rejects with ConflictError where the key is there. */
  create(key: string, value: Uint8Array): Promise<number>;
  /** Rejects with ConflictError where its revision is another one. */
  update(key: string, value: Uint8Array, revision: number): Promise<number>;
  /** Rejects as `update` does. */
  remove(key: string, revision: number): Promise<void>;
  /** What is there, or was a moment ago. */
  get(key: string): Promise<BucketEntry | undefined>;
  /** Hears of everything that is there, then of each change; undefined: it is gone, or forgotten. */
  watch(hear: (key: string, entry: BucketEntry | undefined) => void): Promise<Watch>;
}

export interface Watch {
  /** What was there at the start has been heard. */
  readonly isComplete: Promise<void>;
  stop(): void;
}

/** A message of a log, and its place in the whole of it. */
export interface LogEntry {
  readonly sequence: number;
  readonly bytes: Uint8Array;
}

/** What is written down of each subject, in order, for good. */
export interface EventLog {
  /**
   * Writes behind the message of this sequence, the last of the subject (0: there is none). Its own
   * sequence. `replacing`: those before it are no longer needed. Rejects as a bucket does.
   */
  append(subject: string, bytes: Uint8Array, last: number, replacing?: boolean): Promise<number>;
  /** All of a subject that is behind a sequence, the oldest first. */
  read(subject: string, behind?: number): Promise<readonly LogEntry[]>;
}

/** A request that came over the bus. */
export interface BusRequest {
  readonly subject: string;
  readonly bytes: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/** Nobody serves the subject. */
export class NobodyError extends Error {
  override name = 'NobodyError';
  readonly code = ERROR_CODES.NobodyError;
}

/** What hosts of a cluster have in common. */
export interface Bus {
  /** Forgets what was not replaced for `ttl` milliseconds; default: nothing. */
  bucket(name: string, options?: { readonly ttl?: number }): Promise<Bucket>;
  /** All that a bucket has at this moment; nothing where nobody has made it. */
  entries(name: string): Promise<ReadonlyMap<string, BucketEntry>>;
  log(name: string): Promise<EventLog>;
  /** Rejects with NobodyError at once where nobody serves the subject, with TimeoutError after `timeout` ms. */
  request(
    subject: string,
    bytes: Uint8Array,
    options: { readonly timeout: number; readonly headers?: Readonly<Record<string, string>> },
  ): Promise<Uint8Array>;
  publish(subject: string, bytes: Uint8Array): void;
  /** With a queue, one of its members serves each request. Returns its undoing. */
  serve(
    subject: string,
    answer: (request: BusRequest) => Promise<Uint8Array> | Uint8Array | undefined,
    queue?: string,
  ): () => void;
  close(): Promise<void>;
}
