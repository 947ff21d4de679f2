/**
 * Basic mode of serial/modem channels (IPMI 2.0 §14.4): IPMB-like messages between a start and a stop
 * character, with every byte that could be taken for one of them, or for an ASCII escape, written as two.
 *
 *   A0h  message, escaped  A5h          A6h: the BMC can take another message
 */
export const BasicMode = { Start: 0xa0, Stop: 0xa5, Handshake: 0xa6, Escape: 0xaa } as const;

/** Byte -> what follows the escape character. */
const ESCAPED: ReadonlyMap<number, number> = new Map([
  [BasicMode.Start, 0xb0],
  [BasicMode.Stop, 0xb5],
  [BasicMode.Handshake, 0xb6],
  [BasicMode.Escape, 0xba],
  [0x1b, 0x3b],
]);
const PLAIN: ReadonlyMap<number, number> = new Map([...ESCAPED].map(([byte, code]) => [code, byte]));

/** The longest message that is taken; a longer one is dropped whole. */
const LIMIT = 272;

export function encodeBasic(message: Uint8Array): Uint8Array {
  const out = [BasicMode.Start as number];
  for (const byte of message) {
    const code = ESCAPED.get(byte);
    if (code === undefined) out.push(byte);
    else out.push(BasicMode.Escape, code);
  }
  out.push(BasicMode.Stop);
  return Uint8Array.from(out);
}

/**
 * Finds the messages in a stream of characters. What is no legal message is dropped without an answer, as
 * §14.4.2 wants.
 */
export class BasicReader {
  /** Made with the first message: most lines of a fleet never see one. */
  #buffer: Uint8Array | undefined;
  #length = 0;
  #inside = false;
  #escaped = false;

  /** Between a start and a stop character: what comes belongs to no other mode. */
  get inside(): boolean {
    return this.#inside;
  }

  /** The message that this character completes, unescaped; a copy. */
  take(byte: number): Uint8Array | undefined {
    if (byte === BasicMode.Start) {
      this.#buffer ??= new Uint8Array(LIMIT);
      this.#inside = true;
      this.#escaped = false;
      this.#length = 0;
      return undefined;
    }
    if (!this.#buffer || !this.#inside || byte === BasicMode.Handshake) return undefined;
    if (byte === BasicMode.Stop) {
      this.#inside = false;
      return this.#escaped || this.#length === 0 ? undefined : this.#buffer.slice(0, this.#length);
    }
    if (byte === BasicMode.Escape) {
      if (this.#escaped) this.#inside = false;
      this.#escaped = true;
      return undefined;
    }
    const plain = this.#escaped ? PLAIN.get(byte) : byte;
    this.#escaped = false;
    if (plain === undefined || this.#length === LIMIT) this.#inside = false;
    else this.#buffer[this.#length++] = plain;
    return undefined;
  }
}
