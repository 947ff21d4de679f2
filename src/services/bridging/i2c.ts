import { CC, IpmiError } from '../../codec/index.ts';
import type { CommandKey } from '../../commands/command.ts';
import { ReadFruData, WriteFruData } from '../../commands/storage/fru.ts';
import type { FruInventory } from '../../state/storage/fru.ts';
import { WriteFailure } from './requester.ts';
import type { Durable } from '../../state/store.ts';

/** A device without a controller of its own, as Master Write-Read reaches it. */
export interface I2cDevice {
  /** The bytes after the slave address. */
  write(data: Uint8Array): Durable;
  read(count: number): Uint8Array;
  /** The commands that do the same by another name: what is kept from a channel is kept from it here, too. */
  sameAs?(data: Uint8Array, readCount: number): readonly CommandKey[];
}

/**
 * Where a device hangs: on the bus of a channel, or on a private bus behind the controller (IPMI 2.0 §22.11).
 */
export interface I2cPlace {
  /** Undefined: a private bus. */
  readonly channel?: number;
  /** Number of the private bus, 0..7; 0 for a channel. */
  readonly bus: number;
  /** 8-bit, even. */
  readonly address: number;
}

/** The devices that Master Write-Read finds. */
export class I2cBusses {
  readonly #devices = new Map<string, I2cDevice>();
  readonly #private = new Set<number>();

  attach(place: I2cPlace, device: I2cDevice): void {
    this.#devices.set(keyOf(place.channel, place.bus, place.address), device);
    if (place.channel === undefined) this.#private.add(place.bus);
  }

  find(channel: number | undefined, bus: number, address: number): I2cDevice | undefined {
    return this.#devices.get(keyOf(channel, bus, address));
  }

  /** Throws CCh where the controller has no such private bus. */
  checkPrivate(bus: number): void {
    if (!this.#private.has(bus)) throw new IpmiError(CC.InvalidDataField, `there is no private bus ${bus}`);
  }
}

const keyOf = (channel: number | undefined, bus: number, address: number): string =>
  `${channel ?? 'private'}/${bus}/${address}`;

/**
 * A serial EEPROM with the bytes of a FRU device: the first bytes written are the address, one byte for up to
 * 256 bytes and two above; what follows is stored there. Reads go on where the last access ended, and begin
 * again behind the end.
 */
export class FruEeprom implements I2cDevice {
  readonly #fru: FruInventory;
  readonly #id: number;
  #at = 0;

  constructor(fru: FruInventory, id: number) {
    this.#fru = fru;
    this.#id = id;
  }

  sameAs(data: Uint8Array, readCount: number): readonly CommandKey[] {
    return [
      ...(data.length > this.#addressBytes ? [WriteFruData] : []),
      ...(readCount > 0 ? [ReadFruData] : []),
    ];
  }

  get #addressBytes(): number {
    return this.#fru.image(this.#id).length > 256 ? 2 : 1;
  }

  write(data: Uint8Array): Durable {
    const { length } = this.#fru.image(this.#id);
    const addressBytes = this.#addressBytes;
    if (data.length < addressBytes) return undefined;
    this.#at = (addressBytes === 2 ? (data[0] << 8) | data[1] : data[0]) % length;
    const stored = data.subarray(addressBytes);
    if (stored.length === 0) return undefined;
    // A part whose write protection is wired does not acknowledge data.
    if (this.#fru.device(this.#id).readOnly) throw new IpmiError(WriteFailure.Nack, 'write protected');
    // Like the parts themselves: what goes over the end comes out at the start.
    const image = this.#fru.image(this.#id).slice();
    for (const [i, byte] of stored.entries()) image[(this.#at + i) % length] = byte;
    this.#at = (this.#at + stored.length) % length;
    return this.#fru.write(this.#id, 0, image);
  }

  read(count: number): Uint8Array {
    const image = this.#fru.image(this.#id);
    const data = Uint8Array.from({ length: count }, (_, i) => image[(this.#at + i) % image.length]);
    this.#at = (this.#at + count) % image.length;
    return data;
  }
}
