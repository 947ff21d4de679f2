import { CC, IpmiError } from '../../codec/index.ts';
import { AuxiliaryLog, McaLogStatus, OemLogStatus } from '../../commands/storage/sel.ts';
import type { Setup } from '../setup.ts';
import { stores } from '../stores.ts';
import type { Durable, Store } from '../store.ts';

const NEVER = 0xffffffff;

/** What system software tells of logs that it keeps itself (IPMI 2.0 §31.12, §31.13). */
export class AuxiliaryLogs {
  /** Status bytes by log type. */
  readonly #kept: Store<Uint8Array>;
  readonly #manufacturerId: number;

  constructor(setup: Setup, manufacturerId: number) {
    this.#kept = setup.store(stores.auxiliaryLogs);
    this.#manufacturerId = manufacturerId;
  }

  /** As the wire has it. Throws CCh for a log that there is not. */
  status(type: number): Uint8Array {
    const kept = this.#kept.get(type);
    if (kept) return kept;
    return type === AuxiliaryLog.Mca
      ? McaLogStatus.encode({ lastAdded: NEVER, entries: 0 })
      : this.#oem(type).encode({
          lastAdded: NEVER,
          manufacturerId: this.#manufacturerId,
          status: new Uint8Array(8),
        });
  }

  /** Throws CCh for a log that there is not, C7h for a status that is not its. */
  set(type: number, status: Uint8Array): Durable {
    (type === AuxiliaryLog.Mca ? McaLogStatus : this.#oem(type)).decode(status);
    return this.#kept.set(type, status.slice());
  }

  #oem(type: number): typeof OemLogStatus {
    if (type !== AuxiliaryLog.Oem1 && type !== AuxiliaryLog.Oem2)
      throw new IpmiError(CC.InvalidDataField, `auxiliary log ${type}`);
    return OemLogStatus;
  }
}
