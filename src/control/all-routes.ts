import type { Route } from './route.ts';
import { bmcRoutes } from './routes/bmcs.ts';
import { fleetRoutes } from './routes/fleet.ts';
import { healthRoutes } from './routes/health.ts';
import { powerRoutes } from './routes/power.ts';

/** Every route, in the order of the docs: a line a file. */
export const ALL_ROUTES: readonly Route[] = [...healthRoutes, ...fleetRoutes, ...bmcRoutes, ...powerRoutes];
