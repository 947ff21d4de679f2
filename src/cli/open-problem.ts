import { openedFor, SettingsError } from '../settings/errors.ts';
import type { BmcOptions } from '../config/options.ts';
import { endpointName } from '../world/world.ts';
import type { FileSettings } from './file-settings.ts';
import { CliError, problemOf } from './errors.ts';
import { flagAt, type Overrides } from './overrides.ts';

type SocketError = NodeJS.ErrnoException & {
  readonly address?: string;
  readonly port?: number;
  /** That the address is of, where it was to be one of many. */
  readonly prefix?: string;
};

/** Why a BMC could not be opened, and which option or setting asked for what could not be had. */
export function openProblem(
  error: unknown,
  settings: readonly BmcOptions[],
  bmc: number,
  place: FileSettings['place'],
  flags: Overrides,
): CliError {
  if (error instanceof CliError) return error;
  const path = error instanceof SettingsError ? error.path : openedFor(error);
  const chosenBy = path && (flagAt(path, settings[bmc], flags) ?? place?.(bmc, path));
  const { where, problem } = socketProblem(error as SocketError) ?? { problem: problemOf(error) };
  // An option that says the address says it once.
  const parts = [
    chosenBy,
    chosenBy && where !== undefined && `${chosenBy}:`.includes(` ${where}:`) ? undefined : where,
    problem,
  ];
  return new CliError(parts.filter((part) => part !== undefined).join(': '), { cause: error });
}

function socketProblem({
  code,
  message,
  address: host,
  port,
  prefix,
}: SocketError): { where?: string; problem: string } | undefined {
  const where = host === undefined ? undefined : port === undefined ? host : endpointName({ host, port });
  switch (code) {
    case 'EADDRINUSE': {
      // A Unix socket, which the message names.
      const [, path] = (port === undefined && /'(.*\/.*)'/.exec(message)) || [];
      if (path !== undefined)
        return { where: path, problem: 'in use by another process, or no socket; choose another path' };
      return { where, problem: 'port in use; another BMC? choose another port' };
    }
    case 'EACCES':
      if (where === undefined || port === undefined) return undefined;
      return {
        where,
        problem: 'not allowed; a port below 1024 needs root or CAP_NET_BIND_SERVICE (docs/service.md)',
      };
    // EINVAL: a zone that is no interface of this machine.
    case 'EINVAL':
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return {
        where: where ?? (/\bgetaddrinfo \w+ (\S+)$/.exec(message) ?? [])[1],
        problem: `no such address on this machine${prefix === undefined ? '' : `; ${routeTo(prefix)}`}`,
      };
    default:
      return undefined;
  }
}

/** What makes the addresses of a prefix this machine's, as root. */
const routeTo = (prefix: string): string =>
  `make the whole prefix its own with 'ip ${prefix.includes(':') ? '-6 ' : ''}route add local ${prefix} dev lo'`;
