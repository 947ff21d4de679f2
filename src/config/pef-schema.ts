import { z } from 'zod';
import { sensorTypes } from '../commands/codes/sensor-types.ts';
import type { SettingsOf } from '../kinds/kind.ts';
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

const lanChannel = z.int().min(0).max(15).optional();
const policySet = z.int().min(1).max(15).optional();

const filter = z.strictObject({
  /** 1..40. Default: the next free one after the pre-configured ones; a number of those replaces one. */
  number: z.int().min(1).max(40).optional(),
  /** Default true. */
  enabled: z.boolean().optional(),
  /** What is done when an event matches. */
  actions: z.array(z.enum(['alert', 'power-off', 'power-cycle', 'reset', 'diagnostic-interrupt', 'oem'])),
  /** Policy set, 1..15. Default 1. */
  policy: policySet,
  /** What the alert says of it. Default unspecified. */
  severity: z
    .enum(['unspecified', 'monitor', 'information', 'ok', 'non-critical', 'critical', 'non-recoverable'])
    .optional(),
  /** Name or number. What is left out matches everything. */
  sensorType: sensorType.optional(),
  /** The sensor, 1..FEh. Default: any. */
  sensorNumber: z.int().min(1).max(0xfe).optional(),
  /** Event/reading type; with 80h added, only deassertions. */
  eventType: z.int().min(1).max(0xfe).optional(),
  /** Event offsets. Default: all. */
  offsets: z.array(z.int().min(0).max(14)).optional(),
});

const policy = z.strictObject({
  /** 1..15. Default 1. */
  set: policySet,
  /** LAN channel. Default 1. */
  channel: lanChannel,
  /** Number of the destination, 1..4. */
  destination: z.int().min(1).max(4),
  /** What happens if the alert before it was successful. Default `always`: it is sent all the same. */
  rule: z.enum(['always', 'next-entry', 'stop', 'next-channel', 'next-type']).optional(),
  /** Alert string, 1..8. */
  string: z.int().min(1).max(8).optional(),
});

const destination = z.strictObject({
  /** 1..4. Default: the next one of its channel. */
  number: z.int().min(1).max(4).optional(),
  /** LAN channel. Default 1. */
  channel: lanChannel,
  /** IPv4 address of the trap receiver. */
  address: z.ipv4('expected an IPv4 address'),
  /** Repeat until PET Acknowledge comes. Default false. */
  acknowledged: z.boolean().optional(),
  /** Seconds to wait before a repetition, 1..256. Default 3. */
  timeout: z.int().min(1).max(256).optional(),
  /** Repetitions, 0..7. Default 3 if it is to be acknowledged, else 0. */
  retries: z.int().min(0).max(7).optional(),
});

export const pefSchema = z.strictObject({
  /** Default true. */
  enabled: z.boolean().optional(),
  /** Log each PEF action as an event. Default false. */
  eventMessages: z.boolean().optional(),
  /** Seconds after a power-on or reset in which PEF switches nothing; 0..255. Default 60. */
  startupDelay: byte.optional(),
  /** Seconds after a power-on or reset in which alerts wait; 0..255. Default: no delay. */
  alertStartupDelay: byte.optional(),
  /** UDP port of trap receivers. Default 162. */
  trapPort: z.int().min(1).max(65535).optional(),
  /** Filters besides the pre-configured ones, 21 and up. */
  filters: z.array(filter).optional(),
  /** Default: policy set 1 sends to each of the destinations. */
  policies: z.array(policy).max(20).optional(),
  /** Where alerts go. */
  destinations: z.array(destination).optional(),
  /** Alert strings 1, 2, ...; at most eight, of at most 60 characters. */
  strings: z.array(latin1Text(z, 60)).max(8).optional(),
});

/** Platform event filtering, as clients find it until they change it. */
export type PefOptions = SettingsOf<typeof pefSchema>;
export type PefFilterOptions = SettingsOf<typeof filter>;
export type AlertPolicyOptions = SettingsOf<typeof policy>;
export type AlertDestinationOptions = SettingsOf<typeof destination>;
