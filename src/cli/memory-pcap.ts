import type { Bmc } from '../bmc.ts';
import { Capture, captureHeader, CapturePlaces, PacketRing, Wording } from '../capture/index.ts';
import type { Clock, Files } from '../world/world.ts';
import { addressesOf } from './pcap.ts';

/** Bytes that are kept; of more, the oldest are forgotten. */
const KEPT = 32 << 20;

/** A capture in memory, for who may want it afterwards. */
export class MemoryPcap {
  readonly #clock: Clock;
  readonly #captures: Capture[] = [];
  readonly #ring = new PacketRing(KEPT);
  readonly #wording = new Wording();
  readonly #places: CapturePlaces;
  readonly #header: Uint8Array[];

  /** `names`: of all BMCs that will be added. */
  constructor(names: readonly string[], clock: Clock) {
    this.#places = new CapturePlaces(names);
    this.#header = captureHeader(...names);
    this.#clock = clock;
  }

  /** From now on what passes this BMC is kept. */
  add(bmc: Bmc): void {
    this.#add(bmc, false);
  }

  #add(bmc: Bmc, isSatellite: boolean): void {
    const { name, router } = bmc;
    const header = { begin: (block: Uint8Array): void => void this.#header.push(block) };
    const interfaces = this.#places.in(header, name, isSatellite);
    const parts = {
      router,
      clock: this.#clock,
      addressOf: addressesOf(bmc),
      interfaces,
      wording: this.#wording,
    };
    const capture = new Capture(parts, this.#ring);
    this.#captures.push(capture);
    bmc.taps.add(capture);
    for (const satellite of bmc.satellites) this.#add(satellite, true);
  }

  /** How many are kept. */
  get packets(): number {
    for (const capture of this.#captures) capture.flush();
    return this.#ring.all().length;
  }

  /** Rejects with the system's error. */
  async write(files: Files, path: string): Promise<void> {
    await files.write(path, Buffer.concat([...this.#header, ...this.#ring.all()]));
  }
}
