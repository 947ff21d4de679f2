/**
 * Numbers to scrape: what the BMCs of a process did and how it fares (`ProcessMetrics`), and one BMC as
 * prometheus-community's ipmi_exporter shows it (`scrape`), as texts of Prometheus and OpenMetrics.
 */
export { collectors, scrape, type Collector } from './exporter/collectors.ts';
export {
  formFor,
  OPEN_METRICS,
  PROMETHEUS,
  textOf,
  type Family,
  type Labels,
  type Sample,
} from './exposition.ts';
export type { Histogram } from './histogram.ts';
export {
  ProcessMetrics,
  syncTimes,
  type MetricsSurroundings,
  type ProcessFigures,
} from './process-metrics.ts';
export { SCRAPER } from './request-counts.ts';
