import type { Files, OpenFile } from '../world/world.ts';
import type { Contents } from './contents.ts';
import { joined } from './bytes.ts';
import { headerOf } from './journal-head.ts';
import { encodeChange, encodePayload } from './record.ts';
import { Seal } from './seal.ts';
import { settled } from '../world/settled.ts';

export async function writeContents(
  file: OpenFile,
  contents: Contents,
  seal: Seal | undefined,
): Promise<number> {
  let size = 0;
  let pieces: Uint8Array[] = [headerOf(seal)];
  let length = pieces[0].length;
  const flush = async (): Promise<void> => {
    await file.writeAt(size, joined(pieces));
    size += length;
    pieces = [];
    length = 0;
  };
  for (const part of contents.records()) {
    // Nobody has read those of a sealed file late.
    const record =
      part instanceof Uint8Array ? encodePayload(seal?.close(part) ?? part) : encodeChange(part, seal);
    pieces.push(record);
    length += record.length;
    if (length > PIECE) await flush();
  }
  await flush();
  return size;
}

/**
 * Copies a damaged file beside itself, over no earlier one; returns the copy's name, or '' where there is no
 * room for it.
 */
export async function copyDamaged(
  files: Files,
  directory: string,
  name: string,
  size: number,
  warn: (message: string) => void,
): Promise<string> {
  let copy = `${name}.damaged`;
  for (let n = 2; (await files.stat(`${directory}/${copy}`)) !== undefined; n++)
    copy = `${name}.damaged-${n}`;
  try {
    const source = await files.open(`${directory}/${name}`, 'read');
    const target = await files.open(`${directory}/${copy}`, 'write', MODE);
    for (let at = 0; at < size; at += PIECE)
      await target.writeAt(at, await source.readAt(at, Math.min(PIECE, size - at)));
    await target.datasync();
    await Promise.all([source.close(), target.close()]);
  } catch (error) {
    // The file itself then stays as it is, damage and all.
    warn(`${directory}/${copy}: ${(error as Error).message}`);
    await settled(files.remove(`${directory}/${copy}`));
    return '';
  }
  return copy;
}

export const MODE = 0o600;

export const PIECE = 256 * 1024;

/**
 * Room for the next compaction on a disk that our own history fills: this much more than what lives, and no
 * more than that.
 */
export const SPARE = 12 * 1024;

export const PAGE = 4096;

export const SPARE_MOST = 4 * 1024 * 1024;

export const isFull = (error: unknown): boolean =>
  ['ENOSPC', 'EDQUOT'].includes((error as { code?: string }).code ?? '');
