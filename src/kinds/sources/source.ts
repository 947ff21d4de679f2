import type { z } from 'zod';
import type { SensorSource } from '../../machine/sensors/sensor-source.ts';
import type { Zod } from '../../settings/texts.ts';
import type { Log } from '../../state/setup.ts';
import type { World } from '../../world/world.ts';

/** What a source is made with besides its settings. */
export interface SourceSurroundings {
  readonly world: World;
  readonly log: Log;
  /** Another one for each sensor. */
  readonly seed: number;
}

/** Where readings come from, of a kind that is known by a key that it cannot be without. */
export interface SourceKind<V> {
  readonly key: string;
  /** What a file may say of it. */
  readonly schema: (zod: Zod) => z.ZodObject;
  make(value: V, around: SourceSurroundings): SensorSource;
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
