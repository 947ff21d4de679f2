import { useCallback, useEffect, useState } from 'preact/hooks';
import { wordsOf, type Api } from '../api.ts';

export interface Loaded<T> {
  readonly value: T | undefined;
  readonly problem: string;
  readonly reload: () => void;
  readonly set: (value: T) => void;
}

/** What a path answers, asked once, and again with `reload`; with `every`, again by itself. */
export function useAnswer<T>(api: Api, path: string, every?: number): Loaded<T> {
  const [value, set] = useState<T>();
  const [problem, setProblem] = useState('');
  const load = useCallback(
    (inBackground: boolean) =>
      api.get<T>(path, { inBackground }).then(
        (answer) => {
          set(answer);
          setProblem('');
        },
        (error: unknown) => setProblem(wordsOf(error)),
      ),
    [api, path],
  );
  useEffect(() => {
    void load(false);
    if (every === undefined) return undefined;
    const timer = window.setInterval(() => void load(true), every);
    return () => window.clearInterval(timer);
  }, [load, every]);
  return { value, problem, reload: () => void load(true), set };
}

export interface Doing {
  readonly isBusy: boolean;
  readonly problem: string;
  readonly run: (work: () => Promise<unknown>) => void;
}

/** Does one thing at a time, and keeps what was wrong with the last. */
export function useDoing(after?: () => void): Doing {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  const run = (work: () => Promise<unknown>): void => {
    setBusy(true);
    setProblem('');
    work()
      .then(after)
      .catch((error: unknown) => setProblem(wordsOf(error)))
      .finally(() => setBusy(false));
  };
  return { isBusy, problem, run };
}
