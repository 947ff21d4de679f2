import { z } from '@hono/zod-openapi';
import { pefParameters } from '../../commands/parameters/pef.ts';
import { bmcRoute } from '../bmc-route.ts';
import { parameterState, shownParameters, type ParameterState } from './parameter-state.ts';

const parameter = parameterState('Pef');

/** An entry of a table that is not enabled is one that nobody uses. */
const isUsed = ({ set, values }: ParameterState): boolean => set === undefined || values?.enabled !== false;

export const pefRoutes = [
  bmcRoute({
    method: 'get',
    path: '/pef',
    role: 'read',
    tag: 'PEF',
    summary:
      'PEF configuration parameters by name; of the filter and the policy table the entries that are enabled.',
    answer: z.strictObject({ parameters: z.array(parameter) }).openapi('Pef'),
    example: { path: '/v1/bmcs/node-1/pef' },
    handle: ({ pef }) => ({
      parameters: shownParameters(
        (selector, set, block) => pef.parameters.get(selector, set, block),
        pefParameters.all,
      ).filter(isUsed),
    }),
  }),
];
