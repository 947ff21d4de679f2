import type { BmcRow, SensorState } from 'ipmi-bmc/control';
import type { Api } from '../api.ts';
import type { Heard } from '../live.ts';

/** What a tab of a BMC gets. */
export interface TabProps {
  readonly api: Api;
  readonly bmc: string;
  readonly row: BmcRow | undefined;
  readonly sensors: readonly SensorState[] | undefined;
  /** Counts what happened of each kind: who shows something of it asks again. */
  readonly happened: Readonly<Record<string, number>>;
  /** Hears what the page's stream says, until undone. */
  readonly listen: (hear: (name: string, value: Heard) => void) => () => void;
}
