// What a run of the LAN benchmark leaves behind, and what its numbers say.

/** One measurement of one row at one server. */
export interface Trial {
  /** Microseconds of CPU that the server took for one (request, log-in, KiB); of `start`, for all. */
  readonly cpu: number;
  /** Of them in a second; of `start`, 1 / the seconds from start to first answer. */
  readonly perSecond: number;
  /** Microseconds from request to response; of `start`, from start to first answer. */
  readonly p50: number;
  readonly p99: number;
  /** What neither server nor load generator took, in percent of one core. */
  readonly others: number;
  /** Responses that were wrong, missing or late, and requests refused. */
  readonly problems: number;
}

/** A quotient, round by round: the middle one, and the middle half of them. */
export interface Ratio {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

export interface RowResult {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  /** By server, a trial each round. */
  readonly trials: Readonly<Record<string, readonly Trial[]>>;
  /** Ours over each other server. */
  readonly ratios: Readonly<Record<string, { readonly cpu: Ratio; readonly perSecond: Ratio }>>;
  readonly note?: string;
}

export interface Results {
  /** When it ended, ISO 8601. */
  readonly taken: string;
  /** Seconds that all took. */
  readonly took: number;
  readonly rounds: number;
  /** Measured in each trial. */
  readonly seconds: number;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memory: number;
    readonly kernel: string;
  };
  readonly versions: Readonly<Record<string, string>>;
  /** In the order of the columns; ours is the first. */
  readonly servers: readonly string[];
  readonly rows: readonly RowResult[];
}

/** Of sorted copies; between two values the line between them. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)];
  return below + (sorted[Math.ceil(at)] - below) * (at - Math.floor(at));
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Round by round, so that what the machine did meanwhile falls on both sides. */
export function ratio(ours: readonly number[], theirs: readonly number[]): Ratio {
  const each = ours.slice(0, theirs.length).map((value, round) => value / theirs[round]);
  return { median: median(each), low: quantile(each, 0.25), high: quantile(each, 0.75) };
}

export function rowResult(
  id: string,
  title: string,
  unit: string,
  trials: Record<string, Trial[]>,
  note?: string,
): RowResult {
  const [[, mine], ...others] = Object.entries(trials);
  const of = (pick: (trial: Trial) => number, theirs: readonly Trial[]): Ratio =>
    ratio(mine.map(pick), theirs.map(pick));
  const ratios = others.map(([name, theirs]) => [
    name,
    { cpu: of((one) => one.cpu, theirs), perSecond: of((one) => one.perSecond, theirs) },
  ]);
  return { id, title, unit, trials, ratios: Object.fromEntries(ratios), ...(note !== undefined && { note }) };
}
