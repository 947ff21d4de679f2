import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Filter } from '../parts/table.tsx';
import type { BmcRow } from 'ipmi-bmc/control';
import { may, wordsOf, type Api } from '../api.ts';
import { useStream, type Heard } from '../live.ts';
import { Connection } from '../parts/words.tsx';
import { Actions } from './actions.tsx';
import { isFound, loadRows, sorted, SORTS, type FleetRow, type SortKey } from './rows.ts';
import { Table } from './table.tsx';

/** Milliseconds in which rows that change are drawn once. */
const DRAWN = 200;

/** Rows by name, drawn once in a while, however many of them change. */
function useRows(api: Api) {
  const rows = useRef(new Map<string, FleetRow>());
  /** What happened last to each, which the stream may tell before the row is there. */
  const lasts = useRef(new Map<string, FleetRow['last']>());
  const [version, setVersion] = useState(0);
  const [total, setTotal] = useState<number>();
  const [problem, setProblem] = useState('');
  const timer = useRef<number | undefined>(undefined);
  const draw = (): void => {
    timer.current ??= window.setTimeout(() => {
      timer.current = undefined;
      setVersion((one) => one + 1);
    }, DRAWN);
  };
  useEffect(() => {
    let isOver = false;
    loadRows(
      api,
      (all, count) => {
        for (const row of all) rows.current.set(row.name, { ...row, last: lasts.current.get(row.name) });
        setTotal(count);
        setVersion((one) => one + 1);
      },
      () => isOver,
    ).catch((error: unknown) => setProblem(wordsOf(error)));
    return () => {
      isOver = true;
      window.clearTimeout(timer.current);
    };
  }, [api]);
  const hear = (name: string, value: Heard): void => {
    if (name === 'row') {
      const row = value as Partial<BmcRow> & { readonly name: string; readonly gone?: boolean };
      if (row.gone) rows.current.delete(row.name);
      else rows.current.set(row.name, { ...(row as BmcRow), last: lasts.current.get(row.name) });
    } else {
      const { bmc, time, text } = value as { bmc?: string | null; time: string; text: string };
      if (typeof bmc === 'string') lasts.current.set(bmc, { time, text });
      const before = bmc ? rows.current.get(bmc) : undefined;
      if (before) rows.current.set(before.name, { ...before, last: { time, text } });
    }
    draw();
  };
  return { rows: rows.current, version, total, problem, hear };
}

export function Fleet({ api }: { readonly api: Api }) {
  const { rows, version, total, problem, hear } = useRows(api);
  const state = useStream('/v1/watch?last=200', hear);
  const [filter, setFilter] = useState('');
  const [sort, setSort] = useState<SortKey>('name');
  const [isDown, setDown] = useState(false);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const shown = useMemo(() => {
    const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
    return sorted(
      [...rows.values()].filter((row) => isFound(row, words)),
      sort,
      isDown,
    );
  }, [rows, version, filter, sort, isDown]);
  const toggle = (names: readonly string[], isOn: boolean): void => {
    const next = new Set(chosen);
    for (const name of names) {
      if (isOn) next.add(name);
      else next.delete(name);
    }
    setChosen(next);
  };
  const sortBy = (key: SortKey): void => {
    setDown(key === sort && !isDown);
    setSort(key);
  };
  return (
    <>
      <div class="bar">
        <h1>Fleet</h1>
        <Connection state={state} />
        <Filter value={filter} example="name rack=7 off critical" onChange={setFilter} />
        <label class="narrow">
          Sort{' '}
          <select value={sort} onChange={({ currentTarget }) => setSort(currentTarget.value as SortKey)}>
            {SORTS.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
        <span class="hint" role="status">
          {shown.length.toLocaleString('en')} of {(total ?? rows.size).toLocaleString('en')} BMCs
        </span>
      </div>
      {problem && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      {may(api.me, 'operate') && (
        <Actions api={api} names={[...chosen]} onClear={() => setChosen(new Set())} />
      )}
      <Table rows={shown} sort={sort} isDown={isDown} onSort={sortBy} chosen={chosen} onChoose={toggle} />
    </>
  );
}
