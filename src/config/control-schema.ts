import { z } from 'zod';
import { millisecondsOf } from '../settings/durations.ts';
import { endpoint } from '../settings/texts.ts';
import { timeSchema } from './faults-schema.ts';

const tls = z.strictObject({ certificate: z.string().min(1), key: z.string().min(1) }).optional();

export const controlSchema = z
  .strictObject({
    socket: z.string().min(1).max(107).optional(),
    listen: endpoint(z).optional(),
    tokens: z.string().min(1).optional(),
    tls,
    hosts: z.array(z.string().min(1)).optional(),
  })
  .superRefine(({ listen, tokens, tls, hosts }, context) => {
    const add = (key: string, message: string): void =>
      context.addIssue({ code: 'custom', message, path: [key] });
    if (listen !== undefined && tokens === undefined)
      add('listen', 'expected tokens beside it: whoever comes by TCP has to say who it is');
    for (const [key, value] of Object.entries({ tokens, tls, hosts }))
      if (value !== undefined && listen === undefined) add(key, 'expected listen beside it: it is for TCP');
  });

export const metricsSchema = z.strictObject({ listen: endpoint(z), perBmc: z.boolean().optional() });
/** `from` and `to`: seconds. */
const timeWithin = (from: number, to: number, expected: string) =>
  timeSchema.refine((time) => {
    const ms = millisecondsOf(time) ?? 0;
    return ms >= from * 1000 && ms <= to * 1000;
  }, expected);

export const webConsoleSchema = z.strictObject({
  listen: endpoint(z),
  tls,
  hosts: z.array(z.string().min(1)).optional(),
  tokens: z.string().min(1).optional(),
  idle: timeWithin(10, 86_400, 'expected from 10s to 24h').optional(),
  history: timeWithin(60, 86_400, 'expected from 1m to 24h').optional(),
});

export const auditSchema = z.strictObject({
  file: z.string().min(1),
  size: z.number().positive().max(1e6).optional(),
  keep: z.int().min(0).max(1000).optional(),
});

/** Names and values by which people find BMCs. */
export const labelsSchema = z.record(
  z.string().regex(/^[\w][\w./-]{0,62}$/, 'expected letters, digits, and . _ - / behind the first'),
  z.string().max(128),
);
