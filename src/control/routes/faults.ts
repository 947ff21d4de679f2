import { z } from '@hono/zod-openapi';
import { ruleSchema } from '../../config/faults-schema.ts';
import { nearest } from '../../config/wording.ts';
import { presets, type Faults, type FaultRule, type RuleThere } from '../../faults/index.ts';
import { bmcRoute } from '../bmc-route.ts';
import { refusal } from '../problem.ts';
import { checkReadableOf } from '../readable.ts';
import { orRefused } from '../settings-refused.ts';

const LAYERS = ['datagram', 'session', 'command', 'condition'] as const;

const fault = z
  .strictObject({
    id: z.string(),
    layer: z.enum(LAYERS),
    hits: z.int(),
    waiting: z.boolean().openapi({ description: 'It waits for its `after`.' }),
    preset: z.string().optional().openapi({ description: 'The story that it came with.' }),
    rule: z
      .record(z.string(), z.unknown())
      .openapi({ description: 'As it was given: `when`, `then`, `chance` ...' }),
  })
  .openapi('Fault');
const list = z.strictObject({ rules: z.array(fault) }).openapi('Faults');
const preset = z
  .strictObject({ name: z.string(), effect: z.string(), finding: z.string() })
  .openapi('Preset');

export type FaultShown = z.infer<typeof fault>;
export type FaultList = z.infer<typeof list>;
export type PresetShown = z.infer<typeof preset>;

const shown = ({ id, layer, hits, isWaiting, rule, preset: from }: RuleThere): FaultShown => ({
  id,
  layer,
  hits,
  waiting: isWaiting,
  ...(from !== undefined && { preset: from }),
  rule: { ...rule },
});

const listOf = (faults: Faults): FaultList => ({ rules: faults.list.map(shown) });

function noFault(faults: Faults, id: string): Error {
  const known = faults.list.flatMap(({ id: own, preset: from }) =>
    from === undefined ? [own] : [own, from],
  );
  const near = nearest(id, known);
  return refusal('not-found', `there is no rule '${id}'`, {
    key: 'id',
    ...(near !== undefined && { nearest: near }),
    next: 'GET /v1/bmcs/{bmc}/faults lists them',
  });
}

const ruleId = z.object({ id: z.string().min(1).openapi({ description: 'Id of a rule.' }) });
const SDR = { id: 'busy-sdr', when: { command: 'get-sdr' }, then: { complete: 'C0h' }, times: 3 };
/** What an example works on. */
const AFTER = ['POST /v1/bmcs/node-1/faults/presets/wrong-clock'];

export const faultRoutes = [
  bmcRoute({
    method: 'get',
    path: '/faults',
    role: 'read',
    tag: 'Faults',
    summary: 'The fault rules that there are, in order, with their hits (docs/faults.md).',
    answer: list,
    example: { path: '/v1/bmcs/node-1/faults' },
    handle: ({ faults }) => listOf(faults),
  }),
  bmcRoute({
    method: 'post',
    path: '/faults',
    role: 'operate',
    tag: 'Faults',
    summary: 'One more rule, behind the others. It lasts until it is removed, is over, or the BMC ends.',
    body: ruleSchema,
    answer: fault,
    status: 201,
    example: { path: '/v1/bmcs/node-1/faults', body: SDR },
    handle(bmc, { body }) {
      const { faults } = bmc;
      const { sensor } = body.then;
      if (typeof sensor?.is === 'number') checkReadableOf(bmc, sensor.name, sensor.is, 'then.sensor.is');
      const { id } = orRefused(() => faults.add(body as FaultRule));
      const there = faults.list.find((rule) => rule.id === id);
      // A condition may be over as soon as it began.
      if (there === undefined) throw refusal('conflict', `the rule '${id}' is over already`);
      return shown(there);
    },
  }),
  bmcRoute({
    method: 'delete',
    path: '/faults',
    role: 'operate',
    tag: 'Faults',
    summary: 'Stops all scenarios and takes all rules off: the BMC is well again.',
    example: { path: '/v1/bmcs/node-1/faults' },
    handle: ({ faults }) => void faults.clear(),
  }),
  bmcRoute({
    method: 'get',
    path: '/faults/presets',
    role: 'read',
    tag: 'Faults',
    summary: 'Stories that can be armed: what a client sees, and what a monitor should find.',
    answer: z.strictObject({ presets: z.array(preset) }),
    example: { path: '/v1/bmcs/node-1/faults/presets' },
    handle: () => ({
      presets: Object.entries(presets).map(([name, { effect, finding }]) => ({ name, effect, finding })),
    }),
  }),
  bmcRoute({
    method: 'post',
    path: '/faults/presets/{preset}',
    role: 'operate',
    tag: 'Faults',
    summary: 'Arms a story: all its rules.',
    params: z.object({ preset: z.string().min(1).openapi({ description: 'Name of a story.' }) }),
    answer: list,
    status: 201,
    example: { path: '/v1/bmcs/node-1/faults/presets/overloaded' },
    handle({ faults }, { params: { preset: name } }) {
      if (!Object.hasOwn(presets, name)) {
        const near = nearest(name, Object.keys(presets));
        throw refusal('not-found', `there is no story '${name}'`, {
          key: 'preset',
          ...(near !== undefined && { nearest: near }),
          next: 'GET /v1/bmcs/{bmc}/faults/presets lists them',
        });
      }
      if (faults.list.some((rule) => rule.preset === name))
        throw refusal('conflict', `the story '${name}' is armed already`, { key: 'preset' });
      orRefused(() => faults.preset(name));
      return { rules: faults.list.filter((rule) => rule.preset === name).map(shown) };
    },
  }),
  bmcRoute({
    method: 'get',
    path: '/faults/{id}',
    role: 'read',
    tag: 'Faults',
    summary: 'One rule with its hits.',
    params: ruleId,
    answer: fault,
    example: { path: '/v1/bmcs/node-1/faults/wrong-clock', after: AFTER },
    handle({ faults }, { params: { id } }) {
      const found = faults.list.find((rule) => rule.id === id);
      if (found === undefined) throw noFault(faults, id);
      return shown(found);
    },
  }),
  bmcRoute({
    method: 'delete',
    path: '/faults/{id}',
    role: 'operate',
    tag: 'Faults',
    summary: 'Takes a rule off by its id, or all rules of a story by its name.',
    params: ruleId,
    example: { path: '/v1/bmcs/node-1/faults/wrong-clock', after: AFTER },
    handle({ faults }, { params: { id } }) {
      if (!faults.remove(id)) throw noFault(faults, id);
    },
  }),
];
