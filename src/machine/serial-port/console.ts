import type { Sleeper } from '../../state/sleeper.ts';
import { ByteQueue } from '../../wire/byte-queue.ts';
import { ConsolePast } from './console-past.ts';

/** Lines that the BMC drives towards the machine (§15.4); true: asserted. */
export interface ModemLines {
  readonly cts: boolean;
  /** DCD and DSR, which go together. */
  readonly dcd: boolean;
}

/** Of the machine's power: whether it is on, and whether the machine starts now. */
export interface MachinePower {
  readonly on: boolean;
  readonly starts: boolean;
}

/** The machine's side of its serial port: what a VM, a device, a socket or a simulation implements. */
export interface ConsoleSource {
  /** False: no more for now; `ConsolePort.drained` tells when to go on. */
  write(characters: Uint8Array): boolean;
  sendBreak?(): void;
  /** Ring indicator: wakes a machine that listens for it. */
  ring?(): void;
  setLines?(lines: ModemLines): void;
  /** Bits per second. */
  setBitRate?(rate: number): void;
  /** Nobody can take more: hold the machine's characters back, if that is possible. */
  pause?(): void;
  resume?(): void;
  /** Whether anybody reads what the machine says. */
  watched?(yes: boolean): void;
  /** After every change of the machine's power, and every reset. */
  powerWent?(change: MachinePower): void;
  /** It has heard something that it has not answered yet. */
  readonly isUnfinished?: boolean;
  close(): Promise<void>;
}

/** How a source tells what its machine does. */
export interface ConsolePort {
  /** Whether the machine can be reached: false while it is off, or its socket closed. */
  available(yes: boolean): void;
  /** Valid during the call. */
  received(characters: Uint8Array): void;
  breakDetected(): void;
  /** After `write` has returned false. */
  drained(): void;
}

/** Who reads along: SOL sessions, a serial multiplexer, a web terminal. */
export interface ConsoleListener {
  /** Valid during the call. */
  onData?(characters: Uint8Array): void;
  onBreak?(): void;
  onAvailable?(yes: boolean): void;
}

const WAITING = 4096;
const USUAL_RATE = 115_200;
/** Lines of a port that nobody controls. */
export const ASSERTED: ModemLines = { cts: true, dcd: true };

/** Bits per second, the lines, and what was said. */
type ConsoleMemento = readonly [bitRate: number, lines: ModemLines, past: Uint8Array];

/**
 * The machine's serial console as the rest of the BMC sees it. One source is plugged in at a time; without
 * one the console is not available. What the machine says while nobody listens is gone for who listens later,
 * as on any serial port; the last of it is remembered for who asks what was said.
 */
export class Console implements Sleeper<ConsoleMemento> {
  /** Bits per second. */
  bitRate = USUAL_RATE;
  /** A fault: what becomes of characters on the way; `pass` takes them further. */
  meddle: ((characters: Uint8Array, pass: (characters: Uint8Array) => void) => void) | undefined = undefined;
  #lines: ModemLines = ASSERTED;
  #source: ConsoleSource | undefined;
  #port: Port | undefined = undefined;
  #available = false;
  #busy = false;
  /** Characters for a source that is busy. Made when there is one. */
  #waiting: ByteQueue | undefined;
  // Made with the first of each.
  #listeners: Set<ConsoleListener> | undefined;
  #holders: Set<unknown> | undefined;
  #past: ConsolePast | undefined;

  get wakeful(): string | undefined {
    if (this.#listeners?.size || this.#holders?.size) return 'somebody listens to its serial console';
    return this.#busy || this.#source?.isUnfinished ? 'characters are under way to its machine' : undefined;
  }

  memento(): ConsoleMemento | undefined {
    if (this.bitRate === USUAL_RATE && this.#lines === ASSERTED && !this.#past) return undefined;
    return [this.bitRate, this.#lines, this.past];
  }

  recall([bitRate, lines, past]: ConsoleMemento): void {
    this.bitRate = bitRate;
    this.#lines = lines;
    if (past.length > 0) this.#past = new ConsolePast(past);
  }

  /** The last of what the machine has said, up to 64 KiB. */
  get past(): Uint8Array {
    return this.#past?.bytes ?? new Uint8Array(0);
  }

  /** Whether characters reach the machine. */
  get available(): boolean {
    return this.#available;
  }

  get lines(): ModemLines {
    return this.#lines;
  }

  /**
   * Plugs a source in; the one before, if any, is unplugged and closed. `make` gets the port that the source
   * talks to; what it says of itself before it is there holds from then on.
   */
  plug(make: (port: ConsolePort) => ConsoleSource): void {
    const before = this.#source;
    this.#unplugged();
    const port = new Port(this);
    const plugged = make(port);
    this.#source = plugged;
    this.#port = port;
    if (this.#holders?.size) plugged.pause?.();
    if (this.#listeners?.size) plugged.watched?.(true);
    if (port.isAvailable) this.#setAvailable(true);
    void before?.close();
  }

  /** What a source says by its port; of one that is not there yet, or no more, nothing is heard. */
  heard(port: Port, what: 'available' | 'break' | 'drained' | Uint8Array): void {
    if (this.#port !== port) return;
    if (what === 'available') this.#setAvailable(port.isAvailable);
    else if (what === 'break') this.#each((listener) => listener.onBreak?.());
    else if (what === 'drained') this.#drain();
    else this.#came(what);
  }

  /** The machine's power went on or off, or it was reset. */
  powerWent(change: MachinePower): void {
    this.#source?.powerWent?.(change);
  }

  /** Unplugs the source and closes it. */
  async unplug(): Promise<void> {
    const source = this.#source;
    this.#unplugged();
    await source?.close();
  }

  /** Characters for the machine; returns how many were taken. */
  write(characters: Uint8Array): number {
    if (!this.#available || !this.#source) return 0;
    if (!this.#busy) {
      this.#busy = !this.#source.write(characters);
      return characters.length;
    }
    this.#waiting ??= new ByteQueue(WAITING);
    return this.#waiting.push(characters);
  }

  /** Drops what a busy source has not taken yet. */
  flush(): void {
    this.#waiting = undefined;
  }

  sendBreak(): void {
    this.#source?.sendBreak?.();
  }

  ring(): void {
    this.#source?.ring?.();
  }

  setLines(lines: ModemLines): void {
    if (lines.cts === this.#lines.cts && lines.dcd === this.#lines.dcd) return;
    this.#lines = lines;
    this.#source?.setLines?.(lines);
  }

  setBitRate(rate: number): void {
    if (rate === this.bitRate) return;
    this.bitRate = rate;
    this.#source?.setBitRate?.(rate);
  }

  /** Holds the machine's characters back until the same holder resumes. */
  pause(holder: unknown): void {
    if (!this.#holders?.size) this.#source?.pause?.();
    (this.#holders ??= new Set()).add(holder);
  }

  resume(holder: unknown): void {
    if (this.#holders?.delete(holder) && this.#holders.size === 0) this.#source?.resume?.();
  }

  listen(listener: ConsoleListener): () => void {
    const listeners = (this.#listeners ??= new Set());
    listeners.add(listener);
    if (listeners.size === 1) this.#source?.watched?.(true);
    return () => {
      if (listeners.delete(listener) && listeners.size === 0) this.#source?.watched?.(false);
    };
  }

  #unplugged(): void {
    this.#setAvailable(false);
    this.#source = undefined;
    this.#port = undefined;
  }

  #setAvailable(yes: boolean): void {
    if (yes === this.#available) return;
    this.#available = yes;
    this.#busy = false;
    this.#waiting = undefined;
    this.#each((listener) => listener.onAvailable?.(yes));
  }

  #came(characters: Uint8Array): void {
    if (this.meddle === undefined) this.#received(characters);
    else this.meddle(characters, (passed) => this.#received(passed));
  }

  #received(characters: Uint8Array): void {
    (this.#past ??= new ConsolePast()).add(characters);
    for (const listener of this.#listeners ?? []) listener.onData?.(characters);
  }

  #each(tell: (listener: ConsoleListener) => void): void {
    for (const listener of this.#listeners ?? []) tell(listener);
  }

  #drain(): void {
    const waiting = this.#waiting?.take(WAITING);
    this.#waiting = undefined;
    this.#busy = waiting !== undefined && waiting.length > 0 && this.#source?.write(waiting) === false;
  }
}

/** What a source has of the console that it is plugged into. */
class Port implements ConsolePort {
  readonly #console: Console;
  /** What the source said last. */
  isAvailable = false;

  constructor(console: Console) {
    this.#console = console;
  }

  available(yes: boolean): void {
    this.isAvailable = yes;
    this.#console.heard(this, 'available');
  }

  received(characters: Uint8Array): void {
    this.#console.heard(this, characters);
  }

  breakDetected(): void {
    this.#console.heard(this, 'break');
  }

  drained(): void {
    this.#console.heard(this, 'drained');
  }
}
