import type { Bmc } from '../bmc.ts';
import type { Fleet } from '../fleet/index.ts';
import type { Clock } from '../world/world.ts';
import type { Family, Labels, Sample } from './exposition.ts';
import { Histogram } from './histogram.ts';
import { RequestCounts } from './request-counts.ts';
import { Totals } from './totals.ts';

/** Rules of faults that are told apart. */
const MOST_RULES = 200;
/** Seconds that a datasync takes. */
const SYNCS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];

/** How long the datasyncs of a journal took, from its first on. */
export const syncTimes = (): Histogram => new Histogram(SYNCS);

/** What the process knows of itself. */
export interface ProcessFigures {
  /** Seconds since 1970. */
  readonly started: number;
  /** Seconds of processor time. */
  readonly cpu: number;
  /** Bytes. */
  readonly resident: number;
  /** Seconds that timers came late since they were last asked for: by quantile, `0.99`. */
  readonly loopDelays: Readonly<Record<string, number>>;
}

export interface MetricsSurroundings {
  readonly fleet: Fleet;
  readonly clock: Clock;
  readonly version: string;
  /** Asked at each scrape. Default: nothing is said of the process. */
  readonly figures?: () => ProcessFigures;
  /** Of the journal, if there is one. */
  readonly syncs?: Histogram;
  /** What else there is to count. Default: nothing. */
  readonly families?: () => readonly Family[];
  /** Each sample says of which BMC it is: one of ten thousand makes ten thousand series. Default: false. */
  readonly perBmc?: boolean;
}

/** What is counted together: all BMCs, or one. */
interface Counted {
  readonly labels: Labels;
  readonly requests: RequestCounts;
  readonly logIns: Totals;
  readonly datagrams: Totals;
  readonly dropped: Totals;
  readonly faults: Map<string, number>;
}

/**
 * What the BMCs of a process did since this was made, and how the process fares. Costs each request two looks
 * at the clock and a look-up; everything else is added up when somebody scrapes.
 */
export class ProcessMetrics {
  readonly #surroundings: MetricsSurroundings;
  readonly #counted = new Map<string, Counted>();

  constructor(surroundings: MetricsSurroundings) {
    this.#surroundings = surroundings;
    surroundings.fleet.lookOn((bmc) => this.#watch(bmc));
    surroundings.fleet.onSlept((bmc) => this.#add(bmc));
    surroundings.fleet.onGone((bmc) => this.#add(bmc));
  }

  get families(): readonly Family[] {
    const { fleet, version, figures, syncs, families } = this.#surroundings;
    for (const bmc of fleet.awake) this.#add(bmc);
    const all = [...this.#counted.values()];
    const of = (samples: (counted: Counted) => readonly Sample[]): Sample[] => all.flatMap(samples);
    return [
      gauge('ipmi_bmc_build_info', 'The version of ipmi-bmc; the value is 1.', [
        { labels: { version }, value: 1 },
      ]),
      gauge('ipmi_bmc_bmcs', 'BMCs that run.', [{ value: fleet.bmcs.size }]),
      gauge('ipmi_bmc_sessions', 'Open sessions.', this.#sessions()),
      counter(
        'ipmi_bmc_requests',
        'Requests that were answered, by network function, command and completion code.',
        of(({ requests, labels }) => requests.requests(labels)),
      ),
      {
        name: 'ipmi_bmc_request_duration_seconds',
        type: 'histogram',
        help: 'From the router to the answer.',
        samples: of(({ requests, labels }) => requests.durations(labels)),
      },
      counter(
        'ipmi_bmc_logins',
        'Log-ins over LAN and serial lines, by result: admitted, or why not.',
        of(({ logIns, labels }) => samplesOf(logIns, (result) => ({ ...labels, result }))),
      ),
      counter('ipmi_bmc_datagrams', 'Datagrams, by direction and verdict.', of(datagramsOf)),
      counter(
        'ipmi_bmc_faults',
        'Times that a rule of faults struck.',
        of(({ faults, labels }) =>
          Array.from(faults, ([rule, value]) => ({ labels: { ...labels, rule }, value })),
        ),
      ),
      {
        name: 'ipmi_bmc_journal_sync_seconds',
        type: 'histogram',
        help: 'What one datasync of the journal took.',
        samples: syncs?.samples() ?? [],
      },
      ...(figures ? familiesOf(figures()) : []),
      ...(families?.() ?? []),
    ];
  }

  #sessions(): Sample[] {
    const { fleet, perBmc = false } = this.#surroundings;
    const counts = Array.from(fleet.names, (bmc) => ({
      labels: { bmc },
      value: fleet.glance(bmc)?.sessions ?? 0,
    }));
    return perBmc ? counts : [{ value: counts.reduce((sum, { value }) => sum + value, 0) }];
  }

  #watch(bmc: Bmc): void {
    const { requests, faults } = this.#of(bmc);
    requests.watch(bmc.router);
    bmc.taps.add({
      fault: ({ rule }) => {
        const name = faults.has(rule) || faults.size < MOST_RULES ? rule : 'other';
        faults.set(name, (faults.get(name) ?? 0) + 1);
      },
    });
  }

  #add(bmc: Bmc): void {
    const { logIns, datagrams, dropped } = this.#of(bmc);
    logIns.add(bmc.logIns.counters);
    dropped.add(bmc.drops.counters);
    for (const { interface: attached } of bmc.router.attachments)
      if (attached.channel.medium === 'lan' && attached.counters) datagrams.add(attached.counters);
  }

  #of({ name }: Bmc): Counted {
    const key = this.#surroundings.perBmc ? name : '';
    const known = this.#counted.get(key);
    if (known) return known;
    const counted: Counted = {
      labels: key === '' ? {} : { bmc: key },
      requests: new RequestCounts(this.#surroundings.clock),
      logIns: new Totals(),
      datagrams: new Totals(),
      dropped: new Totals(),
      faults: new Map(),
    };
    this.#counted.set(key, counted);
    return counted;
  }
}

/** A number that goes up and down. */
export const gauge = (name: string, help: string, samples: readonly Sample[]): Family => ({
  name,
  type: 'gauge',
  help,
  samples,
});
/** Counts from the start of the process on; `_total` is put behind its name. */
export const counter = (name: string, help: string, samples: readonly Sample[]): Family => ({
  name,
  type: 'counter',
  help,
  samples,
});

const samplesOf = ({ sums }: Totals, labels: (name: string) => Labels): Sample[] =>
  Array.from(sums, ([name, value]) => ({ labels: labels(name), value }));

/** What came is valid, or was dropped for a reason; what was sent has no verdict of ours. */
function datagramsOf({ datagrams, dropped, labels }: Counted): Sample[] {
  const counted = (name: string): number => datagrams.sums.get(name) ?? 0;
  return [
    { labels: { ...labels, direction: 'in', verdict: 'accepted' }, value: counted('valid') },
    ...samplesOf(dropped, (verdict) => ({ ...labels, direction: 'in', verdict })),
    { labels: { ...labels, direction: 'out', verdict: 'sent' }, value: counted('sent') },
  ];
}

function familiesOf({ started, cpu, resident, loopDelays }: ProcessFigures): Family[] {
  return [
    gauge('process_start_time_seconds', 'When the process began, since 1970.', [{ value: started }]),
    counter('process_cpu_seconds', 'Processor time of the process.', [{ value: cpu }]),
    gauge('process_resident_memory_bytes', 'Memory of the process.', [{ value: resident }]),
    {
      name: 'ipmi_bmc_event_loop_delay_seconds',
      type: 'summary',
      help: 'How late timers came since the last scrape.',
      samples: Object.entries(loopDelays).map(([quantile, value]) => ({ labels: { quantile }, value })),
    },
  ];
}
