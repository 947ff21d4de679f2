/** Numbers for Prometheus (docs/metrics.md). */
export interface MetricsOptions {
  /** `host:port` where `/metrics` is served, to whoever comes: no token, and nothing else. */
  readonly listen: string;
  /** Each series says of which BMC it is (`bmc="node-1"`). Default false: sums over all of them. */
  readonly perBmc?: boolean;
}
