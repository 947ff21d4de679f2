import { readFileSync } from 'node:fs';
import { ControlClient } from '../../control/client.ts';
import type { BmcList } from '../../control/answers.ts';
import { foundDaemons } from '../control-place.ts';
import { authoritiesIn } from '../certificates.ts';
import { CliError, reading } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { program } from '../output.ts';
import type { DaemonFlags } from './flags.ts';

/**
 * The daemon that is meant: of a flag, of the environment, or the one that runs here. Throws CliError with
 * what to do where there is none, or more than one.
 */
export function daemonOf(flags: DaemonFlags, env: NodeJS.ProcessEnv = process.env): ControlClient {
  const { socket, url } = flags;
  if (socket !== undefined && url !== undefined) throw new CliError('--socket or --url, not both');
  if (url !== undefined) return new ControlClient(placeOfUrl(url, flags));
  if (flags.tokenFile !== undefined || flags.ca !== undefined)
    throw new CliError(`${flags.ca === undefined ? '--token-file' : '--ca'} is for --url`);
  const named = socket ?? env.IPMI_BMC_SOCKET ?? '';
  return new ControlClient({ socket: named === '' ? foundSocket(env) : named });
}

function placeOfUrl(url: string, { tokenFile, ca }: DaemonFlags) {
  if (!/^https?:\/\/[^/?#@]+\/?$/.test(url) || !URL.canParse(url))
    throw new CliError(`--url ${url}: expected http://host:port or https://host:port`);
  if (ca !== undefined && !url.startsWith('https:'))
    throw new CliError(`--ca is for https://, not for ${url}`);
  return {
    url,
    ...(tokenFile !== undefined && { token: tokenIn(tokenFile) }),
    ...(ca !== undefined && { ca: authoritiesIn(ca) }),
  };
}

/** A file with one token, or with one line of the daemon's own file. */
function tokenIn(file: string): string {
  const lines = reading(file, () => readFileSync(file, 'utf8'))
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  const [line] = lines;
  if (lines.length !== 1) throw new CliError(`${file}: expected one line with your token`);
  const token = line.split(/\s+/).at(-1) ?? line;
  if (!/^[!-~]+$/.test(token)) throw new CliError(`${file}: a token has letters, digits and signs alone`);
  return token;
}

function foundSocket(env: NodeJS.ProcessEnv): string {
  const found = foundDaemons(env);
  const [daemon] = found;
  if (found.length === 1) return daemon.socket;
  if (found.length === 0)
    throw new CliError(
      `no daemon runs here: start one with \`${program()} run FILE\`, or name its socket with --socket or IPMI_BMC_SOCKET`,
      { exit: EXIT.noDaemon },
    );
  throw new CliError(
    `${found.length} daemons run here: choose with --socket or IPMI_BMC_SOCKET: ${found.map(({ pid, socket }) => `${socket} (pid ${pid})`).join(', ')}`,
    { exit: EXIT.noDaemon },
  );
}

/** The BMC by that name; by none, the only one that the daemon has. Rejects with CliError. */
export async function bmcNamed(control: ControlClient, name: string | undefined): Promise<string> {
  if (name !== undefined) return name;
  const { bmcs, total } = await control.get<BmcList>('/v1/bmcs?limit=6');
  if (total === 1) return bmcs[0].name;
  if (total === 0)
    throw new CliError(`it has no BMC: \`${program()} add FILE\` adds one`, { exit: EXIT.notThere });
  const names = bmcs.map((bmc) => bmc.name).join(', ');
  throw new CliError(`which BMC? It has ${total}: ${names}${total > bmcs.length ? ' ...' : ''}`);
}

/** The path of a BMC's routes. */
export const pathOf = (bmc: string, rest = ''): string => `/v1/bmcs/${encodeURIComponent(bmc)}${rest}`;

/** A query of what is given; empty of nothing. */
export function queryOf(values: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const there = Object.entries(values).filter(([, value]) => value !== undefined);
  return there.length === 0
    ? ''
    : `?${there.map(([key, value]) => `${key}=${encodeURIComponent(String(value))}`).join('&')}`;
}
