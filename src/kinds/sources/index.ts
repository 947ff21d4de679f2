import { constant, type OwnSource, type SensorSource } from '../../machine/sensors/sensor-source.ts';
import type { BroughtSources, OurAnd } from '../brought.ts';
import { SettingsError } from '../../settings/errors.ts';
import { kinds, type KindSettings } from './list.ts';
import type { SourceKind } from './source.ts';

export type { SourceKind } from './source.ts';
export type * from './list.ts';

/** Where a reading can come from, besides a number that never changes. */
export const sources = kinds;

/**
 * Where readings come from. Of an analog sensor: values in its unit. Of a discrete one: its states, a bit
 * each.
 */
export type SensorValue = OurAnd<number | KindSettings, BroughtSources>;

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
