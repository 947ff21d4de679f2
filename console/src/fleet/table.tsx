import { useEffect, useRef, useState } from 'preact/hooks';
import { linkTo } from '../links.ts';
import { clockOf, State } from '../parts/words.tsx';
import type { FleetRow, SortKey } from './rows.ts';

/** Pixels of a row; of a narrow page, where a row has two lines. */
const HEIGHT = { wide: 36, narrow: 64 };
/** Rows beyond what is seen, above and below. */
const BEYOND = 8;
const COLUMNS: readonly (readonly [key: SortKey | undefined, title: string])[] = [
  ['name', 'Name'],
  ['power', 'Power'],
  ['health', 'Health'],
  ['sessions', 'Sessions'],
  [undefined, 'Labels'],
  ['last', 'Last event'],
];

interface Props {
  readonly rows: readonly FleetRow[];
  readonly sort: SortKey;
  readonly isDown: boolean;
  readonly onSort: (key: SortKey) => void;
  readonly chosen: ReadonlySet<string>;
  readonly onChoose: (names: readonly string[], isOn: boolean) => void;
}

/** All rows as a table of which only those are there that are seen: ten thousand are as quick as ten. */
export function Table({ rows, sort, isDown, onSort, chosen, onChoose }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [seen, setSeen] = useState(800);
  const [isNarrow, setNarrow] = useState(false);
  useEffect(() => {
    const measure = (): void => {
      setSeen(box.current?.clientHeight ?? 800);
      setNarrow(innerWidth < 640);
    };
    measure();
    addEventListener('resize', measure);
    return () => removeEventListener('resize', measure);
  }, []);
  const height = isNarrow ? HEIGHT.narrow : HEIGHT.wide;
  const from = Math.max(0, Math.floor(top / height) - BEYOND);
  const to = Math.min(rows.length, Math.ceil((top + seen) / height) + BEYOND);
  const allChosen = rows.length > 0 && rows.every(({ name }) => chosen.has(name));
  return (
    <div
      class="rows"
      ref={box}
      tabIndex={0}
      role="region"
      aria-label="BMCs"
      onScroll={({ currentTarget }) => setTop(currentTarget.scrollTop)}
    >
      <table aria-rowcount={rows.length + 1}>
        <caption class="unseen">BMCs, with their power, health, sessions and last event</caption>
        <thead>
          <tr>
            <th scope="col" class="tick">
              <input
                type="checkbox"
                aria-label="Choose all that are shown"
                checked={allChosen}
                onChange={({ currentTarget }) =>
                  onChoose(
                    rows.map(({ name }) => name),
                    currentTarget.checked,
                  )
                }
              />
            </th>
            {COLUMNS.map(([key, title]) => (
              <th
                key={title}
                scope="col"
                class={title.toLowerCase().replace(' ', '-')}
                aria-sort={key !== sort ? undefined : isDown ? 'descending' : 'ascending'}
              >
                {key === undefined ? (
                  title
                ) : (
                  <button type="button" class="plain" onClick={() => onSort(key)}>
                    {title}
                    <span aria-hidden="true">{key === sort ? (isDown ? ' ▼' : ' ▲') : ''}</span>
                  </button>
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {from > 0 && <Space height={from * height} />}
          {rows.slice(from, to).map((row, i) => (
            <Row
              key={row.name}
              row={row}
              place={from + i}
              isChosen={chosen.has(row.name)}
              onChoose={(isOn) => onChoose([row.name], isOn)}
            />
          ))}
          {to < rows.length && <Space height={(rows.length - to) * height} />}
        </tbody>
      </table>
    </div>
  );
}

const Space = ({ height }: { readonly height: number }) => (
  <tr class="space" aria-hidden="true">
    <td colSpan={COLUMNS.length + 1} style={{ height: `${height}px` }} />
  </tr>
);

interface RowProps {
  readonly row: FleetRow;
  readonly place: number;
  readonly isChosen: boolean;
  readonly onChoose: (isOn: boolean) => void;
}

function Row({ row, place, isChosen, onChoose }: RowProps) {
  const { name, state, power, health, sessions, labels, last } = row;
  return (
    <tr aria-rowindex={place + 2} class={isChosen ? 'chosen' : undefined}>
      <td class="tick">
        <input
          type="checkbox"
          aria-label={`Choose ${name}`}
          checked={isChosen}
          onChange={({ currentTarget }) => onChoose(currentTarget.checked)}
        />
      </td>
      <th scope="row" class="name">
        <a href={linkTo(name)}>{name}</a>
      </th>
      <td class="power">{state === 'running' ? <State of={power} /> : <State of={state} />}</td>
      <td class="health">
        <State of={health} />
      </td>
      <td class="sessions">{sessions}</td>
      <td class="labels">
        {Object.entries(labels).map(([key, value]) => (
          <span key={key} class="label">
            {key}={value}
          </span>
        ))}
      </td>
      <td class="last-event" title={last?.text}>
        {last && (
          <>
            <time dateTime={last.time}>{clockOf(last.time)}</time> {last.text}
          </>
        )}
      </td>
    </tr>
  );
}
