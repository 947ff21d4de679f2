import { z } from 'zod';
import { SESSION_PRIVILEGES } from '../codec/index.ts';
import type { SettingsOf } from '../kinds/kind.ts';
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
  /** 0..7. */
  id: z.int().min(0).max(7),
  /** At most 11 characters. */
  name: latin1Text(z, 11).min(1),
  /**
   * Its image's path in the blob protocol. Default `/flash/image` for the BMC, `/flash/` and the name in
   * lower case for others.
   */
  blob: z
    .string()
    .regex(
      /^\/flash\/(?!(hash|verify|update|cleanup|active\/.*)$)[\w./-]{1,40}$/,
      'expected a path below /flash/ that is not taken',
    )
    .optional(),
  /**
   * The BMC's own firmware: activating it resets the BMC, and Get Device ID shows its version. One at most.
   */
  bmc: z.boolean().optional(),
  /**
   * What is there before the first update: `major.minor` or `major.minor.auxiliary`. Default 1.00; for the
   * BMC `identity.firmware`.
   */
  version: version.optional(),
  /**
   * The version of images that do not say theirs (docs/firmware-update.md). Default 0.00 with the first
   * bytes of their SHA-256.
   */
  assumeVersion: version.optional(),
  /** 2: the image before stays, and can come back. 1: it does not. Default 2. */
  slots: z.union([z.literal(1), z.literal(2)]).optional(),
  /** Bytes of the largest image. Default 64 MiB. */
  maxSize: size.max(2 ** 31 - 1).optional(),
  /** False: no older version over a newer one. Default true. */
  downgrade: z.boolean().optional(),
  /** PEM of an Ed25519 key: images must be signed with its other half. */
  publicKey: z
    .string()
    .regex(/^-----BEGIN PUBLIC KEY-----\n[\s\S]*-----END PUBLIC KEY-----\s*$/, 'expected a public key in PEM')
    .optional(),
  /** New firmware works only after a power cycle of the machine. */
  needsPowerCycle: z.boolean().optional(),
  /** For stages that have one: a program and its arguments, or a line for the shell. Exit code 0: go on. */
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
  /** Or: each stage is POSTed here as JSON. Status 2xx: go on. */
  http: z.url({ protocol: /^https?$/, error: 'expected an http or https URL' }).optional(),
  /** Flash chips are slow: bytes a second, and milliseconds to empty a slot. Default: as fast as the disk. */
  speed: z
    .strictObject({
      /** Milliseconds. */
      erase: z.int().min(0).optional(),
      /** Bytes a second. */
      writeRate: size.optional(),
      /** Bytes a second. */
      readRate: size.optional(),
    })
    .optional(),
  /** The simulated self test after activation: milliseconds, and how it ends. Default 0 and pass. */
  selfTest: z
    .strictObject({
      /** Milliseconds. */
      time: z.int().min(0).optional(),
      /** Default pass. */
      result: z.enum(['pass', 'fail']).optional(),
    })
    .optional(),
});

const paths = z.strictObject({
  /**
   * `host:port` or the path of a Unix socket: listened on while a session wants it, and only for whoever
   * has the session's token.
   */
  net: streamAddress(z).optional(),
  /** A file that host and BMC share, in place of a memory window. */
  window: z
    .strictObject({
      /** The file. */
      file: z.string().min(1),
      /** Bytes. Default 65536. */
      size: size.max(1 << 26).optional(),
      /** As what the host finds it. Default lpc. */
      kind: z.enum(['lpc', 'p2a']).optional(),
      /** Where the host sees its first byte. Default 0. */
      address: z.int().min(0).max(0xffff_ffff).optional(),
    })
    .optional(),
});

export const firmwareSchema = z.strictObject({
  /** Where images lie: a directory a component. Default: in the state directory; without one, in memory. */
  directory: z.string().min(1).optional(),
  /** Bytes that all images may take in memory. Default 32 MiB. */
  memory: size.optional(),
  /** Seconds without a byte after which an upload is given up. Default 120. */
  expiry: z.number().positive().optional(),
  /** Least privilege. Default administrator. */
  privilege: z.enum(SESSION_PRIVILEGES).optional(),
  /**
   * Channels that updates may come by: numbers, `host` (the system interface), `lan` (every LAN channel).
   * Default: all.
   */
  channels: z.array(z.union([z.int().min(0).max(15), z.enum(['host', 'lan'])])).optional(),
  /**
   * Bytes of the largest message that clients are told to send by LAN, 64..65000. Default 1400: no Ethernet
   * splits it.
   */
  lanPayload: z.int().min(64).max(65_000).optional(),
  /** What can be updated, at most eight. */
  components: z.array(component).min(1).max(8),
  /** Ways for images beside IPMI itself, for the blob protocol. */
  paths: paths.optional(),
});

/** What of this machine can be updated over IPMI, and by whom. Without it nothing can. */
export type FirmwareOptions = SettingsOf<typeof firmwareSchema>;
export type FirmwarePaths = SettingsOf<typeof paths>;
export type FirmwareComponentOptions = SettingsOf<typeof component>;
