import { z } from 'zod';
import { firewallSchema, sessionsSchema, userSchema } from './access-schema.ts';
import { chassisSchema, resetSchema } from './chassis-schema.ts';
import { kindsSchema } from './kinds-schema.ts';
import { identitySchema } from './identity-schema.ts';
import { socketsSchema, solSchema } from './serving-schema.ts';
import { clusterSchema } from './cluster-schema.ts';
import {
  auditSchema,
  controlSchema,
  labelsSchema,
  metricsSchema,
  webConsoleSchema,
} from './control-schema.ts';
import { clockSchema, faultsSchema } from './faults-schema.ts';
import { firmwareSchema } from './firmware-schema.ts';
import { fruContent } from './fru-schema.ts';
import { interfaces } from '../kinds/interfaces/index.ts';
import type { BmcOptions, InterfaceOptions, SatelliteOptions } from './options.ts';
import { OUR_KINDS, type Kinds } from './kinds.ts';
import { pefSchema } from './pef-schema.ts';
import { selSchema } from './sel-schema.ts';
import { entity, sdrSchema, sensorFeed, sensorSchema } from './sensor-schema.ts';
import { latin1Text, slaveAddress } from '../settings/texts.ts';

/**
 * A list whose entries do not give the same value of a key twice; without one, or with an empty text, nothing
 * is the same.
 */
const unique = <T extends z.ZodType>(entry: T, ...keys: string[]) =>
  z.array(entry).superRefine((entries, context) => {
    for (const key of keys) {
      const seen = new Set<unknown>();
      for (const [i, entry] of entries.entries()) {
        const value = (entry as Record<string, unknown>)[key];
        if (value !== undefined && value !== '' && seen.size === seen.add(value).size)
          context.addIssue({
            code: 'custom',
            message: `expected ${key === 'id' ? 'one' : `a ${key}`} that no other entry has`,
            path: [i, key],
          });
      }
    }
  });
const fru = z
  .strictObject({
    id: z.int().min(0).max(254),
    name: latin1Text(z, 16),
    entity: entity.optional(),
    ...fruContent,
  })
  .refine(
    ({ file, chassis, board, product, multirecord, internalUse }) =>
      file === undefined || !(chassis ?? board ?? product ?? multirecord ?? internalUse),
    {
      message: 'expected either file or areas',
      path: ['file'],
    },
  );

const satelliteSchema = (sensor: ReturnType<typeof sensorSchema>) => {
  const satellite = z.strictObject({
    address: slaveAddress(z),
    channel: z.int().min(0).max(11).optional(),
    name: latin1Text(z, 16).min(1).optional(),
    entity: entity.optional(),
    identity: identitySchema.optional(),
    sensors: z.array(sensor).optional(),
    fru: unique(fru, 'id').optional(),
    firewall: z.array(firewallSchema).optional(),
    get satellites(): z.ZodOptional<z.ZodArray<z.ZodType<SatelliteOptions>>> {
      return z.array(satellite as z.ZodType<SatelliteOptions>).optional();
    },
  });
  return satellite;
};

/** The sections of a BMC. Throws TypeError for kinds of one `type`. */
function sections(kinds: Kinds) {
  const sensor = sensorSchema(kinds);
  return {
    name: z
      .string()
      .regex(/^[^\p{Cc}]{1,64}$/u, 'expected 1 to 64 characters, none of them a control character')
      .optional(),
    labels: labelsSchema.optional(),
    identity: identitySchema.optional(),
    interfaces: z.array(kindsSchema<InterfaceOptions>(interfaces, kinds.interfaces)).optional(),
    users: unique(
      userSchema,
      'id',
      // The first of two would be the only one who can log in.
      'name',
    ).optional(),
    userSlots: z.int().min(2).max(63).optional(),
    sensors: z.array(sensor).optional(),
    fru: unique(fru, 'id').optional(),
    sdr: sdrSchema(kinds).optional(),
    sensorInterval: z.number().min(0.1).max(3600).optional(),
    sensorFeed: sensorFeed.optional(),
    sel: selSchema.optional(),
    pef: pefSchema.optional(),
    chassis: chassisSchema(kinds).optional(),
    reset: resetSchema.optional(),
    sessions: sessionsSchema.optional(),
    firewall: z.array(firewallSchema).optional(),
    firmware: firmwareSchema.optional(),
    sol: solSchema(kinds).optional(),
    sockets: socketsSchema.optional(),
    satellites: z.array(satelliteSchema(sensor)).optional(),
    faults: faultsSchema.optional(),
    clock: clockSchema.optional(),
  };
}

const MOST_BMCS = 100_000;
const number = z.int().min(0).max(0xffff_ffff);
/** How many BMCs one entry makes: their numbers are 0 and up, or those from one to another. */
export const countSchema = z.union([
  z.int().min(1).max(MOST_BMCS),
  z.strictObject({ from: number, to: number }).refine(({ from, to }) => to >= from && to - from < MOST_BMCS, {
    message: `expected from 1 to ${MOST_BMCS} numbers`,
    path: ['to'],
  }),
]);

/** What a file says of the process, beside its BMCs. */
export const processSchema = z.strictObject({
  state: z
    .strictObject({ directory: z.string().min(1), sealKeyFile: z.string().min(1).optional() })
    .optional(),
  control: controlSchema.optional(),
  console: webConsoleSchema.optional(),
  audit: auditSchema.optional(),
  metrics: metricsSchema.optional(),
  sleepAfter: z.union([z.number().positive().max(86_400), z.literal('never')]).optional(),
  cluster: clusterSchema.optional(),
});

/**
 * What checks a file whose settings may name these kinds too. Throws TypeError for a `type` that is taken.
 */
export function schemasWith(kinds: Kinds) {
  const bmc = sections(kinds);
  return {
    /** One BMC, without the numbers of a `count` in it. */
    bmcSchema: z.strictObject(bmc),
    /** A file holds one BMC, or a list `bmcs` of them. */
    fileSchema: z.strictObject({
      bmcs: z
        .array(z.strictObject({ count: countSchema.optional(), ...bmc }))
        .min(1)
        .optional(),
      ...processSchema.shape,
      ...bmc,
    }),
  };
}

/** Of files that name our own kinds alone. */
export const { bmcSchema, fileSchema } = schemasWith(OUR_KINDS);

/** Keys that no file has: bytes that a program gives in place of a file's. */
type OfPrograms = 'image';
/**
 * A type with everything in it that may be left out, so that a key which is missing shows; of numbers,
 * programs may give any.
 */
type Whole<T> = T extends Uint8Array
  ? T
  : T extends number
    ? number
    : T extends readonly unknown[]
      ? { -readonly [K in keyof T]: Whole<T[K]> }
      : T extends object
        ? { -readonly [K in keyof T as Exclude<K, OfPrograms>]-?: Whole<Exclude<T[K], undefined>> }
        : T;
type Same<A extends B, B> = Whole<A> extends Whole<B> ? (Whole<B> extends Whole<A> ? true : never) : never;

/** Fails to compile where the schema and the settings' types part, in either direction. */
export type SchemaIsOptions = Same<z.infer<typeof bmcSchema>, BmcOptions>;
export const schemaIsOptions: SchemaIsOptions = true;
