import type { BmcWhole, BootState, ChassisState, SessionState } from 'ipmi-bmc/control';
import { may, pathOf } from '../api.ts';
import { useAnswer, useDoing } from '../parts/hooks.ts';
import { Facts, Problem } from '../parts/layout.tsx';
import { Table } from '../parts/table.tsx';
import { State } from '../parts/words.tsx';
import type { TabProps } from './tab.ts';

const POWER = ['on', 'off', 'cycle', 'reset', 'diag', 'soft'] as const;
const BOOT = ['none', 'pxe', 'disk', 'safe-disk', 'diagnostic', 'cdrom', 'bios'] as const;
const POLICIES = ['always-off', 'previous', 'always-on'] as const;

export function Overview(props: TabProps) {
  const { api, bmc, row, happened } = props;
  const whole = useAnswer<BmcWhole>(api, pathOf(bmc));
  const { value: own } = whole;
  return (
    <div class="cards">
      <Power {...props} />
      <article>
        <h2>Identity</h2>
        <Problem of={whole.problem} />
        {own && (
          <Facts
            of={[
              ['Firmware', own.firmware],
              ['Manufacturer', own.manufacturerId],
              ['Product', own.productId],
              ['Device GUID', own.deviceGuid],
              ['System GUID', own.systemGuid],
              ['Sensors', own.sensors],
              [
                'Event log',
                `${own.sel.entries} of ${own.sel.capacity}${own.sel.overflow ? ', overflown' : ''}`,
              ],
              ['Machine', (row ?? own).machine],
              [
                'Addresses',
                own.addresses.map(({ type, address }) => `${type} ${address}`).join(', ') || 'none',
              ],
              ['Satellites', own.satellites.join(', ') || 'none'],
            ]}
          />
        )}
      </article>
      <Sessions key={happened.session ?? 0} {...props} />
    </div>
  );
}

function Power({ api, bmc, row }: TabProps) {
  const chassis = useAnswer<ChassisState>(api, pathOf(bmc, '/chassis'), 5000);
  const boot = useAnswer<BootState>(api, pathOf(bmc, '/boot'));
  const doing = useDoing(() => {
    chassis.reload();
    boot.reload();
  });
  const power = row?.power ?? chassis.value?.power;
  const mayWork = may(api.me, 'operate') && !doing.isBusy;
  const { value: state } = chassis;
  return (
    <article>
      <h2>Power</h2>
      <Problem of={doing.problem || chassis.problem} />
      <p>
        The machine is <State of={power ?? 'unknown'} />
      </p>
      <div class="buttons" role="group" aria-label="Switch the machine">
        {POWER.map((action) => (
          <button
            key={action}
            type="button"
            disabled={!mayWork || (power === 'off' && action !== 'on' && action !== 'off')}
            onClick={() => doing.run(() => api.send('POST', pathOf(bmc, '/power'), { action }))}
          >
            {action}
          </button>
        ))}
        <button
          type="button"
          disabled={!mayWork}
          onClick={() => doing.run(() => api.send('POST', pathOf(bmc, '/identify'), { seconds: 30 }))}
        >
          identify
        </button>
      </div>
      <p>
        <label>
          Next boot from{' '}
          <select
            value={boot.value?.device ?? 'none'}
            disabled={!mayWork}
            onChange={({ currentTarget: { value: device } }) =>
              doing.run(() => api.send('PUT', pathOf(bmc, '/boot'), { device }))
            }
          >
            {[...new Set([...BOOT, boot.value?.device ?? 'none'])].map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
      </p>
      <p>
        <label>
          After a loss of mains{' '}
          <select
            value={state?.restorePolicy ?? 'previous'}
            disabled={!mayWork}
            onChange={({ currentTarget: { value: restorePolicy } }) =>
              doing.run(() => api.send('PUT', pathOf(bmc, '/chassis'), { restorePolicy }))
            }
          >
            {POLICIES.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
      </p>
      {state && (
        <Facts
          of={[
            ['Last start', state.restartCause],
            ['Identify lamp', state.identify],
            ['Faults', state.faults.join(', ') || 'none'],
          ]}
        />
      )}
    </article>
  );
}

function Sessions({ api, bmc }: TabProps) {
  const sessions = useAnswer<{ sessions: SessionState[]; limit: number }>(
    api,
    pathOf(bmc, '/sessions'),
    5000,
  );
  const doing = useDoing(sessions.reload);
  const { value } = sessions;
  return (
    <article>
      <h2>Who is logged in</h2>
      <Problem of={doing.problem || sessions.problem} />
      {value && (
        <>
          <p class="hint">
            {value.sessions.length} of {value.limit} sessions
          </p>
          <Table about="Sessions" columns={['User', 'From', 'Kind', 'Privilege', 'Silent', '(Close)']}>
            {value.sessions.map((one) => (
              <tr key={one.handle}>
                <th scope="row">{one.user || 'null user'}</th>
                <td>{one.peer}</td>
                <td>
                  {one.kind}
                  {one.suite !== null && `, suite ${one.suite}`}
                </td>
                <td>{one.privilege}</td>
                <td>{Math.round(one.silent)} s</td>
                <td>
                  {may(api.me, 'operate') && (
                    <button
                      type="button"
                      disabled={doing.isBusy}
                      onClick={() =>
                        doing.run(() => api.send('DELETE', pathOf(bmc, `/sessions/${one.handle}`)))
                      }
                    >
                      Close<span class="unseen"> session of {one.user}</span>
                    </button>
                  )}
                </td>
              </tr>
            ))}
          </Table>
        </>
      )}
    </article>
  );
}
