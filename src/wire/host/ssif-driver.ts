import { HostError } from './driver.ts';
import { pec } from './pec.ts';
import { SSIF_BLOCK_MAX, SSIF_LAST_BLOCK, SSIF_START, SsifCommand, type SsifTarget } from './ssif.ts';

/** An SMBus controller: block writes and block reads of one target. */
export interface Smbus {
  /** False: not acknowledged. */
  writeBlock(command: number, block: Uint8Array): boolean | Promise<boolean>;
  /** Undefined: not acknowledged, or a wrong packet error code. */
  readBlock(command: number): Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /** Called before a read is tried again. Rejects when the wait was too long. */
  pause(): Promise<void>;
}

/** The host's side of SSIF (IPMI 2.0 §12). */
export class SsifDriver {
  readonly #bus: Smbus;

  constructor(bus: Smbus) {
    this.#bus = bus;
  }

  /** One request (NetFn/LUN, command, data) and its response. */
  async request(message: Uint8Array): Promise<Uint8Array> {
    await this.write(message);
    return this.read();
  }

  /** In one part, or in several: start, middle, end. */
  async write(message: Uint8Array): Promise<void> {
    if (message.length <= SSIF_BLOCK_MAX) return this.#write(SsifCommand.Write, message);
    for (let at = 0; at < message.length; at += SSIF_BLOCK_MAX) {
      const last = at + SSIF_BLOCK_MAX >= message.length;
      const command =
        at === 0 ? SsifCommand.WriteStart : last ? SsifCommand.WriteEnd : SsifCommand.WriteMiddle;
      await this.#write(command, message.subarray(at, at + SSIF_BLOCK_MAX));
    }
    return undefined;
  }

  /** Waits for the response; a part that came damaged is asked for again. */
  async read(): Promise<Uint8Array> {
    let first = await this.#bus.readBlock(SsifCommand.Read);
    while (!first || first.length === 0) {
      await this.#bus.pause();
      first = await this.#bus.readBlock(SsifCommand.Read);
    }
    if (first[0] !== SSIF_START[0] || first[1] !== SSIF_START[1]) return first;
    const bytes = [...first.subarray(SSIF_START.length)];
    for (let block = 0; ; block++) {
      const part = await this.#part(block);
      bytes.push(...part.subarray(1));
      if (part[0] === SSIF_LAST_BLOCK) return Uint8Array.from(bytes);
      if (part[0] !== block) throw new HostError(`SSIF: block ${part[0]} where ${block} was due`);
    }
  }

  async #part(block: number): Promise<Uint8Array> {
    const part = await this.#bus.readBlock(SsifCommand.ReadMiddle);
    if (part) return part;
    await this.#bus.writeBlock(SsifCommand.ReadRetry, Uint8Array.of(block));
    const again = await this.#bus.readBlock(SsifCommand.ReadMiddle);
    if (!again) throw new HostError(`SSIF: block ${block} is not to be had`);
    return again;
  }

  async #write(command: number, block: Uint8Array): Promise<void> {
    while (!(await this.#bus.writeBlock(command, block))) await this.#bus.pause();
  }
}

/** A controller on the same bus as a target in process, with packet error codes if wanted. */
export function smbusOf(target: SsifTarget, pause: () => Promise<void>, withPec = false): Smbus {
  const address = target.address << 1;
  return {
    pause,
    writeBlock(command, block) {
      const bytes = [command, block.length, ...block];
      if (withPec) bytes.push(pec([address, ...bytes]));
      const acknowledged = target.start('write') && bytes.every((byte) => target.write(byte));
      target.stop();
      return acknowledged;
    },
    readBlock(command) {
      const acknowledged = target.start('write') && target.write(command) && target.start('read');
      const block = acknowledged ? Array.from({ length: target.read() }, () => target.read()) : undefined;
      const good =
        block && (!withPec || target.read() === pec([address, command, address | 1, block.length, ...block]));
      target.stop();
      return good ? Uint8Array.from(block) : undefined;
    },
  };
}
