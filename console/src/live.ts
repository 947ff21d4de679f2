// The one stream of a page. It comes again by itself, and says while it is away.
import { useEffect, useRef, useState } from 'preact/hooks';
import { EVENT_KINDS } from '../../src/control/events/kinds.ts';
import { toLogIn } from './api.ts';

export type StreamState = 'connecting' | 'live' | 'away';
export type Heard = Readonly<Record<string, unknown>>;

/** Events of BMCs; requests are asked for by who shows them. */
export const KINDS = EVENT_KINDS.filter((kind) => kind !== 'request');
const OTHERS = ['request', 'row', 'sensors', 'missed', 'dropped'] as const;

/** Milliseconds until an ended stream is asked for again. */
const AGAIN = 2000;

/** Hears the stream of a path as long as the component is there. */
export function useStream(path: string, hear: (name: string, value: Heard) => void): StreamState {
  const [state, setState] = useState<StreamState>('connecting');
  const latest = useRef(hear);
  latest.current = hear;
  useEffect(() => {
    let source: EventSource | undefined;
    let timer: number | undefined;
    const open = (): void => {
      source = new EventSource(path);
      source.addEventListener('open', () => setState('live'));
      source.addEventListener('error', () => {
        setState('away');
        // A browser tries again by itself, but not where it was refused: the log-in may have ended.
        if (source?.readyState !== EventSource.CLOSED) return;
        void fetch('/session', { headers: { 'x-background': '1' } }).then(
          ({ status }) => (status === 401 ? toLogIn() : again()),
          again,
        );
      });
      for (const name of [...KINDS, ...OTHERS])
        source.addEventListener(name, ({ data }: MessageEvent<string>) =>
          latest.current(name, JSON.parse(data) as Heard),
        );
    };
    const again = (): void => {
      timer = window.setTimeout(open, AGAIN);
    };
    setState('connecting');
    open();
    return () => {
      window.clearTimeout(timer);
      source?.close();
    };
  }, [path]);
  return state;
}
