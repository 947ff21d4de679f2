import { z } from '@hono/zod-openapi';
import type { Bmc } from '../../bmc.ts';
import { IpmiError } from '../../codec/index.ts';
import { selectorsOf, type Parameter } from '../../commands/parameters/parameter.ts';
import { pefParameters } from '../../commands/parameters/pef.ts';
import { bmcRoute } from '../bmc-route.ts';
import { plain } from '../raw-values.ts';
import { hexOf } from '../sel-text.ts';

const parameter = z
  .strictObject({
    parameter: z.int(),
    name: z.string(),
    set: z.int().optional(),
    data: z.string().openapi({ description: 'Hex digits, a set selector in front.' }),
    values: z.record(z.string(), z.unknown()).nullable(),
  })
  .openapi('PefParameter');
export type PefParameterState = z.infer<typeof parameter>;

function shown({ pef }: Bmc, parameter: Parameter, set: number): PefParameterState[] {
  try {
    const data = pef.parameters.get(parameter.selector, set, parameter.firstBlock);
    const { selector, name, sets } = parameter;
    const values = plain(parameter.layout.decode(data, selectorsOf(parameter))) as Record<string, unknown>;
    return [{ parameter: selector, name, ...(sets !== undefined && { set }), data: hexOf(data), values }];
  } catch (error) {
    // There is no such set, or the BMC does not have the parameter.
    if (error instanceof IpmiError) return [];
    throw error;
  }
}

/** An entry of a table that is not enabled is one that nobody uses. */
const isUsed = ({ set, values }: PefParameterState): boolean =>
  set === undefined || values?.enabled !== false;

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
    handle: (bmc) => ({
      parameters: pefParameters.all
        .filter(({ secret, access }) => !secret && access !== 'write-only')
        .flatMap((parameter) =>
          Array.from({ length: parameter.sets ?? 1 }, (_, i) =>
            shown(bmc, parameter, parameter.firstSet + i),
          ).flat(),
        )
        .filter(isUsed),
    }),
  }),
];
