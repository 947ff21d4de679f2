import { useEffect, useMemo, useState } from 'preact/hooks';
import type { SensorHistoryShown, SensorState } from 'ipmi-bmc/control';
import { may, pathOf } from '../api.ts';
import { useAnswer, useDoing } from '../parts/hooks.ts';
import { Problem } from '../parts/layout.tsx';
import { Filter, Table } from '../parts/table.tsx';
import { State } from '../parts/words.tsx';
import type { TabProps } from './tab.ts';
import { Plot } from './plot.tsx';
import { scaleOf, shareOf } from './scale.ts';

const UNITS: Readonly<Record<string, string>> = {
  'degrees C': '°C',
  Volts: 'V',
  Amps: 'A',
  Watts: 'W',
  RPM: 'rpm',
  percent: '%',
};
export const unitOf = ({ unit }: SensorState): string => (unit === null ? '' : (UNITS[unit] ?? unit));

export function Sensors({ api, bmc, sensors }: TabProps) {
  const first = useAnswer<{ sensors: SensorState[] }>(api, pathOf(bmc, '/sensors'));
  const history = useAnswer<SensorHistoryShown>(api, pathOf(bmc, '/sensor-history'), 30_000);
  const [chosen, setChosen] = useState<string>();
  const [filter, setFilter] = useState('');
  const all = sensors ?? first.value?.sensors ?? [];
  const measuring = all.find(({ unit }) => unit !== null);
  const open = all.find(({ name }) => name === (chosen ?? measuring?.name));
  const shown = all.filter(({ name }) => name.toLowerCase().includes(filter.toLowerCase()));
  return (
    <>
      <Problem of={first.problem || history.problem} />
      {open && <One key={open.name} api={api} bmc={bmc} sensor={open} history={history.value} />}
      <div class="bar">
        <Filter value={filter} onChange={setFilter} />
      </div>
      <Table
        class="sensors"
        about="Sensors, with their readings against their thresholds"
        columns={['Sensor', 'Reading', 'State', 'Against thresholds']}
      >
        {shown.map((sensor) => (
          <tr key={`${sensor.lun}:${sensor.number}`} class={sensor === open ? 'chosen' : undefined}>
            <th scope="row">
              <button
                type="button"
                class="plain"
                aria-pressed={sensor === open}
                onClick={() => setChosen(sensor.name)}
              >
                {sensor.name}
              </button>
            </th>
            <td class="number">{readingOf(sensor)}</td>
            <td>
              <State of={sensor.status} />
            </td>
            <td>{sensor.unit === null ? sensor.states.join(', ') : <Bar sensor={sensor} />}</td>
          </tr>
        ))}
      </Table>
    </>
  );
}

const readingOf = (sensor: SensorState): string => {
  const { value, unit } = sensor;
  if (value === null) return '-';
  return unit === null ? `${value.toString(16)}h` : `${Math.round(value * 1000) / 1000} ${unitOf(sensor)}`;
};

/** Where the reading is between the outermost thresholds; marks stand for those. */
function Bar({ sensor }: { readonly sensor: SensorState }) {
  const scale = scaleOf(sensor);
  const { value, thresholds } = sensor;
  const words = Object.entries(thresholds).map(([name, at]) => `${name} ${at}`);
  return (
    <svg
      class={`gauge ${sensor.status}`}
      viewBox="0 0 100 10"
      preserveAspectRatio="none"
      role="img"
      aria-label={`${readingOf(sensor)}; thresholds ${words.join(', ') || 'none'}`}
    >
      <title>{words.join(', ') || 'no thresholds'}</title>
      <rect class="ground" x="0" y="2" width="100" height="6" />
      {value !== null && <rect class="value" x="0" y="2" width={shareOf(scale, value) * 100} height="6" />}
      {Object.entries(thresholds).map(([name, at]) => (
        <rect key={name} class="mark" x={shareOf(scale, at) * 100 - 0.4} y="0" width="0.8" height="10" />
      ))}
    </svg>
  );
}

interface OneProps {
  readonly api: TabProps['api'];
  readonly bmc: string;
  readonly sensor: SensorState;
  readonly history: SensorHistoryShown | undefined;
}

/** One sensor: its plot, and a slider to set it. */
function One({ api, bmc, sensor, history }: OneProps) {
  const doing = useDoing();
  const [live, setLive] = useState<readonly (readonly [time: number, value: number | null])[]>([]);
  const [wanted, setWanted] = useState<number>();
  useEffect(
    () => setLive((before) => [...before, [Date.now(), sensor.value] as const].slice(-1800)),
    [sensor],
  );
  const points = useMemo(() => {
    const past = history?.sensors.find(({ name }) => name === sensor.name)?.values ?? [];
    const times = history?.times ?? [];
    const until = times.at(-1) ?? 0;
    const since = live.filter(([time]) => time > until);
    return {
      times: [...times.slice(0, past.length), ...since.map(([time]) => time)].map((ms) => ms / 1000),
      values: [...past, ...since.map(([, value]) => value)],
    };
  }, [history, live, sensor.name]);
  const path = pathOf(bmc, `/sensors/${encodeURIComponent(sensor.name)}`);
  const { from, to } = scaleOf(sensor);
  const step = (to - from) / 200 || 1;
  const put = (value: number | 'source'): void => doing.run(() => api.send('PUT', path, { value }));
  const label = `${sensor.name}, ${unitOf(sensor)}`;
  return (
    <article class="one-sensor">
      <h2>
        {sensor.name} <State of={sensor.status} />
      </h2>
      <Problem of={doing.problem} />
      {sensor.unit !== null && <Plot title={label} points={points} thresholds={sensor.thresholds} />}
      {sensor.unit !== null && may(api.me, 'operate') && (
        <div class="bar">
          <label class="grow">
            Set to{' '}
            <input
              type="range"
              min={from}
              max={to}
              step={step}
              value={wanted ?? sensor.value ?? from}
              aria-valuetext={`${wanted ?? sensor.value ?? 0} ${unitOf(sensor)}`}
              onInput={({ currentTarget }) => setWanted(Number(currentTarget.value))}
              onChange={({ currentTarget }) => put(Number(currentTarget.value))}
            />
          </label>
          <label>
            <span class="unseen">Value of {sensor.name}</span>
            <input
              type="number"
              step="any"
              value={wanted ?? sensor.value ?? ''}
              onChange={({ currentTarget }) => {
                setWanted(Number(currentTarget.value));
                put(Number(currentTarget.value));
              }}
            />
          </label>
          <span>{unitOf(sensor)}</span>
          <button
            type="button"
            onClick={() => {
              setWanted(undefined);
              put('source');
            }}
          >
            Back to its source
          </button>
        </div>
      )}
    </article>
  );
}
