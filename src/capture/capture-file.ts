import { RecordFile, type RecordFileOptions } from '../world/record-file.ts';
import type { Files } from '../world/world.ts';
import { enhancedPacket, type CapturedPacket } from './pcapng.ts';

export type CaptureFileOptions = RecordFileOptions;

/**
 * Packets in a file; how many were left out, as the disk was too slow, stands in the comment of the next
 * one.
 */
export class CaptureFile {
  readonly #file: RecordFile;

  private constructor(file: RecordFile) {
    this.#file = file;
  }

  /** An older file of this name is overwritten. Rejects with the system's error. */
  static async open(files: Files, path: string, options: CaptureFileOptions): Promise<CaptureFile> {
    return new CaptureFile(await RecordFile.open(files, path, options));
  }

  /** Packets that were left out. */
  get missing(): number {
    return this.#file.missing;
  }

  write(packet: CapturedPacket): void {
    this.#file.write((missing) =>
      enhancedPacket(
        missing === 0
          ? packet
          : { ...packet, comment: `${missing} packet(s) before this one are missing\n${packet.comment}` },
      ),
    );
  }

  /** Everything that was given is in the file then. */
  close(): Promise<void> {
    return this.#file.close();
  }
}
