import type { LanParameterState } from 'ipmi-bmc/control';
import { plainText } from './layout.tsx';

/** Configuration parameters with their values. */
export function Parameters({
  title,
  of,
}: {
  readonly title: string;
  readonly of: readonly LanParameterState[];
}) {
  return (
    <div class="wide" tabIndex={0}>
      <table>
        <caption>{title}</caption>
        <thead>
          <tr>
            <th scope="col">Number</th>
            <th scope="col">Parameter</th>
            <th scope="col">Value</th>
          </tr>
        </thead>
        <tbody>
          {of.map(({ parameter, name, set, data, values }) => (
            <tr key={`${parameter} ${set ?? ''}`}>
              <td class="number">{parameter}</td>
              <th scope="row">
                {name}
                {set !== undefined && ` ${set}`}
              </th>
              <td title={data}>{values === null ? data : plainText(values)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
