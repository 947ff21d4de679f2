import type { z } from 'zod';
import { CC, IpmiError } from '../../codec/index.ts';
import type { VmMachine } from '../../interfaces/index.ts';
import type { PowerBackend } from '../../machine/chassis/machine.ts';
import type { Zod } from '../../settings/texts.ts';
import type { Log } from '../../state/setup.ts';
import type { Clock, Timer, World } from '../../world/world.ts';
import { milliseconds } from '../../settings/durations.ts';
import type { TakenPlace, Typed } from '../kind.ts';

/** What a machine is to boot next, in words. */
export interface BootRequest {
  /** `none`: as it is set up. */
  readonly device: BootDevice;
  /** For every boot, not for the next one only. */
  readonly persistent: boolean;
  readonly efi: boolean;
}

export type BootDevice = 'none' | 'pxe' | 'disk' | 'safe' | 'diagnostic' | 'cdrom' | 'bios' | 'floppy';

/**
 * Device selectors of the boot flags (IPMI 2.0 §28.13, parameter 5); remote media are media like others to a
 * machine that is virtual.
 */
const DEVICES: Readonly<Record<number, BootDevice>> = {
  1: 'pxe',
  2: 'disk',
  3: 'safe',
  4: 'diagnostic',
  5: 'cdrom',
  6: 'bios',
  7: 'floppy',
  8: 'cdrom',
  9: 'cdrom',
  0xb: 'disk',
  0xf: 'floppy',
};

export function bootRequest(flags: {
  readonly valid: boolean;
  readonly device: number;
  readonly persistent: boolean;
  readonly efi: boolean;
}): BootRequest {
  const { valid, device, persistent, efi } = flags;
  return valid
    ? { device: DEVICES[device] ?? 'none', persistent, efi }
    : { device: 'none', persistent: false, efi: false };
}

/** What every back end is made with besides its settings. */
export interface BackendSurroundings {
  readonly world: Pick<World, 'clock' | 'stream' | 'programs' | 'http' | 'files'>;
  readonly log: Log;
  /** The BMC's name. */
  readonly name: string;
  /** What the machine is to boot, now. */
  readonly boot: () => BootRequest;
  /** The BMC has an interface of type `vm`. */
  readonly hasVm: boolean;
}

/** What works the machine, and who of it follows the `vm` interface. */
export interface Power {
  readonly backend?: PowerBackend;
  readonly machine?: VmMachine;
}

/** What switches a machine, of a kind that `chassis.backend` asks for by its `type`. */
export interface BackendKind<O extends Typed> {
  readonly type: O['type'];
  /** What a file may say of it. */
  readonly schema: (zod: Zod) => z.ZodObject;
  /**
   * Throws SettingsError. Nothing of the BMC is looked at before an action begins: it is under construction.
   */
  make(options: O, surroundings: BackendSurroundings): Power;
  /** What nobody else may have while the BMC runs. */
  places?(options: O): readonly TakenPlace[];
}

/** A program and its arguments as a list, or a line. */
export const commandLine = (zod: Zod) => zod.union([zod.string().min(1), zod.array(zod.string()).min(1)]);

/** An interval that may be left out, up to an hour. */
export const seconds = (zod: Zod) => zod.number().positive().max(3600).optional();

/** A back end that cannot do this with its machine. */
export const cannot = (action: string): IpmiError => new IpmiError(CC.NotSupportedInState, action);

/** A program and its arguments, out of a line that is cut at its blanks where it is no list yet. */
export const wordsOf = (command: string | readonly string[]): readonly string[] =>
  typeof command === 'string' ? command.split(/\s+/).filter((word) => word !== '') : command;

/** The first line of what a program or a server said, for an error's text. */
export const firstLineOf = (text: string): string => text.trim().split('\n', 1)[0].slice(0, 200);

/** Asks again and again, the next time `seconds` after the last answer. */
export class Poll {
  readonly #clock: Clock;
  readonly #seconds: number;
  readonly #ask: () => Promise<void>;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(clock: Clock, seconds: number, ask: () => Promise<void>) {
    this.#clock = clock;
    this.#seconds = seconds;
    this.#ask = ask;
  }

  /** Resolves after the first answer. */
  async start(): Promise<void> {
    await this.#ask();
    if (!this.#stopped) this.#timer = this.#clock.after(milliseconds(this.#seconds), () => void this.start());
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }
}
