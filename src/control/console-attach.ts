import type { Duplex } from 'node:stream';
import type { IncomingMessage } from 'node:http';
import type { Daemon } from './daemon.ts';
import { ControlError, refusal } from './problem.ts';
import { isAllowed, type Caller } from './route.ts';

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
  try {
    const { console: port, withHistory, bmc } = wanted(daemon, request, caller());
    const before = daemon.consoles.of(bmc);
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${CONSOLE_PROTOCOL}\r\n\r\n`,
    );
    if (withHistory) socket.write(before);
    const undo = port.listen({
      onData: (characters) => {
        // The bytes are another's after the call.
        if (socket.writableLength < MOST_BEHIND) socket.write(characters.slice());
      },
    });
    socket.on('data', (typed: Buffer) => void port.write(Uint8Array.from(typed)));
    socket.on('end', () => socket.end());
    socket.on('close', undo);
  } catch (error) {
    if (!(error instanceof ControlError)) daemon.log.error('control: console', error);
    refuseUpgrade(
      socket,
      error instanceof ControlError ? error : refusal('failed', 'it failed; the log says why'),
    );
  }
}

function wanted(daemon: Daemon, { url = '', headers }: IncomingMessage, caller: Caller) {
  const found = consoleOf(daemon, url, caller);
  if (headers.upgrade?.toLowerCase() !== CONSOLE_PROTOCOL)
    throw refusal('bad-request', `expected Upgrade: ${CONSOLE_PROTOCOL}`);
  return found;
}

/** The serial console that a path names, for who may work it. Throws ControlError. */
export function consoleOf(daemon: Daemon, url: string, caller: Caller) {
  if (caller.role === 'anybody') throw refusal('unauthorized', 'this needs a token');
  if (!isAllowed(caller, 'operate')) throw refusal('forbidden', 'this needs the role operate');
  const [, name, history] = PATH.exec(url) ?? [];
  if (name === undefined) throw refusal('unknown-route', `${url} is no console`);
  const known = decoded(name);
  if (caller.bmc !== undefined && caller.bmc !== known)
    throw refusal('forbidden', `'${caller.name}' is a user of BMC '${caller.bmc}', and of no other`);
  const bmc = daemon.bmc(known);
  return { bmc, console: bmc.console, withHistory: history === 'true' };
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
