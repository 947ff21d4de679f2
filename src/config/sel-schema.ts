import { z } from 'zod';
import { sensorType } from './pef-schema.ts';
import { timeText } from '../settings/texts.ts';

const byte = z.int().min(0).max(255);
const entry = z
  .strictObject({
    time: timeText(z).optional(),
    sensor: z.string().min(1).optional(),
    type: sensorType.optional(),
    eventType: z.int().min(1).max(0x7f).optional(),
    event: z.union([z.string(), z.int().min(0).max(15)]).optional(),
    asserted: z.boolean().optional(),
    reading: z.number().optional(),
    data: z.array(byte).max(2).optional(),
    generator: byte.optional(),
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
  capacity: z.int().min(16).max(0xfffe).optional(),
  bootEvents: z.boolean().optional(),
  clearEvent: z.boolean().optional(),
  file: z.string().min(1).optional(),
  entries: z.array(entry).optional(),
});
