import { HostError, type HostBus } from './driver.ts';
import { KcsCode, KcsRegister, KcsState, KcsStatus } from './kcs.ts';

const TRIES = 3;
/** Linux has no more room either, and a host must not loop for ever. */
const RESPONSE_MAX = 4096;

/** The host's side of KCS (IPMI 2.0 §9.15, figures 9-6 to 9-8). */
export class KcsDriver {
  readonly #bus: HostBus;

  constructor(bus: HostBus) {
    this.#bus = bus;
  }

  /**
   * One request (NetFn/LUN, command, data) and its response. Goes through the error exit and tries again as
   * the figures do; rejects with HostError if the interface never gets to the end.
   */
  async request(message: Uint8Array): Promise<Uint8Array> {
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const response = (await this.write(message)) ? await this.read() : undefined;
      if (response) return response;
      await this.abort();
    }
    throw new HostError(`KCS: no response in ${TRIES} tries`);
  }

  /** The write transfer. False: the interface went to another state. */
  async write(message: Uint8Array): Promise<boolean> {
    await this.#idle();
    await this.#clearObf();
    await this.#code(KcsCode.WriteStart);
    if ((await this.#state()) !== KcsState.Write) return false;
    await this.#clearObf();
    for (const byte of message.subarray(0, -1)) {
      await this.#data(byte);
      if ((await this.#state()) !== KcsState.Write) return false;
      await this.#clearObf();
    }
    await this.#code(KcsCode.WriteEnd);
    if ((await this.#state()) !== KcsState.Write) return false;
    await this.#clearObf();
    await this.#data(message[message.length - 1]);
    return true;
  }

  /** The read transfer. Undefined: the interface went to another state. */
  async read(): Promise<Uint8Array | undefined> {
    const bytes: number[] = [];
    for (;;) {
      const state = await this.#state();
      if (state !== KcsState.Read && state !== KcsState.Idle) return undefined;
      if (state === KcsState.Idle) {
        await this.#clearObf();
        return Uint8Array.from(bytes);
      }
      if (!(await this.#obf())) {
        await this.#bus.pause();
        continue;
      }
      if (bytes.length === RESPONSE_MAX) return undefined;
      bytes.push(await this.#bus.read(KcsRegister.Data));
      await this.#data(KcsCode.Read);
    }
  }

  /** GET_STATUS/ABORT: ends what goes on and returns the status code of table 9-4. */
  async abort(): Promise<number> {
    await this.#code(KcsCode.GetStatusAbort);
    await this.#idle();
    await this.#clearObf();
    await this.#data(0);
    if ((await this.#state()) !== KcsState.Read) throw new HostError('KCS: no status after GET_STATUS/ABORT');
    while (!(await this.#obf())) await this.#bus.pause();
    const status = await this.#bus.read(KcsRegister.Data);
    await this.#data(KcsCode.Read);
    if ((await this.#state()) !== KcsState.Idle) throw new HostError('KCS: not idle after GET_STATUS/ABORT');
    await this.#clearObf();
    return status;
  }

  /** The state, once IBF is clear. */
  async #state(): Promise<number> {
    return (await this.#idle()) >> 6;
  }

  async #idle(): Promise<number> {
    for (;;) {
      const status = await this.#bus.read(KcsRegister.Control);
      if (!(status & KcsStatus.Ibf)) return status;
      await this.#bus.pause();
    }
  }

  async #obf(): Promise<boolean> {
    return ((await this.#bus.read(KcsRegister.Control)) & KcsStatus.Obf) !== 0;
  }

  async #clearObf(): Promise<void> {
    if (await this.#obf()) await this.#bus.read(KcsRegister.Data);
  }

  async #code(code: number): Promise<void> {
    await this.#idle();
    await this.#bus.write(KcsRegister.Control, code);
  }

  async #data(byte: number): Promise<void> {
    await this.#idle();
    await this.#bus.write(KcsRegister.Data, byte);
  }
}
