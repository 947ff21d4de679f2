import { z } from 'zod';
import { latin1Text, streamAddress } from '../settings/texts.ts';

const version = z
  .string()
  .regex(
    /^(1[01]\d|12[0-7]|\d{1,2})\.\d{1,2}(\.[\da-fA-F]{8})?$/,
    'expected "major.minor", major 0..127 (write it in quotes)',
  );
/** Program and arguments, or a line for the shell. */
const command = z.union([z.string().min(1), z.array(z.string()).min(1)]).optional();
const size = z.int().min(1);

const component = z.strictObject({
  id: z.int().min(0).max(7),
  name: latin1Text(z, 11).min(1),
  blob: z
    .string()
    .regex(
      /^\/flash\/(?!(hash|verify|update|cleanup|active\/.*)$)[\w./-]{1,40}$/,
      'expected a path below /flash/ that is not taken',
    )
    .optional(),
  bmc: z.boolean().optional(),
  version: version.optional(),
  assumeVersion: version.optional(),
  slots: z.union([z.literal(1), z.literal(2)]).optional(),
  maxSize: size.max(2 ** 31 - 1).optional(),
  downgrade: z.boolean().optional(),
  publicKey: z
    .string()
    .regex(/^-----BEGIN PUBLIC KEY-----\n[\s\S]*-----END PUBLIC KEY-----\s*$/, 'expected a public key in PEM')
    .optional(),
  needsPowerCycle: z.boolean().optional(),
  commands: z
    .strictObject({
      prepare: command,
      upload: command,
      verify: command,
      activate: command,
      'self-test': command,
      rollback: command,
    })
    .optional(),
  http: z.url({ protocol: /^https?$/, error: 'expected an http or https URL' }).optional(),
  speed: z
    .strictObject({ erase: z.int().min(0).optional(), writeRate: size.optional(), readRate: size.optional() })
    .optional(),
  selfTest: z
    .strictObject({ time: z.int().min(0).optional(), result: z.enum(['pass', 'fail']).optional() })
    .optional(),
});

export const firmwareSchema = z.strictObject({
  directory: z.string().min(1).optional(),
  memory: size.optional(),
  expiry: z.number().positive().optional(),
  privilege: z.enum(['callback', 'user', 'operator', 'administrator', 'oem']).optional(),
  channels: z.array(z.union([z.int().min(0).max(15), z.enum(['host', 'lan'])])).optional(),
  lanPayload: z.int().min(64).max(65_000).optional(),
  components: z.array(component).min(1).max(8),
  paths: z
    .strictObject({
      net: streamAddress(z).optional(),
      window: z
        .strictObject({
          file: z.string().min(1),
          size: size.max(1 << 26).optional(),
          kind: z.enum(['lpc', 'p2a']).optional(),
          address: z.int().min(0).max(0xffff_ffff).optional(),
        })
        .optional(),
    })
    .optional(),
});
