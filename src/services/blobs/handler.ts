import { ERROR_CODES } from '../../codec/index.ts';
import type { SessionView, Channel } from '../../joint/message.ts';

/** Who opens a blob: for rights, and for handlers that keep one owner. */
export interface BlobRequester {
  readonly channel: Channel;
  readonly privilege: number;
  readonly session: SessionView | undefined;
  /** As an interface names it. */
  readonly from: string;
  /**
   * The session that asks, or else the channel and the controller: an open blob is there for who opened it,
   * and for nobody else.
   */
  readonly party: unknown;
}

export interface BlobStat {
  /** BlobState bits, and the blob's own in bits 8-15. */
  readonly state: number;
  /** Bytes. */
  readonly size: number;
  /** At most 255 bytes. */
  readonly metadata?: Uint8Array;
}

/** An open blob. What it does not have is refused with FFh; so is what throws BlobError. */
export interface BlobSession {
  /** Fewer bytes at the end; none where nothing can be read. */
  read?(offset: number, size: number): Uint8Array | Promise<Uint8Array>;
  /** `data` may be used again when it returns, or when its promise resolves. */
  write?(offset: number, data: Uint8Array): void | Promise<void>;
  writeMeta?(offset: number, data: Uint8Array): void | Promise<void>;
  commit?(data: Uint8Array): void | Promise<void>;
  stat(): BlobStat | Promise<BlobStat>;
  /** A refusal leaves it open. */
  close(): void | Promise<void>;
  /** Nobody has used it for long, or somebody ends it: everything that it began is undone. */
  expire(): void;
}

/** Whose blobs lie at some paths. */
export interface BlobHandler {
  readonly owner: string;
  /** Paths that are its own: a whole path, or a prefix that ends with `/`. */
  readonly claims: readonly string[];
  /** The paths that there are now. */
  list(): readonly string[];
  /**
   * Throws to refuse. Asked with every message, so that rights that are lost count at once. Default: whoever
   * may use blobs.
   */
  permit?(requester: BlobRequester, path: string): void;
  /** The session is over; what it had open has been expired. */
  released?(session: SessionView): void;
  open(path: string, flags: number, requester: BlobRequester): BlobSession | Promise<BlobSession>;
  stat?(path: string): BlobStat | Promise<BlobStat>;
  delete?(path: string, requester: BlobRequester): void | Promise<void>;
}

/** A request that a blob's handler refuses: FFh, and the reason in the log. */
export class BlobError extends Error {
  override name = 'BlobError';
  readonly code = ERROR_CODES.BlobError;
}
