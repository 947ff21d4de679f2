import { BMC_ADDRESS } from '../../wire/message.ts';
import { hexText } from '../../codec/index.ts';
import type { Random } from '../../world/world.ts';
import type { Setup } from '../setup.ts';
import type { Sleeper } from '../sleeper.ts';
import { guidKey, stores } from '../stores.ts';
import { both, type Durable, type Store } from '../store.ts';

export interface IdentityOptions {
  /** Default 20h. */
  readonly deviceId?: number;
  /** 0..15. */
  readonly deviceRevision?: number;
  readonly firmwareMajor?: number;
  /** 0..99. */
  readonly firmwareMinor?: number;
  /** Four bytes. */
  readonly auxFirmware?: Uint8Array;
  /** IANA enterprise number, 20 bits. */
  readonly manufacturerId?: number;
  readonly productId?: number;
  /** UUIDs as text; made at random, once, where absent. */
  readonly deviceGuid?: string;
  readonly systemGuid?: string;
  readonly selfTest?: SelfTestResult;
  /** IPMB slave address. Default 20h, a BMC's. */
  readonly address?: number;
  /** The channel by which the controller above reaches it. Default 0. */
  readonly channel?: number;
  /** Default: all that a BMC is. */
  readonly support?: DeviceSupport;
}

/** `result`: see SelfTest. `detail`: with 57h a bit for each fault (IPMI 2.0 §20.4). */
export interface SelfTestResult {
  readonly result: number;
  readonly detail: number;
}

/** What a controller is good for, as Get Device ID and its locator record say it. */
export interface DeviceSupport {
  readonly chassis: boolean;
  /** An ICMB bridge. */
  readonly bridge: boolean;
  readonly eventGenerator: boolean;
  readonly eventReceiver: boolean;
  readonly fruInventory: boolean;
  readonly sel: boolean;
  readonly sdrRepository: boolean;
  readonly sensor: boolean;
}

export const BMC_SUPPORT: DeviceSupport = {
  chassis: true,
  bridge: false,
  eventGenerator: true,
  eventReceiver: true,
  fruInventory: true,
  sel: true,
  sdrRepository: true,
  sensor: true,
};

/** S0 and D0. */
const WORKING = { system: 0x00, device: 0x00 } as const;

/** Results of Get Self Test Results, IPMI 2.0 §20.4. */
export const SelfTest = { Ok: 0x55, NotImplemented: 0x56, Corrupted: 0x57, FatalHardware: 0x58 } as const;
/** Nothing is wrong. */
export const PASSED: SelfTestResult = { result: SelfTest.Ok, detail: 0 };

/** What a self-test can find wrong: bits of the detail of result 57h (IPMI 2.0 §20.4), from 0 upwards. */
export const SELF_TEST_PROBLEMS = [
  'firmware',
  'boot-block',
  'internal-use-area',
  'sdr-empty',
  'ipmb',
  'fru',
  'sdr',
  'sel',
] as const;

/** As Get Device ID shows it: `major` 0..127, `minor` 0..99, `aux` four bytes. */
export interface FirmwareRevision {
  readonly major: number;
  readonly minor: number;
  readonly aux?: Uint8Array;
}

type MadeGuids = Partial<Record<'device' | 'system', string>>;
type IdentityMemento = Pick<Identity, 'updateInProgress' | 'selfTest' | 'acpi' | 'manufacturingTest'> & {
  readonly randomGuids: MadeGuids | undefined;
};

/** Who this BMC says it is. */
export class Identity implements Sleeper<IdentityMemento> {
  readonly deviceId: number;
  readonly deviceRevision: number;
  readonly manufacturerId: number;
  readonly productId: number;
  readonly address: number;
  readonly channel: number;
  readonly support: DeviceSupport;
  /** Device busy: firmware, SDR or self-initialisation under way. */
  updateInProgress = false;
  selfTest: SelfTestResult;
  /** ACPI power states as the machine's power and Set ACPI Power State leave them; 2Ah: unknown (§20.6). */
  acpi: { readonly system: number; readonly device: number } = WORKING;
  /**
   * Manufacturing Test On was given: what is write-protected in the field may be written, until the next
   * reset (§20.5).
   */
  manufacturingTest = false;
  readonly #revision: FirmwareRevision;
  readonly #firmware: Store<FirmwareRevision>;
  readonly #guids: Store<string>;
  #system: { readonly text: string; readonly bytes: Uint8Array } | undefined;
  readonly #random: Random;
  readonly #setup: Setup;
  /** Until GUIDs that were made are stored. */
  #keeping: Durable;
  /** Made when somebody asks for them; kept here for a disk that could not store them. */
  #randomGuids: MadeGuids | undefined;
  /** The self test's result until somebody changes it. */
  readonly #begins: SelfTestResult;
  readonly #deviceGuid: string | undefined;
  readonly #systemGuid: string | undefined;

  constructor(setup: Setup, options: IdentityOptions = {}) {
    this.deviceId = options.deviceId ?? 0x20;
    this.deviceRevision = options.deviceRevision ?? 1;
    this.#revision = {
      major: options.firmwareMajor ?? 1,
      minor: options.firmwareMinor ?? 0,
      aux: options.auxFirmware,
    };
    this.#firmware = setup.store(stores.firmwareRevision);
    this.selfTest = options.selfTest ?? PASSED;
    this.manufacturerId = options.manufacturerId ?? 0;
    this.productId = options.productId ?? 0;
    this.address = options.address ?? BMC_ADDRESS;
    this.channel = options.channel ?? 0;
    this.support = options.support ?? BMC_SUPPORT;
    this.#deviceGuid = options.deviceGuid;
    this.#systemGuid = options.systemGuid;
    this.#begins = this.selfTest;
    this.#guids = setup.store(stores.guids);
    this.#random = setup.random;
    this.#setup = setup;
  }

  /**
   * Makes the GUIDs that nobody gave, before anybody can ask for them: what was told once must be the same
   * after a power loss. Where nothing outlives the process, they are made when somebody asks. A disk that
   * cannot store them is a line in the log.
   */
  async keepGuids(): Promise<void> {
    if (!this.#setup.isKept) return;
    try {
      void this.deviceGuid;
      void this.systemGuid;
      await this.#keeping;
    } catch (error) {
      this.#setup.log.error('GUIDs', error);
    }
  }

  memento(): IdentityMemento | undefined {
    const { updateInProgress, selfTest, acpi, manufacturingTest } = this;
    const random = this.#randomGuids;
    if (
      !updateInProgress &&
      !manufacturingTest &&
      selfTest === this.#begins &&
      acpi === WORKING &&
      random === undefined
    )
      return undefined;
    return { updateInProgress, selfTest, acpi, manufacturingTest, randomGuids: random };
  }

  recall({ randomGuids, ...memento }: IdentityMemento): void {
    this.#randomGuids = randomGuids;
    Object.assign(this, memento);
  }

  #madeGuid(which: 'device' | 'system'): string {
    const before = this.#guids.get(which) ?? this.#randomGuids?.[which];
    if (before !== undefined) return before;
    const uuid = randomUuid(this.#random.bytes(16));
    this.#randomGuids = { ...this.#randomGuids, [which]: uuid };
    this.#keeping = both(this.#keeping, this.#guids.set(which, uuid));
    return uuid;
  }

  /**
   * Of other firmware than the settings say, auxiliary bytes are zeros where it has none: who had them may
   * look for them.
   */
  get firmware(): FirmwareRevision {
    const running = this.#firmware.get('running');
    if (!running) return this.#revision;
    return running.aux === undefined && this.#revision.aux ? { ...running, aux: new Uint8Array(4) } : running;
  }

  /** Other firmware runs from now on. */
  setFirmware(revision: FirmwareRevision): Durable {
    return this.#firmware.set('running', revision);
  }

  get deviceGuid(): string {
    return this.#guids.get(guidKey('device')) ?? this.#deviceGuid ?? this.#madeGuid('device');
  }

  get systemGuid(): string {
    return this.#guids.get(guidKey('system')) ?? this.#systemGuid ?? this.#madeGuid('system');
  }

  /** Gives the device or the system another UUID, for good. Throws RangeError for what is none. */
  setGuid(which: 'device' | 'system', uuid: string): Durable {
    if (!/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(uuid))
      throw new RangeError(`'${uuid}' is not a UUID`);
    return this.#guids.set(guidKey(which), uuid.toLowerCase());
  }

  /** As the wire has it: least significant byte first, the node field leading (§20.8). */
  get deviceGuidBytes(): Uint8Array {
    return guidBytes(this.deviceGuid);
  }

  get systemGuidBytes(): Uint8Array {
    const { systemGuid } = this;
    // Each log-in signs it.
    if (this.#system?.text !== systemGuid) this.#system = { text: systemGuid, bytes: guidBytes(systemGuid) };
    return this.#system.bytes.slice();
  }
}

/** The bytes of a UUID in IPMI's order: the text's, back to front. */
export function guidBytes(uuid: string): Uint8Array {
  const digits = uuid.replaceAll('-', '').match(/../g) ?? [];
  return Uint8Array.from(digits.reverse(), (pair) => parseInt(pair, 16));
}

function randomUuid(bytes: Uint8Array): string {
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return hexText(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
