import type { CounterTable } from '../../joint/counters.ts';
import type { HostEvents, HostPort } from '../../wire/host/port.ts';
import { SSIF_MESSAGE_MAX } from '../../wire/host/ssif.ts';
import { codeOf } from '../../world/system-error.ts';
import type { Clock, Device, Devices, Timer } from '../../world/world.ts';

/** Linux's BMC-side drivers: `bt-bmc`, `kcs_bmc_cdev_ipmi`, `ssif_bmc`. */
export type DeviceKind = 'bt' | 'kcs' | 'ssif';

export interface DevicePortOptions {
  readonly kind: DeviceKind;
  readonly path: string;
  readonly devices: Devices;
  readonly clock: Clock;
  readonly log: (message: string) => void;
}

const COUNTERS = {
  undelivered: {
    unit: 'responses',
    counts: 'refused by the driver because the host had given up (EINVAL, EAGAIN): nothing to worry about',
  },
  malformed: { unit: 'messages', counts: 'dropped: a length that says more than was read' },
  errors: { unit: 'errors', counts: 'of reading and writing; the first of each kind is in the log' },
  reopened: { unit: 'times', counts: 'that the node was opened again after it failed' },
} satisfies CounterTable;
export type DeviceCounters = Record<keyof typeof COUNTERS, number>;

/** ioctl requests, `_IO(0xB1, n)`. */
export const DeviceIoctl = { SetSmsAtn: 0xb100, ClearSmsAtn: 0xb101, ForceAbort: 0xb102 } as const;

const REOPEN_AFTER = 1000;
const LINGER = 100;
/** `ssif_bmc` puts a length of native order and four bytes before the message. */
const SSIF_LENGTH = 4;
/**
 * A write that met the host at the wrong moment (EIO of `bt-bmc`) is tried so often, and so much later each
 * time.
 */
const TRIES = 5;
const TRY_AFTER = 10;

/**
 * A device node of a real BMC as a port. The drivers differ in what frames a message and in what ioctls they
 * have:
 *
 *   bt    length, NetFn/LUN, sequence, command, data    sets SMS_ATN; the host clears it
 *   kcs   NetFn/LUN, command, data                      sets and clears SMS_ATN, aborts
 *   ssif  u32 length, NetFn/LUN, command, data          no ioctl
 *
 * One request may be open on kcs and ssif; reading another one means that the host gave up the one before.
 */
export class DevicePort implements HostPort {
  readonly counterTable = COUNTERS;
  readonly counters: DeviceCounters = { undelivered: 0, malformed: 0, errors: 0, reopened: 0 };
  readonly #options: DevicePortOptions;
  #events: HostEvents | undefined;
  #device: Device | undefined;
  #writing = false;
  #lastSent = -Infinity;
  #attention = false;
  #retry: Timer | undefined;
  readonly #told = new Set<string>();

  constructor(options: DevicePortOptions) {
    this.#options = options;
  }

  get path(): string {
    return this.#options.path;
  }

  /** Rejects with the system's error: ENOENT, EACCES, EBUSY if another program serves the node. */
  async open(events: HostEvents): Promise<void> {
    this.#events = events;
    try {
      await this.#begin();
    } catch (error) {
      this.#events = undefined;
      throw error;
    }
  }

  /** Gives the host the time to fetch the last response: closing a KCS node breaks off what it reads. */
  async close(): Promise<void> {
    this.#events = undefined;
    this.#retry?.cancel();
    const device = this.#device;
    this.#device = undefined;
    const { clock } = this.#options;
    const left = this.#lastSent + LINGER - clock.monotonic();
    if (device && left > 0) await new Promise<void>((resolve) => void clock.after(left, resolve));
    await device?.close();
  }

  send(response: Uint8Array): 'sent' | 'later' | 'gone' {
    const device = this.#device;
    if (!device) return 'gone';
    if (!this.#writing) this.#lastSent = this.#options.clock.monotonic();
    if (this.#options.kind !== 'bt') {
      void this.#write(device, this.#options.kind === 'ssif' ? withLength(response) : response, 1);
      return 'sent';
    }
    // bt-bmc makes a writer wait until the host has fetched the response before.
    if (this.#writing) return 'later';
    this.#writing = true;
    void this.#write(device, response, TRIES);
    return 'sent';
  }

  attention(set: boolean, _interrupt: boolean): void {
    const before = this.#attention;
    this.#attention = set;
    if (set === before) return;
    if (this.#options.kind === 'ssif') {
      if (set)
        this.#tell('attention', `${this.path}: its driver cannot show attention; the host asks by itself`);
    } else if (set) this.#ioctl(DeviceIoctl.SetSmsAtn);
    else if (this.#options.kind === 'kcs') this.#ioctl(DeviceIoctl.ClearSmsAtn);
  }

  /** Breaks off what the host is doing, where the driver can (kcs). */
  abort(): void {
    if (this.#options.kind === 'kcs') this.#ioctl(DeviceIoctl.ForceAbort);
  }

  async #begin(): Promise<void> {
    const device = await this.#options.devices.open(this.#options.path);
    if (!this.#events) return device.close();
    this.#device = device;
    this.#writing = false;
    device.onMessage = (message) => this.#request(message);
    device.onClose = (error) => this.#failed(device, error);
    if (this.#attention) this.#ioctl(DeviceIoctl.SetSmsAtn);
    return undefined;
  }

  /**
   * A helper that was killed, a driver that was unloaded: the host's requests are void, and the node may come
   * back.
   */
  #failed(device: Device, error: Error | undefined): void {
    if (this.#device !== device) return;
    this.#device = undefined;
    this.#events?.cancelled();
    this.#tell('closed', `${error?.message ?? `${this.path}: closed`}; it is opened again when it can be`);
    const again = (): void => {
      this.#retry = this.#options.clock.after(REOPEN_AFTER, () => {
        this.#begin().then(
          () => {
            this.counters.reopened++;
            this.#told.delete('closed');
          },
          () => void (this.#events && again()),
        );
      });
    };
    if (this.#events) again();
  }

  #request(message: Uint8Array): void {
    if (this.#options.kind !== 'ssif') return this.#events?.request(message);
    const length = message.length > SSIF_LENGTH ? lengthOf(message) : 0;
    if (length === 0 || length > Math.min(SSIF_MESSAGE_MAX, message.length - SSIF_LENGTH))
      return void this.counters.malformed++;
    return this.#events?.request(message.subarray(SSIF_LENGTH, SSIF_LENGTH + length));
  }

  async #write(device: Device, message: Uint8Array, tries: number): Promise<void> {
    try {
      await device.write(message);
    } catch (error) {
      const code = codeOf(error);
      if (tries > 1 && code === 'EIO') {
        this.#options.clock.after(TRY_AFTER, () => void this.#write(device, message, tries - 1));
        return;
      }
      if (code === 'EINVAL' || code === 'EAGAIN') this.counters.undelivered++;
      else this.#wrong(error as Error);
    }
    if (this.#device !== device) return;
    this.#writing = false;
    this.#events?.ready();
  }

  #ioctl(request: number): void {
    this.#device?.ioctl(request).catch((error: unknown) => this.#wrong(error as Error));
  }

  /** A node that fails fails often: the first error of each kind is enough. */
  #wrong(error: Error): void {
    this.counters.errors++;
    this.#tell(`${codeOf(error)}`, error.message);
  }

  #tell(kind: string, message: string): void {
    if (this.#told.has(kind)) return;
    this.#told.add(kind);
    this.#options.log(message);
  }
}

/** In the byte order of the machine, as the driver has it. */
const lengthOf = (message: Uint8Array): number => new Uint32Array(message.slice(0, SSIF_LENGTH).buffer)[0];

function withLength(message: Uint8Array): Uint8Array {
  const out = new Uint8Array(SSIF_LENGTH + message.length);
  out.set(new Uint8Array(Uint32Array.of(message.length).buffer));
  out.set(message, SSIF_LENGTH);
  return out;
}
