import { z } from 'zod';

const file = z.string().min(1);
const command = z.array(z.string()).min(1);
/** One token of a subject. */
const token = z.string().regex(/^[\w-]{1,64}$/, 'expected letters, digits, _ and -');

export const clusterSchema = z
  .strictObject({
    servers: z
      .array(z.string().regex(/^(nats|tls):\/\/[^\s/]+$/, 'expected nats://host:port or tls://host:port'))
      .min(1),
    host: z.string().min(1).max(128).optional(),
    capacity: z.int().min(0).optional(),
    labels: z.record(z.string(), z.string()).optional(),
    networks: z.array(z.union([z.cidrv4(), z.cidrv6()], 'expected a network, as in 10.9.0.0/16')).optional(),
    onLost: z.enum(['fence', 'keep']).optional(),
    moves: z.int().min(1).max(10_000).optional(),
    prefix: token.optional(),
    inbox: z
      .string()
      .regex(/^[\w-]+(\.[\w-]+){0,7}$/, 'expected a subject: tokens of letters, digits, _ and -')
      .max(128)
      .optional(),
    replicas: z.union([z.literal(1), z.literal(3), z.literal(5)]).optional(),
    user: z.string().min(1).optional(),
    passwordFile: file.optional(),
    nkeyFile: file.optional(),
    credentialsFile: file.optional(),
    tls: z
      .strictObject({ ca: file.optional(), certificate: file.optional(), key: file.optional() })
      .optional(),
    sealKeyFile: file.optional(),
    audit: z.boolean().optional(),
    metricsEvery: z.number().min(1).max(3600).optional(),
    selDays: z.number().gt(0).max(3650).optional(),
    hooks: z
      .strictObject({
        own: command.optional(),
        lost: command.optional(),
        timeout: z.number().min(0.1).max(60).optional(),
      })
      .optional(),
  })
  .superRefine(({ user, passwordFile, nkeyFile, credentialsFile, tls }, context) => {
    const add = (key: string, message: string): void =>
      context.addIssue({ code: 'custom', message, path: [key] });
    if ((user === undefined) !== (passwordFile === undefined))
      add(user === undefined ? 'passwordFile' : 'user', 'expected user and passwordFile together');
    if ([user, nkeyFile, credentialsFile].filter((way) => way !== undefined).length > 1)
      add('user', 'expected one of user, nkeyFile and credentialsFile');
    if (tls && (tls.certificate === undefined) !== (tls.key === undefined))
      add('tls', 'expected certificate and key together');
  });
