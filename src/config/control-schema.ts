import { z } from 'zod';
import { endpoint } from '../settings/texts.ts';

export const controlSchema = z
  .strictObject({
    socket: z.string().min(1).max(107).optional(),
    listen: endpoint(z).optional(),
    tokens: z.string().min(1).optional(),
    tls: z.strictObject({ certificate: z.string().min(1), key: z.string().min(1) }).optional(),
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
