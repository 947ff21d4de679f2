import { spawn } from 'node:child_process';
import { inherited } from '../world/environment.ts';

/**
 * Tells systemd that the service is up, or going down, where it asked (Type=notify, NotifyAccess=all). Node
 * has no datagram sockets of the Unix kind, so systemd's own program says it for us.
 */
export function notifySystemd(state: 'READY=1' | 'STOPPING=1'): void {
  if (process.env.NOTIFY_SOCKET === undefined) return;
  const child = spawn('systemd-notify', [state, `--pid=${process.pid}`], {
    stdio: 'ignore',
    env: inherited(),
  });
  // Without that program systemd waits in vain, which it logs itself.
  child.on('error', () => undefined);
}
