import { ERROR_CODES } from '../codec/index.ts';
import type { Files } from '../world/world.ts';
import { joined } from './bytes.ts';
import { MAGIC, SEALED_MAGIC } from './record.ts';
import { Seal, SEAL_HEADER } from './seal.ts';

/** A state directory that cannot be used as it is; nothing in it was changed. */
export class StorageError extends Error {
  override name = 'StorageError';
  readonly code = ERROR_CODES.StorageError;
}

export function headerOf(seal: Seal | undefined): Uint8Array {
  const encoder = new TextEncoder();
  return seal ? joined([encoder.encode(SEALED_MAGIC), seal.header]) : encoder.encode(MAGIC);
}

export function startOf(head: Uint8Array): number | undefined {
  const text = new TextDecoder('latin1').decode(head);
  if (text.startsWith(SEALED_MAGIC)) return SEALED_MAGIC.length + SEAL_HEADER;
  return text.startsWith(MAGIC) ? MAGIC.length : undefined;
}

export interface Identity {
  /** none: there is no file, or its making was cut short. */
  readonly head: 'none' | 'plain' | 'sealed';
  readonly size: number;
  readonly seal: Seal | undefined;
  /** Where the records begin. */
  readonly start: number;
}

/**
 * Looks at a file without changing it. Rejects with StorageError for one that is none of ours, or sealed with
 * another key.
 */
export async function identify(files: Files, path: string, sealKey: string | undefined): Promise<Identity> {
  const nothing: Identity = { head: 'none', size: 0, seal: undefined, start: 0 };
  const stat = await files.stat(path);
  if (stat === undefined) return nothing;
  const file = await files.open(path, 'read');
  try {
    const head = await file.readAt(0, SEALED_MAGIC.length + SEAL_HEADER);
    const text = new TextDecoder('latin1').decode(head.subarray(0, SEALED_MAGIC.length));
    const start = startOf(head);
    // A file that ends within its header was being made when the power went.
    if (start === undefined && (MAGIC.startsWith(text) || SEALED_MAGIC.startsWith(text))) return nothing;
    if (start === undefined)
      throw new StorageError(
        `${path}: not a journal of this version of ipmi-bmc; move it away or name another directory`,
      );
    if (start === MAGIC.length) return { head: 'plain', size: stat.size, seal: undefined, start };
    if (head.length < start) return nothing;
    if (sealKey === undefined)
      throw new StorageError(`${path}: sealed; give its key with --seal-key or IPMI_BMC_SEAL_KEY`);
    const seal = Seal.read(sealKey, head.subarray(SEALED_MAGIC.length));
    if (!seal) throw new StorageError(`${path}: sealed with another key`);
    return { head: 'sealed', size: stat.size, seal, start };
  } finally {
    await file.close();
  }
}
