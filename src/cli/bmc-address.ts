import { connectLan, LogInError, TimeoutError, type LanClient } from '../client/index.ts';
import { IpmiError } from '../codec/index.ts';
import { nodeWorld } from '../world/node.ts';
import { parseEndpoint, type Endpoint } from '../world/world.ts';
import { CliError } from './errors.ts';

/** How a command reaches a BMC by LAN. */
export interface BmcAddress {
  readonly to: string;
  readonly user: string;
  /** Default: the environment's IPMI_PASSWORD. */
  readonly password?: string;
}

export const connectTo = ({ to, user, password = process.env.IPMI_PASSWORD ?? '' }: BmcAddress): Promise<LanClient> =>
  connectLan(nodeWorld(), { ...endpointOf(to), user, password, retryAfter: 300, tries: 3 });

/** Throws CliError. */
export function endpointOf(to: string): Endpoint {
  const endpoint = parseEndpoint(to.includes(':') ? to : `${to}:623`);
  if (!endpoint) throw new CliError(`--to ${to}: expected HOST:PORT`);
  return endpoint;
}

/** Does something with a BMC; its refusals are one line and exit code 1. */
export async function withBmc(address: BmcAddress, work: (client: LanClient) => Promise<number>): Promise<number> {
  try {
    const client = await connectTo(address);
    try {
      return await work(client);
    } finally {
      await client.close();
    }
  } catch (error) {
    if (!(error instanceof IpmiError || error instanceof LogInError || error instanceof TimeoutError)) throw error;
    process.stderr.write(`ipmi-bmc: ${address.to}: ${error.message}\n`);
    return 1;
  }
}
