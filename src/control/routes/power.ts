import { z } from '@hono/zod-openapi';
import { CC, IpmiError } from '../../codec/index.ts';
import { bmcRoute } from '../bmc-route.ts';

const power = z
  .strictObject({ power: z.enum(['on', 'off']), machine: z.enum(['simulated', 'connected', 'away']) })
  .openapi('Power');
export type PowerState = z.infer<typeof power>;
const ACTIONS = ['on', 'off', 'cycle', 'reset', 'diag', 'soft'] as const;
/** What a machine without power cannot do (IPMI 2.0 §28.3). */
const NEEDS_POWER: readonly string[] = ['cycle', 'reset', 'diag', 'soft'];

export const powerRoutes = [
  bmcRoute({
    method: 'get',
    path: '/power',
    role: 'read',
    tag: 'Power',
    summary: 'Whether the machine has power.',
    answer: power,
    example: { path: '/v1/bmcs/node-1/power' },
    handle: ({ chassis }) => ({
      power: chassis.isOn ? ('on' as const) : ('off' as const),
      machine: chassis.machine,
    }),
  }),
  bmcRoute({
    method: 'post',
    path: '/power',
    role: 'operate',
    tag: 'Power',
    summary: 'Switches the machine as Chassis Control does: `on`, `off`, `cycle`, `reset`, `diag`, `soft`.',
    body: z.strictObject({ action: z.enum(ACTIONS) }),
    answer: power,
    example: { path: '/v1/bmcs/node-1/power', body: { action: 'reset' } },
    async handle({ chassis }, { body: { action } }) {
      if (!chassis.isOn && NEEDS_POWER.includes(action))
        throw new IpmiError(CC.NotSupportedInState, `${action} while the power is off`);
      await chassis.control(action);
      return { power: chassis.isOn ? ('on' as const) : ('off' as const), machine: chassis.machine };
    },
  }),
];
