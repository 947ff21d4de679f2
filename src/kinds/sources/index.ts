import { constant, type OwnSource, type SensorSource } from '../../machine/sensors/sensor-source.ts';
import type { BroughtSources, OurAnd } from '../brought.ts';
import type { OptionsOf } from '../kind.ts';
import { SettingsError } from '../../settings/errors.ts';
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
export type SensorValue = OurAnd<number | OptionsOf<(typeof sources)[number]>, BroughtSources>;

/** A kind that is asked with settings that have its key alone. */
export type AnySourceKind = SourceKind<object>;

/**
 * The source of a value, or what makes one; `seed` is another one for each sensor of a BMC, `brought` are a
 * program's kinds. Throws SettingsError.
 */
export function sourceOf(
  value: SensorValue,
  seed: number,
  brought: readonly AnySourceKind[] = [],
): SensorSource | OwnSource {
  if (typeof value === 'number') return constant(value);
  const has = ({ key }: AnySourceKind): boolean => key in value;
  const ours: readonly AnySourceKind[] = sources;
  const kind = ours.find(has) ?? brought.find(has);
  if (kind) return kind.make(value, seed);
  const keys = [...ours, ...brought].map(({ key }) => key).join(', ');
  throw new SettingsError(
    `there is no source of a value with the keys ${Object.keys(value).join(', ')}; expected one of ${keys}`,
    ['value'],
  );
}
