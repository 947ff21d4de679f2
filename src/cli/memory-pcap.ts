import type { Bmc } from '../bmc.ts';
import { Capture, captureHeader } from '../capture/index.ts';
import { enhancedPacket } from '../capture/pcapng.ts';
import type { Clock, Files } from '../world/world.ts';
import { addressesOf } from './pcap.ts';

/** Bytes that are kept; of more, the oldest are forgotten. */
const KEPT = 32 << 20;

/** A capture in memory, for who may want it afterwards. */
export class MemoryPcap {
  readonly #names: readonly string[];
  readonly #clock: Clock;
  readonly #captures: Capture[] = [];
  #packets: Uint8Array[] = [];
  #first = 0;
  #bytes = 0;

  /** `names`: of all BMCs that will be added. */
  constructor(names: readonly string[], clock: Clock) {
    this.#names = names;
    this.#clock = clock;
  }

  /** From now on what passes this BMC is kept. */
  add(bmc: Bmc): void {
    const { router } = bmc;
    const place = this.#names.indexOf(bmc.name);
    const parts = { router, clock: this.#clock, addressOf: addressesOf(bmc), place };
    const capture = new Capture(parts, (packet) => this.#keep(enhancedPacket(packet)));
    this.#captures.push(capture);
    bmc.taps.add(capture);
  }

  /** How many are kept. */
  get packets(): number {
    for (const capture of this.#captures) capture.flush();
    return this.#packets.length - this.#first;
  }

  /** Rejects with the system's error. */
  async write(files: Files, path: string): Promise<void> {
    const all = [...captureHeader(...this.#names), ...this.#packets.slice(this.#first)];
    await files.write(path, Buffer.concat(all));
  }

  #keep(packet: Uint8Array): void {
    this.#packets.push(packet);
    this.#bytes += packet.length;
    while (this.#bytes > KEPT) this.#bytes -= this.#packets[this.#first++].length;
    if (this.#first === 0 || this.#first * 2 < this.#packets.length) return;
    this.#packets = this.#packets.slice(this.#first);
    this.#first = 0;
  }
}
