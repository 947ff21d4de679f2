import { useEffect, useState } from 'preact/hooks';
import type { SelEntry, SelList } from 'ipmi-bmc/control';
import { may, pathOf } from '../api.ts';
import { useAnswer, useDoing } from '../parts/hooks.ts';
import { Problem } from '../parts/layout.tsx';
import { Filter, Table } from '../parts/table.tsx';
import { dateOf } from '../parts/words.tsx';
import type { TabProps } from './tab.ts';

/** Newest records that are shown. */
const SHOWN = 500;
const SEVERITIES = ['critical', 'warning', 'info'] as const;
type Severity = (typeof SEVERITIES)[number];
const SIGNS: Readonly<Record<Severity, string>> = { critical: '✖', warning: '▲', info: 'i' };

/** As bad as its words: the log itself has no severity. */
export function severityOf({ text, asserted }: Pick<SelEntry, 'text' | 'asserted'>): Severity {
  if (asserted === false) return 'info';
  if (/non-recoverable|(?<!non-)critical|failure|uncorrectable|thermal trip|fault/i.test(text))
    return 'critical';
  return /non-critical|predictive|degraded|warning|lost|intrusion|absent|error|limit/i.test(text)
    ? 'warning'
    : 'info';
}

export function Sel({ api, bmc, happened }: TabProps) {
  const list = useAnswer<SelList>(api, pathOf(bmc, `/sel?last=${SHOWN}`));
  const doing = useDoing(list.reload);
  const [filter, setFilter] = useState('');
  const [least, setLeast] = useState<Severity>('info');
  const added = happened.sel ?? 0;
  useEffect(() => {
    if (added > 0) list.reload();
  }, [added]);
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const entries = [...(list.value?.entries ?? [])].reverse().filter((entry) => {
    const text = `${entry.text} ${entry.sensor ?? ''}`.toLowerCase();
    return (
      SEVERITIES.indexOf(severityOf(entry)) <= SEVERITIES.indexOf(least) &&
      words.every((word) => text.includes(word))
    );
  });
  return (
    <>
      <Problem of={doing.problem || list.problem} />
      <div class="bar">
        <Filter value={filter} onChange={setFilter} />
        <label>
          At least{' '}
          <select value={least} onChange={({ currentTarget }) => setLeast(currentTarget.value as Severity)}>
            {SEVERITIES.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
        {list.value && (
          <span class="hint" role="status">
            {entries.length} shown, {list.value.total} of {list.value.capacity} in the log
            {list.value.overflow && ', overflown'}
          </span>
        )}
        <a href={pathOf(bmc, '/sel.txt')} download={`${bmc}-sel.txt`}>
          Save as text
        </a>
        {may(api.me, 'operate') && (
          <button
            type="button"
            disabled={doing.isBusy}
            onClick={() => doing.run(() => api.send('DELETE', pathOf(bmc, '/sel')))}
          >
            Clear the log
          </button>
        )}
      </div>
      <Table
        class="sel"
        isLog
        about="Event log, newest first"
        columns={['Record', 'Severity', 'Time', 'Event']}
      >
        {entries.map((entry) => {
          const severity = severityOf(entry);
          return (
            <tr key={entry.id}>
              <td class="number">{entry.id}</td>
              <td>
                <span class={`state ${severity}`}>
                  <span aria-hidden="true">{SIGNS[severity]}</span> {severity}
                </span>
              </td>
              <td>{entry.time === null ? 'no time' : dateOf(entry.time)}</td>
              <td title={entry.raw}>{entry.text}</td>
            </tr>
          );
        })}
      </Table>
    </>
  );
}
