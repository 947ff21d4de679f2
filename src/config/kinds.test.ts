import { expect, test } from 'vitest';
import { Bmc, Templates } from '../bmc.ts';
import { Fleet } from '../fleet/index.ts';
import type { BackendKind } from '../kinds/backends/index.ts';
import type { ConsoleKind } from '../kinds/consoles/index.ts';
import { interfaces, type InterfaceKind } from '../kinds/interfaces/index.ts';
import { sources, type SourceKind } from '../kinds/sources/index.ts';
import { Context, type Dispatch, type Interface } from '../router/index.ts';
import { MediumType, ProtocolType, SessionSupport } from '../commands/codes/channels.ts';
import { simWorld } from '../world/sim.ts';
import { parseConfig, type BmcOptions, type Kinds } from './index.ts';

const made: number[] = [];
const strip: BackendKind<{ readonly type: 'strip'; readonly outlet: number }> = {
  type: 'strip',
  schema: (zod) => zod.strictObject({ type: zod.literal('strip'), outlet: zod.int().min(1).max(8) }),
  make: ({ outlet }) => {
    made.push(outlet);
    return { backend: { power: () => undefined } };
  },
};

/** Answers whoever has the program's `ask`. */
let ask: ((netFn: number, cmd: number) => number[]) | undefined;
const call: InterfaceKind<{
  readonly type: 'call';
  readonly channel?: number;
  readonly desk?: number;
}> = {
  type: 'call',
  schema: (zod) =>
    zod.strictObject({
      type: zod.literal('call'),
      channel: zod.int().min(1).max(11).optional(),
      desk: zod.int().optional(),
    }),
  defaults: { channel: 5 },
  channel: ({ channel }) => ({
    number: channel,
    medium: MediumType.OtherLan,
    protocol: ProtocolType.Ipmb,
    sessionSupport: SessionSupport.None,
  }),
  dangers: () => ['whoever calls is served'],
  places: ({ desk }) => [
    { key: 'desk', what: 'path', place: desk === undefined ? undefined : `desk ${desk}` },
  ],
  make({ channel }, { bmc }) {
    const calls: Interface<typeof bmc> = {
      channel: { number: channel, medium: 'lan', maxAnswer: 255 },
      async open(dispatch: Dispatch<typeof bmc>) {
        ask = (netFn, cmd) => {
          const message = { netFn, lun: 0, cmd, data: new Uint8Array() };
          const answer = dispatch(message, new Context(bmc, calls.channel, 2));
          return answer instanceof Promise ? [] : [...answer];
        };
      },
      close: async () => undefined,
    };
    return { interface: calls, address: () => `call ${channel}` };
  },
};
const steps: SourceKind<{ readonly steps: number }> = {
  key: 'steps',
  schema: (zod) => zod.strictObject({ steps: zod.number().max(100) }),
  make: ({ steps: size }) => ({ moves: false, value: () => 3 * size }),
};
const early: ConsoleKind<{ readonly type: 'early' }> = {
  type: 'early',
  schema: (zod) => zod.strictObject({ type: zod.literal('early') }),
  async plug(_options, { bmc }) {
    bmc.console.plug((port) => {
      port.available(true);
      return { write: () => true, close: async () => undefined };
    });
  },
};
const kinds: Kinds = { backends: [strip], interfaces: [call], sources: [steps], consoles: [early] };
const sensor = (value: string): string =>
  `{ name: A, entity: '7.1', type: temperature, unit: degrees C, range: [0, 255], value: ${value} }`;
const parse = (text: string): BmcOptions[] => parseConfig(text, 'f', kinds);

test('kinds: entries of a list, with their numbers put in, name a kind that a program brings', () => {
  const text = `bmcs:
- name: node-{n}
  count: { from: 1, to: 2 }
  chassis: { backend: { type: strip, outlet: "{n}" } }
`;
  const bmcs = parse(text).map((options) => new Bmc(options, { world: simWorld(1), kinds }));
  expect(bmcs.map(({ name }) => name)).toEqual(['node-1', 'node-2']);
  expect(made).toEqual([1, 2]);
  expect(() => parseConfig(text, 'bmc.yaml')).toThrow('received "strip"');
});

test.each([
  [
    'a key that its schema does not have, with what was meant',
    'chassis: { backend: { type: strip, oulet: 1, outlet: 2 } }',
    'f:1:36 chassis.backend.oulet: unknown key; did you mean outlet?',
  ],
  [
    'a type that nobody knows, with those of the program',
    'interfaces: [{ type: cal }]',
    `f:1:22 interfaces.0.type: expected one of ${interfaces.map(({ type }) => `"${type}"|`).join('')}"call", received "cal"`,
  ],
  [
    'a value of an interface',
    'interfaces: [{ type: call, channel: 12 }]',
    'f:1:37 interfaces.0.channel: expected number to be <=11, received 12',
  ],
  [
    'a value of a source',
    `sensors: [${sensor('{ steps: 101 }')}]`,
    'f:1:106 sensors.0.value.steps: expected number to be <=100, received 101',
  ],
  [
    'a source that nobody knows',
    `sensors: [${sensor('{ stepps: 1 }')}]`,
    `expected a number, or an object with one of ${sources.map(({ key }) => key).join(', ')}, steps`,
  ],
  [
    'a source of a satellite',
    `satellites: [{ address: 0x82, sensors: [${sensor('{ steps: 101 }')}] }]`,
    'satellites.0.sensors.0.value.steps: expected number to be <=100, received 101',
  ],
])('kinds: a file is told its place of %s', (_name, text, problem) =>
  expect(() => parse(text)).toThrow(problem),
);

test('kinds: an interface, a source and a console of a program serve a BMC, its satellites too', async () => {
  const world = simWorld(1);
  const [options] = parse(`
interfaces: [{ type: call }]
sensors: [${sensor('{ steps: 7 }')}]
sol: { console: { type: early } }
satellites: [{ address: 0x82, sensors: [${sensor('{ steps: 9 }')}] }]
`);
  const warned: string[] = [];
  const nothing = (): void => undefined;
  const log = {
    debug: nothing,
    info: nothing,
    warn: (line: string) => void warned.push(line),
    error: nothing,
  };
  const bmc = new Bmc(options, { world, kinds, log });
  await world.until(bmc.open());
  expect(bmc.interfaces.slice(0, 1)).toEqual([{ bmc: 'bmc', type: 'call', channel: 5, address: 'call 5' }]);
  expect(ask?.(6, 1).slice(0, 2)).toEqual([0, 0x20]);
  expect(bmc.sensors.get('A').read().raw).toBe(21);
  expect(bmc.satellites[0].sensors.get('A').read().raw).toBe(27);
  expect(bmc.console.available).toBe(true);
  expect(warned.join()).toContain('whoever calls is served');
  await world.until(bmc.close());
});

test('kinds: a fleet hands them to its BMCs, and to those that it makes anew', async () => {
  const world = simWorld(1);
  const fleet = new Fleet({ world, kinds });
  const file = (size: number): BmcOptions[] =>
    parse(
      `bmcs: [{ name: a, interfaces: [{ type: call, desk: ${size} }], sensors: [${sensor(`{ steps: ${size} }`)}] }]`,
    );
  for (const size of [5, 6]) {
    const { refused, failed } = await world.until(fleet.apply(file(size)));
    expect([...refused, ...failed]).toEqual([]);
    expect(fleet.bmcs.get('a')?.sensors.get('A').read().raw).toBe(3 * size);
  }
  await world.until(fleet.close());
});

test('kinds: a type, or a key, that is taken is refused', () => {
  expect(() => parseConfig('', 'bmc.yaml', { backends: [strip, strip] })).toThrow(
    'two of them have type strip',
  );
  expect(() => parseConfig('', 'bmc.yaml', { backends: [{ ...strip, type: 'http' }] })).toThrow(
    'two of them have type http',
  );
  expect(() => parseConfig('', 'bmc.yaml', { sources: [{ ...steps, key: 'push' }] })).toThrow(
    'two of them have key push',
  );
});

test('kinds: settings of a kind that nobody brought are an error at their place', () => {
  const world = simWorld(1);
  const refused = (text: string, path: readonly (string | number)[]): void =>
    expect(() => new Bmc(parse(text)[0], { world })).toThrow(
      expect.objectContaining({ name: 'SettingsError', path }) as Error,
    );
  refused('chassis: { backend: { type: strip, outlet: 1 } }', ['chassis', 'backend', 'type']);
  refused('interfaces: [{ type: call }]', ['interfaces', 0, 'type']);
  refused(`sensors: [${sensor('{ steps: 1 }')}]`, ['sensors', 0, 'value']);
});

test('kinds: templates that are shared tell apart what the same settings mean with other kinds', () => {
  const world = simWorld(1);
  const [options] = parse(`sensors: [${sensor('{ steps: 2 }')}]`);
  const more: Kinds = { sources: [{ ...steps, make: () => ({ moves: false, value: () => 99 }) }] };
  const templates = new Templates();
  const raw = (brought: Kinds): number =>
    new Bmc(options, { world, kinds: brought, templates }).sensors.get('A').read().raw;
  expect([raw(kinds), raw(more), raw(kinds)]).toEqual([6, 99, 6]);
});

test.each([
  ['of another type', 'token: 123456'],
  ['too long', 'token: abcdefghijk'],
  ['in a list', "tokens: ['abcdefghijk']"],
  ['not what it looks like', 'token: 0123456'],
])('kinds: what a schema marks as a secret is in no message: %s', (_name, key) => {
  const safe: BackendKind<{ readonly type: 'safe' }> = {
    type: 'safe',
    schema: (zod) =>
      zod.strictObject({
        type: zod.literal('safe'),
        token: zod.string().max(8).optional().meta({ secret: true }),
        tokens: zod.array(zod.string().max(8)).meta({ secret: true }).optional(),
      }),
    make: () => ({}),
  };
  let told = '';
  try {
    parseConfig(`chassis: { backend: { type: safe, ${key} } }`, 'f', { backends: [safe] });
  } catch (error) {
    told = (error as Error).message;
  }
  expect(told).toMatch(/^f:1:\d+ chassis\.backend\.token/);
  expect(told).not.toMatch(/123456|abcdefghijk/);
});
