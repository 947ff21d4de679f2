import type { WriteResult } from '../../services/bridging/requester.ts';
import { buildRecord, parseRecord } from '../../wire/index.ts';
import { codeOf } from '../../world/system-error.ts';
import type { Clock, Device, Devices, Timer } from '../../world/world.ts';
import type { BusLink, MessageBus } from './bus.ts';
import type { Carrier } from './carrier.ts';

export interface IpmbDeviceOptions {
  readonly path: string;
  readonly devices: Devices;
  readonly clock: Clock;
  readonly log: (message: string) => void;
}

/** What the I2C core's errors mean (Linux: Documentation/i2c/fault-codes). */
const RESULTS: Readonly<Record<string, WriteResult>> = {
  ENXIO: 'nack',
  EREMOTEIO: 'nack',
  ENODEV: 'nack',
  EAGAIN: 'arbitration',
};
/** Milliseconds until a node that failed is opened again. */
const REOPEN_AFTER = 1000;

/**
 * A real bus by its node `/dev/ipmb-N` (`ipmb_dev_int.c`): records with a length byte. The node hands out the
 * newest message first when several wait, and has checked the first checksum only; responses find their
 * requests by number, and the second checksum is checked with everything else when the frame is parsed.
 */
export class IpmbDevice implements Carrier {
  readonly #options: IpmbDeviceOptions;
  readonly #link: BusLink = { write: (frame) => this.#write(frame) };
  #bus: MessageBus | undefined;
  #device: Device | undefined;
  #leave: () => void = () => undefined;
  #retry: Timer | undefined;

  constructor(options: IpmbDeviceOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.path;
  }

  async open(bus: MessageBus): Promise<void> {
    this.#bus = bus;
    await this.#begin(bus);
    this.#leave = bus.link(this.#link);
  }

  async close(): Promise<void> {
    this.#bus = undefined;
    this.#retry?.cancel();
    this.#leave();
    await this.#device?.close();
    this.#device = undefined;
  }

  async #begin(bus: MessageBus): Promise<void> {
    const device = await this.#options.devices.open(this.#options.path);
    // Closed meanwhile.
    if (this.#bus !== bus) return device.close();
    this.#device = device;
    device.onMessage = (record) => {
      const frame = parseRecord(record);
      if (frame) void bus.deliver(frame, this.#link);
    };
    device.onClose = (error) => {
      this.#device = undefined;
      if (!this.#bus) return;
      if (error) this.#options.log(`${this.name}: ${error.message}; it is opened again each second`);
      this.#again();
    };
    return undefined;
  }

  #again(): void {
    this.#retry = this.#options.clock.after(REOPEN_AFTER, () => {
      const bus = this.#bus;
      if (bus) void this.#begin(bus).catch(() => this.#again());
    });
  }

  async #write(frame: Uint8Array): Promise<WriteResult> {
    if (!this.#device) return 'bus-error';
    try {
      await this.#device.write(buildRecord(frame));
      return 'taken';
    } catch (error) {
      return RESULTS[codeOf(error) ?? ''] ?? 'bus-error';
    }
  }
}
