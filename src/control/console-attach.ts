import type { Duplex } from 'node:stream';
import type { IncomingMessage } from 'node:http';
import type { ConsoleLine } from './console-line.ts';
import type { Daemon } from './daemon.ts';
import { ControlError, refusal } from './problem.ts';
import { isAllowed, type Caller } from './caller.ts';

/** What a client upgrades to. */
export const CONSOLE_PROTOCOL = 'ipmi-bmc-console';
/** Bytes that a reader may be behind; what is more is lost to it alone, as on a serial line. */
export const MOST_BEHIND = 1 << 18;
const PATH = /^\/v1\/bmcs\/([^/?]+)\/console(?:\?history=(true|false))?$/;

/** Joins an upgraded connection to the serial console of the BMC in its path, until either ends. */
export function attachConsole(
  daemon: Daemon,
  request: IncomingMessage,
  socket: Duplex,
  caller: () => Caller,
): void {
  socket.on('error', () => socket.destroy());
  void attached(daemon, request, socket, caller).catch((error: unknown) => {
    if (!(error instanceof ControlError)) daemon.log.error('control: console', error);
    refuseUpgrade(
      socket,
      error instanceof ControlError ? error : refusal('failed', 'it failed; the log says why'),
    );
  });
}

async function attached(
  daemon: Daemon,
  { url = '', headers }: IncomingMessage,
  socket: Duplex,
  caller: () => Caller,
): Promise<void> {
  const found = askedConsole(url, caller());
  if (headers.upgrade?.toLowerCase() !== CONSOLE_PROTOCOL)
    throw refusal('bad-request', `expected Upgrade: ${CONSOLE_PROTOCOL}`);
  const line = await consoleOf(daemon, found);
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${CONSOLE_PROTOCOL}\r\n\r\n`,
  );
  joinConsole(line, socket);
}

/** A console and a stream of bytes, until either ends. */
export function joinConsole({ past, listen, write }: ConsoleLine, stream: Duplex): void {
  if (past.length > 0) stream.write(past);
  const undo = listen(
    (characters) => {
      if (stream.writableLength < MOST_BEHIND) stream.write(characters.slice());
    },
    () => stream.end(),
  );
  stream.on('data', (typed: Buffer) => write(Uint8Array.from(typed)));
  stream.on('end', () => stream.end());
  stream.on('close', undo);
}

/** A console as it is asked for. */
export interface AskedConsole {
  readonly bmc: string;
  readonly withHistory: boolean;
  readonly caller: Caller;
}

/** The serial console that a path names, for who may work it. Throws ControlError. */
export function askedConsole(path: string, caller: Caller): AskedConsole {
  if (caller.role === 'anybody') throw refusal('unauthorized', 'this needs a token');
  if (!isAllowed(caller, 'operate')) throw refusal('forbidden', 'this needs the role operate');
  const [, name, history] = PATH.exec(path) ?? [];
  if (name === undefined) throw refusal('unknown-route', `${path} is no console`);
  const bmc = decoded(name);
  if (caller.bmc !== undefined && caller.bmc !== bmc)
    throw refusal('forbidden', `'${caller.name}' is a user of BMC '${caller.bmc}', and of no other`);
  return { bmc, withHistory: history === 'true', caller };
}

/** Rejects with ControlError. */
export async function consoleOf(daemon: Daemon, asked: AskedConsole): Promise<ConsoleLine> {
  const far = await daemon.elsewhere?.console(asked.bmc, asked.withHistory, asked.caller);
  return far ?? ownConsole(daemon, asked);
}

/** Of a BMC that is here. Throws ControlError. */
export function ownConsole(
  daemon: Daemon,
  { bmc: name, withHistory }: Pick<AskedConsole, 'bmc' | 'withHistory'>,
): ConsoleLine {
  const bmc = daemon.bmc(name);
  const port = bmc.console;
  return {
    // What it says until somebody listens is part of it.
    get past() {
      return withHistory ? port.past : new Uint8Array(0);
    },
    write: (typed) => void port.write(typed),
    listen: (hear) => port.listen({ onData: hear }),
  };
}

/** A console that another host has, at the end of a stream: its history comes as all else does. */
export function farLine(stream: Duplex): ConsoleLine {
  return {
    past: new Uint8Array(0),
    write: (typed) => void (stream.writableLength < MOST_BEHIND && stream.write(typed)),
    listen(hear, ended) {
      stream.on('data', hear);
      stream.once('close', ended);
      return () => void stream.destroy();
    },
  };
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** Answers an upgrade with a problem document, and ends the connection. */
export function refuseUpgrade(socket: Duplex, { problem }: ControlError): void {
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${problem.status} ${problem.title}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
