import { pefParameters } from 'ipmi-bmc/commands';
import type { ParameterState } from 'ipmi-bmc/control';
import { pathOf } from '../api.ts';
import { useAnswer } from '../parts/hooks.ts';
import { Problem } from '../parts/layout.tsx';
import { Parameters } from '../parts/parameters.tsx';
import { Table } from '../parts/table.tsx';
import type { TabProps } from './tab.ts';

const FILTER = 6;
const POLICY = 9;
const ACTIONS = ['alert', 'powerDown', 'reset', 'powerCycle', 'oem', 'diagnosticInterrupt'] as const;

export function Pef({ api, bmc }: TabProps) {
  const { value, problem } = useAnswer<{ parameters: ParameterState[] }>(api, pathOf(bmc, '/pef'));
  const all = value?.parameters ?? [];
  const filters = all.filter(({ parameter }) => parameter === FILTER);
  const others = all.filter(({ parameter, values }) => parameter !== FILTER && values !== null);
  const known = pefParameters.all.length;
  return (
    <>
      <Problem of={problem} />
      <Table
        title="Event filters that are enabled"
        columns={['Filter', 'Sensor type', 'Sensor', 'Actions', 'Alert policy']}
      >
        {filters.map(({ set, values }) => (
          <tr key={set}>
            <th scope="row">{set}</th>
            <td>{anyOf(values?.sensorType)}</td>
            <td>{anyOf(values?.sensorNumber)}</td>
            <td>{ACTIONS.filter((one) => values?.[one]).join(', ') || 'none'}</td>
            <td>{String(values?.policy)}</td>
          </tr>
        ))}
      </Table>
      <Parameters
        title={`PEF configuration, ${known} parameters known`}
        of={others.filter((one) => one.parameter !== POLICY)}
      />
      <Parameters
        title="Alert policies that are enabled"
        of={others.filter((one) => one.parameter === POLICY)}
      />
    </>
  );
}

const ANY = 0xff;
const anyOf = (value: unknown): string => (value === ANY ? 'any' : `${Number(value).toString(16)}h`);
