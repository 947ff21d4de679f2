import type { Zod } from '../../settings/texts.ts';
import type { Settings } from '../kind.ts';
import type { BackendKind } from './backend.ts';

const schema = (zod: Zod) => zod.strictObject({ type: zod.literal('simulated') });

/** There is no machine: everything succeeds. The default, unless there is a `vm` interface. */
export type SimulatedBackendOptions = Settings<typeof schema>;

export const simulated: BackendKind<SimulatedBackendOptions> = {
  type: 'simulated',
  schema,
  make: () => ({}),
};
