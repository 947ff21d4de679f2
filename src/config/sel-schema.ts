import { z } from 'zod';
import { sensorType } from './pef-schema.ts';
import type { SettingsOf } from '../kinds/kind.ts';
import { timeText } from '../settings/texts.ts';

const byte = z.int().min(0).max(255);
const entry = z
  .strictObject({
    /** A date and time, UTC where no zone is given. Default: when the BMC starts. */
    time: timeText(z).optional(),
    /** Whose event: a sensor by name (`Temp`, `Temp@3.1`, `#14`). */
    sensor: z.string().min(1).optional(),
    /** Without a sensor: the sensor type, by the specification's name or as a number. */
    type: sensorType.optional(),
    /** 1..7Fh. Default: the sensor's, else 6Fh (sensor-specific). */
    eventType: z.int().min(1).max(0x7f).optional(),
    /**
     * The specification's words (`upper critical going high`, `uc`, `presence detected`), or an offset,
     * 0..15.
     */
    event: z.union([z.string(), z.int().min(0).max(15)]).optional(),
    /** False: the event went away. Default true. */
    asserted: z.boolean().optional(),
    /** Of a threshold event: what the sensor read, in its unit. */
    reading: z.number().optional(),
    /** Event data 2 and 3. */
    data: z.array(byte).max(2).optional(),
    /** Slave address or software id, as byte 1 of a generator id. Default 20h, the BMC. */
    generator: byte.optional(),
    /** In place of all but `time`: the record in hex digits, 16 bytes, or 14 from the record type on. */
    record: z
      .string()
      .regex(/^(\s*[\da-f]{2})+\s*$/i, 'expected hex digits, two a byte')
      .optional(),
  })
  .refine(
    ({ record, event }) => (record === undefined) !== (event === undefined),
    'expected event or record, and not both',
  )
  .refine(
    ({ sensor, type, record }) => record !== undefined || (sensor === undefined) !== (type === undefined),
    'expected sensor or type, and not both',
  );

export const selSchema = z.strictObject({
  /** Most entries. */
  capacity: z.int().min(16).max(0xfffe).optional(),
  /** Log a boot as the BMC starts with an empty SEL. Default true. */
  bootEvents: z.boolean().optional(),
  /** Log "log area cleared" into a SEL that was cleared. Default false. */
  clearEvent: z.boolean().optional(),
  /**
   * A history to begin with, until somebody logs or clears: what `ipmitool sel save`, `sel writeraw` or
   * `ipmi-bmc state export` wrote.
   */
  file: z.string().min(1).optional(),
  /** More history, after the file's. */
  entries: z.array(entry).optional(),
});

export type SelOptions = SettingsOf<typeof selSchema> & {
  /** The bytes of that file, where no file is read (the library). */
  readonly image?: Uint8Array;
};
/** An entry of the history: an event in words, or a whole record. */
export type SelEntryOptions = SettingsOf<typeof entry>;
