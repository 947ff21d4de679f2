import { z } from '@hono/zod-openapi';
import { stepsSchema, whenSchema } from '../../config/faults-schema.ts';
import { nearest } from '../../config/wording.ts';
import type { Faults, FaultWhen, ScenarioOptions, ScenarioRun } from '../../faults/index.ts';
import type { Bmc } from '../../bmc.ts';
import { bmcRoute } from '../bmc-route.ts';
import { refusal } from '../problem.ts';
import { checkReadableOf } from '../readable.ts';
import { orRefused } from '../settings-refused.ts';

const running = z
  .strictObject({
    name: z.string(),
    armed: z.boolean().openapi({ description: 'It waits for the request that begins it.' }),
    state: z.string().optional().openapi({ description: 'Of the last step that had one.' }),
  })
  .openapi('RunningScenario');
const ended = z
  .strictObject({
    name: z.string(),
    outcome: z.enum(['done', 'failed', 'stopped']),
    step: z.int().optional().openapi({ description: 'The one that failed, from 0.' }),
    why: z.string().optional(),
  })
  .openapi('EndedScenario');
const scenarios = z
  .strictObject({
    names: z.array(z.string()).openapi({ description: 'Those of the settings.' }),
    running: z.array(running),
    ended: z.array(ended).openapi({ description: 'The last 32 that are over, oldest first.' }),
  })
  .openapi('Scenarios');

export type ScenarioShown = z.infer<typeof running>;
export type ScenarioList = z.infer<typeof scenarios>;

const shown = ({ name, state, isArmed }: ScenarioRun): ScenarioShown => ({
  name,
  armed: isArmed,
  ...(state !== undefined && { state }),
});

const brought = z.strictObject({ name: z.string().min(1), steps: stepsSchema });
const named = z.object({ name: z.string().min(1).openapi({ description: 'Name of a scenario.' }) });
const begins = z
  .strictObject({ when: whenSchema.optional() })
  .openapi({ description: '`when`: the request that it waits for. Default: the first one.' });

/** Throws ControlError. */
function known(faults: Faults, name: string): string {
  if (faults.scenarios.includes(name)) return name;
  const near = nearest(name, faults.scenarios);
  throw refusal('not-found', `the settings have no scenario '${name}'`, {
    key: 'name',
    ...(near !== undefined && { nearest: near }),
    next: 'GET /v1/bmcs/{bmc}/scenarios lists them',
  });
}

/** Throws ControlError for what a sensor is to read and cannot. */
function checkReadings(bmc: Bmc, steps: z.infer<typeof stepsSchema>): void {
  for (const [i, { step, ramp, fault }] of steps.entries()) {
    const check = (sensor: string, value: unknown, key: string): void => {
      if (typeof value === 'number') checkReadableOf(bmc, sensor, value, `steps.${i}.${key}`);
    };
    if (step) check(step.sensor, step.to, 'step.to');
    if (ramp) check(ramp.sensor, ramp.from, 'ramp.from');
    if (ramp) check(ramp.sensor, ramp.to, 'ramp.to');
    const failing = fault?.then.sensor;
    if (failing) check(failing.name, failing.is, 'fault.then.sensor.is');
  }
}

const WARM = {
  name: 'warmer',
  steps: [{ state: 'warm', step: { sensor: 'CPU1 Temp', to: 60 } }, { hold: '10m' }],
};

export const scenarioRoutes = [
  bmcRoute({
    method: 'get',
    path: '/scenarios',
    role: 'read',
    tag: 'Scenarios',
    summary: 'Scenarios of the settings, those under way, and how the last ones ended.',
    answer: scenarios,
    example: { path: '/v1/bmcs/node-1/scenarios' },
    handle: ({ faults }) => ({
      names: [...faults.scenarios],
      running: faults.running.map(shown),
      ended: faults.ended.map((scenario) => ({ ...scenario })),
    }),
  }),
  bmcRoute({
    method: 'post',
    path: '/scenarios',
    role: 'operate',
    tag: 'Scenarios',
    summary: 'Begins a scenario that is given here.',
    body: brought,
    answer: running,
    status: 201,
    example: { path: '/v1/bmcs/node-1/scenarios', body: WARM },
    handle(bmc, { body }) {
      checkReadings(bmc, body.steps);
      return shown(orRefused(() => bmc.faults.run(body as ScenarioOptions)));
    },
  }),
  bmcRoute({
    method: 'post',
    path: '/scenarios/{name}/run',
    role: 'operate',
    tag: 'Scenarios',
    summary: 'Begins a scenario of the settings.',
    params: named,
    answer: running,
    status: 201,
    example: { path: '/v1/bmcs/node-1/scenarios/warm/run' },
    handle: ({ faults }, { params: { name } }) => shown(orRefused(() => faults.run(known(faults, name)))),
  }),
  bmcRoute({
    method: 'post',
    path: '/scenarios/{name}/arm',
    role: 'operate',
    tag: 'Scenarios',
    summary:
      'Begins one of the settings with the first request that fits: its times are reckoned from there.',
    params: named,
    body: begins,
    answer: running,
    status: 201,
    example: {
      path: '/v1/bmcs/node-1/scenarios/warm/arm',
      body: { when: { command: 'chassis-control' } },
    },
    handle: ({ faults }, { params: { name }, body: { when } }) =>
      shown(orRefused(() => faults.arm(known(faults, name), when as FaultWhen | undefined))),
  }),
  bmcRoute({
    method: 'delete',
    path: '/scenarios/{name}',
    role: 'operate',
    tag: 'Scenarios',
    summary: 'Stops every one of this name that is under way; what it has brought about is taken back.',
    params: named,
    example: {
      path: '/v1/bmcs/node-1/scenarios/warm',
      after: ['POST /v1/bmcs/node-1/scenarios/warm/run'],
    },
    handle({ faults }, { params: { name } }) {
      const all = faults.running.filter((run) => run.name === name);
      if (all.length === 0) {
        const near = nearest(
          name,
          faults.running.map((run) => run.name),
        );
        throw refusal('not-found', `no scenario '${name}' is under way`, {
          key: 'name',
          ...(near !== undefined && { nearest: near }),
        });
      }
      for (const run of all) run.stop();
    },
  }),
];
