import type { EventLog } from './bus.ts';

/** Bytes of a part: a server of NATS takes a mebibyte, with what it says of it. */
const PART = 512 * 1024;

/** Where what is longer than a message lies. */
export interface PartsPlace {
  /** Unlike all others' of the subject. */
  readonly id: string;
  /** Bytes of all parts. */
  readonly length: number;
}

/**
 * What is longer than a message of the log, in parts on a subject of its own. Nobody reads it who has
 * not read the message that names it, which comes last: a host that dies meanwhile leaves what nobody
 * finds.
 */
export class Parts {
  readonly #log: EventLog;
  readonly #subject: string;

  constructor(log: EventLog, subject: string) {
    this.#log = log;
    this.#subject = subject;
  }

  /** Rejects as the log does: nothing of it is left then, as far as can be. */
  async write(id: string, bytes: Uint8Array): Promise<PartsPlace> {
    try {
      let last = 0;
      for (let at = 0; at < bytes.length; at += PART)
        last = await this.#log.append(this.#of(id), bytes.subarray(at, at + PART), last);
      return { id, length: bytes.length };
    } catch (error) {
      await this.remove(id);
      throw error;
    }
  }

  /** Undefined: it is not there, or not whole. */
  async read({ id, length }: PartsPlace): Promise<Uint8Array | undefined> {
    const parts = await this.#log.read(this.#of(id));
    if (parts.reduce((sum, { bytes }) => sum + bytes.length, 0) !== length) return undefined;
    const whole = new Uint8Array(length);
    let at = 0;
    for (const { bytes } of parts) {
      whole.set(bytes, at);
      at += bytes.length;
    }
    return whole;
  }

  /** What cannot be removed now takes room, and is in nobody's way. */
  async remove(id: string): Promise<void> {
    try {
      await this.#log.forget(this.#of(id));
    } catch {
      return;
    }
  }

  #of(id: string): string {
    return `${this.#subject}.${id}`;
  }
}

/** What was stored may be anything. */
export function placeIn(value: unknown): PartsPlace | undefined {
  const { id, length } = (typeof value === 'object' && value !== null ? value : {}) as Partial<PartsPlace>;
  return typeof id === 'string' && typeof length === 'number' ? { id, length } : undefined;
}
