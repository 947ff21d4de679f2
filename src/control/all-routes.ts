import type { Route } from './route.ts';
import { accessRoutes } from './routes/access.ts';
import { bmcRoutes } from './routes/bmcs.ts';
import { clockRoutes } from './routes/clock.ts';
import { chassisStateRoutes } from './routes/chassis-state.ts';
import { chassisRoutes } from './routes/chassis.ts';
import { consoleRoutes } from './routes/console.ts';
import { eventRoutes } from './routes/events.ts';
import { faultRoutes } from './routes/faults.ts';
import { expectationRoutes } from './routes/expectations.ts';
import { firmwareRoutes } from './routes/firmware.ts';
import { fleetRoutes } from './routes/fleet.ts';
import { healthRoutes } from './routes/health.ts';
import { insideRoutes } from './routes/inside.ts';
import { lanRoutes } from './routes/lan.ts';
import { lookingRoutes } from './routes/looking.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { pefRoutes } from './routes/pef.ts';
import { powerRoutes } from './routes/power.ts';
import { rawRoutes } from './routes/raw.ts';
import { recordRoutes } from './routes/records.ts';
import { scenarioRoutes } from './routes/scenarios.ts';
import { selRoutes } from './routes/sel.ts';
import { shardRoutes } from './routes/shards.ts';
import { sensorRoutes } from './routes/sensors.ts';
import { watchRoutes } from './routes/watch.ts';

/** A line a file. */
const FILES: readonly (readonly Route[])[] = [
  healthRoutes,
  fleetRoutes,
  shardRoutes,
  bmcRoutes,
  powerRoutes,
  chassisStateRoutes,
  chassisRoutes,
  sensorRoutes,
  selRoutes,
  recordRoutes,
  accessRoutes,
  lanRoutes,
  pefRoutes,
  firmwareRoutes,
  consoleRoutes,
  insideRoutes,
  rawRoutes,
  eventRoutes,
  metricsRoutes,
  watchRoutes,
  lookingRoutes,
  faultRoutes,
  scenarioRoutes,
  clockRoutes,
  expectationRoutes,
];

/** Every route, in the order of the docs. */
export const ALL_ROUTES: readonly Route[] = FILES.flat();
