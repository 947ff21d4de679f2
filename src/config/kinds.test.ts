import { expect, test } from 'vitest';
import { Bmc } from '../bmc.ts';
import type { BackendKind } from '../kinds/backends/index.ts';
import { simWorld } from '../world/sim.ts';
import { parseConfig } from './index.ts';

const made: number[] = [];
const strip: BackendKind<{ readonly type: 'strip'; readonly outlet: number }> = {
  type: 'strip',
  schema: (zod) => zod.strictObject({ type: zod.literal('strip'), outlet: zod.int().min(1).max(8) }),
  make: ({ outlet }) => {
    made.push(outlet);
    return { backend: { power: () => undefined } };
  },
};
const kinds = { backends: [strip] };

test('kinds: entries of a list, with their numbers put in, name a kind that a program brings', () => {
  const text = `bmcs:
- name: node-{n}
  count: { from: 1, to: 2 }
  chassis: { backend: { type: strip, outlet: "{n}" } }
`;
  const bmcs = parseConfig(text, 'bmc.yaml', kinds).map(
    (options) => new Bmc(options, { world: simWorld(1), kinds }),
  );
  expect(bmcs.map(({ name }) => name)).toEqual(['node-1', 'node-2']);
  expect(made).toEqual([1, 2]);
  expect(() => parseConfig(text, 'bmc.yaml')).toThrow('received "strip"');
});

test('kinds: a key that its schema does not have is told, with what was meant', () => {
  const text = 'chassis: { backend: { type: strip, oulet: 1, outlet: 2 } }\n';
  expect(() => parseConfig(text, 'bmc.yaml', kinds)).toThrow(
    'bmc.yaml:1:36 chassis.backend.oulet: unknown key; did you mean outlet?',
  );
});

test('kinds: a type that is taken is refused', () => {
  expect(() => parseConfig('', 'bmc.yaml', { backends: [strip, strip] })).toThrow(
    'two of them have type strip',
  );
  expect(() => parseConfig('', 'bmc.yaml', { backends: [{ ...strip, type: 'http' }] })).toThrow(
    'two of them have type http',
  );
});

test('kinds: settings of a kind that nobody brought are an error at their place', () => {
  const [options] = parseConfig('chassis: { backend: { type: strip, outlet: 1 } }', 'f', kinds);
  expect(() => new Bmc(options, { world: simWorld(1) })).toThrow(
    expect.objectContaining({ name: 'SettingsError', path: ['chassis', 'backend', 'type'] }) as Error,
  );
});
