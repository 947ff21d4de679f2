import type { ParameterState } from 'ipmi-bmc/control';
import { plainText } from './layout.tsx';
import { Table } from './table.tsx';

/** Configuration parameters with their values. */
export function Parameters({
  title,
  of,
}: {
  readonly title: string;
  readonly of: readonly ParameterState[];
}) {
  return (
    <Table title={title} columns={['Number', 'Parameter', 'Value']}>
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
    </Table>
  );
}
