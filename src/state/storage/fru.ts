import { CC, IpmiError } from '../../codec/index.ts';
import type { Setup } from '../setup.ts';
import { stores } from '../stores.ts';
import type { Durable, Store } from '../store.ts';

export interface FruDevice {
  /** 0..254; 0 is the BMC's own. */
  readonly id: number;
  readonly name: string;
  readonly image: Uint8Array;
  /** Offsets and counts are of 16-bit words. */
  readonly byWords?: boolean;
  /** Written in the factory only. */
  readonly readOnly?: boolean;
}

/** The FRU inventory devices of a BMC (IPMI 2.0 §34), byte for byte. */
export class FruInventory {
  /** BMCs with the same settings share it. */
  readonly devices: readonly FruDevice[];
  readonly #written: Store<Uint8Array>;
  /** A fault: what readers see in place of a device's bytes. */
  spoil: ((id: number, image: Uint8Array) => Uint8Array) | undefined = undefined;

  constructor(setup: Setup, devices: readonly FruDevice[]) {
    this.devices = devices;
    this.#written = setup.store(stores.fru);
  }

  /** Throws CBh. */
  device(id: number): FruDevice {
    const device = this.devices.find((device) => device.id === id);
    if (!device) throw new IpmiError(CC.NotPresent, `FRU ${id}`);
    return device;
  }

  /** All bytes of a device. Throws CBh. */
  image(id: number): Uint8Array {
    const { image } = this.device(id);
    return this.#written.get(id) ?? image;
  }

  /** As readers see it. Throws CBh. */
  shown(id: number): Uint8Array {
    const image = this.image(id);
    return this.spoil === undefined ? image : this.spoil(id, image);
  }

  /** Throws C9h for bytes behind the end. */
  write(id: number, offset: number, data: Uint8Array): Durable {
    const image = this.image(id);
    if (offset + data.length > image.length)
      throw new IpmiError(CC.ParameterOutOfRange, `offset ${offset} + ${data.length} of ${image.length}`);
    const changed = image.slice();
    changed.set(data, offset);
    return this.#written.set(id, changed);
  }
}
