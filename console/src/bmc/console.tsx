import { FitAddon } from '@xterm/addon-fit';
import { Terminal } from '@xterm/xterm';
import { useEffect, useRef, useState } from 'preact/hooks';
import { may, pathOf } from '../api.ts';
import { Connection } from '../parts/words.tsx';
import { Problem } from '../parts/layout.tsx';
import type { StreamState } from '../live.ts';
import { withSheets } from './sheets.ts';
import type { TabProps } from './tab.ts';

/** Lines above the screen, and characters of the plain text. */
const SCROLL_BACK = 5000;
const PLAIN = 200_000;
/** Milliseconds until a lost connection is asked for again. */
const AGAIN = 2000;
/** The log-in has ended, which a further try does not mend. */
const OVER = 4401;

// Control characters are what they take out.
// oxlint-disable-next-line no-control-regex
const SEQUENCES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07]*(?:\x07|\x1b\\)|.)/g;
// oxlint-disable-next-line no-control-regex
const CONTROLS = /\r(?!\n)|[\x00-\x08\x0b-\x1f]/g;

/** What people read of a terminal's characters. */
const plainOf = (text: string): string => text.replace(SEQUENCES, '').replace(CONTROLS, '');

export function Console({ api, bmc }: TabProps) {
  const place = useRef<HTMLDivElement>(null);
  const socket = useRef<WebSocket | undefined>(undefined);
  const [state, setState] = useState<StreamState>('connecting');
  const [isPlain, setPlain] = useState(false);
  const [text, setText] = useState('');
  const [line, setLine] = useState('');
  const [problem, setProblem] = useState('');
  const mayType = may(api.me, 'operate');
  useEffect(() => {
    if (place.current === null || !mayType) return undefined;
    const terminal = new Terminal({
      scrollback: SCROLL_BACK,
      convertEol: false,
      screenReaderMode: true,
      fontSize: 14,
    });
    const fit = new FitAddon();
    terminal.loadAddon(fit);
    const box = place.current;
    const removeSheets = withSheets(() => terminal.open(box));
    fit.fit();
    const decoder = new TextDecoder();
    const encoder = new TextEncoder();
    let timer: number | undefined;
    const type = (characters: Uint8Array<ArrayBuffer>): void => {
      if (socket.current?.readyState === WebSocket.OPEN) socket.current.send(characters);
    };
    const open = (): void => {
      const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
      const protocols = ['ipmi-bmc-console', `csrf.${api.me.csrf}`];
      const one = new WebSocket(`${scheme}://${location.host}${pathOf(bmc, '/console')}`, protocols);
      one.binaryType = 'arraybuffer';
      one.addEventListener('open', () => {
        // What was said before comes again.
        terminal.reset();
        setText('');
        setState('live');
      });
      one.addEventListener('message', ({ data }: MessageEvent<ArrayBuffer>) => {
        const bytes = new Uint8Array(data);
        terminal.write(bytes);
        setText((before) => `${before}${plainOf(decoder.decode(bytes, { stream: true }))}`.slice(-PLAIN));
      });
      one.addEventListener('close', ({ code, reason }) => {
        if (socket.current !== one) return;
        setState('away');
        if (code === OVER) setProblem(reason);
        else timer = window.setTimeout(open, AGAIN);
      });
      socket.current = one;
    };
    open();
    const typing = terminal.onData((characters) => type(encoder.encode(characters)));
    const resize = new ResizeObserver(() => fit.fit());
    resize.observe(box);
    return () => {
      const last = socket.current;
      socket.current = undefined;
      last?.close();
      window.clearTimeout(timer);
      resize.disconnect();
      typing.dispose();
      terminal.dispose();
      removeSheets();
    };
  }, [api, bmc, mayType]);
  if (!mayType) return <p>Whoever looks at the console can type into it: that needs the role operate.</p>;
  const send = (): void => socket.current?.send(new TextEncoder().encode(`${line}\r`));
  return (
    <>
      <Problem of={problem} />
      <div class="bar">
        <Connection state={state} />
        <label>
          <input
            type="checkbox"
            checked={isPlain}
            onChange={({ currentTarget }) => setPlain(currentTarget.checked)}
          />{' '}
          Plain text
        </label>
        <button
          type="button"
          onClick={() =>
            void api.send('POST', pathOf(bmc, '/console/break')).catch(() => setProblem('No break was sent.'))
          }
        >
          Send break
        </button>
        <span class="hint">Shared with Serial over LAN: who is there sees and types the same.</span>
      </div>
      <div class="terminal" ref={place} hidden={isPlain} />
      {isPlain && (
        <>
          <pre class="plain-text" role="log" aria-label={`Console of ${bmc} as text`} tabIndex={0}>
            {text}
          </pre>
          <form
            class="bar"
            onSubmit={(event) => {
              event.preventDefault();
              send();
              setLine('');
            }}
          >
            <label class="grow">
              Type a line{' '}
              <input
                value={line}
                autocomplete="off"
                spellcheck={false}
                onInput={({ currentTarget }) => setLine(currentTarget.value)}
              />
            </label>
            <button type="submit">Send</button>
          </form>
        </>
      )}
    </>
  );
}
