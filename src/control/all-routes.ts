import type { Route } from './route.ts';
import { bmcRoutes } from './routes/bmcs.ts';
import { eventRoutes } from './routes/events.ts';
import { fleetRoutes } from './routes/fleet.ts';
import { healthRoutes } from './routes/health.ts';
import { powerRoutes } from './routes/power.ts';
import { rawRoutes } from './routes/raw.ts';

/** A line a file. */
const FILES: readonly (readonly Route[])[] = [
  healthRoutes,
  fleetRoutes,
  bmcRoutes,
  powerRoutes,
  rawRoutes,
  eventRoutes,
];

/** Every route, in the order of the docs. */
export const ALL_ROUTES: readonly Route[] = FILES.flat();
