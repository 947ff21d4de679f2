import { CC, IpmiError } from '../../codec/index.ts';
import {
  SYSTEM_INFO_BLOCK,
  SYSTEM_INFO_TEXT,
  SystemInfoParameter,
  systemInfoParameters,
} from '../../commands/parameters/system-info.ts';
import { ParameterTable } from './parameter-table.ts';
import type { SetInProgress } from './set-in-progress.ts';
import type { Setup } from '../setup.ts';
import type { Sleeper } from '../sleeper.ts';
import { stores } from '../stores.ts';
import type { Durable, Store } from '../store.ts';

/** What an operating system says of itself while it runs: gone when the machine starts again. */
const OF_THIS_BOOT: readonly number[] = [
  SystemInfoParameter.OsName.selector,
  SystemInfoParameter.PresentOsVersion.selector,
];

/** Texts about the system that software leaves with the BMC, in sets of 16 bytes. */
export class SystemInfo implements Sleeper<Map<string, Uint8Array>> {
  readonly #table: ParameterTable;
  readonly #blocks: Store<Uint8Array>;

  constructor(setup: Setup) {
    this.#blocks = setup.store(stores.systemInfo);
    this.#table = new ParameterTable(setup.clock, {
      parameters: systemInfoParameters,
      values: this.#blocks,
      lock: { grace: 0 },
    });
  }

  get wakeful(): string | undefined {
    return this.#table.wakeful;
  }

  memento(): Map<string, Uint8Array> | undefined {
    return this.#table.memento();
  }

  recall(values: Map<string, Uint8Array>): void {
    this.#table.recall(values);
  }

  get setInProgress(): SetInProgress {
    return this.#table.lock;
  }

  /** Throws 80h for a parameter, C9h for a set that there is not. */
  get(parameter: number, set: number): Uint8Array {
    const data = this.#table.get(parameter, set);
    if (set === 0 || parameter === SystemInfoParameter.SetInProgress.selector) return data;
    const [, length] = this.#table.value(parameter);
    if (set * SYSTEM_INFO_BLOCK >= length + SYSTEM_INFO_TEXT)
      throw new IpmiError(CC.ParameterOutOfRange, `set ${set} of system info parameter ${parameter}`);
    return data;
  }

  /** The machine starts. */
  machineStarts(): Durable {
    const gone = [...this.#blocks.keys()].filter((key) => OF_THIS_BOOT.includes(Number(key.split('/')[0])));
    return this.#blocks.change(gone.map((key) => [key, undefined]));
  }

  /**
   * Throws 80h, 81h while another client is writing, C7h for a wrong size, C9h for a set that there is not.
   */
  set(parameter: number, data: Uint8Array, owner: unknown): Durable {
    return this.#table.set(parameter, data, owner);
  }
}
