import { expect, test } from 'vitest';
import { formFor, OPEN_METRICS, PROMETHEUS, textOf, type Family } from './exposition.ts';
import { Histogram } from './histogram.ts';
import { Totals } from './totals.ts';

const family: Family = {
  name: 'x_things',
  type: 'counter',
  help: 'Back\\slash, "quotes"\nand a line.',
  samples: [{ labels: { name: 'a"b\\c\nd' }, value: 3 }],
};

test('21.2: texts are escaped as each form wants it; a counter has its suffix once', () => {
  expect(textOf([family], PROMETHEUS)).toBe(
    '# HELP x_things_total Back\\\\slash, "quotes"\\nand a line.\n# TYPE x_things_total counter\n' +
      'x_things_total{name="a\\"b\\\\c\\nd"} 3\n',
  );
  expect(textOf([family], OPEN_METRICS)).toBe(
    '# HELP x_things Back\\\\slash, \\"quotes\\"\\nand a line.\n# TYPE x_things counter\n' +
      'x_things_total{name="a\\"b\\\\c\\nd"} 3\n# EOF\n',
  );
});

test('21.2: what is not a number, or has no end, is written as scrapers read it; an empty family is none', () => {
  const gauge = (value: number): Family => ({ name: 'g', type: 'gauge', help: 'h', samples: [{ value }] });
  const valueOf = (value: number): string => textOf([gauge(value)], PROMETHEUS).split('\n')[2];
  expect([NaN, Infinity, -Infinity, -0.5].map(valueOf)).toEqual(['g NaN', 'g +Inf', 'g -Inf', 'g -0.5']);
  expect(textOf([{ ...family, samples: [] }], PROMETHEUS)).toBe('');
});

test('21.2: OpenMetrics only to who names it', () => {
  expect(formFor(null)).toBe(PROMETHEUS);
  expect(formFor('text/plain;version=0.0.4;q=0.5,*/*;q=0.1')).toBe(PROMETHEUS);
  expect(formFor('application/openmetrics-text; version=1.0.0; charset=utf-8;q=0.8, text/plain')).toBe(
    OPEN_METRICS,
  );
  expect(formFor('Application/OpenMetrics-Text;q=0')).toBe(PROMETHEUS);
});

test('21.2: buckets of a histogram hold all that is at most as much', () => {
  const histogram = new Histogram([0.1, 1]);
  for (const seconds of [0.05, 0.1, 0.5, 7]) histogram.observe(seconds);
  expect(histogram.samples({ a: 'b' })).toEqual([
    { suffix: '_bucket', labels: { a: 'b', le: '0.1' }, value: 2 },
    { suffix: '_bucket', labels: { a: 'b', le: '1' }, value: 3 },
    { suffix: '_bucket', labels: { a: 'b', le: '+Inf' }, value: 4 },
    { suffix: '_sum', labels: { a: 'b' }, value: 7.65 },
    { suffix: '_count', labels: { a: 'b' }, value: 4 },
  ]);
});

test('21.2: sums never go down, whatever begins again', () => {
  const totals = new Totals();
  const one = { sent: 5 };
  totals.add(one);
  one.sent = 7;
  totals.add(one);
  totals.add(one);
  one.sent = 2;
  totals.add(one);
  totals.add({ sent: 10 });
  expect(totals.sums.get('sent')).toBe(19);
});
