import { z } from '@hono/zod-openapi';
import { refusal } from '../problem.ts';
import { route } from '../route.ts';

const status = z.strictObject({ status: z.literal('ok') }).openapi('Status');

export const healthRoutes = [
  route({
    method: 'get',
    path: '/healthz',
    role: 'anybody',
    tag: 'Health',
    summary: 'Whether the process answers at all.',
    answer: status,
    example: { path: '/healthz' },
    handle: () => ({ status: 'ok' as const }),
  }),
  route({
    method: 'get',
    path: '/readyz',
    role: 'anybody',
    tag: 'Health',
    summary: 'Whether every BMC listens: 503 until then, and while the process ends.',
    answer: status,
    example: { path: '/readyz' },
    handle: (daemon) => {
      if (!daemon.isReady) throw refusal('unavailable', 'not every BMC listens', { next: 'ask again' });
      return { status: 'ok' as const };
    },
  }),
];
