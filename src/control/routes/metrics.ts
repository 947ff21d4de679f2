import { z } from '@hono/zod-openapi';
import { route } from '../route.ts';
import { metricsAnswer } from '../scrape.ts';

export const metricsRoutes = [
  route({
    method: 'get',
    path: '/metrics',
    role: 'read',
    tag: 'Metrics',
    summary:
      'Numbers for Prometheus: of the process, or of one BMC in the names of ipmi_exporter. OpenMetrics where the Accept header asks for it.',
    query: z.object({
      target: z.string().min(1).optional().openapi({ description: 'Name of a BMC. Default: the process.' }),
      collectors: z
        .string()
        .min(1)
        .optional()
        .openapi({ description: 'With `target`: some of its collectors, a comma between two.' }),
    }),
    answer: z.string(),
    gives: 'text/plain',
    example: { path: '/metrics?target=node-1&collectors=chassis,sel' },
    handle: (daemon, { query, headers }) => metricsAnswer(daemon, query, headers.get('accept')),
  }),
];
