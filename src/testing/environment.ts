import type { Bmc } from '../bmc.ts';
import { parseEndpoint, type Endpoint } from '../world/world.ts';
import type { Credentials } from './options.ts';

/** Where a client finds a BMC, and as whom it logs in. */
export interface Reachable extends Endpoint, Credentials {}

/** Addresses that mean every one of a machine, and what a client on it takes. */
const ANY: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** Where clients of this machine reach it; undefined: it has no LAN interface that is open. */
export function endpointOf(bmc: Pick<Bmc, 'interfaces'>): Endpoint | undefined {
  const lan = bmc.interfaces.find(({ type }) => type === 'lan');
  const at = lan && parseEndpoint(lan.address);
  return at && { host: ANY[at.host] ?? at.host, port: at.port };
}

/** What ipmitool is told to reach it. */
export const ipmitoolArgs = ({ host, port, user, password }: Reachable): string[] => [
  '-I',
  'lanplus',
  '-H',
  host,
  '-p',
  String(port),
  '-U',
  user,
  '-P',
  password,
];

/** For programs: IPMI_HOST, IPMI_PORT, IPMI_USER, IPMI_PASSWORD, IPMI_ARGS. */
export const ipmiEnvironment = (at: Reachable): Record<string, string> => ({
  IPMI_HOST: at.host,
  IPMI_PORT: String(at.port),
  IPMI_USER: at.user,
  IPMI_PASSWORD: at.password,
  IPMI_ARGS: ipmitoolArgs(at).join(' '),
});
