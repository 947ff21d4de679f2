import { z } from 'zod';
import { SELF_TEST_PROBLEMS } from '../state/app/identity.ts';
import type { SettingsOf } from '../kinds/kind.ts';

const uuid = z.string().regex(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i, 'expected a UUID');
const byte = z.int().min(0).max(255);

/** What the self-test of the BMC finds wrong (IPMI 2.0 §20.4). */
const selfTestProblem = z.enum(SELF_TEST_PROBLEMS);

export const identitySchema = z.strictObject({
  /** 0..255. Default 20h. */
  deviceId: byte.optional(),
  /** 0..15. Default 1. */
  deviceRevision: z.int().min(0).max(15).optional(),
  /**
   * `major.minor`, as `mc info` shows it. Four bytes of auxiliary information may follow, in hex: `2.14
   * 00000005`. Without them Get Device ID leaves them out, at which some clients take offence (IPMI 2.0
   * §20.1).
   */
  firmware: z
    .string()
    .regex(
      /^(1[01]\d|12[0-7]|\d{1,2})\.\d{1,2}( [\da-f]{8})?$/i,
      'expected "major.minor", major 0..127, minor 0..99 (write it in quotes)',
    )
    .optional(),
  /** IANA enterprise number, 0..FFFFFh. Default 0. */
  manufacturerId: z.int().min(0).max(0xfffff).optional(),
  /** 0..FFFFh. Default 0. */
  productId: z.int().min(0).max(0xffff).optional(),
  /** UUIDs as text. Made at random where absent. */
  deviceGuid: uuid.optional(),
  /** The same of the machine. */
  systemGuid: uuid.optional(),
  /** What Get Self Test Results says. Default `ok`. */
  selfTest: z.union([z.enum(['ok', 'not-implemented', 'fatal']), z.array(selfTestProblem).min(1)]).optional(),
});

export type IdentityOptions = SettingsOf<typeof identitySchema>;
/** What the self-test of the BMC finds wrong (IPMI 2.0 §20.4). */
export type SelfTestProblem = z.infer<typeof selfTestProblem>;
