import type { BmcState } from '../bmc-state.ts';
import type { Dispatch } from '../router/index.ts';
import type { Taps } from '../taps/index.ts';

/** The BMC that has the faults: its state, and where its dispatch and its packets can be wrapped. */
export interface FaultyBmc extends Omit<BmcState, 'taps'> {
  readonly name: string;
  readonly taps: Taps<BmcState>;
  readonly router: BmcState['router'] & {
    wrap(wrapper: (dispatch: Dispatch<BmcState>) => Dispatch<BmcState>): () => void;
    suspended: number | undefined;
  };
}
