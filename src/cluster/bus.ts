import { ERROR_CODES } from '../codec/index.ts';

/** Somebody else was faster: what was to be replaced is no longer what is there. Nothing was written. */
export class ConflictError extends Error {
  override name = 'ConflictError';
  readonly code = ERROR_CODES.ConflictError;
}

/** NATS has no room for what was to be written, by its limits or its disk. Nothing was written. */
export class NoRoomError extends Error {
  override name = 'NoRoomError';
  readonly code = ERROR_CODES.NoRoomError;
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
  /** Milliseconds after which it forgets, as whoever made it had them; undefined: it forgets nothing. */
  readonly ttl: number | undefined;
  /** Its revision. Rejects with ConflictError where the key is there. */
  create(key: string, value: Uint8Array): Promise<number>;
  /** Rejects with ConflictError where its revision is another one. */
  update(key: string, value: Uint8Array, revision: number): Promise<number>;
  /** Rejects as `update` does. */
  remove(key: string, revision: number): Promise<void>;
  /** What is there, or was a moment ago. */
  get(key: string): Promise<BucketEntry | undefined>;
  /**
   * Hears of everything that is there, then of each change; undefined: it is gone, or forgotten. `wentBack`:
   * what is there is older than what was heard of before, as where a backup was restored; all of it follows.
   */
  watch(hear: (key: string, entry: BucketEntry | undefined) => void, wentBack?: () => void): Promise<Watch>;
}

export interface Watch {
  /** What was there at the start has been heard. */
  readonly isComplete: Promise<void>;
  /** Hears of everything that is there once more, and of what is gone: whoever told of it may be away. */
  again(): void;
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
   * sequence. `replacing`: those before it are no longer needed. Rejects as a bucket does, and with NoRoomError.
   */
  append(subject: string, bytes: Uint8Array, last: number, replacing?: boolean): Promise<number>;
  /** All of a subject that is behind a sequence, the oldest first. */
  read(subject: string, behind?: number): Promise<readonly LogEntry[]>;
  /** Nothing of the subject is there any more. */
  forget(subject: string): Promise<void>;
}

/** Things that are longer than messages, whole, by name. */
export interface Objects {
  /** Rejects: nobody finds it, unless it was there before. */
  put(name: string, pieces: readonly Uint8Array[]): Promise<void>;
  /** Undefined: it is not there, or not as it was put. Rejects where nobody can say. */
  get(name: string): Promise<Uint8Array | undefined>;
  /** Nothing happens where it is not there. */
  remove(name: string): Promise<void>;
}

/** A request that came over the bus. */
export interface BusRequest {
  readonly subject: string;
  readonly bytes: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
  /** One more answer, where several are asked for. */
  readonly respond?: (bytes: Uint8Array) => void;
}

/** Where answers come that nobody waits for one by one: each is heard, however late it is. */
export interface Inbox {
  /** `token`: a whole number that names the request when its answer is heard. */
  ask(token: number, subject: string, bytes: Uint8Array, headers?: Readonly<Record<string, string>>): void;
  close(): void;
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
  objects(name: string): Promise<Objects>;
  /** From now on all that is published at a subject is kept, for so many milliseconds. */
  keep(name: string, subject: string, ms: number): Promise<void>;
  /** Rejects with NobodyError at once where nobody serves the subject, with TimeoutError after `timeout` ms. */
  request(
    subject: string,
    bytes: Uint8Array,
    options: { readonly timeout: number; readonly headers?: Readonly<Record<string, string>> },
  ): Promise<Uint8Array>;
  /** Undefined: nobody serves what was asked, which is known at once. What is lost is never heard of. */
  inbox(hear: (token: number, answer: Uint8Array | undefined) => void): Inbox;
  publish(subject: string, bytes: Uint8Array): void;
  /** A subject as others on the bus have to call it: with the prefix. */
  whole(subject: string): string;
  /** With a queue, one of its members serves each request. Returns its undoing. */
  serve(
    subject: string,
    answer: (request: BusRequest) => Promise<Uint8Array | undefined> | Uint8Array | undefined,
    queue?: string,
  ): () => void;
  close(): Promise<void>;
}
