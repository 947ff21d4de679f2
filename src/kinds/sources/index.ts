import { constant, type OwnSource, type SensorSource } from '../../machine/sensors/sensor-source.ts';
import type { OptionsOf } from '../kind.ts';
import { command } from './command.ts';
import { file } from './file.ts';
import { formula } from './formula.ts';
import { push } from './push.ts';
import type { SourceKind } from './source.ts';
import { swing } from './swing.ts';

export type { SourceKind } from './source.ts';
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

/** The source of a value, or what makes one; `seed` is another one for each sensor of a BMC. */
export const sourceOf = (value: SensorValue, seed: number): SensorSource | OwnSource => {
  if (typeof value === 'number') return constant(value);
  const kinds: readonly SourceKind<Exclude<SensorValue, number>>[] = sources;
  const kind = kinds.find(({ key }) => key in value);
  return kind ? kind.make(value, seed) : constant(0);
};
