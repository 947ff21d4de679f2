import { z } from 'zod';
import { sources, type SensorValue } from '../kinds/sources/index.ts';
import type { Kinds } from './kinds.ts';
import { units } from '../commands/codes/units.ts';
import { sensorType } from './pef-schema.ts';
import { latin1Text, streamAddress, timeText } from '../settings/texts.ts';

/** Instances 60h..7Fh are those of one controller, 0..5Fh those of the system (IPMI 2.0 §39.1). */
const isEntity = (text: string): boolean => {
  const [id, instance] = text.split('.').map(Number);
  return /^\d{1,3}\.\d{1,3}$/.test(text) && id <= 0xff && instance <= 0x7f;
};
export const entity = z
  .union([z.string(), z.number()], { error: 'expected entity id.instance in quotes, like "3.1"' })
  .transform(String)
  .pipe(
    z.string().refine(isEntity, 'expected entity id.instance, like "3.1": id 0 to 255, instance 0 to 127'),
  );
const unit = z.custom<string>(
  (value) => typeof value === 'string' && Object.hasOwn(units, value),
  `expected one of ${Object.keys(units).join(', ')}`,
);

/** Throws TypeError for two kinds with one key. */
function sensorValue({ sources: brought = [] }: Kinds): z.ZodType<SensorValue> {
  const kinds = [...sources, ...brought];
  const keys = kinds.map(({ key }) => key);
  const twice = keys.find((key, i) => keys.indexOf(key) < i);
  if (twice !== undefined) throw new TypeError(`kinds: two of them have key ${twice}`);
  return z.union([z.number(), ...kinds.map(({ schema }) => schema(z))], {
    error: `expected a number, or an object with one of ${keys.join(', ')}`,
  }) as z.ZodType as z.ZodType<SensorValue>;
}

const threshold = z.enum(['lnr', 'lc', 'lnc', 'unc', 'uc', 'unr']);
const offsets = z.array(z.int().min(0).max(14)).optional();

/** A sensor, whose value may be of these kinds too. */
export const sensorSchema = (kinds: Kinds) =>
  z.strictObject({
    name: latin1Text(z, 16).min(1),
    number: z.int().min(1).max(254).optional(),
    lun: z.literal([0, 1, 3]).optional(),
    entity,
    type: sensorType,
    unit: unit.optional(),
    range: z.tuple([z.number(), z.number()]).optional(),
    value: sensorValue(kinds).optional(),
    nominal: z.number().optional(),
    thresholds: z
      .strictObject({
        lnr: z.number(),
        lc: z.number(),
        lnc: z.number(),
        unc: z.number(),
        uc: z.number(),
        unr: z.number(),
      })
      .partial()
      .optional(),
    settable: z.array(threshold).optional(),
    hysteresis: z.number().min(0).optional(),
    linearization: z
      .enum(['linear', 'ln', 'log10', 'log2', 'e', 'exp10', 'exp2', '1/x', 'sqr', 'cube', 'sqrt', 'cbrt'])
      .optional(),
    curve: z
      .array(z.tuple([z.int().min(0).max(255), z.number()]))
      .min(2)
      .optional(),
    eventType: z.int().min(1).max(0x7f).optional(),
    states: z.array(z.int().min(0).max(14)).optional(),
    eventOnly: z.boolean().optional(),
    needsPower: z.boolean().optional(),
    rearm: z.enum(['auto', 'manual']).optional(),
    events: z.strictObject({ assert: offsets, deassert: offsets }).optional(),
  });

export const sdrSchema = (kinds: Kinds) =>
  z.strictObject({
    name: latin1Text(z, 16).optional(),
    file: z.string().min(1).optional(),
    time: timeText(z).optional(),
    values: z.record(z.string(), sensorValue(kinds)).optional(),
    associations: z
      .array(
        z.strictObject({
          container: entity,
          entities: z.array(entity).min(1).max(64),
          range: z.boolean().optional(),
          presence: z.boolean().optional(),
          deviceRelative: z.boolean().optional(),
        }),
      )
      .optional(),
  });

export const sensorFeed = z.strictObject({ listen: streamAddress(z) });
