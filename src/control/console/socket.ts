import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { consoleOf, MOST_BEHIND, refuseUpgrade } from '../console-attach.ts';
import type { Daemon } from '../daemon.ts';
import { ControlError, refusal } from '../problem.ts';
import type { Caller } from '../route.ts';

/** What a page asks for, beside `csrf.TOKEN`: a browser lets it set no header. */
export const SOCKET_PROTOCOL = 'ipmi-bmc-console';
const CSRF = 'csrf.';
/** Bytes of a message from a page: what people type and paste. */
const MOST_TYPED = 1 << 16;
/** Milliseconds between two signs of life. */
const ALIVE = 20_000;
/** A session ended (RFC 6455 §7.4.2: codes of an application's own). */
const OVER = 4401;

interface Allowed {
  readonly caller: Caller;
  /** `end` is called when the log-in ends. Returns its undoing. */
  readonly hold: (end: () => void) => () => void;
}

/** The CSRF token among the protocols of an upgrade. */
export const csrfIn = (request: IncomingMessage): string | undefined =>
  protocolsOf(request)
    .find((one) => one.startsWith(CSRF))
    ?.slice(CSRF.length);

const protocolsOf = ({ headers }: IncomingMessage): string[] =>
  (headers['sec-websocket-protocol'] ?? '').split(',').map((one) => one.trim());

/** Makes a WebSocket of a serial console: binary messages, both ways, what it said before in front. */
export function attachWebSocket(
  daemon: Daemon,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  allow: () => Allowed,
): void {
  socket.on('error', () => socket.destroy());
  try {
    const { caller, hold } = allow();
    if (request.headers.upgrade?.toLowerCase() !== 'websocket')
      throw refusal('bad-request', 'expected Upgrade: websocket');
    if (!protocolsOf(request).includes(SOCKET_PROTOCOL))
      throw refusal('bad-request', `expected Sec-WebSocket-Protocol: ${SOCKET_PROTOCOL}`);
    const wanted = consoleOf(daemon, request.url ?? '', caller);
    void join(daemon, wanted, { request, socket, head, hold });
  } catch (error) {
    if (!(error instanceof ControlError)) daemon.log.error('web console', error);
    refuseUpgrade(
      socket,
      error instanceof ControlError ? error : refusal('failed', 'it failed; the log says why'),
    );
  }
}

async function join(
  daemon: Daemon,
  { bmc, console: port }: ReturnType<typeof consoleOf>,
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
    const before = daemon.consoles.of(bmc);
    if (before.length > 0) page.send(before);
    const undo = port.listen({
      onData: (characters) => {
        // The bytes are another's after the call; who is too far behind loses them, and nobody else.
        if (page.bufferedAmount < MOST_BEHIND) page.send(characters.slice());
      },
    });
    page.on('message', (typed: Buffer) => void port.write(Uint8Array.from(typed)));
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
