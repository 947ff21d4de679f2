import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer, Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Log } from '../state/setup.ts';
import { listenAt } from '../world/node-listen.ts';
import { streamName, type Endpoint, type StreamServer } from '../world/world.ts';
import type { Assets } from './console/assets.ts';
import { attachConsole } from './console-attach.ts';
import { CALLER, callerIn } from './caller-header.ts';
import type { Daemon } from './daemon.ts';
import { hostIn, LOOPBACK, peerOf } from './peers.ts';
import { refusal } from './problem.ts';
import type { Caller } from './caller.ts';
import type { Tokens } from './tokens.ts';

/** Connections at a time, of all listeners of the API together, and of the web console. */
const MOST_CONNECTIONS = 64;
/** Whoever can open a socket of mode 0600 is its user, or root. */
const OWN = 0o600;
const BY_SOCKET: Caller = { name: 'socket', role: 'admin', peer: '' };
/** Milliseconds for the head of a request, and for all of it, before its connection is ended. */
const SLOWEST_HEAD = 5000;
const SLOWEST = 60_000;
const PATIENCE = {
  headersTimeout: SLOWEST_HEAD,
  requestTimeout: SLOWEST,
  connectionsCheckingInterval: 1000,
  maxHeaderSize: 16_384,
};
/** Those of TLS whose handshake is under way among them: who has too many hears of it behind that. */
const MOST_OF_TLS = 2 * MOST_CONNECTIONS;

/** What is said to one connection too many. */
function busy(): string {
  const { problem } = refusal(
    'unavailable',
    `${MOST_CONNECTIONS} connections are open: as many as there may be`,
    {
      next: 'try again when one has ended',
    },
  );
  const body = JSON.stringify(problem);
  const head = [
    'HTTP/1.1 503 Service Unavailable',
    'Content-Type: application/problem+json',
    `Content-Length: ${body.length}`,
    'Retry-After: 1',
    'Connection: close',
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

/** A place of TCP where the API is served. */
export interface TcpPlace {
  readonly at: Endpoint;
  readonly tokens: Tokens;
  /** PEM texts. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** Host headers, without port, beside the address itself and the names of the loopback. */
  readonly hosts?: readonly string[];
}

/** A place of TCP where the web console is. */
export interface WebConsolePlace extends Omit<TcpPlace, 'tokens'> {
  readonly tokens?: Tokens;
  readonly assets: Assets;
  /** Milliseconds of silence after which a log-in ends. */
  readonly idle: number;
  /** Milliseconds that histories of sensors reach back. */
  readonly history: number;
}

/** Who asks. Throws ControlError for nobody. */
export type Asks = (headers: Headers, peer: string) => Caller;

/** What the listeners serve. */
export interface ControlServing {
  readonly log: Log;
  /** The one that has all BMCs; undefined: several have. */
  readonly daemon?: Daemon;
  /** What answers; with the first request. */
  load(): Promise<(asks: Asks) => RequestListener>;
  /** A connection that is to be something else. */
  upgrade(request: IncomingMessage, socket: Socket, head: Uint8Array, asks: () => Caller): void;
}

/** One process that serves BMCs. */
export const servingOf = (daemon: Daemon): ControlServing => ({
  log: daemon.log,
  daemon,
  load: () => load(daemon),
  upgrade: (request, socket, _head, asks) => attachConsole(daemon, request, socket, asks),
});

/**
 * The listeners of the control API. What answers is loaded with the first request: a process that nobody
 * steers does not have it.
 */
export class ControlServer {
  readonly #parts: ControlServing;
  readonly #servers: StreamServer[] = [];
  readonly #sockets = new Set<Socket>();
  /** Below TLS, from before its handshake. */
  readonly #ofTls = new Set<Socket>();
  readonly #webConsoles: StreamServer[] = [];
  #console: string | undefined;
  #serving: Promise<(asks: Asks) => RequestListener> | undefined;

  constructor(serving: ControlServing) {
    this.#parts = serving;
  }

  /** Where it listens: paths, `host:port`. */
  get addresses(): string[] {
    return this.#servers.map(({ address }) => streamName(address));
  }

  /**
   * Serves at a Unix socket of mode 0600; `isBehind`: whoever comes says for whom it asks.
   * Rejects with the system's error: EADDRINUSE where one lives.
   */
  async listenUnix(path: string, isBehind = false): Promise<void> {
    const asks: Asks = (headers) => (isBehind ? callerIn(headers) : undefined) ?? BY_SOCKET;
    await this.#open(createServer(), { path, mode: OWN }, asks);
  }

  /** Serves at TCP. Rejects with the system's error, or that of a certificate. */
  async listenTcp({ at, tokens, tls, hosts = [] }: TcpPlace): Promise<void> {
    const server = tls
      ? createTlsServer({ ...PATIENCE, cert: tls.certificate, key: tls.key, handshakeTimeout: SLOWEST_HEAD })
      : createServer(PATIENCE);
    const known = new Set([...LOOPBACK, at.host, ...hosts].map((host) => host.toLowerCase()));
    await this.#open(server, at, (headers, peer) => {
      const host = hostIn(headers.get('host') ?? '');
      if (!known.has(host))
        throw refusal('wrong-host', host === '' ? 'no Host is said' : `'${host}' is no name of this server`, {
          next: 'name it in control.hosts of the settings',
        });
      const [, token] = /^Bearer +(\S+) *$/i.exec(headers.get('authorization') ?? '') ?? [];
      if (token === undefined) return { name: 'anybody', role: 'anybody', peer };
      const caller = tokens.caller(token, peer);
      if (!caller) throw refusal('unauthorized', 'nobody is known by this token');
      return caller;
    });
  }

  /**
   * Serves the web console at TCP, with connections of its own: who takes all of them keeps nobody from
   * steering. Rejects as `listenTcp` does.
   */
  async listenConsole({
    at,
    tls,
    hosts = [],
    tokens,
    assets,
    idle,
    history,
  }: WebConsolePlace): Promise<void> {
    const { daemon } = this.#parts;
    if (!daemon) throw new Error('the web console is of one process: leave out --workers');
    daemon.sensorHistories.span = history;
    const server = tls
      ? createTlsServer({ ...PATIENCE, cert: tls.certificate, key: tls.key, handshakeTimeout: SLOWEST_HEAD })
      : createServer(PATIENCE);
    const { WebConsole } = await import('./console/web-console.ts');
    const listenerFor = await this.#load();
    let web: InstanceType<typeof WebConsole> | undefined;
    server.on('request', (request: IncomingMessage, response: ServerResponse) =>
      web?.listener(request, response),
    );
    server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) =>
      web?.upgrade(request, socket, head),
    );
    const open = this.#bounded(server);
    const bound = await listenAt(server, at, () => {
      web?.close();
      server.close();
      server.closeAllConnections();
      for (const socket of open) socket.destroy();
    });
    const port = 'port' in bound.address ? bound.address.port : at.port;
    web = new WebConsole({
      daemon,
      assets,
      port,
      isTls: tls !== undefined,
      hosts: new Set([...LOOPBACK, at.host, ...hosts].map((host) => host.toLowerCase())),
      tokens,
      idle,
      api: (asks) => listenerFor(asks),
    });
    this.#webConsoles.push(bound);
    this.#console = `${tls ? 'https' : 'http'}://${streamName(bound.address)}/`;
  }

  /** Where the web console is, for a browser. */
  get console(): string | undefined {
    return this.#console;
  }

  /** Takes no more, and ends what is open. */
  async close(): Promise<void> {
    const servers = [...this.#servers.splice(0), ...this.#webConsoles.splice(0)];
    await Promise.all(servers.map((server) => server.close()));
    for (const socket of [...this.#sockets, ...this.#ofTls]) socket.destroy();
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
          this.#parts.log.error('control: it cannot be loaded', error);
          response.writeHead(500).end();
        },
      );
    });
    server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Uint8Array) =>
      this.#parts.upgrade(request, socket, head, () => asks(headersOf(request), peerOf(request))),
    );
    this.#bounded(server, this.#sockets);
    this.#servers.push(
      await listenAt(server, at, () => {
        server.close();
        server.closeAllConnections();
      }),
    );
  }

  /** The connections that are open, at most MOST_CONNECTIONS of them. */
  #bounded(server: Server, open = new Set<Socket>()): ReadonlySet<Socket> {
    const isTls = server instanceof TlsServer;
    const bound =
      (most: number, among: Set<Socket>, refuse: (socket: Socket) => void) => (socket: Socket) => {
        if (among.size >= most) return refuse(socket);
        among.add(socket);
        socket.once('close', () => among.delete(socket));
      };
    const tell = (socket: Socket): void => {
      socket.on('error', () => socket.destroy());
      socket.end(busy());
    };
    server.on(isTls ? 'secureConnection' : 'connection', bound(MOST_CONNECTIONS, open, tell));
    if (isTls)
      server.on(
        'connection',
        bound(MOST_OF_TLS, this.#ofTls, (socket) => socket.destroy()),
      );
    return open;
  }

  #load(): Promise<(asks: Asks) => RequestListener> {
    this.#serving ??= this.#parts.load();
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
      // Of who says no name, as HTTP/1.0 may; TCP refuses it all the same.
      { overrideGlobalObjects: false, hostname: 'localhost' },
    );
}

/** Those that say who asks. */
const headersOf = ({ headers }: IncomingMessage): Headers => {
  const { [CALLER]: caller } = headers;
  return new Headers({
    host: headers.host ?? '',
    ...(headers.authorization !== undefined && { authorization: headers.authorization }),
    ...(typeof caller === 'string' && { [CALLER]: caller }),
  });
};
