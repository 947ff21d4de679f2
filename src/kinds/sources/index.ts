import { constant, type SensorSource } from '../../machine/sensors/sensor-source.ts';
import type { OptionsOf } from '../kind.ts';
import { command } from './command.ts';
import { file } from './file.ts';
import { formula } from './formula.ts';
import { push } from './push.ts';
import type { SourceKind, SourceSurroundings } from './source.ts';
import { swing } from './swing.ts';

export type { SourceKind, SourceSurroundings } from './source.ts';
export type { CommandValue } from './command.ts';
export type { FileValue } from './file.ts';
export type { FormulaValue } from './formula.ts';
export type { PushValue } from './push.ts';
export type { SwingValue } from './swing.ts';

/**
 * Where a reading can come from, besides a number that never changes; in the order in which messages name
 * them.
 */
export const sources = [swing, formula, file, command, push] as const;

/**
 * Where readings come from. Of an analog sensor: values in its unit. Of a discrete one: its states, a bit
 * each.
 */
export type SensorValue = number | OptionsOf<(typeof sources)[number]>;

/** Makes the source of a value; `seed` is another one for each sensor. */
export type SourceMaker = (value: SensorValue, seed: number) => SensorSource;

/** Makes sources that take what they need from the world. */
export const sourceMaker =
  ({ world, log }: Pick<SourceSurroundings, 'world' | 'log'>): SourceMaker =>
  (value, seed) => {
    if (typeof value === 'number') return constant(value);
    const kinds: readonly SourceKind<Exclude<SensorValue, number>>[] = sources;
    const kind = kinds.find(({ key }) => key in value);
    return kind ? kind.make(value, { world, log, seed }) : constant(0);
  };
