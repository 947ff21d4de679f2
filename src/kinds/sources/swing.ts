import { swinging } from '../../machine/sensors/sensor-source.ts';
import type { Zod } from '../../settings/texts.ts';
import type { Settings } from '../kind.ts';
import type { SourceKind } from './source.ts';

const schema = (zod: Zod) =>
  zod.strictObject({
    /** The middle. */
    base: zod.number(),
    /** How far it goes to each side. Default 0. */
    swing: zod.number().optional(),
    /** Seconds. Default 300. */
    period: zod.number().positive().optional(),
    /** What is added at random, to each side. Default 0. */
    noise: zod.number().optional(),
  });

/** A slow plausible movement around a base. */
export type SwingValue = Settings<typeof schema>;

export const swing: SourceKind<SwingValue> = {
  key: 'base',
  schema,
  make: (value, seed) => swinging(value, seed),
};
