import { z } from 'zod';
import { backends } from '../kinds/backends/index.ts';
import { consoles } from '../kinds/consoles/index.ts';
import { kindsSchema } from './kinds-schema.ts';
import { parseSelector } from '../state/app/command-selector.ts';
import { controlSchema, labelsSchema } from './control-schema.ts';
import { clockSchema, faultsSchema } from './faults-schema.ts';
import { firmwareSchema } from './firmware-schema.ts';
import { fruContent } from './fru-schema.ts';
import { interfaces } from '../kinds/interfaces/index.ts';
import type {
  BackendOptions,
  BmcOptions,
  ConsoleOptions,
  InterfaceOptions,
  SatelliteOptions,
} from './options.ts';
import { OUR_KINDS, type Kinds } from './kinds.ts';
import { pefSchema } from './pef-schema.ts';
import { selSchema } from './sel-schema.ts';
import { entity, sdrSchema, sensorFeed, sensorSchema } from './sensor-schema.ts';
import { latin1Text, slaveAddress, utf8Text } from '../settings/texts.ts';

const uuid = z.string().regex(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i, 'expected a UUID');
const byte = z.int().min(0).max(255);
/**
 * A list whose entries do not give the same value of a key twice; without one, or with an empty text, nothing
 * is the same.
 */
const unique = <T extends z.ZodType>(entry: T, ...keys: string[]) =>
  z.array(entry).superRefine((entries, context) => {
    for (const key of keys) {
      const seen = new Set<unknown>();
      for (const [i, one] of entries.entries()) {
        const value = (one as Record<string, unknown>)[key];
        if (value !== undefined && value !== '' && seen.size === seen.add(value).size)
          context.addIssue({
            code: 'custom',
            message: `expected ${key === 'id' ? 'one' : `a ${key}`} that no other entry has`,
            path: [i, key],
          });
      }
    }
  });
const privilege = z.enum(['callback', 'user', 'operator', 'administrator', 'oem', 'none']);

const selector = z.custom<string>(
  (value) => typeof value === 'string' && parseSelector(value) !== undefined,
  'expected a command of the specification (Get Device ID), a group of them (chassis, app, dcmi ...) or its numbers (30h 01h, 2Eh/00ABCDh *)',
);
const firewall = z.strictObject({
  channel: z.union([z.int().min(0).max(15), z.enum(['host', 'lan', 'all'])]),
  restrict: z.enum(['read-only', 'closed']).optional(),
  allow: z.array(selector).optional(),
  deny: z.array(selector).optional(),
});

const socket = z.strictObject({
  path: z.string().min(1).max(107),
  mode: z.int().min(0).max(0o777).optional(),
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

const identity = z.strictObject({
  deviceId: byte.optional(),
  deviceRevision: z.int().min(0).max(15).optional(),
  firmware: z
    .string()
    .regex(
      /^(1[01]\d|12[0-7]|\d{1,2})\.\d{1,2}( [\da-f]{8})?$/i,
      'expected "major.minor", major 0..127, minor 0..99 (write it in quotes)',
    )
    .optional(),
  manufacturerId: z.int().min(0).max(0xfffff).optional(),
  productId: z.int().min(0).max(0xffff).optional(),
  deviceGuid: uuid.optional(),
  systemGuid: uuid.optional(),
  selfTest: z
    .union([
      z.enum(['ok', 'not-implemented', 'fatal']),
      z
        .array(
          z.enum(['firmware', 'boot-block', 'internal-use-area', 'sdr-empty', 'ipmb', 'fru', 'sdr', 'sel']),
        )
        .min(1),
    ])
    .optional(),
});

const satelliteSchema = (sensor: ReturnType<typeof sensorSchema>) => {
  const satellite = z.strictObject({
    address: slaveAddress(z),
    channel: z.int().min(0).max(11).optional(),
    name: latin1Text(z, 16).min(1).optional(),
    entity: entity.optional(),
    identity: identity.optional(),
    sensors: z.array(sensor).optional(),
    fru: unique(fru, 'id').optional(),
    firewall: z.array(firewall).optional(),
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
    identity: identity.optional(),
    interfaces: z.array(kindsSchema<InterfaceOptions>(interfaces, kinds.interfaces)).optional(),
    users: unique(
      z.strictObject({
        id: z.int().min(1).max(63),
        name: utf8Text(z, 16).optional(),
        password: utf8Text(z, 20).optional(),
        privilege: privilege.optional(),
        enabled: z.boolean().optional(),
        sol: z.boolean().optional(),
      }),
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
    chassis: z
      .strictObject({
        power: z.enum(['on', 'off']).optional(),
        restorePolicy: z.enum(['always-off', 'previous', 'always-on']).optional(),
        backend: kindsSchema<BackendOptions>(backends, kinds.backends).optional(),
        softOff: z.number().min(0).max(3600).optional(),
        events: z.boolean().optional(),
      })
      .optional(),
    reset: z.strictObject({ dark: z.number().min(0).max(3600).optional() }).optional(),
    sessions: z
      .strictObject({
        limit: z.int().min(1).max(254).optional(),
        inactivity: z.number().positive().optional(),
      })
      .optional(),
    firewall: z.array(firewall).optional(),
    firmware: firmwareSchema.optional(),
    sol: z
      .strictObject({
        console: kindsSchema<ConsoleOptions>(consoles, kinds.consoles).optional(),
        instances: z.int().min(1).max(15).optional(),
        keepEncrypted: z.boolean().optional(),
        port: z.int().min(1).max(65535).optional(),
      })
      .optional(),
    sockets: z.strictObject({ handlers: socket.optional(), bt: socket.optional() }).optional(),
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
