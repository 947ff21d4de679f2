import { pefParameters } from 'ipmi-bmc/commands';
import type { PefParameterState } from 'ipmi-bmc/control';
import { pathOf } from '../api.ts';
import { useAnswer } from '../parts/hooks.ts';
import { Problem } from '../parts/layout.tsx';
import { Parameters } from '../parts/parameters.tsx';
import type { TabProps } from './tab.ts';

const FILTER = 6;
const POLICY = 9;
const ACTIONS = ['alert', 'powerDown', 'reset', 'powerCycle', 'oem', 'diagnosticInterrupt'] as const;

export function Pef({ api, bmc }: TabProps) {
  const { value, problem } = useAnswer<{ parameters: PefParameterState[] }>(api, pathOf(bmc, '/pef'));
  const all = value?.parameters ?? [];
  const filters = all.filter(({ parameter }) => parameter === FILTER);
  const others = all.filter(({ parameter, values }) => parameter !== FILTER && values !== null);
  const known = pefParameters.all.length;
  return (
    <>
      <Problem of={problem} />
      <div class="wide" tabIndex={0}>
        <table>
          <caption>Event filters that are enabled</caption>
          <thead>
            <tr>
              <th scope="col">Filter</th>
              <th scope="col">Sensor type</th>
              <th scope="col">Sensor</th>
              <th scope="col">Actions</th>
              <th scope="col">Alert policy</th>
            </tr>
          </thead>
          <tbody>
            {filters.map(({ set, values }) => (
              <tr key={set}>
                <th scope="row">{set}</th>
                <td>{anyOf(values?.sensorType)}</td>
                <td>{anyOf(values?.sensorNumber)}</td>
                <td>{ACTIONS.filter((one) => values?.[one]).join(', ') || 'none'}</td>
                <td>{String(values?.policy)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
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
