import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { listenAt } from '../world/node-listen.ts';
import { streamName, type Endpoint, type StreamServer } from '../world/world.ts';
import { attachConsole } from './console-attach.ts';
import type { Daemon } from './daemon.ts';
import { refusal } from './problem.ts';
import type { Caller } from './route.ts';
import type { Tokens } from './tokens.ts';

/** Connections at a time, of all listeners together. */
const MOST_CONNECTIONS = 64;
/** Whoever can open a socket of mode 0600 is its user, or root. */
const OWN = 0o600;
const BY_SOCKET: Caller = { name: 'socket', role: 'admin', peer: '' };
/** By which a machine knows itself, whatever it listens at. */
const LOOPBACK = ['localhost', '127.0.0.1', '::1'];
const BUSY = 'HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';

/** A place of TCP where the API is served. */
export interface TcpPlace {
  readonly at: Endpoint;
  readonly tokens: Tokens;
  /** PEM texts. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** Host headers, without port, beside the address itself and the names of the loopback. */
  readonly hosts?: readonly string[];
}

type Asks = (headers: Headers, peer: string) => Caller;

/**
 * The listeners of the control API. What answers is loaded with the first request: a process that nobody
 * steers does not have it.
 */
export class ControlServer {
  readonly #daemon: Daemon;
  readonly #servers: StreamServer[] = [];
  readonly #sockets = new Set<Socket>();
  #serving: Promise<(asks: Asks) => RequestListener> | undefined;

  constructor(daemon: Daemon) {
    this.#daemon = daemon;
  }

  /** Where it listens: paths, `host:port`. */
  get addresses(): string[] {
    return this.#servers.map(({ address }) => streamName(address));
  }

  /** Serves at a Unix socket of mode 0600. Rejects with the system's error: EADDRINUSE where one lives. */
  async listenUnix(path: string): Promise<void> {
    await this.#open(createServer(), { path, mode: OWN }, () => BY_SOCKET);
  }

  /** Serves at TCP. Rejects with the system's error, or that of a certificate. */
  async listenTcp({ at, tokens, tls, hosts = [] }: TcpPlace): Promise<void> {
    const server = tls ? createTlsServer({ cert: tls.certificate, key: tls.key }) : createServer();
    const known = new Set([...LOOPBACK, at.host, ...hosts].map((host) => host.toLowerCase()));
    await this.#open(server, at, (headers, peer) => {
      const host = hostIn(headers.get('host') ?? '');
      if (!known.has(host))
        throw refusal('wrong-host', `'${host}' is no name of this server`, {
          next: 'name it in control.hosts of the settings',
        });
      const [, token] = /^Bearer +(\S+) *$/i.exec(headers.get('authorization') ?? '') ?? [];
      if (token === undefined) return { name: 'anybody', role: 'anybody', peer };
      const caller = tokens.caller(token, peer);
      if (!caller) throw refusal('unauthorized', 'nobody is known by this token');
      return caller;
    });
  }

  /** Takes no more, and ends what is open. */
  async close(): Promise<void> {
    const servers = this.#servers.splice(0);
    await Promise.all(servers.map((server) => server.close()));
    for (const socket of this.#sockets) socket.destroy();
  }

  async #open(server: Server, at: Parameters<typeof listenAt>[1], asks: Asks): Promise<void> {
    let listener: RequestListener | undefined;
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      if (listener) return listener(request, response);
      void this.#load().then(
        (listenerFor) => {
          listener ??= listenerFor(asks);
          listener(request, response);
        },
        (error: unknown) => {
          this.#daemon.log.error('control: it cannot be loaded', error);
          response.writeHead(500).end();
        },
      );
    });
    server.on('upgrade', (request: IncomingMessage, socket: Socket) =>
      attachConsole(this.#daemon, request, socket, () => asks(headersOf(request), peerOf(request))),
    );
    server.on('connection', (socket: Socket) => {
      if (this.#sockets.size >= MOST_CONNECTIONS) {
        socket.end(BUSY);
        return;
      }
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.#servers.push(
      await listenAt(server, at, () => {
        server.close();
        server.closeAllConnections();
      }),
    );
  }

  #load(): Promise<(asks: Asks) => RequestListener> {
    this.#serving ??= load(this.#daemon);
    return this.#serving;
  }
}

async function load(daemon: Daemon): Promise<(asks: Asks) => RequestListener> {
  const [{ getRequestListener }, { controlApp }] = await Promise.all([
    import('@hono/node-server'),
    import('./app.ts'),
  ]);
  const app = controlApp(daemon);
  return (asks) =>
    getRequestListener(
      (request, { incoming }) => {
        const peer = peerOf(incoming);
        return app.fetch(request, { caller: (headers) => asks(headers, peer) });
      },
      { overrideGlobalObjects: false },
    );
}

/** Empty of who comes by a Unix socket. */
function peerOf({ socket }: { readonly socket: Pick<Socket, 'remoteAddress' | 'remotePort'> }): string {
  const { remoteAddress = '', remotePort = 0 } = socket;
  return remoteAddress === '' ? '' : `${remoteAddress}:${remotePort}`;
}

/** Those that say who asks. */
const headersOf = ({ headers: { host = '', authorization } }: IncomingMessage): Headers =>
  new Headers({ host, ...(authorization !== undefined && { authorization }) });

/** A Host header without its port and brackets. */
function hostIn(header: string): string {
  const [, v6, name] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/.exec(header.trim()) ?? [];
  return (v6 ?? name ?? '').toLowerCase();
}
