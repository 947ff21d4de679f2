import { RecordFile, type RecordFileOptions } from '../world/record-file.ts';
import type { Files } from '../world/world.ts';
import { enhancedPacket, PacketBlock, type CapturedPacket } from './pcapng.ts';
import type { PacketSink } from './sink.ts';

export type CaptureFileOptions = RecordFileOptions;

/** Bytes that are given to a file before it is waited for. */
const PIECE = 256 * 1024;

/**
 * Packets in a file; how many were left out, as the disk was too slow, stands in the comment of the next
 * one.
 */
export class CaptureFile implements PacketSink {
  readonly #file: RecordFile;

  private constructor(file: RecordFile) {
    this.#file = file;
  }

  /** An older file of this name is overwritten. Rejects with the system's error. */
  static async open(files: Files, path: string, options: CaptureFileOptions): Promise<CaptureFile> {
    return new CaptureFile(await RecordFile.open(files, path, options));
  }

  /** Packets that were left out, of which no other one says so yet. */
  get missing(): number {
    return this.#file.unsaid;
  }

  /** All packets that were left out. */
  get missed(): number {
    return this.#file.missing;
  }

  get memory(): Uint8Array {
    return this.#file.memory;
  }

  room(length: number, packets = 1): number {
    return this.#file.reserve(length, packets);
  }

  done(): void {}

  /** A block that stands in this file from now on, and at the beginning of each after it: an interface. */
  begin(block: Uint8Array): void {
    this.#file.begin(block);
  }

  write(packet: CapturedPacket): void {
    this.#file.write((missing) => {
      if (missing === 0) return enhancedPacket(packet);
      const { interface: place, time, direction, bytes, comment } = packet;
      return enhancedPacket({
        interface: place,
        time,
        direction,
        bytes,
        comment: `${missingText(missing)}\n${comment}`,
      });
    });
  }

  /**
   * All of them, however many: the disk is waited for. A file is larger than its size by at most as much as
   * is given at once.
   */
  async writeAll(blocks: Iterable<Uint8Array>): Promise<void> {
    let length = 0;
    for (const block of blocks) {
      this.write(new PacketBlock(block));
      length += block.length;
      if (length < PIECE) continue;
      length = 0;
      await this.#file.settled();
    }
  }

  /** Everything that was given is in the file then. */
  close(): Promise<void> {
    return this.#file.close();
  }
}

/** The first line of a comment. */
export const missingText = (missing: number): string => `${missing} packet(s) before this one are missing`;
