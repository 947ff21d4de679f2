import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { TabProps } from '../bmc/tab.ts';
import { Facts, Problem } from '../parts/layout.tsx';
import { Filter, Table } from '../parts/table.tsx';
import { clockOf } from '../parts/words.tsx';
import { opened, type Field } from './opened.ts';
import { isFound, passedOf, type Passed } from './passed.ts';
import { Record } from './record.tsx';
import { download, tapeOf } from './save.ts';

/** Messages that a page keeps, and that it shows at a time. */
const KEPT = 5000;
const SHOWN = 200;
/** Milliseconds in which what comes is drawn once. */
const DRAWN = 200;
const SIGNS = {
  request: ['→', 'request'],
  dropped: ['○', 'dropped'],
  refused: ['✖', 'log-in refused'],
  fault: ['▲', 'fault'],
} as const;

export function Traffic({ api, bmc, listen }: TabProps) {
  const kept = useRef<Passed[]>([]);
  const [all, setAll] = useState<readonly Passed[]>([]);
  const [isPaused, setPaused] = useState(false);
  const [filter, setFilter] = useState('');
  const [open, setOpen] = useState<Passed>();
  const [problem, setProblem] = useState('');
  const paused = useRef(false);
  paused.current = isPaused;
  useEffect(() => {
    let count = 0;
    let timer: number | undefined;
    const undo = listen((name, value) => {
      const passed = passedOf(name, value, ++count);
      if (passed === undefined) return;
      kept.current.push(passed);
      if (kept.current.length > KEPT) kept.current.splice(0, kept.current.length - KEPT);
      timer ??= window.setTimeout(() => {
        timer = undefined;
        if (!paused.current) setAll([...kept.current]);
      }, DRAWN);
    });
    return () => {
      undo();
      window.clearTimeout(timer);
    };
  }, []);
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const found = useMemo(() => all.filter((one) => isFound(one, words)), [all, filter]);
  const shown = found.slice(-SHOWN).reverse();
  return (
    <>
      <Problem of={problem} />
      <div class="bar">
        <Filter value={filter} example="get-sdr admin refused" onChange={setFilter} />
        <button
          type="button"
          aria-pressed={isPaused}
          onClick={() => {
            if (isPaused) setAll([...kept.current]);
            setPaused(!isPaused);
          }}
        >
          {isPaused ? 'Go on' : 'Pause'}
        </button>
        <button
          type="button"
          onClick={() => {
            kept.current = [];
            setAll([]);
            setOpen(undefined);
          }}
        >
          Empty
        </button>
        <button
          type="button"
          disabled={found.length === 0}
          onClick={() => download(`${bmc}.tape`, [tapeOf(bmc, found)], 'application/x-ndjson')}
        >
          Save as tape
        </button>
        <Record api={api} bmc={bmc} tell={setProblem} />
        <span class="hint" role="status">
          {found.length} of {all.length}
          {isPaused && ', paused'}
        </span>
      </div>
      {open && <Opened passed={open} onClose={() => setOpen(undefined)} />}
      <Table
        class="traffic"
        about="What passed, newest first"
        columns={['Time', 'What', 'Who', 'Message', 'Took']}
      >
        {shown.map((one) => (
          <Line key={one.number} passed={one} isOpen={one === open} onOpen={() => setOpen(one)} />
        ))}
      </Table>
      {all.length === 0 && <p class="hint">Nothing has passed since this page looks on.</p>}
    </>
  );
}

interface LineProps {
  readonly passed: Passed;
  readonly isOpen: boolean;
  readonly onOpen: () => void;
}

function Line({ passed, isOpen, onOpen }: LineProps) {
  const { kind, time, text, peer, user, asked } = passed;
  const [sign, word] = SIGNS[kind];
  const isRefused = kind === 'refused' || (asked !== undefined && asked.code !== 0);
  return (
    <tr class={isOpen ? 'chosen' : undefined}>
      <td>
        <time dateTime={time}>{clockOf(time)}</time>
      </td>
      <td>
        <span class={`state ${isRefused ? 'critical' : 'off'}`}>
          <span aria-hidden="true">{sign}</span> {word}
        </span>
      </td>
      <td>
        {user} {peer}
      </td>
      <td class="message">
        <button type="button" class="plain" aria-pressed={isOpen} onClick={onOpen}>
          {text}
        </button>
      </td>
      <td class="number">{asked && `${asked.microseconds} µs`}</td>
    </tr>
  );
}

/** One message with its fields, and where the specification has it. */
function Opened({ passed, onClose }: { readonly passed: Passed; readonly onClose: () => void }) {
  const { asked, kind, text } = passed;
  const all = asked && opened(asked);
  return (
    <article class="opened" aria-label="The chosen message">
      <div class="bar">
        <h2>{all?.name ?? SIGNS[kind][1]}</h2>
        {all && <span class="hint">{all.spec}</span>}
        <button type="button" onClick={onClose}>
          Close
        </button>
      </div>
      {kind === 'refused' && <p>The reason: {text}</p>}
      {asked && (
        <div class="cards">
          <section>
            <h3>Request</h3>
            <Fields of={all?.request} bytes={asked.data} />
          </section>
          <section>
            <h3>Answer {all?.code}</h3>
            <Fields of={all?.response} bytes={asked.reply} />
          </section>
        </div>
      )}
      {asked === undefined && kind !== 'refused' && <p>{text}</p>}
    </article>
  );
}

function Fields({ of, bytes }: { readonly of: readonly Field[] | undefined; readonly bytes: string }) {
  return (
    <>
      {of && of.length > 0 && <Facts of={of} />}
      <p class="bytes">
        <code>{bytes.replace(/../g, '$& ').trim() || 'no bytes'}</code>
      </p>
    </>
  );
}
