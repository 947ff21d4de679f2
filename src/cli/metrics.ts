import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';
import type { MetricsOptions } from '../config/options.ts';
import { MetricsServer, type MetricsSource } from '../control/metrics-server.ts';
import type { ProcessFigures } from '../metrics/process-metrics.ts';
import { endpointOf } from '../settings/addresses.ts';
import { CliError, problemOf, systemProblem } from './errors.ts';

/** Milliseconds between two looks at how late timers are. It wakes the process: begun with a first scrape. */
const RESOLUTION = 20;
const QUANTILES = [0.5, 0.9, 0.99];
const NANOSECOND = 1e-9;

/** What serves numbers to scrapers. */
export interface OpenMetrics {
  /** Undefined: the file asks for none. */
  readonly address: string | undefined;
  close(): Promise<void>;
}

/** Serves `/metrics` where the file says so. Rejects with CliError. */
export async function openMetrics(
  source: MetricsSource,
  inFile: MetricsOptions | undefined,
): Promise<OpenMetrics> {
  const server = new MetricsServer(source);
  if (inFile)
    await server.listen(endpointOf(inFile.listen)).catch((error: unknown) => {
      throw new CliError(`metrics: ${inFile.listen}: ${systemProblem(error) ?? problemOf(error)}`, {
        cause: error,
      });
    });
  return { address: server.address, close: () => server.close() };
}

/** Says how the process fares, at each call. */
export function processFigures(): () => ProcessFigures {
  const started = (Date.now() - performance.now()) / 1000;
  let delays: IntervalHistogram | undefined;
  return () => {
    const { user, system } = process.cpuUsage();
    const loopDelays: Record<string, number> = {};
    if (delays === undefined) {
      delays = monitorEventLoopDelay({ resolution: RESOLUTION });
      delays.enable();
    } else {
      // It measures from timer to timer: what is over the time between two is the delay.
      const late = (nanoseconds: number): number => Math.max(0, nanoseconds * NANOSECOND - RESOLUTION / 1000);
      for (const quantile of QUANTILES)
        loopDelays[String(quantile)] = late(delays.percentile(quantile * 100));
      loopDelays['1'] = late(delays.max);
      delays.reset();
    }
    return { started, cpu: (user + system) / 1e6, resident: process.memoryUsage.rss(), loopDelays };
  };
}
