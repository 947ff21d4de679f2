import type { BmcState, BuiltParts, Part } from '../bmc-state.ts';

/** The parts of a BMC that are built when somebody first asks for them (`parts` says how). */
export abstract class LateParts {
  readonly built: BuiltParts = {};

  /** Builds one, and keeps it in `built`. */
  protected abstract part<P extends Part>(part: P): BmcState[P];

  /** Something of it can be updated. */
  protected abstract get hasUpdates(): boolean;

  get auxiliaryLogs(): BmcState['auxiliaryLogs'] {
    return this.built.auxiliaryLogs ?? this.part('auxiliaryLogs');
  }

  get blobs(): BmcState['blobs'] {
    return this.built.blobs ?? this.part('blobs');
  }

  get bootOptions(): BmcState['bootOptions'] {
    return this.built.bootOptions ?? this.part('bootOptions');
  }

  get dcmi(): BmcState['dcmi'] {
    return this.built.dcmi ?? this.part('dcmi');
  }

  get forwarding(): BmcState['forwarding'] {
    return this.built.forwarding ?? this.part('forwarding');
  }

  get frontPanel(): BmcState['frontPanel'] {
    return this.built.frontPanel ?? this.part('frontPanel');
  }

  get i2c(): BmcState['i2c'] {
    return this.built.i2c ?? this.part('i2c');
  }

  get icmb(): BmcState['icmb'] {
    return this.built.icmb ?? this.part('icmb');
  }

  get pef(): BmcState['pef'] {
    return this.built.pef ?? this.part('pef');
  }

  get serial(): BmcState['serial'] {
    return this.built.serial ?? this.part('serial');
  }

  get sol(): BmcState['sol'] {
    return this.built.sol ?? this.part('sol');
  }

  get systemInfo(): BmcState['systemInfo'] {
    return this.built.systemInfo ?? this.part('systemInfo');
  }

  get update(): BmcState['update'] {
    return this.hasUpdates ? (this.built.update ?? this.part('update')) : undefined;
  }

  get watchdog(): BmcState['watchdog'] {
    return this.built.watchdog ?? this.part('watchdog');
  }
}
