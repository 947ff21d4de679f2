import { z } from '@hono/zod-openapi';
import type { Daemon } from '../daemon.ts';
import { route } from '../route.ts';

const fleetStatus = z
  .strictObject({
    version: z.string(),
    pid: z.int(),
    /** ISO 8601. */
    started: z.string(),
    ready: z.boolean(),
    file: z.string().nullable(),
    state: z.string().nullable(),
    bmcs: z.int(),
    sessions: z.int(),
  })
  .openapi('Fleet');

export type FleetStatus = z.infer<typeof fleetStatus>;

export const statusOf = (daemon: Daemon): z.input<typeof fleetStatus> => {
  let sessions = 0;
  for (const bmc of daemon.fleet.bmcs.values()) sessions += bmc.sessions.active.length;
  return {
    version: daemon.version,
    pid: daemon.pid,
    started: new Date(daemon.began).toISOString(),
    ready: daemon.isReady,
    file: daemon.file ?? null,
    state: daemon.stateDirectory ?? null,
    bmcs: daemon.fleet.bmcs.size,
    sessions,
  };
};

export const fleetRoutes = [
  route({
    method: 'get',
    path: '/v1/fleet',
    role: 'read',
    tag: 'Fleet',
    summary: 'The process: version, since when, its file, how many BMCs and sessions.',
    answer: fleetStatus,
    example: { path: '/v1/fleet' },
    handle: statusOf,
  }),
];
