import { useState } from 'preact/hooks';
import { pathOf, wordsOf, type Api } from '../api.ts';

const ACTIONS = ['on', 'off', 'cycle', 'reset', 'soft', 'identify', 'clear SEL'] as const;
type Action = (typeof ACTIONS)[number];
/** Requests at a time. */
const AT_ONCE = 8;

function asked(api: Api, name: string, action: Action): Promise<unknown> {
  if (action === 'identify') return api.send('POST', pathOf(name, '/identify'), { seconds: 30 });
  if (action === 'clear SEL') return api.send('DELETE', pathOf(name, '/sel'));
  return api.send('POST', pathOf(name, '/power'), { action });
}

interface Progress {
  readonly action: Action;
  readonly all: number;
  readonly done: number;
  readonly failed: readonly string[];
}

interface Props {
  readonly api: Api;
  readonly names: readonly string[];
  readonly onClear: () => void;
}

/** What is done to all that are chosen, some at a time. */
export function Actions({ api, names, onClear }: Props) {
  const [action, setAction] = useState<Action>('on');
  const [progress, setProgress] = useState<Progress>();
  const isBusy = progress !== undefined && progress.done < progress.all;
  const run = async (): Promise<void> => {
    const left = [...names];
    let now: Progress = { action, all: left.length, done: 0, failed: [] };
    setProgress(now);
    const worker = async (): Promise<void> => {
      for (let name = left.shift(); name !== undefined; name = left.shift()) {
        const problem = await asked(api, name, action).then(() => undefined, wordsOf);
        const failed = problem === undefined ? now.failed : [...now.failed, `${name}: ${problem}`];
        now = { ...now, done: now.done + 1, failed };
        setProgress(now);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  };
  if (names.length === 0 && progress === undefined) return null;
  return (
    <form
      class="bar actions"
      onSubmit={(event) => {
        event.preventDefault();
        void run();
      }}
    >
      <span>
        <strong>{names.length.toLocaleString('en')}</strong> chosen
      </span>
      <label>
        Action{' '}
        <select value={action} onChange={({ currentTarget }) => setAction(currentTarget.value as Action)}>
          {ACTIONS.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
      <button type="submit" disabled={isBusy || names.length === 0}>
        Do it
      </button>
      <button
        type="button"
        disabled={isBusy}
        onClick={() => {
          setProgress(undefined);
          onClear();
        }}
      >
        Choose none
      </button>
      {progress && (
        <>
          <progress value={progress.done} max={progress.all} aria-label={`Progress of ${progress.action}`} />
          <span role="status">
            {progress.action}: {progress.done} of {progress.all}
            {progress.failed.length > 0 && `, ${progress.failed.length} refused`}
          </span>
          {progress.failed.length > 0 && (
            <details class="problem">
              <summary>Refused</summary>
              <ul>
                {progress.failed.slice(0, 50).map((line) => (
                  <li key={line}>{line}</li>
                ))}
              </ul>
            </details>
          )}
        </>
      )}
    </form>
  );
}
