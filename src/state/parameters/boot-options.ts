import { bit, bits, byte, IpmiError, layout, rest, timestamp, u32, u8 } from '../../codec/index.ts';
import type { Clock } from '../../world/world.ts';
import type { BmcTime } from '../app/bmc-time.ts';
import { RestartCause } from '../../commands/chassis/chassis.ts';
import { SetInProgress } from './set-in-progress.ts';
import type { Setup } from '../setup.ts';
import { stores } from '../stores.ts';
import { both, type Durable, type Store } from '../store.ts';

/** Parameter selectors, IPMI 2.0 §28.13 table 28-14. */
export const BootParameter = {
  SetInProgress: 0,
  ServicePartitionSelector: 1,
  ServicePartitionScan: 2,
  ValidBitClearing: 3,
  InfoAcknowledge: 4,
  BootFlags: 5,
  InitiatorInfo: 6,
  InitiatorMailbox: 7,
} as const;

/** Parameter 5. */
export const BootFlags = layout('boot flags', {
  ...byte({ valid: bit(7), persistent: bit(6), efi: bit(5) }),
  /** `device`: 0 no override, 1 PXE, 2 disk, 5 CD/DVD, 6 BIOS setup, Fh floppy (table 28-14). */
  ...byte({ cmosClear: bit(7), lockKeyboard: bit(6), device: bits(5, 2), screenBlank: bit(1), lockOutReset: bit(0) }),
  ...byte({
    lockOutPower: bit(7),
    verbosity: bits(6, 5),
    progressTraps: bit(4),
    bypassPassword: bit(3),
    lockOutSleep: bit(2),
    consoleRedirection: bits(1, 0),
  }),
  ...byte({ biosShared: bit(3), muxControl: bits(2, 0) }),
  ...byte({ deviceInstance: bits(4, 0) }),
});

/** Parameter 3: what does not clear the valid bit. */
const ValidBitClearing = layout('boot flag valid bit clearing', {
  ...byte({ pef: bit(4), timeout: bit(3), watchdog: bit(2), resetButton: bit(1), powerButton: bit(0) }),
});
const InfoAcknowledge = layout('boot info acknowledge', { writeMask: u8, acknowledged: u8 });
const InitiatorInfo = layout('boot initiator info', { ...byte({ channel: bits(3, 0) }), sessionId: u32, timestamp });
const Mailbox = layout('boot initiator mailbox', { set: u8, block: rest(0, 16) });

const layouts: Readonly<Record<number, { decode(data: Uint8Array): unknown } | undefined>> = {
  [BootParameter.SetInProgress]: layout('set in progress', { ...byte({ state: bits(1, 0) }) }),
  [BootParameter.ServicePartitionSelector]: layout('service partition selector', { partition: u8 }),
  [BootParameter.ServicePartitionScan]: layout('service partition scan', { ...byte({ scan: bit(1), discovered: bit(0) }) }),
  [BootParameter.ValidBitClearing]: ValidBitClearing,
  [BootParameter.InfoAcknowledge]: InfoAcknowledge,
  [BootParameter.BootFlags]: BootFlags,
  [BootParameter.InitiatorInfo]: InitiatorInfo,
  [BootParameter.InitiatorMailbox]: Mailbox,
};

/** Boot devices by their selector in parameter 5 (table 28-14). */
const DEVICES = {
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
export type BootDevice = (typeof DEVICES)[keyof typeof DEVICES];

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
  readonly lock: { readonly keyboard: boolean; readonly resetButton: boolean; readonly powerButton: boolean; readonly sleepButton: boolean };
  /** 0 firmware's default, 1 suppressed, 2 on. */
  readonly consoleRedirection: number;
}

const MAILBOX_SIZE = 16;
/** Milliseconds after which flags that no boot has used are no longer valid (§28.13, parameter 3). */
const VALID_FOR = 60_000;
const INITIATORS = 0x1f;

/** The causes of a start that clear the valid bit unless parameter 3 says no, with its bit there. */
const CLEARING_CAUSES: Readonly<Record<number, keyof ReturnType<typeof ValidBitClearing.decode> | undefined>> = {
  [RestartCause.PowerButton]: 'powerButton',
  [RestartCause.Rtc]: 'powerButton',
  [RestartCause.ResetButton]: 'resetButton',
  [RestartCause.SoftReset]: 'resetButton',
  [RestartCause.Watchdog]: 'watchdog',
  [RestartCause.PefReset]: 'pef',
  [RestartCause.PefCycle]: 'pef',
};

/** A value that its layout takes, or a whole mailbox block. */
function fits(key: string, value: Uint8Array): boolean {
  if (key.startsWith('7/')) return value.length === MAILBOX_SIZE;
  layouts[Number(key)]?.decode(value);
  return true;
}

/** What the machine is to boot next. Flags become invalid by themselves when no boot follows. */
export class BootOptions {
  readonly setInProgress: SetInProgress;
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
    this.#values = setup.store(stores.bootOptions, undefined, fits);
    this.#invalid = setup.store(stores.bootOptionsInvalid);
    this.#marks = setup.store(stores.bootOptionsMarks);
    const expires = this.#marks.get('expires');
    if (expires !== undefined) this.#expires = this.#clock.monotonic() + Math.min(Math.max(expires - this.#clock.now(), 0), VALID_FOR);
    this.setInProgress = new SetInProgress(setup.clock);
  }

  isSupported(parameter: number): boolean {
    return layouts[parameter] !== undefined;
  }

  isInvalid(parameter: number): boolean {
    return this.#invalid.get(parameter) ?? false;
  }

  setInvalid(parameter: number, invalid: boolean): Durable {
    return invalid === this.isInvalid(parameter) ? undefined : this.#invalid.set(parameter, invalid);
  }

  /** Parameter data as the wire has it. */
  get(parameter: number, setSelector: number): Uint8Array {
    switch (parameter) {
      case BootParameter.SetInProgress:
        return Uint8Array.of(this.setInProgress.state);
      case BootParameter.InfoAcknowledge:
        return InfoAcknowledge.encode({ writeMask: 0, acknowledged: this.#values.get(parameter)?.[1] ?? INITIATORS });
      case BootParameter.BootFlags:
        return BootFlags.encode(this.flags);
      case BootParameter.InitiatorInfo:
        return this.#values.get(parameter) ?? InitiatorInfo.encode({ channel: 0, sessionId: 0, timestamp: 0 });
      case BootParameter.InitiatorMailbox:
        return Mailbox.encode({ set: setSelector, block: this.#values.get(`7/${setSelector}`) ?? new Uint8Array(MAILBOX_SIZE) });
      default:
        return this.#values.get(parameter) ?? Uint8Array.of(0);
    }
  }

  /** Throws C7h for data that do not fit the parameter, 81h for a lock held by another. */
  set(parameter: number, data: Uint8Array, owner: unknown): Durable {
    const codec = layouts[parameter];
    if (!codec) throw new IpmiError(0x80, `boot parameter ${parameter}`);
    const value = codec.decode(data);
    switch (parameter) {
      case BootParameter.SetInProgress: {
        const { state } = value as { state: number };
        this.setInProgress.set(state, owner);
        return undefined;
      }
      case BootParameter.InfoAcknowledge: {
        const { writeMask, acknowledged } = value as { writeMask: number; acknowledged: number };
        const before = this.#values.get(parameter)?.[1] ?? INITIATORS;
        return this.#values.set(
          parameter,
          InfoAcknowledge.encode({ writeMask: 0, acknowledged: (before & ~writeMask) | (acknowledged & writeMask) }),
        );
      }
      case BootParameter.BootFlags: {
        const flags = value as ReturnType<typeof BootFlags.decode>;
        // Flags for all boots are meant to stay; what nobody used within its time is for one boot.
        const limited = flags.valid && !flags.persistent && !this.#clearing.timeout;
        return both(this.#expireAfter(limited ? VALID_FOR : undefined), this.#values.set(parameter, BootFlags.encode(flags)));
      }
      case BootParameter.InitiatorMailbox: {
        const { set, block } = value as { set: number; block: Uint8Array };
        const whole = (this.#values.get(`7/${set}`) ?? new Uint8Array(MAILBOX_SIZE)).slice();
        whole.set(block);
        return this.#values.set(`7/${set}`, whole);
      }
      default:
        return this.#values.set(parameter, data.slice());
    }
  }

  /** The boot flags now: no longer valid when their time is over. */
  get flags(): ReturnType<typeof BootFlags.decode> {
    const flags = BootFlags.decode(this.#values.get(BootParameter.BootFlags) ?? new Uint8Array(BootFlags.min));
    const expired = this.#expires !== undefined && this.#clock.monotonic() >= this.#expires;
    return expired ? { ...flags, valid: false } : flags;
  }

  /** What the next start is to do; undefined: nothing special. A start uses it up, unless it is for all boots. */
  next(): NextBoot | undefined {
    const flags = this.isInvalid(BootParameter.BootFlags) ? undefined : this.flags;
    if (!flags?.valid) return undefined;
    return {
      device: DEVICES[flags.device as keyof typeof DEVICES] ?? 'none',
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
    return both(this.#expireAfter(undefined), this.#values.set(BootParameter.BootFlags, BootFlags.encode({ ...flags, valid: false })));
  }

  /** Who set the flags, for whoever boots (parameter 6). */
  initiatedBy(channel: number, sessionId: number): Durable {
    return this.#values.set(BootParameter.InitiatorInfo, InitiatorInfo.encode({ channel, sessionId, timestamp: this.#time.now() }));
  }

  get #clearing(): ReturnType<typeof ValidBitClearing.decode> {
    return ValidBitClearing.decode(this.#values.get(BootParameter.ValidBitClearing) ?? Uint8Array.of(0));
  }

  #expireAfter(ms: number | undefined): Durable {
    if (ms === undefined && this.#expires === undefined) return undefined;
    this.#expires = ms === undefined ? undefined : this.#clock.monotonic() + ms;
    return this.#marks.change([['expires', ms === undefined ? undefined : this.#clock.now() + ms]]);
  }
}
