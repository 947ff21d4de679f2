import { UpdateError, type Owner } from '../update/index.ts';
import { BlobError, type BlobRequester } from './handler.ts';
import type { UpdateService } from '../update/index.ts';
import type { Log } from '../../state/setup.ts';
import type { DataPathKind } from './paths.ts';

export interface FlashOptions {
  readonly update: UpdateService;
  /** Path of each component's image -> its number. */
  readonly images: ReadonlyMap<string, number>;
  /** Besides IPMI itself. */
  readonly paths: readonly DataPathKind[];
  readonly log: Pick<Log, 'error'>;
}

/** Where an update is; what the host may do next depends on it (phosphor-ipmi-flash). */
export type FlashState =
  | 'not-yet-started'
  | 'upload-in-progress'
  | 'verification-pending'
  | 'verification-started'
  | 'verification-completed'
  | 'update-pending'
  | 'update-started'
  | 'update-completed';

export const HASH = '/flash/hash';

export const VERIFY = '/flash/verify';

export const UPDATE = '/flash/update';

export const ACTIVE_IMAGE = '/flash/active/image';

export const ACTIVE_HASH = '/flash/active/hash';

/** Paths that no image can have. */
export const FLASH_PATHS: readonly string[] = [
  HASH,
  VERIFY,
  UPDATE,
  ACTIVE_IMAGE,
  ACTIVE_HASH,
  '/flash/cleanup',
];

/** Bytes of the largest hash that is taken. */
export const HASH_LIMIT = 4096;

export const SHA256 = 32;

/** The blob protocol has one code for every refusal; the reason is in the log. */
export const refused = (error: unknown): unknown =>
  error instanceof UpdateError ? new BlobError(error.message, { cause: error }) : error;

export async function blobbed<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw refused(error);
  }
}

export function ownerOf({ channel, session, from }: BlobRequester): Owner {
  const who = session ? session.userName : 'the host';
  return {
    key: session ? `blob, session ${session.id}` : `blob, channel ${channel.number} ${from}`,
    label: `${who} on channel ${channel.number}${from === '' ? '' : ` from ${from}`}`,
  };
}
