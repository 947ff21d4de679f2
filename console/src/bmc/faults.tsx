import { useState } from 'preact/hooks';
import type { ClockShown, FaultList, PresetShown, ScenarioList } from 'ipmi-bmc/control';
import { may, pathOf } from '../api.ts';
import { useAnswer, useDoing } from '../parts/hooks.ts';
import { Problem } from '../parts/layout.tsx';
import { Table } from '../parts/table.tsx';
import { dateOf } from '../parts/words.tsx';
import type { TabProps } from './tab.ts';

export function Faults(props: TabProps) {
  return (
    <div class="cards">
      <Rules {...props} />
      <Presets {...props} />
      <Scenarios {...props} />
      <VirtualClock {...props} />
    </div>
  );
}

const EVERY = 2000;

function Rules({ api, bmc }: TabProps) {
  const { value, problem, reload } = useAnswer<FaultList>(api, pathOf(bmc, '/faults'), EVERY);
  const doing = useDoing(reload);
  const mayWork = may(api.me, 'operate') && !doing.isBusy;
  return (
    <article>
      <h2>Rules that are armed</h2>
      <Problem of={doing.problem || problem} />
      <Table about="Fault rules with their hits" columns={['Rule', 'Layer', 'Hits', 'What', '(Take off)']}>
        {value?.rules.map(({ id, layer, hits, waiting, preset, rule }) => (
          <tr key={id}>
            <th scope="row">
              {id}
              {preset !== undefined && preset !== id && <span class="hint"> of {preset}</span>}
            </th>
            <td>{layer}</td>
            <td class="number">{hits}</td>
            <td>
              {waiting && 'waits; '}
              <code>{JSON.stringify({ when: rule.when, then: rule.then })}</code>
            </td>
            <td>
              <button
                type="button"
                disabled={!mayWork}
                onClick={() =>
                  doing.run(() => api.send('DELETE', pathOf(bmc, `/faults/${encodeURIComponent(id)}`)))
                }
              >
                Take off<span class="unseen"> {id}</span>
              </button>
            </td>
          </tr>
        ))}
      </Table>
      {value?.rules.length === 0 && <p>None: the BMC is well.</p>}
      <button
        type="button"
        disabled={!mayWork || value?.rules.length === 0}
        onClick={() => doing.run(() => api.send('DELETE', pathOf(bmc, '/faults')))}
      >
        Take all off
      </button>
    </article>
  );
}

function Presets({ api, bmc }: TabProps) {
  const { value, problem } = useAnswer<{ presets: PresetShown[] }>(api, pathOf(bmc, '/faults/presets'));
  const doing = useDoing();
  const [name, setName] = useState('');
  const chosen = value?.presets.find((one) => one.name === name) ?? value?.presets[0];
  return (
    <article>
      <h2>Stories</h2>
      <Problem of={doing.problem || problem} />
      <form
        class="bar"
        onSubmit={(event) => {
          event.preventDefault();
          if (chosen) doing.run(() => api.send('POST', pathOf(bmc, `/faults/presets/${chosen.name}`)));
        }}
      >
        <label>
          Story{' '}
          <select value={chosen?.name} onChange={({ currentTarget }) => setName(currentTarget.value)}>
            {value?.presets.map((one) => (
              <option key={one.name}>{one.name}</option>
            ))}
          </select>
        </label>
        <button type="submit" disabled={!may(api.me, 'operate') || doing.isBusy}>
          Arm
        </button>
      </form>
      {chosen && (
        <>
          <p>{chosen.effect}</p>
          <p class="hint">To be found: {chosen.finding}</p>
        </>
      )}
    </article>
  );
}

function Scenarios({ api, bmc }: TabProps) {
  const { value, problem, reload } = useAnswer<ScenarioList>(api, pathOf(bmc, '/scenarios'), EVERY);
  const doing = useDoing(reload);
  const mayWork = may(api.me, 'operate') && !doing.isBusy;
  const path = (name: string, what = ''): string =>
    pathOf(bmc, `/scenarios/${encodeURIComponent(name)}${what}`);
  const running = new Map(value?.running.map((one) => [one.name, one]));
  return (
    <article>
      <h2>Scenarios</h2>
      <Problem of={doing.problem || problem} />
      {value?.names.length === 0 && <p>The settings have none.</p>}
      <ul class="list">
        {[...new Set([...(value?.names ?? []), ...running.keys()])].map((name) => {
          const run = running.get(name);
          return (
            <li key={name} class="bar">
              <strong>{name}</strong>
              <span>
                {run
                  ? run.armed
                    ? 'armed'
                    : `under way${run.state ? `: ${run.state}` : ''}`
                  : 'not under way'}
              </span>
              {run ? (
                <button
                  type="button"
                  disabled={!mayWork}
                  onClick={() => doing.run(() => api.send('DELETE', path(name)))}
                >
                  Stop<span class="unseen"> {name}</span>
                </button>
              ) : (
                <>
                  <button
                    type="button"
                    disabled={!mayWork}
                    onClick={() => doing.run(() => api.send('POST', path(name, '/run')))}
                  >
                    Run<span class="unseen"> {name}</span>
                  </button>
                  <button
                    type="button"
                    disabled={!mayWork}
                    onClick={() => doing.run(() => api.send('POST', path(name, '/arm'), {}))}
                  >
                    Arm<span class="unseen"> {name}</span>
                  </button>
                </>
              )}
            </li>
          );
        })}
      </ul>
      {value && value.ended.length > 0 && (
        <ul class="hint">
          {value.ended.slice(-5).map(({ name, outcome, why }, i) => (
            <li key={i}>
              {name}: {outcome}
              {why !== undefined && `, ${why}`}
            </li>
          ))}
        </ul>
      )}
    </article>
  );
}

const STEPS = ['1s', '10s', '1m', '10m', '1h', '24h'] as const;

function VirtualClock({ api, bmc }: TabProps) {
  const { value, problem, set } = useAnswer<ClockShown>(api, pathOf(bmc, '/clock'), EVERY);
  const doing = useDoing();
  const advance = (body: unknown): void =>
    doing.run(async () => set(await api.send<ClockShown>('POST', pathOf(bmc, '/clock/advance'), body)));
  const isFree = value?.kind === 'virtual' && may(api.me, 'operate') && !doing.isBusy;
  return (
    <article>
      <h2>Clock</h2>
      <Problem of={doing.problem || problem} />
      {value && (
        <p>
          It is {dateOf(value.now)}, {value.kind}
          {value.kind === 'fast' && `, ${value.speed} times as fast`}
          {value.timers !== undefined && `, ${value.timers} timers wait`}.
        </p>
      )}
      {value?.kind === 'virtual' ? (
        <div class="buttons" role="group" aria-label="Advance the clock">
          {STEPS.map((by) => (
            <button key={by} type="button" disabled={!isFree} onClick={() => advance({ by })}>
              + {by}
            </button>
          ))}
          <button type="button" disabled={!isFree} onClick={() => advance({ toNextTimer: true })}>
            To the next timer
          </button>
        </div>
      ) : (
        <p class="hint">
          A clock that can be advanced: <code>clock: virtual</code> in its settings.
        </p>
      )}
    </article>
  );
}
