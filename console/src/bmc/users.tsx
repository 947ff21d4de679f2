import { useState } from 'preact/hooks';
import type { UserState } from 'ipmi-bmc/control';
import { may, pathOf } from '../api.ts';
import { useAnswer, useDoing } from '../parts/hooks.ts';
import { Problem } from '../parts/layout.tsx';
import { Table } from '../parts/table.tsx';
import type { TabProps } from './tab.ts';

const LEVELS = ['none', 'callback', 'user', 'operator', 'administrator'] as const;

export function Users({ api, bmc }: TabProps) {
  const users = useAnswer<{ users: UserState[]; slots: number }>(api, pathOf(bmc, '/users'));
  const doing = useDoing(users.reload);
  const mayChange = may(api.me, 'admin') && !doing.isBusy;
  const put = (id: number, body: unknown): void =>
    doing.run(() => api.send('PUT', pathOf(bmc, `/users/${id}`), body));
  return (
    <>
      <Problem of={doing.problem || users.problem} />
      <Table about="Users" columns={['Id', 'Name', 'Enabled', 'Password', 'Privilege']}>
        {users.value?.users.map((user) => (
          <tr key={user.id}>
            <td class="number">{user.id}</td>
            <th scope="row">{user.name || 'without a name'}</th>
            <td>
              <label>
                <input
                  type="checkbox"
                  checked={user.enabled}
                  disabled={!mayChange}
                  onChange={({ currentTarget: { checked: enabled } }) => put(user.id, { enabled })}
                />{' '}
                {user.enabled ? 'yes' : 'no'}
                <span class="unseen">, {user.name}</span>
              </label>
            </td>
            <td>{user.hasPassword ? 'set' : 'none'}</td>
            <td>
              {user.channels.map(({ channel, privilege }) => (
                <label key={channel} class="narrow">
                  {user.channels.length > 1 && `channel ${channel} `}
                  <span class="unseen">Privilege of {user.name}</span>
                  <select
                    value={privilege}
                    disabled={!mayChange}
                    onChange={({ currentTarget }) =>
                      put(user.id, { privilege: currentTarget.value, channel })
                    }
                  >
                    {[...new Set<string>([...LEVELS, privilege])].map((one) => (
                      <option key={one}>{one}</option>
                    ))}
                  </select>
                </label>
              ))}
            </td>
          </tr>
        ))}
      </Table>
      {may(api.me, 'admin') && (
        <Change isBusy={doing.isBusy} slots={users.value?.slots ?? 63} onChange={put} />
      )}
    </>
  );
}

interface ChangeProps {
  readonly isBusy: boolean;
  readonly slots: number;
  readonly onChange: (id: number, body: unknown) => void;
}

/** A new user, or another name or password of one. */
function Change({ isBusy, slots, onChange }: ChangeProps) {
  const [id, setId] = useState('');
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  return (
    <form
      class="bar"
      onSubmit={(event) => {
        event.preventDefault();
        onChange(Number(id), { ...(name && { name }), ...(password && { password }), enabled: true });
        setPassword('');
      }}
    >
      <h2>Add or change</h2>
      <label>
        Id{' '}
        <input
          type="number"
          min="1"
          max={slots}
          required
          value={id}
          onInput={({ currentTarget }) => setId(currentTarget.value)}
        />
      </label>
      <label>
        Name{' '}
        <input maxLength={16} value={name} onInput={({ currentTarget }) => setName(currentTarget.value)} />
      </label>
      <label>
        Password{' '}
        <input
          type="password"
          autocomplete="new-password"
          maxLength={20}
          value={password}
          onInput={({ currentTarget }) => setPassword(currentTarget.value)}
        />
      </label>
      <button type="submit" disabled={isBusy}>
        Store
      </button>
    </form>
  );
}
