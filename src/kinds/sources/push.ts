import { own, Pushed } from '../../machine/sensors/sensor-source.ts';
import type { Zod } from '../../settings/texts.ts';
import type { Settings } from '../kind.ts';
import type { SourceKind } from './source.ts';
import { milliseconds } from '../../settings/durations.ts';

const schema = (zod: Zod) =>
  zod.strictObject({
    /** Always true. */
    push: zod.literal(true),
    /** Until somebody sets it. Default: no reading. */
    first: zod.number().optional(),
    /** Seconds after which a value is no reading any more. Default: it stays. */
    maxAge: zod.number().positive().optional(),
  });

/**
 * Somebody sets it: an HTTP client (`sensorFeed`), a worker on the handler socket, or
 * `bmc.sensors.get(name).push(value)`.
 */
export type PushValue = Settings<typeof schema>;

export const push: SourceKind<PushValue> = {
  key: 'push',
  schema,
  make: ({ first, maxAge }) =>
    own(
      ({ world }) => new Pushed(world.clock, first, maxAge === undefined ? undefined : milliseconds(maxAge)),
    ),
};
