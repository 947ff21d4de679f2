import { z } from '@hono/zod-openapi';
import type { Bmc } from '../../bmc.ts';
import { bmcRoute } from '../bmc-route.ts';

/** By their numbers (IPMI 2.0 §28.2, §28.11). */
const POLICIES = ['always-off', 'previous', 'always-on'] as const;
const IDENTIFY = ['off', 'timed', 'on'] as const;
const CAUSES: readonly string[] = [
  'unknown',
  'chassis control',
  'reset button',
  'power button',
  'watchdog',
  'OEM',
  'always restored',
  'restored as it was',
  'PEF reset',
  'PEF power cycle',
  'soft reset',
  'real-time clock',
];

const chassis = z
  .strictObject({
    power: z.enum(['on', 'off']),
    machine: z.enum(['simulated', 'connected', 'away']),
    restorePolicy: z.enum(POLICIES).openapi({ description: 'What becomes of it when its mains come back.' }),
    restartCause: z.string().openapi({ description: 'Why it started last.' }),
    identify: z.enum(IDENTIFY),
    faults: z.array(z.string()).openapi({ description: 'Fault bits of Get Chassis Status that are set.' }),
  })
  .openapi('Chassis');
export type ChassisState = z.infer<typeof chassis>;

function stateOf({ chassis: own, frontPanel }: Bmc): ChassisState {
  return {
    power: own.isOn ? 'on' : 'off',
    machine: own.machine,
    restorePolicy: POLICIES[own.restorePolicy] ?? 'previous',
    restartCause: CAUSES[own.restartCause.cause] ?? 'unknown',
    identify: IDENTIFY[frontPanel.identifyState],
    faults: Object.entries(own.faults).flatMap(([name, isSet]) => (isSet ? [name] : [])),
  };
}

export const chassisStateRoutes = [
  bmcRoute({
    method: 'get',
    path: '/chassis',
    role: 'read',
    tag: 'Chassis',
    summary: 'The chassis: power, what becomes of it after a loss of mains, why it started last, its faults.',
    answer: chassis,
    example: { path: '/v1/bmcs/node-1/chassis' },
    handle: stateOf,
  }),
  bmcRoute({
    method: 'put',
    path: '/chassis',
    role: 'operate',
    tag: 'Chassis',
    summary: 'Sets the power restore policy, as Set Power Restore Policy does.',
    body: z.strictObject({ restorePolicy: z.enum(POLICIES) }),
    answer: chassis,
    example: { path: '/v1/bmcs/node-1/chassis', body: { restorePolicy: 'always-on' } },
    async handle(bmc, { body: { restorePolicy } }) {
      await bmc.chassis.setRestorePolicy(POLICIES.indexOf(restorePolicy));
      return stateOf(bmc);
    },
  }),
];
