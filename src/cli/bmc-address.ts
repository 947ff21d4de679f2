import { lookup } from 'node:dns/promises';
import { connectLan, LogInError, TimeoutError, type LanClient } from '../client/index.ts';
import { IpmiError, utf8Bytes } from '../codec/index.ts';
import { nodeWorld } from '../world/node.ts';
import { parseEndpoint, type Endpoint } from '../world/world.ts';
import { RakpStatus } from '../wire/index.ts';
import { CliError, complain } from './errors.ts';

/** How a command reaches a BMC by LAN. */
export interface BmcAddress {
  readonly to: string;
  readonly user: string;
  /** Default: the environment's IPMI_PASSWORD. */
  readonly password?: string;
  /** The BMC's second key, where it has one. */
  readonly kg?: Uint8Array;
  /** Default 17. */
  readonly cipher?: number;
  /** Problems are told as JSON. */
  readonly json?: boolean;
}

/** What the BMC refused, or that it is not there: one line on standard error. */
export function tellRefusal({ to, json = false }: BmcAddress, { message }: Error): void {
  complain(message.includes(to) ? message : `${to}: ${message}`, json, (text) => process.stderr.write(text));
}

export const connectTo = (address: BmcAddress): Promise<LanClient> =>
  connectLan(nodeWorld(), {
    ...endpointOf(address.to),
    user: address.user,
    password: passwordOf(address),
    kg: address.kg,
    cipherSuite: address.cipher,
    retryAfter: 300,
    tries: 3,
  });

/** Throws CliError for a password that is missing or too long. */
function passwordOf({ password = process.env.IPMI_PASSWORD }: BmcAddress): string {
  if (password === undefined)
    throw new CliError('no password: give it with -P, or in IPMI_PASSWORD of the environment');
  if (!utf8Bytes(password, 20)) throw new CliError('a password has at most 20 bytes in UTF-8');
  return password;
}

/** Finds mistakes in an address before anything is sent. Rejects with CliError. */
export async function checkAddress(address: BmcAddress): Promise<void> {
  const { host } = endpointOf(address.to);
  passwordOf(address);
  await lookup(host).catch((error: unknown) => {
    throw new CliError(`--to ${address.to}: there is no host ${host}`, { cause: error });
  });
}

/** A refused log-in, in the words of whoever typed the command. */
export function logInProblem({ to, user, kg }: BmcAddress, { message, status }: LogInError): string {
  if (status === RakpStatus.UnauthorizedName)
    return `${to}: there is no user ${user}, or it may not log in here`;
  if (status === RakpStatus.InvalidIntegrityCheckValue && message.includes('RAKP 4'))
    return `${to}: ${kg === undefined ? 'the BMC has a K_g: give it with --kg' : 'the BMC has another K_g, or none'}`;
  if (status === RakpStatus.InvalidIntegrityCheckValue) return `${to}: wrong password for user ${user}`;
  return `${to}: ${message}`;
}

/** Throws CliError. */
export function endpointOf(to: string): Endpoint {
  const endpoint = parseEndpoint(to.includes(':') ? to : `${to}:623`);
  if (!endpoint) throw new CliError(`--to ${to}: expected HOST:PORT`);
  return endpoint;
}

/**
 * Does something with a BMC; its refusals are one line and exit code 1, a wrong name or password exit code 2.
 */
export async function withBmc(
  address: BmcAddress,
  work: (client: LanClient) => Promise<number>,
): Promise<number> {
  await checkAddress(address);
  try {
    const client = await connectTo(address);
    try {
      return await work(client);
    } finally {
      await client.close();
    }
  } catch (error) {
    if (error instanceof LogInError) throw new CliError(logInProblem(address, error), { cause: error });
    if (!(error instanceof IpmiError || error instanceof TimeoutError)) throw error;
    tellRefusal(address, error);
    return 1;
  }
}
