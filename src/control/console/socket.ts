import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { askedConsole, consoleOf, MOST_BEHIND, refuseUpgrade } from '../console-attach.ts';
import type { ConsoleLine } from '../console-line.ts';
import type { Daemon } from '../daemon.ts';
import { ControlError, refusal } from '../problem.ts';
import type { Caller } from '../caller.ts';

/** What a page asks for, beside `csrf.TOKEN`: a browser lets it set no header. */
export const SOCKET_PROTOCOL = 'ipmi-bmc-console';
const CSRF = 'csrf.';
/** Bytes of a message from a page: what people type and paste. */
const MOST_TYPED = 1 << 16;
/** Milliseconds between two signs of life. */
const ALIVE = 20_000;
/** A session ended (RFC 6455 §7.4.2: codes of an application's own). */
const OVER = 4401;
/** Whoever served it has gone. */
const AWAY = 1001;

interface Allowed {
  readonly caller: Caller;
  /** `end` is called when the log-in ends. Returns its undoing. */
  readonly hold: (end: () => void) => () => void;
}

/** The CSRF token among the protocols of an upgrade. */
export const csrfIn = (request: IncomingMessage): string | undefined =>
  protocolsOf(request)
    .find((protocol) => protocol.startsWith(CSRF))
    ?.slice(CSRF.length);

const protocolsOf = ({ headers }: IncomingMessage): string[] =>
  (headers['sec-websocket-protocol'] ?? '').split(',').map((protocol) => protocol.trim());

/** Makes a WebSocket of a serial console: binary messages, both ways, what it said before in front. */
export function attachWebSocket(
  daemon: Daemon,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  allow: () => Allowed,
): void {
  socket.on('error', () => socket.destroy());
  void attached(daemon, request, socket, head, allow).catch((error: unknown) => {
    if (!(error instanceof ControlError)) daemon.log.error('web console', error);
    refuseUpgrade(
      socket,
      error instanceof ControlError ? error : refusal('failed', 'it failed; the log says why'),
    );
  });
}

async function attached(
  daemon: Daemon,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  allow: () => Allowed,
): Promise<void> {
  const { caller, hold } = allow();
  if (request.headers.upgrade?.toLowerCase() !== 'websocket')
    throw refusal('bad-request', 'expected Upgrade: websocket');
  if (!protocolsOf(request).includes(SOCKET_PROTOCOL))
    throw refusal('bad-request', `expected Sec-WebSocket-Protocol: ${SOCKET_PROTOCOL}`);
  const line = await consoleOf(daemon, { ...askedConsole(request.url ?? '', caller), withHistory: true });
  await join(daemon, line, { request, socket, head, hold });
}

async function join(
  daemon: Daemon,
  { past, listen, write }: ConsoleLine,
  {
    request,
    socket,
    head,
    hold,
  }: Pick<Allowed, 'hold'> & {
    readonly request: IncomingMessage;
    readonly socket: Duplex;
    readonly head: Buffer;
  },
): Promise<void> {
  const { WebSocketServer } = await import('ws');
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: MOST_TYPED,
    perMessageDeflate: false,
    handleProtocols: () => SOCKET_PROTOCOL,
  });
  server.handleUpgrade(request, socket, head, (page: WebSocket) => {
    page.on('error', () => page.terminate());
    if (past.length > 0) page.send(past);
    const undo = listen(
      (characters) => {
        // The bytes are another's after the call; who is too far behind loses them, and nobody else.
        if (page.bufferedAmount < MOST_BEHIND) page.send(characters.slice());
      },
      () => page.close(AWAY, 'another host has the BMC'),
    );
    page.on('message', (typed: Buffer) => write(Uint8Array.from(typed)));
    const alive = (): void => {
      page.ping();
      timer = daemon.world.clock.after(ALIVE, alive);
    };
    let timer = daemon.world.clock.after(ALIVE, alive);
    const release = hold(() => page.close(OVER, 'the log-in has ended'));
    page.on('close', () => {
      timer.cancel();
      release();
      undo();
    });
  });
}
