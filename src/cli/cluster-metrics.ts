import type { Family } from '../metrics/exposition.ts';
import { counter, gauge } from '../metrics/process-metrics.ts';
import type { CallCounters } from '../cluster/handler-calls.ts';

/** How a request of a handler ends. */
const RESULTS = [
  'answers',
  'busy',
  'expired',
  'nobody',
  'bad',
] as const satisfies readonly (keyof CallCounters)[];
const NAMES: Readonly<Record<(typeof RESULTS)[number], string>> = {
  answers: 'answered',
  busy: 'busy',
  expired: 'expired',
  nobody: 'no_responders',
  bad: 'bad_answer',
};

interface Counted {
  readonly byOwner: ReadonlyMap<string, CallCounters & { readonly open: number }>;
  /** `stray`: answers that were dropped. */
  readonly counters: { readonly stray: number };
}

/** What handlers on the bus were asked by this host, and what became of it. */
export function handlerFamilies({ byOwner, counters: { stray } }: Counted): readonly Family[] {
  const owners = [...byOwner];
  return [
    counter(
      'ipmi_bmc_bus_handler_requests',
      'Requests that handlers on the bus were to answer, by owner.',
      owners.map(([owner, { requests }]) => ({ labels: { owner }, value: requests })),
    ),
    counter(
      'ipmi_bmc_bus_handler_results',
      'How requests of handlers on the bus ended, by owner and result.',
      owners.flatMap(([owner, counts]) =>
        RESULTS.map((result) => ({ labels: { owner, result: NAMES[result] }, value: counts[result] })),
      ),
    ),
    gauge(
      'ipmi_bmc_bus_handler_open_requests',
      'Requests that handlers on the bus have at this moment, by owner.',
      owners.map(([owner, { open }]) => ({ labels: { owner }, value: open })),
    ),
    counter(
      'ipmi_bmc_bus_handler_late_answers',
      'Answers of handlers on the bus that came late or twice, and were dropped.',
      owners.length > 0 || stray > 0 ? [{ value: stray }] : [],
    ),
  ];
}
