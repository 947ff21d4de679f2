// What LAN and PEF show of their configuration parameters: by number and name, as bytes and as fields.
import { z } from '@hono/zod-openapi';
import { IpmiError } from '../../codec/index.ts';
import { selectorsOf, type Parameter } from '../../commands/parameters/parameter.ts';
import { plain } from '../raw-values.ts';
import { hexOf } from '../sel-text.ts';

/** A parameter of a `family`, whose schema has a name of its own in OpenAPI. */
export const parameterState = (family: string) =>
  z
    .strictObject({
      parameter: z.int(),
      name: z.string(),
      set: z.int().optional(),
      data: z.string().openapi({ description: 'Hex digits, a set selector in front.' }),
      values: z.record(z.string(), z.unknown()).nullable(),
    })
    .openapi(`${family}Parameter`);
export type ParameterState = z.infer<ReturnType<typeof parameterState>>;

/** Data of a parameter, set selector in front. Throws IpmiError where there is no such set or parameter. */
export type ReadParameter = (selector: number, set: number, block: number) => Uint8Array;

/** One set of a parameter; nothing where the BMC does not have it. Bytes that do not decode have no `values`. */
export function shownParameter(
  read: ReadParameter,
  parameter: Parameter,
  set: number,
): ParameterState | undefined {
  const { selector, name, sets, layout, firstBlock } = parameter;
  let data: Uint8Array;
  try {
    data = read(selector, set, firstBlock);
  } catch (error) {
    if (error instanceof IpmiError) return undefined;
    throw error;
  }
  let values: Record<string, unknown> | null;
  try {
    values = plain(layout.decode(data, selectorsOf(parameter))) as Record<string, unknown>;
  } catch {
    values = null;
  }
  return { parameter: selector, name, ...(sets !== undefined && { set }), data: hexOf(data), values };
}

/** All that may be read and is no secret, of those with sets the first `mostSets`. */
export const shownParameters = (
  read: ReadParameter,
  all: readonly Parameter[],
  mostSets = Infinity,
): ParameterState[] =>
  all
    .filter(({ secret, access }) => !secret && access !== 'write-only')
    .flatMap((parameter) =>
      Array.from(
        { length: Math.min(parameter.sets ?? 1, mostSets) },
        (_, i) => shownParameter(read, parameter, parameter.firstSet + i) ?? [],
      ).flat(),
    );
