import { spawn } from 'node:child_process';
import { inherited } from '../world/environment.ts';

type State = 'READY=1' | 'STOPPING=1' | 'WATCHDOG=1';

/**
 * Tells systemd that the service is up, or going down, where it asked (Type=notify, NotifyAccess=all). Node
 * has no datagram sockets of the Unix kind, so systemd's own program says it for us. `over`: it has said it,
 * or could not.
 */
export function notifySystemd(state: State, over: () => void = () => undefined): void {
  if (process.env.NOTIFY_SOCKET === undefined) return over();
  const child = spawn('systemd-notify', [state, `--pid=${process.pid}`], {
    stdio: 'ignore',
    env: inherited(),
  });
  child.on('exit', over);
  // Without that program systemd waits in vain, which it logs itself.
  child.on('error', over);
}

/** How often the watchdog is fed within the time that it has: one may be late, or lost. */
const TIMES = 3;

/**
 * Feeds systemd's watchdog (WatchdogSec=) out of the event loop, until the result is called: a loop that
 * hangs feeds nobody, and systemd starts the service anew. Nothing, where there is none for this process.
 */
export function feedWatchdog({ WATCHDOG_USEC, WATCHDOG_PID }: NodeJS.ProcessEnv = process.env): () => void {
  const within = Number(WATCHDOG_USEC ?? 0) / 1000;
  const isOurs = WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === process.pid;
  if (!(within > 0) || !isOurs) return () => undefined;
  // What is under way is not said twice: programs that nobody runs must not pile up.
  let isFeeding = false;
  const feed = (): void => {
    if (isFeeding) return;
    isFeeding = true;
    notifySystemd('WATCHDOG=1', () => (isFeeding = false));
  };
  feed();
  const timer = setInterval(feed, within / TIMES);
  return () => clearInterval(timer);
}
