import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { ControlOptions, ControlTlsOptions, WebConsoleOptions } from '../config/options.ts';
import { ControlServer, type ControlServing } from '../control/server.ts';
import { Tokens } from '../control/tokens.ts';
import { millisecondsOf } from '../settings/durations.ts';
import { endpointOf } from '../settings/addresses.ts';
import type { Log } from '../state/setup.ts';
import { certificatePair } from './certificates.ts';
import { consoleAssets } from './console-assets.ts';
import { leaveWord, ownEntry, ownRuntimeDirectory } from './control-place.ts';
import { CliError, problemOf, reading, systemProblem } from './errors.ts';

export interface ControlFlags {
  /** A path; false: nobody steers this process. Default: what the file says, else a place of its own. */
  readonly control?: string | boolean;
}

/** What is steered. */
export interface Steered {
  readonly serving: ControlServing;
  /** Where state is kept. Default: in memory. */
  readonly stateDirectory: string | undefined;
  /** Whoever comes by the socket says for whom it asks. */
  readonly isBehind?: boolean;
}

export interface ControlSurroundings {
  readonly flags: ControlFlags;
  readonly inFile: ControlOptions | undefined;
  /** Where the file has the web console. */
  readonly console?: WebConsoleOptions;
  /** Of the settings: their relative paths begin beside it. */
  readonly file: string | undefined;
  readonly log: Log;
}

/** What serves the control API of this process. */
export interface OpenControl {
  readonly addresses: readonly string[];
  /** Of the web console, for a browser. */
  readonly console?: string;
  close(): Promise<void>;
}

/** Of the web console, where the file does not say. */
const IDLE = '30m';
const HISTORY = '1h';

/**
 * Serves the control API where the command line or the file says. A place of which they say nothing may be
 * unfit, which is a warning; any other that cannot be had is the caller's mistake. Rejects with CliError.
 */
export async function openControl(
  { serving, stateDirectory, isBehind = false }: Steered,
  { flags, inFile = {}, console: web, file, log }: ControlSurroundings,
): Promise<OpenControl> {
  if (flags.control === false) return { addresses: [], close: () => Promise.resolve() };
  const beside = (path: string): string => resolve(file === undefined ? '.' : dirname(file), path);
  const server = new ControlServer(serving);
  const socket = typeof flags.control === 'string' ? flags.control : inFile.socket && beside(inFile.socket);
  let forget: () => void = () => undefined;
  try {
    if (socket !== undefined) {
      await server.listenUnix(socket, isBehind).catch((error: unknown) => {
        throw new CliError(obstacle(error, socket), { cause: error });
      });
      if (!isBehind) forget = wordOf(socket, log);
    } else {
      forget = await listenAnywhere(server, stateDirectory, log);
    }
    if (inFile.listen !== undefined)
      await listenTcp(server, { ...inFile, listen: inFile.listen }, beside, log);
    if (web !== undefined) await listenConsole(server, web, inFile.tokens, beside, log);
  } catch (error) {
    forget();
    await server.close();
    throw error instanceof CliError ? error : new CliError(problemOf(error), { cause: error });
  }
  return {
    addresses: server.addresses,
    ...(server.console !== undefined && { console: server.console }),
    async close() {
      forget();
      await server.close();
    },
  };
}

function obstacle(error: unknown, place: string): string {
  if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE')
    return `control: ${place} belongs to a process that runs: use --control PATH, or --no-control`;
  return `control: ${systemProblem(error) ?? problemOf(error)}`;
}

/** In the state directory, else where daemons leave word of themselves. */
async function listenAnywhere(
  server: ControlServer,
  stateDirectory: string | undefined,
  log: Log,
): Promise<() => void> {
  try {
    if (stateDirectory === undefined) {
      await server.listenUnix(ownEntry(ownRuntimeDirectory()));
      return () => undefined;
    }
    const path = join(resolve(stateDirectory), 'control.sock');
    await server.listenUnix(path);
    return wordOf(path, log);
  } catch (error) {
    log.warn(`control: nobody can steer this process: ${systemProblem(error) ?? problemOf(error)}`);
    return () => undefined;
  }
}

/** A daemon that leaves no word is steered all the same, by who knows its socket. */
function wordOf(path: string, log: Log): () => void {
  try {
    return leaveWord(path);
  } catch (error) {
    log.debug(`control: ${path} is not found by itself: ${problemOf(error)}`);
    return () => undefined;
  }
}

async function listenTcp(
  server: ControlServer,
  { listen, tokens = '', tls, hosts }: ControlOptions & { readonly listen: string },
  beside: (path: string) => string,
  log: Log,
): Promise<void> {
  const known = tokensIn(beside(tokens));
  const at = endpointOf(listen);
  if (tls === undefined && !isLoopback(at.host))
    log.warn(`control: ${listen} is no loopback and has no tls: tokens pass in the clear`);
  await server
    .listenTcp({ at, tokens: known, hosts, ...(tls && { tls: pemOf(tls, beside) }) })
    .catch((error: unknown) => {
      throw new CliError(`control: ${listen}: ${problemOf(error)}`, { cause: error });
    });
}

/** `tokens`: those of the control API, for who has none of its own. */
async function listenConsole(
  server: ControlServer,
  { listen, tls, hosts, tokens: own, idle = IDLE, history = HISTORY }: WebConsoleOptions,
  tokens: string | undefined,
  beside: (path: string) => string,
  log: Log,
): Promise<void> {
  const file = own ?? tokens;
  const at = endpointOf(listen);
  if (tls === undefined && !isLoopback(at.host))
    log.warn(`console: ${listen} is no loopback and has no tls: passwords pass in the clear`);
  await server
    .listenConsole({
      at,
      hosts,
      ...(file !== undefined && { tokens: tokensIn(beside(file)) }),
      ...(tls && { tls: pemOf(tls, beside) }),
      assets: consoleAssets(),
      idle: millisecondsOf(idle) ?? 0,
      history: millisecondsOf(history) ?? 0,
    })
    .catch((error: unknown) => {
      throw new CliError(`console: ${listen}: ${problemOf(error)}`, { cause: error });
    });
}

const isLoopback = (host: string): boolean => /^(localhost|127\.|::1$)/.test(host);

const tokensIn = (file: string): Tokens => new Tokens(textOf(file), file);

const textOf = (path: string): string => reading(path, () => readFileSync(path, 'utf8'));

const pemOf = ({ certificate, key }: ControlTlsOptions, beside: (path: string) => string) =>
  certificatePair(beside(certificate), beside(key));
