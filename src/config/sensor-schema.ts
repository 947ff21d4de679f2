import { z } from 'zod';
import { sources, type SensorValue } from '../kinds/sources/index.ts';
import type { Kinds } from './kinds.ts';
import { units } from '../commands/codes/units.ts';
import { sensorType } from './pef-schema.ts';
import type { SettingsOf } from '../kinds/kind.ts';
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
    /** At most 16 characters of Latin-1; what `sdr list` shows. */
    name: latin1Text(z, 16).min(1),
    /** 1..254. Default: the next free one, on LUN 0, then 1, then 3. */
    number: z.int().min(1).max(254).optional(),
    /**
     * The logical unit that it is read at: 0, 1 or 3 (2 is system software's). Default: 0, or where there
     * is a free number.
     */
    lun: z.literal([0, 1, 3]).optional(),
    /** `id.instance`, as `ipmitool sdr` prints it. */
    entity,
    /**
     * Sensor type by the specification's name, in lower case (`temperature`, `power supply`) or as a
     * number.
     */
    type: sensorType,
    /** Unit of a threshold sensor (`degrees C`, `RPM`, `Volts`, `Watts`, `Amps`). */
    unit: unit.optional(),
    /** The readings that the sensor can show. */
    range: z.tuple([z.number(), z.number()]).optional(),
    /** Where its reading comes from ([sensors](sensors.md)). Default 0, or the nearest in the range. */
    value: sensorValue(kinds).optional(),
    /** The reading when all is well. */
    nominal: z.number().optional(),
    /** Limits, within the range and in order. Default: none. */
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
    /** Thresholds that clients can set. Default: all that there are. */
    settable: z.array(threshold).optional(),
    /** How far a reading must come back before an event ends, in its unit. Default 0. */
    hysteresis: z.number().min(0).optional(),
    /** How raw readings become values. Default `linear`. */
    linearization: z
      .enum(['linear', 'ln', 'log10', 'log2', 'e', 'exp10', 'exp2', '1/x', 'sqr', 'cube', 'sqrt', 'cbrt'])
      .optional(),
    /**
     * A non-linear sensor: raw readings 0..255, rising, with their values; straight lines lie between them.
     */
    curve: z
      .array(z.tuple([z.int().min(0).max(255), z.number()]))
      .min(2)
      .optional(),
    /**
     * A discrete sensor: its event/reading type (default 6Fh, sensor-specific) and the states that are
     * asserted.
     */
    eventType: z.int().min(1).max(0x7f).optional(),
    /** States (event offsets) that are asserted at first. Default: none. */
    states: z.array(z.int().min(0).max(14)).optional(),
    /** It tells of events and has no reading. */
    eventOnly: z.boolean().optional(),
    /** While the machine is off, it cannot be read. Default false. */
    needsPower: z.boolean().optional(),
    /** `manual`: each event is told once, until Re-arm Sensor Events. Default `auto`. */
    rearm: z.enum(['auto', 'manual']).optional(),
    /** Event offsets that it can generate. Default: those of its thresholds or states, both ways. */
    events: z
      .strictObject({
        /** 0..14; of thresholds 0..11. */
        assert: offsets,
        /** The same, for deassertions. */
        deassert: offsets,
      })
      .optional(),
  });

const association = z.strictObject({
  /** The whole, as `id.instance`. */
  container: entity,
  /** More than four make linked records. With `range`: pairs of first and last. */
  entities: z.array(entity).min(1).max(64),
  /** The entities are pairs of first and last. Default false. */
  range: z.boolean().optional(),
  /** The container's presence sensor can always be read. */
  presence: z.boolean().optional(),
  /** Instances are those of this controller's device (60h and up), and not of the system. */
  deviceRelative: z.boolean().optional(),
});

export const sdrSchema = (kinds: Kinds) =>
  z.strictObject({
    /** Name of this controller's locator record. */
    name: latin1Text(z, 16).optional(),
    /** What `ipmitool sdr dump FILE` wrote: its records, and the sensors that they describe. */
    file: z.string().min(1).optional(),
    /**
     * When its records were written, as its information says: a date and time. Default: when the file was
     * changed last; for a program, its start.
     */
    time: timeText(z).optional(),
    /**
     * Values for sensors of the file: by name (`Temp`, `Temp@3.1`), entity (`@3.1`) or number (`#14`).
     * Default: the nominal reading.
     */
    values: z.record(z.string(), sensorValue(kinds)).optional(),
    /** What belongs together. */
    associations: z.array(association).optional(),
  });

export const sensorFeed = z.strictObject({
  /** `host:port` or the path of a Unix socket. */
  listen: streamAddress(z),
});

export type ThresholdOption = z.infer<typeof threshold>;
export type SensorOptions = SettingsOf<ReturnType<typeof sensorSchema>>;
/** What the SDR repository holds besides the records of sensors, FRU devices and controllers. */
export type SdrOptions = SettingsOf<ReturnType<typeof sdrSchema>> & {
  /** The bytes of that file, where no file is read (the library). */
  readonly image?: Uint8Array;
};
/** An entity and what it consists of, as `id.instance`. */
export type AssociationOptions = SettingsOf<typeof association>;
/**
 * HTTP: `PUT /sensors/NAME` with a number sets a sensor whose value is `push`. Nobody is asked for a
 * password.
 */
export type SensorFeedOptions = SettingsOf<typeof sensorFeed>;
