import type { Audit } from '../audit/index.ts';
import type { Fleet, Plan } from '../fleet/index.ts';
import type { Family } from '../metrics/exposition.ts';
import type { Histogram } from '../metrics/histogram.ts';
import type { ProcessFigures } from '../metrics/process-metrics.ts';
import type { Log } from '../state/setup.ts';
import type { World } from '../world/world.ts';
import type { Expectations } from './expectations.ts';
import type { SettingsSource } from './settings-source.ts';

/** Where what commands changed is kept: `KeptFile` of the storage. */
export interface KeptPlace {
  read(): Promise<unknown>;
  write(value: unknown): Promise<void>;
}

export interface DaemonSurroundings {
  readonly world: World;
  readonly log: Log;
  readonly fleet: Fleet;
  /** Of the package. */
  readonly version: string;
  readonly pid: number;
  readonly settings: SettingsSource;
  /** The file that it was started with. */
  readonly file?: string;
  /** Where state is kept. Default: in memory. */
  readonly stateDirectory?: string;
  /** What tests expect of those who ask a BMC. Default: this process runs for no test. */
  readonly expectations?: (bmc: string) => Expectations | undefined;
  /** Where BMCs that commands added, removed and stopped are kept. Default: in memory. */
  readonly kept?: KeptPlace;
  /** Which BMCs are this process's, of several that serve one file. Default: all. */
  readonly owns?: (bmc: string) => boolean;
  /** Where changes are told. Default: nowhere. */
  readonly audit?: Audit;
  /** What the process knows of itself, for `/metrics`. Default: nothing. */
  readonly figures?: () => ProcessFigures;
  /** How long the journal's datasyncs took. */
  readonly syncs?: Histogram;
  /** What else there is to count, for `/metrics`. Default: nothing. */
  readonly families?: () => readonly Family[];
  /** `/metrics` says of which BMC each number is. Default false. */
  readonly metricsPerBmc?: boolean;
}

/** What a change has done, or would do. */
export interface Applied {
  readonly plan: Plan;
  /** A line for each BMC that could not be had; it is as it was before, an added one is not there. */
  readonly problems: readonly string[];
}
