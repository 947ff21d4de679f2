import type { Bmc } from '../bmc.ts';
import type { BmcOptions } from '../config/options.ts';
import { parseEndpoint } from '../world/world.ts';
import { bold, dim } from './colors.ts';

/** Who may log in, and with which password, where that is chosen anew at each start. */
export interface LogIn {
  readonly user: string;
  readonly password: string;
}

/**
 * The random passwords of a start that hold: one that a client changed, and that was kept, is not ours to
 * know.
 */
export function logInsOf({ users = [] }: BmcOptions, bmc: Bmc): LogIn[] {
  return users.flatMap(({ id, name = '', password = '' }) => {
    const now = bmc.users.password(id);
    const holds = now !== undefined && Buffer.from(now).toString('latin1').replace(/\0+$/, '') === password;
    return holds && bmc.users.name(id) === name && bmc.users.enabled(id) ? [{ user: name, password }] : [];
  });
}

/** What `run` says on standard output when everything listens. */
export function greeting(
  settings: readonly BmcOptions[],
  interfaces: Bmc['interfaces'],
  state: string | undefined,
  logIns: readonly LogIn[],
  metrics: string | undefined,
): string {
  const lines = interfaces.map(
    ({ bmc, type, channel, address }) =>
      `${bmc}: ${type}${channel === undefined ? '' : ` channel ${channel}`} on ${bold(address)}`,
  );
  if (metrics !== undefined) lines.push(`metrics on ${bold(`http://${metrics}/metrics`)}`);
  lines.push(
    dim(
      state === undefined
        ? 'state is in memory only: it ends with this process'
        : `state is kept in ${state}`,
    ),
  );
  if (logIns.length > 0)
    lines.push(
      `passwords of this start: ${logIns.map(({ user, password }) => `${user} ${bold(password)}`).join(', ')}`,
    );
  const lan = interfaces.find(({ type }) => type === 'lan');
  const endpoint = lan && parseEndpoint(lan.address);
  const user = settings[0].users?.find(({ id, enabled, name }) => id > 1 && enabled !== false && name);
  if (endpoint && user) {
    const known = logIns.find((logIn) => logIn.user === user.name);
    // A password from a file is not ours to print.
    const password = known ? `-P ${known.password}` : '-a';
    lines.push(
      '',
      `  ipmitool -I lanplus -H ${reachable(endpoint.host)} -p ${endpoint.port} -U ${user.name} ${password} mc info`,
      '',
    );
  }
  return `${lines.join('\n')}\n`;
}

/** An address that listens for all of the machine's own is no address to send to. */
const reachable = (host: string): string => ({ '0.0.0.0': '127.0.0.1', '::': '::1' })[host] ?? host;
