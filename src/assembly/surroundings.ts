import type { Socket } from './sockets.ts';
import type { Templates } from './templates.ts';
import type { Asleep } from './sleep.ts';
import type { Uplink } from './satellites.ts';
import type { InterfaceOptions } from '../config/options.ts';
import type { IcmbNetwork } from '../interfaces/index.ts';
import type { Kinds } from '../config/kinds.ts';
import type { PowerBackend } from '../machine/chassis/machine.ts';
import type { Log } from '../state/setup.ts';
import type { OwnStores } from '../state/own-store.ts';
import type { Journal } from '../state/store.ts';
import type { World } from '../world/world.ts';

/** What a BMC is made with besides its settings. */
export interface BmcSurroundings {
  /** Default: the real one. */
  readonly world?: World;
  /** Default: silent. Every line of it names the BMC. */
  readonly log?: Log;
  /** Where relative paths of the settings begin. Default: the working directory of the process. */
  readonly folder?: string;
  /**
   * Keeps what must survive: `(await Storage.open(nodeWorld().files, directory, { warn })).journal(name)` of
   * `ipmi-bmc/storage`. Default: memory only.
   */
  readonly journal?: Journal;
  /** Stores that the program keeps by itself, whatever the journal: `{ sel: new Map() }` (docs/stores.md). */
  readonly stores?: OwnStores;
  /** Kinds that the settings may name beside our own: interfaces, back ends, consoles, sources. */
  readonly kinds?: Kinds;
  /** Switches the machine; without one, it is simulated. */
  readonly power?: PowerBackend;
  /** Where firmware images lie, if the settings do not say; without one, in memory. */
  readonly firmwareDirectory?: string;
  /** The ICMBs on which BMCs of one process meet; without it, a BMC is alone on its own. */
  readonly icmb?: IcmbNetwork;
  /** Compiled settings that BMCs of one process share; without them, a BMC has its own. */
  readonly templates?: Templates;
  /** What a fleet has kept of it while it slept: it is opened by `wake`. */
  readonly asleep?: Asleep;
  /** Where a satellite hangs; the BMC itself hangs nowhere. */
  readonly uplink?: Uplink;
}

/** An open interface, as the ready line shows it. */
export interface InterfaceInfo {
  readonly bmc: string;
  readonly type: InterfaceOptions['type'] | Socket['type'];
  /** Sockets of handlers belong to no channel. */
  readonly channel?: number;
  readonly address: string;
}
