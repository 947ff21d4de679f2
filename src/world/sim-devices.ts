import { systemError } from './system-error.ts';
import type { Clock, Device, Devices } from './world.ts';

/** A driver as the kernel calls it. Error codes are the system's (`EINVAL`). */
export interface SimDriver {
  /** `wake` is called when a reader or writer that sleeps shall look again. */
  open(wake: () => void): void;
  /** The message that waits; undefined: none, the reader sleeps. */
  read(): Uint8Array | undefined;
  /** Undefined: taken. 'sleep': the writer sleeps. */
  write(message: Uint8Array): string | undefined;
  ioctl(request: number): string | undefined;
  release(): void;
}

/** What one call costs, in milliseconds. */
const CALL = 0.05;

/** Device nodes of a simulated world: those that a test provides. Each has one opener. */
export class SimDevices implements Devices {
  readonly #clock: Clock;
  readonly #drivers = new Map<string, SimDriver>();
  readonly #open = new Map<string, SimDevice>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  provide(path: string, driver: SimDriver): void {
    this.#drivers.set(path, driver);
  }

  open(path: string): Promise<Device> {
    return new Promise((resolve, reject) => {
      this.#clock.after(CALL, () => {
        const driver = this.#drivers.get(path);
        if (!driver) return reject(systemError('ENOENT', 'open', path));
        if (this.#open.has(path)) return reject(systemError('EBUSY', 'open', path));
        const device = new SimDevice(this.#clock, path, driver, () => void this.#open.delete(path));
        this.#open.set(path, device);
        return resolve(device);
      });
    });
  }

  /** The driver goes: who has the node open sees an error. */
  remove(path: string): void {
    this.#drivers.delete(path);
    this.#open.get(path)?.fail('ENODEV');
  }
}

class SimDevice implements Device {
  onClose: ((error?: Error) => void) | undefined;
  readonly #clock: Clock;
  readonly #path: string;
  readonly #driver: SimDriver;
  readonly #gone: () => void;
  /** Writes in their turn; the first one may sleep. */
  readonly #writes: { readonly message: Uint8Array; readonly done: (code: string | undefined) => void }[] =
    [];
  #onMessage: ((message: Uint8Array) => void) | undefined;
  #looking = false;
  #closed = false;

  constructor(clock: Clock, path: string, driver: SimDriver, gone: () => void) {
    this.#clock = clock;
    this.#path = path;
    this.#driver = driver;
    this.#gone = gone;
    driver.open(() => this.#wake());
    this.#wake();
  }

  get onMessage(): ((message: Uint8Array) => void) | undefined {
    return this.#onMessage;
  }

  set onMessage(receive: ((message: Uint8Array) => void) | undefined) {
    this.#onMessage = receive;
    this.#wake();
  }

  write(message: Uint8Array): Promise<void> {
    return this.#call('write', (done) => {
      this.#writes.push({ message: message.slice(), done });
      this.#wake();
    });
  }

  ioctl(request: number): Promise<void> {
    return this.#call(
      'ioctl',
      (done) => void this.#clock.after(CALL, () => done(this.#driver.ioctl(request))),
    );
  }

  async close(): Promise<void> {
    this.#end(undefined);
  }

  fail(code: string): void {
    this.#end(systemError(code, 'read', this.#path));
  }

  #call(name: string, begin: (done: (code: string | undefined) => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (code: string | undefined): void =>
        code === undefined ? resolve() : reject(systemError(code, name, this.#path));
      if (this.#closed) done('EPIPE');
      else begin(done);
    });
  }

  #wake(): void {
    if (this.#looking || this.#closed) return;
    this.#looking = true;
    this.#clock.after(CALL, () => {
      this.#looking = false;
      if (this.#closed) return;
      for (let message = this.#read(); message; message = this.#read()) this.#onMessage?.(message);
      while (this.#writes.length > 0) {
        const code = this.#driver.write(this.#writes[0].message);
        if (code === 'sleep') break;
        this.#writes.shift()?.done(code);
      }
    });
  }

  #read(): Uint8Array | undefined {
    return this.#onMessage && this.#driver.read();
  }

  #end(error: Error | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#driver.release();
    this.#gone();
    for (const { done } of this.#writes.splice(0)) done('EPIPE');
    this.onClose?.(error);
  }
}
