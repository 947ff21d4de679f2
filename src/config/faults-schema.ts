import { z } from 'zod';
import { DURATION, shareOf } from '../settings/durations.ts';
import { plainText } from '../settings/texts.ts';
import { parseSelector } from '../state/app/command-selector.ts';

const MOST_RULES = 1000;

export const timeSchema = z.union([
  z.number().min(0),
  z.string().regex(DURATION, 'expected a time (2s, 500ms, 10m) or a number of seconds'),
]);
const share = z.union([
  z.number().min(0).max(1),
  z.string().refine((text) => shareOf(text) !== undefined, 'expected a share (0.05, 5%)'),
]);
const byte = z.int().min(0).max(255);
const command = z
  .string()
  .refine(
    (value) => parseSelector(value) !== undefined,
    'expected a command of the specification (get-sdr, Chassis Control), a group of them (chassis, dcmi ...) or its numbers (30h 01h)',
  );

export const whenSchema = z.strictObject({
  command: z.union([command, z.array(command).min(1)]).optional(),
  netFn: z
    .int()
    .min(0)
    .max(0x3e)
    .refine((netFn) => netFn % 2 === 0, 'expected the even NetFn of a request')
    .optional(),
  cmd: byte.optional(),
  body: byte.optional(),
  iana: z.int().min(0).max(0xffffff).optional(),
  channel: z.union([z.int().min(0).max(15), z.enum(['lan', 'host', 'serial', 'ipmb'])]).optional(),
  user: z.string().optional(),
  data: z.string().optional(),
  nth: z.union([z.int().min(1), z.string()]).optional(),
  sessionAge: z.string().optional(),
  power: z.enum(['on', 'off']).optional(),
  direction: z.enum(['in', 'out']).optional(),
  payload: z.enum(['message', 'sol', 'set-up', 'ping']).optional(),
  step: z.enum(['open-session', 'rakp-1', 'rakp-3']).optional(),
});

const then = z.strictObject({
  delay: timeSchema.optional(),
  jitter: timeSchema.optional(),
  truncate: z.int().min(0).max(65_535).optional(),
  loss: share.optional(),
  duplicate: share.optional(),
  reorder: share.optional(),
  corrupt: share.optional(),
  rate: z.number().min(100).optional(),
  integrity: z.enum(['wrong', 'missing']).optional(),
  checksum: z.literal('wrong').optional(),
  sequence: z.enum(['repeat', 'skip', 'zero']).optional(),
  sessionId: z.enum(['wrong', 'zero']).optional(),
  padding: z.literal('wrong').optional(),
  logIn: z.union([byte, z.enum(['short', 'none'])]).optional(),
  sessions: z.int().min(0).max(254).optional(),
  endSession: z
    .union([
      z.literal(true),
      z
        .strictObject({ requests: z.int().min(0).optional(), age: timeSchema.optional() })
        .refine(
          ({ requests, age }) => requests !== undefined || age !== undefined,
          'expected requests, age or both',
        ),
    ])
    .optional(),
  complete: z
    .union([byte, z.string().regex(/^(0x)?[\da-f]{2}h?$/i, 'expected a completion code (C0h)')])
    .optional(),
  drop: z.enum(['request', 'response']).optional(),
  answerOf: z.literal('previous').optional(),
  patch: z
    .string()
    .regex(
      /^\s*@\d{1,3}(\s*[\da-f]{2})+\s*$/i,
      'expected @5 FF 00: from byte 5 on, byte 1 is the completion code',
    )
    .optional(),
  extend: z.int().min(1).max(255).optional(),
  busy: z.int().min(1).optional(),
  throws: z.literal(true).optional(),
  dark: timeSchema.optional(),
  sel: z.literal('full').optional(),
  clock: z
    .string()
    .regex(/^(stopped|x\d+(\.\d+)?|[+-]\d+(\.\d+)?\s*(ms|s|m|h|d))$/, 'expected stopped, +1h, -2d or x2')
    .optional(),
  sensor: z
    .strictObject({
      name: z.string().min(1),
      is: z.union([z.enum(['stuck', 'unreadable', 'jumping']), z.number()]),
    })
    .optional(),
  fru: z
    .strictObject({
      id: z.int().min(0).max(254),
      checksum: z.literal('wrong'),
      area: z.enum(['header', 'chassis', 'board', 'product', 'multirecord']).optional(),
    })
    .optional(),
  selfTest: z
    .enum(['fatal', 'firmware', 'boot-block', 'internal-use', 'sdr-empty', 'ipmb', 'fru', 'sdr', 'sel'])
    .optional(),
  sdr: z.strictObject({ changesEvery: z.int().min(1) }).optional(),
  console: z
    .union([
      z.enum(['stuck', 'noisy']),
      z.strictObject({ charactersPerSecond: z.number().min(10).max(1_000_000) }),
    ])
    .optional(),
  power: z.union([z.enum(['fails', 'hangs']), z.strictObject({ takes: timeSchema })]).optional(),
  softOff: z.literal('ignored').optional(),
  firmware: z.enum(['fails-verification', 'fails-to-boot']).optional(),
});

export const ruleSchema = z.strictObject({
  id: plainText(z, 64).min(1).optional(),
  when: whenSchema.optional(),
  then,
  chance: share.optional(),
  times: z.int().min(1).optional(),
  after: timeSchema.optional(),
  for: timeSchema.optional(),
});

const name = plainText(z, 64).min(1);
const step = z.strictObject({
  state: name.optional(),
  hold: timeSchema.optional(),
  fault: ruleSchema.optional(),
  arm: z.string().optional(),
  clear: z.string().optional(),
  step: z
    .strictObject({ sensor: z.string().min(1), to: z.union([z.number(), z.literal('unreadable')]) })
    .optional(),
  ramp: z
    .strictObject({ sensor: z.string().min(1), from: z.number().optional(), to: z.number(), in: timeSchema })
    .optional(),
  event: z
    .strictObject({
      sensor: z.string().min(1),
      offset: z.int().min(0).max(14),
      asserted: z.boolean().optional(),
    })
    .optional(),
  power: z.enum(['on', 'off', 'cycle', 'reset', 'soft']).optional(),
  until: whenSchema.optional(),
  within: timeSchema.optional(),
  expect: z
    .strictObject({
      power: z.enum(['on', 'off']).optional(),
      selEntries: z.int().min(1).optional(),
      rule: z.string().optional(),
      hits: z.int().min(1).optional(),
    })
    .optional(),
  else: z.string().optional(),
  goto: z.string().optional(),
  times: z.int().min(1).optional(),
});

export const stepsSchema = z.array(step).min(1).max(MOST_RULES);

export const faultsSchema = z.strictObject({
  seed: z.int().min(0).max(0xffff_ffff).optional(),
  presets: z.array(z.string()).optional(),
  rules: z.array(ruleSchema).max(MOST_RULES).optional(),
  scenarios: z.array(z.strictObject({ name, steps: stepsSchema })).optional(),
  start: z.array(z.string()).optional(),
  arm: z.array(z.string()).optional(),
});

export const clockSchema = z.union([
  z.enum(['real', 'virtual']),
  z.strictObject({ speed: z.number().min(0.01).max(10_000) }),
]);
