import type { Bmc } from '../bmc.ts';

/** Bytes that are remembered of what a machine has said. */
const REMEMBERED = 1 << 16;

/** The last of what a machine has said on its serial console. */
class History {
  #bytes = new Uint8Array(0);

  add(characters: Uint8Array): void {
    const whole = new Uint8Array(this.#bytes.length + characters.length);
    whole.set(this.#bytes);
    whole.set(characters, this.#bytes.length);
    this.#bytes = whole.slice(-REMEMBERED);
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }
}

/**
 * What machines have said, from when somebody first asked for that of one: until then nobody listens to its
 * serial port for it.
 */
export class ConsoleHistories {
  readonly #of = new WeakMap<Bmc, History>();

  /** Up to 64 KiB, the newest last. */
  of(bmc: Bmc): Uint8Array {
    const known = this.#of.get(bmc);
    if (known) return known.bytes;
    const history = new History();
    bmc.console.listen({ onData: (characters) => history.add(characters) });
    this.#of.set(bmc, history);
    return history.bytes;
  }
}
