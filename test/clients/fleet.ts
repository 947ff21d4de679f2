// A fleet with the judged platform in the midst of it.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { BmcOptions } from '../../src/bmc.ts';
import { judged } from '../support/cli.ts';

/** UDP port of number 0 on 127.0.0.1; each next one has the next. */
export const FIRST_PORT = 20_000;

interface Place {
  readonly count: number;
  /** Which of them is judged; it listens on `port`. */
  readonly number: number;
  readonly port: number;
}

/**
 * Settings of so many BMCs: one is the judged platform as it is, the others the same without its satellites, so
 * that they sleep and are made when they are asked.
 */
export function fleetAround({ count, number, port }: Place): string {
  const platform = parse(readFileSync(judged, 'utf8')) as BmcOptions;
  const { interfaces: [lan] = [], satellites, ...others } = platform;
  const entries = (from: number, to: number): object[] =>
    to < from
      ? []
      : [
          {
            ...others,
            name: 'node-{n}',
            interfaces: [{ ...lan, listen: `127.0.0.1:{${FIRST_PORT}+n}` }],
            count: { from, to },
          },
        ];
  return JSON.stringify({
    bmcs: [
      ...entries(0, number - 1),
      {
        ...others,
        name: `node-${number}`,
        satellites,
        interfaces: [{ ...lan, listen: `127.0.0.1:${port}` }],
      },
      ...entries(number + 1, count - 1),
    ],
  });
}
