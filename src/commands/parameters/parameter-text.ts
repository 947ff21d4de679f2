import { hex2 } from '../../codec/index.ts';
import { selectorsOf, type Parameter } from './parameter.ts';

/**
 * A parameter's data as names and values, `set=1 address=10.0.0.2`; secrets are not in it. Undefined: they do
 * not fit the parameter.
 */
export function parameterText(parameter: Parameter, data: Uint8Array): string | undefined {
  if (parameter.secret) return 'data=...';
  let values: Record<string, unknown>;
  try {
    values = parameter.layout.decode(data, selectorsOf(parameter)) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  const { sets, blocks } = parameter;
  return [
    ...(sets === undefined ? [] : [`set=${data[0]}`]),
    ...(blocks === undefined ? [] : [`block=${data[sets === undefined ? 0 : 1]}`]),
    ...Object.entries(values).map(([name, value]) => `${name}=${valueText(value)}`),
  ].join(' ');
}

function valueText(value: unknown): string {
  if (value instanceof Uint8Array) return `[${Array.from(value, hex2).join(' ')}]`;
  return typeof value === 'string' && /^[\w.:-]+$/.test(value) ? value : JSON.stringify(value);
}
