import { CC, IpmiError } from '../../codec/index.ts';
import { SystemInfoSet } from '../../commands/app/system-info.ts';
import { SetInProgress } from './set-in-progress.ts';
import type { Setup } from '../setup.ts';
import { stores } from '../stores.ts';
import type { Durable, Store } from '../store.ts';

/** Parameter selectors, IPMI 2.0 §22.14a table 22-16c. */
export const SystemInfoParameter = {
  SetInProgress: 0,
  FirmwareVersion: 1,
  SystemName: 2,
  PrimaryOsName: 3,
  OsName: 4,
  PresentOsVersion: 5,
  BmcUrl: 6,
  HypervisorUrl: 7,
} as const;

/** What an operating system says of itself while it runs: gone when the machine starts again. */
const OF_THIS_BOOT: readonly number[] = [SystemInfoParameter.OsName, SystemInfoParameter.PresentOsVersion];
const BLOCK = 16;
/** Encoding and length stand in set 0 before the text. */
const TEXT_START = 2;
/** 255 characters at most, and the two bytes before them. */
const SETS = Math.ceil((255 + TEXT_START) / BLOCK);

/** Texts about the system that software leaves with the BMC, in sets of 16 bytes. */
export class SystemInfo {
  readonly setInProgress: SetInProgress;
  readonly #blocks: Store<Uint8Array>;

  constructor(setup: Setup) {
    this.setInProgress = new SetInProgress(setup.clock);
    this.#blocks = setup.store(stores.systemInfo);
  }

  /** Throws 80h for a parameter, C9h for a set that there is not. */
  get(parameter: number, set: number): Uint8Array {
    checkParameter(parameter);
    if (parameter === SystemInfoParameter.SetInProgress) return Uint8Array.of(this.setInProgress.state);
    const first = this.#blocks.get(`${parameter}/0`);
    const sets = first ? Math.max(1, Math.ceil((first[1] + TEXT_START) / BLOCK)) : 1;
    if (set >= sets) throw new IpmiError(CC.ParameterOutOfRange, `set ${set} of system info parameter ${parameter}`);
    return SystemInfoSet.encode({ set, block: this.#blocks.get(`${parameter}/${set}`) ?? new Uint8Array(BLOCK) });
  }

  /** The machine starts. */
  machineStarts(): Durable {
    const gone = [...this.#blocks.keys()].filter((key) => OF_THIS_BOOT.includes(Number(key.split('/')[0])));
    return this.#blocks.change(gone.map((key) => [key, undefined]));
  }

  set(parameter: number, data: Uint8Array, owner: unknown): Durable {
    checkParameter(parameter);
    if (parameter === SystemInfoParameter.SetInProgress) {
      if (data.length !== 1) throw new IpmiError(CC.RequestLengthInvalid);
      this.setInProgress.set(data[0], owner);
      return undefined;
    }
    const { set, block } = SystemInfoSet.decode(data);
    if (set >= SETS) throw new IpmiError(CC.ParameterOutOfRange, `set ${set}`);
    const whole = new Uint8Array(BLOCK);
    whole.set(block);
    return this.#blocks.set(`${parameter}/${set}`, whole);
  }
}

function checkParameter(parameter: number): void {
  if (parameter > SystemInfoParameter.HypervisorUrl) throw new IpmiError(0x80, `system info parameter ${parameter}`);
}
