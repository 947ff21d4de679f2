import { expect, test } from 'vitest';
import { TopModel } from './top-model.ts';

const request = (bmc: string, command: string, microseconds: number, code = 0) => ({
  kind: 'request' as const,
  time: '2026-01-01T00:00:00.000Z',
  bmc,
  text: '',
  command,
  microseconds,
  code,
});

test('17.2: top counts requests by BMC and finds the slowest commands, a stretch at a time', () => {
  const model = new TopModel();
  model.hear(request('a', 'Get Device ID', 100));
  model.hear(request('a', 'Get Device ID', 300));
  model.hear(request('b', 'Get SDR', 900, 0xc0));
  expect(model.take()).toEqual({
    requests: 3,
    refused: 1,
    byBmc: { a: 2, b: 1 },
    slowest: [
      { command: 'Get SDR', count: 1, most: 900, mean: 900 },
      { command: 'Get Device ID', count: 2, most: 300, mean: 200 },
    ],
  });
  expect(model.take()).toEqual({ requests: 0, refused: 0, byBmc: {}, slowest: [] });
});

test('17.2: the tail of top is the last eight', () => {
  const model = new TopModel();
  for (let i = 0; i < 20; i++) model.hear({ kind: 'sel', time: '', bmc: 'a', text: String(i) });
  expect(model.tail.map(({ text }) => text)).toEqual(['12', '13', '14', '15', '16', '17', '18', '19']);
});
