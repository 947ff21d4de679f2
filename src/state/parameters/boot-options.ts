import { bootParameters, BootParameter } from '../../commands/parameters/boot.ts';
import type { Clock } from '../../world/world.ts';
import type { BmcTime } from '../app/bmc-time.ts';
import { RestartCause } from '../../commands/chassis/chassis.ts';
import { parameterFits, ParameterTable } from './parameter-table.ts';
import type { SetInProgress } from './set-in-progress.ts';
import type { Setup } from '../setup.ts';
import type { Sleeper } from '../sleeper.ts';
import { stores } from '../stores.ts';
import { both, type Durable, type Store } from '../store.ts';

/** Boot devices by their selector in parameter 5 (table 28-14). */
export const BOOT_DEVICES = {
  0: 'none',
  1: 'pxe',
  2: 'disk',
  3: 'disk-safe-mode',
  4: 'diagnostic-partition',
  5: 'cdrom',
  6: 'bios-setup',
  7: 'remote-floppy',
  8: 'remote-cdrom',
  9: 'remote-media',
  11: 'remote-disk',
  15: 'floppy',
} as const;
export type BootDevice = (typeof BOOT_DEVICES)[keyof typeof BOOT_DEVICES];

export const bootDeviceNumber = (device: BootDevice): number =>
  Number(
    Object.keys(BOOT_DEVICES).find(
      (key) => BOOT_DEVICES[Number(key) as keyof typeof BOOT_DEVICES] === device,
    ),
  );

/** What the next start is to do, as data for whoever starts the machine. */
export interface NextBoot {
  /** `none`: no override, but the other wishes hold. */
  readonly device: BootDevice;
  /** 0: any; 1..15 an internal one, 17..31 an external one. */
  readonly instance: number;
  /** For all boots to come. */
  readonly persistent: boolean;
  readonly efi: boolean;
  /** What firmware shows: 0 its default, 1 quiet, 2 verbose. */
  readonly verbosity: number;
  readonly cmosClear: boolean;
  readonly screenBlank: boolean;
  readonly bypassPassword: boolean;
  readonly progressTraps: boolean;
  readonly lock: {
    readonly keyboard: boolean;
    readonly resetButton: boolean;
    readonly powerButton: boolean;
    readonly sleepButton: boolean;
  };
  /** 0 firmware's default, 1 suppressed, 2 on. */
  readonly consoleRedirection: number;
}

const BootFlags = BootParameter.BootFlags.layout;
const { layout: ValidBitClearing } = BootParameter.ValidBitClearing;
/** Milliseconds after which flags that no boot has used are no longer valid (§28.13, parameter 3). */
const VALID_FOR = 60_000;

/** The causes of a start that clear the valid bit unless parameter 3 says no, with its bit there. */
const CLEARING_CAUSES: Readonly<
  Record<number, keyof ReturnType<typeof ValidBitClearing.decode> | undefined>
> = {
  [RestartCause.PowerButton]: 'powerButton',
  [RestartCause.Rtc]: 'powerButton',
  [RestartCause.ResetButton]: 'resetButton',
  [RestartCause.SoftReset]: 'resetButton',
  [RestartCause.Watchdog]: 'watchdog',
  [RestartCause.PefReset]: 'pef',
  [RestartCause.PefCycle]: 'pef',
};

const KEPT = { ...stores.bootOptions, fits: parameterFits(bootParameters) };

interface BootMemento {
  readonly expires: number | undefined;
  readonly volatile: Map<string, Uint8Array> | undefined;
}

/** What the machine is to boot next. Flags become invalid by themselves when no boot follows. */
export class BootOptions implements Sleeper<BootMemento> {
  readonly #table: ParameterTable;
  readonly #clock: Clock;
  readonly #time: BmcTime;
  readonly #values: Store<Uint8Array>;
  readonly #invalid: Store<boolean>;
  /** `expires`: wall milliseconds, so that the time runs on while the BMC restarts. */
  readonly #marks: Store<number>;
  /** Monotonic milliseconds when valid flags expire; undefined: they do not. */
  #expires: number | undefined;

  constructor(setup: Setup, time: BmcTime) {
    this.#clock = setup.clock;
    this.#time = time;
    this.#values = setup.store(KEPT);
    this.#invalid = setup.store(stores.bootOptionsInvalid);
    this.#marks = setup.store(stores.bootOptionsMarks);
    const expires = this.#marks.get('expires');
    if (expires !== undefined)
      this.#expires = this.#clock.monotonic() + Math.min(Math.max(expires - this.#clock.now(), 0), VALID_FOR);
    this.#table = new ParameterTable(setup.clock, {
      parameters: bootParameters,
      values: this.#values,
      lock: { grace: 0 },
    });
  }

  get wakeful(): string | undefined {
    return this.#table.wakeful;
  }

  memento(): BootMemento | undefined {
    const volatile = this.#table.memento();
    return this.#expires === undefined && !volatile ? undefined : { expires: this.#expires, volatile };
  }

  recall({ expires, volatile }: BootMemento): void {
    this.#expires = expires;
    if (volatile) this.#table.recall(volatile);
  }

  get setInProgress(): SetInProgress {
    return this.#table.lock;
  }

  isSupported(parameter: number): boolean {
    return bootParameters.bySelector[parameter] !== undefined;
  }

  isInvalid(parameter: number): boolean {
    return this.#invalid.get(parameter) ?? false;
  }

  setInvalid(parameter: number, invalid: boolean): Durable {
    return invalid === this.isInvalid(parameter) ? undefined : this.#invalid.set(parameter, invalid);
  }

  /** Parameter data as the wire has it. Throws 80h. */
  get(parameter: number, setSelector: number): Uint8Array {
    return parameter === BootParameter.BootFlags.selector
      ? BootFlags.encode(this.flags)
      : this.#table.get(parameter, setSelector);
  }

  /** Throws 80h, C7h for data that do not fit the parameter, 81h for a lock held by another. */
  set(parameter: number, data: Uint8Array, owner: unknown): Durable {
    switch (parameter) {
      case BootParameter.InfoAcknowledge.selector: {
        const { writeMask, acknowledged } = BootParameter.InfoAcknowledge.layout.decode(
          this.#table.checked(parameter, data),
        );
        const { acknowledged: before } = this.#table.read(BootParameter.InfoAcknowledge);
        return this.#table.set(
          parameter,
          Uint8Array.of(0, (before & ~writeMask) | (acknowledged & writeMask)),
          owner,
        );
      }
      case BootParameter.BootFlags.selector: {
        const flags = BootFlags.decode(this.#table.checked(parameter, data));
        // Flags for all boots are meant to stay; what nobody used within its time is for one boot.
        const limited = flags.valid && !flags.persistent && !this.#clearing.timeout;
        return both(
          this.#expireAfter(limited ? VALID_FOR : undefined),
          this.#table.set(parameter, data, owner),
        );
      }
      case BootParameter.InitiatorMailbox.selector: {
        this.#table.checked(parameter, data);
        // A shorter block leaves what stands behind it.
        const whole = this.#table.get(parameter, data[0]);
        whole.set(data);
        return this.#table.set(parameter, whole, owner);
      }
      default:
        return this.#table.set(parameter, data, owner);
    }
  }

  /** The boot flags now: no longer valid when their time is over. */
  get flags(): ReturnType<typeof BootFlags.decode> {
    const flags = this.#table.read(BootParameter.BootFlags);
    const expired = this.#expires !== undefined && this.#clock.monotonic() >= this.#expires;
    return expired ? { ...flags, valid: false } : flags;
  }

  /**
   * What the next start is to do; undefined: nothing special. A start uses it up, unless it is for all
   * boots.
   */
  next(): NextBoot | undefined {
    const flags = this.isInvalid(BootParameter.BootFlags.selector) ? undefined : this.flags;
    if (!flags?.valid) return undefined;
    return {
      device: BOOT_DEVICES[flags.device as keyof typeof BOOT_DEVICES] ?? 'none',
      instance: flags.deviceInstance,
      persistent: flags.persistent,
      efi: flags.efi,
      verbosity: flags.verbosity,
      cmosClear: flags.cmosClear,
      screenBlank: flags.screenBlank,
      bypassPassword: flags.bypassPassword,
      progressTraps: flags.progressTraps,
      lock: {
        keyboard: flags.lockKeyboard,
        resetButton: flags.lockOutReset,
        powerButton: flags.lockOutPower,
        sleepButton: flags.lockOutSleep,
      },
      consoleRedirection: flags.consoleRedirection,
    };
  }

  /** A chassis command came in time: the flags wait for the boot it starts. */
  hold(): Durable {
    return this.flags.valid ? this.#expireAfter(undefined) : undefined;
  }

  /** The machine is about to start: some causes take the flags' validity away (parameter 3). */
  restarting(cause: number): Durable {
    const kept = CLEARING_CAUSES[cause];
    return kept === undefined || this.#clearing[kept] ? this.hold() : this.booted();
  }

  /** The machine has booted with the flags: those for one boot only are used up. */
  booted(): Durable {
    const { flags } = this;
    if (!flags.valid || flags.persistent) return undefined;
    return both(
      this.#expireAfter(undefined),
      this.#values.set(BootParameter.BootFlags.selector, BootFlags.encode({ ...flags, valid: false })),
    );
  }

  /** Who set the flags, for whoever boots (parameter 6). */
  initiatedBy(channel: number, sessionId: number): Durable {
    const { selector, layout } = BootParameter.InitiatorInfo;
    return this.#values.set(selector, layout.encode({ channel, sessionId, timestamp: this.#time.now() }));
  }

  get #clearing(): ReturnType<typeof ValidBitClearing.decode> {
    return this.#table.read(BootParameter.ValidBitClearing);
  }

  #expireAfter(ms: number | undefined): Durable {
    if (ms === undefined && this.#expires === undefined) return undefined;
    this.#expires = ms === undefined ? undefined : this.#clock.monotonic() + ms;
    return this.#marks.change([['expires', ms === undefined ? undefined : this.#clock.now() + ms]]);
  }
}
