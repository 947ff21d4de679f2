import { z } from 'zod';
import { sensorTypes } from '../commands/codes/sensor-types.ts';
import { latin1Text } from '../settings/texts.ts';

const byte = z.int().min(0).max(255);

/** 0 is reserved, and FFh is everything to a filter. */
export const sensorType = z.custom<string | number>(
  (value) =>
    typeof value === 'number'
      ? Number.isInteger(value) && value >= 1 && value <= 0xfe
      : typeof value === 'string' && Object.hasOwn(sensorTypes, value.toLowerCase()),
  'expected a sensor type of the specification (temperature, fan, power supply ...) or its number',
);

const channel = z.int().min(0).max(15).optional();
const set = z.int().min(1).max(15).optional();

export const pefSchema = z.strictObject({
  enabled: z.boolean().optional(),
  eventMessages: z.boolean().optional(),
  startupDelay: byte.optional(),
  alertStartupDelay: byte.optional(),
  trapPort: z.int().min(1).max(65535).optional(),
  filters: z
    .array(
      z.strictObject({
        number: z.int().min(1).max(40).optional(),
        enabled: z.boolean().optional(),
        actions: z.array(
          z.enum(['alert', 'power-off', 'power-cycle', 'reset', 'diagnostic-interrupt', 'oem']),
        ),
        policy: set,
        severity: z
          .enum([
            'unspecified',
            'monitor',
            'information',
            'ok',
            'non-critical',
            'critical',
            'non-recoverable',
          ])
          .optional(),
        sensorType: sensorType.optional(),
        sensorNumber: z.int().min(1).max(0xfe).optional(),
        eventType: z.int().min(1).max(0xfe).optional(),
        offsets: z.array(z.int().min(0).max(14)).optional(),
      }),
    )
    .optional(),
  policies: z
    .array(
      z.strictObject({
        set,
        channel,
        destination: z.int().min(1).max(4),
        rule: z.enum(['always', 'next-entry', 'stop', 'next-channel', 'next-type']).optional(),
        string: z.int().min(1).max(8).optional(),
      }),
    )
    .max(20)
    .optional(),
  destinations: z
    .array(
      z.strictObject({
        number: z.int().min(1).max(4).optional(),
        channel,
        address: z.ipv4('expected an IPv4 address'),
        acknowledged: z.boolean().optional(),
        timeout: z.int().min(1).max(256).optional(),
        retries: z.int().min(0).max(7).optional(),
      }),
    )
    .optional(),
  strings: z.array(latin1Text(z, 60)).max(8).optional(),
});
