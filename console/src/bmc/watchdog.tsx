import type { WatchdogState } from 'ipmi-bmc/control';
import { may, pathOf } from '../api.ts';
import { useAnswer, useDoing } from '../parts/hooks.ts';
import { Facts, Problem } from '../parts/layout.tsx';
import type { TabProps } from './tab.ts';

const USES = ['none', 'BIOS FRB2', 'BIOS/POST', 'OS load', 'SMS/OS', 'OEM'];

export function Watchdog({ api, bmc }: TabProps) {
  const { value, problem, reload } = useAnswer<WatchdogState>(api, pathOf(bmc, '/watchdog'), 1000);
  const doing = useDoing(reload);
  return (
    <article>
      <h2>Watchdog timer</h2>
      <Problem of={doing.problem || problem} />
      {value && (
        <>
          <Facts
            of={[
              ['State', value.running ? '● running' : '○ stopped'],
              ['Use', USES[value.use] ?? value.use],
              ['At its end', value.action],
              ['Left', `${value.presentCountdown} s of ${value.initialCountdown} s`],
              ['Interrupt before', `${value.preTimeout} s`],
              ['Ran out in', value.expired.map((use) => USES[use]).join(', ') || 'nothing'],
            ]}
          />
          {value.running && (
            <progress
              max={value.initialCountdown}
              value={value.presentCountdown}
              aria-label={`${value.presentCountdown} seconds left`}
            />
          )}
          {may(api.me, 'operate') && (
            <button
              type="button"
              disabled={!value.running || doing.isBusy}
              onClick={() => doing.run(() => api.send('DELETE', pathOf(bmc, '/watchdog')))}
            >
              Stop it
            </button>
          )}
        </>
      )}
    </article>
  );
}
