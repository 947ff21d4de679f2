import type { z } from 'zod';
import type { OwnSource, SensorSource } from '../../machine/sensors/sensor-source.ts';
import type { Zod } from '../../settings/texts.ts';

/** Where readings come from, of a kind that is known by a key that it cannot be without. */
export interface SourceKind<V> {
  readonly key: string;
  /** What a file may say of it. */
  readonly schema: (zod: Zod) => z.ZodObject;
  /**
   * One source for all sensors with these settings, or (`own`) what makes one for each. `seed`: another
   * one for each sensor of a BMC.
   */
  make(value: V, seed: number): SensorSource | OwnSource;
}

/** What number * scale + offset is for what stands outside. */
export const scaled = (zod: Zod) => ({
  /** Default 1. */
  scale: zod.number().optional(),
  /** Default 0. */
  offset: zod.number().optional(),
  /** Seconds between two looks. Default 5. */
  interval: zod.number().min(0.1).max(86_400).optional(),
});
