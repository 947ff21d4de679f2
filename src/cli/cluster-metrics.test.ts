import { expect, test } from 'vitest';
import { PROMETHEUS, textOf } from '../metrics/exposition.ts';
import { handlerFamilies } from './cluster-metrics.ts';

test('23.4: numbers say how requests of handlers on the bus ended; who has none says nothing of them', () => {
  const fans = { requests: 9, answers: 2, busy: 1, expired: 2, nobody: 3, bad: 0, open: 1 };
  const text = textOf(
    handlerFamilies({ byOwner: new Map([['fans', fans]]), counters: { stray: 4 } }),
    PROMETHEUS,
  );
  const results = [...text.matchAll(/results_total\{owner="fans",result="(\w+)"\} (\d+)/g)];
  expect(results.map(([, result, value]) => [result, Number(value)])).toEqual([
    ['answered', 2],
    ['busy', 1],
    ['expired', 2],
    ['no_responders', 3],
    ['bad_answer', 0],
  ]);
  expect(text).toContain('ipmi_bmc_bus_handler_requests_total{owner="fans"} 9\n');
  expect(text).toContain('ipmi_bmc_bus_handler_open_requests{owner="fans"} 1\n');
  expect(text).toContain('ipmi_bmc_bus_handler_late_answers_total 4\n');
  expect(textOf(handlerFamilies({ byOwner: new Map(), counters: { stray: 0 } }), PROMETHEUS)).not.toContain(
    'bus',
  );
});
