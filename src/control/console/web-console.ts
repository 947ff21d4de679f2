import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Daemon } from '../daemon.ts';
import { hostIn, peerOf } from '../peers.ts';
import { ControlError, refusal } from '../problem.ts';
import type { Caller } from '../caller.ts';
import type { Tokens } from '../tokens.ts';
import { typeOf, type Asset, type Assets } from './assets.ts';
import { credentialsOf } from './credentials.ts';
import {
  checkCsrf,
  checkOrigin,
  cookieEnd,
  cookieIn,
  cookieName,
  cookieText,
  CSRF_HEADER,
  securityHeaders,
} from './guard.ts';
import { ConsoleLogIns } from './log-in.ts';
import { ConsoleSessions, type ConsoleSession } from './sessions.ts';
import { attachWebSocket, csrfIn } from './socket.ts';

export interface WebConsoleParts {
  readonly daemon: Daemon;
  readonly assets: Assets;
  readonly port: number;
  readonly isTls: boolean;
  /** Host headers without port, lower case, that are this server. */
  readonly hosts: ReadonlySet<string>;
  readonly tokens?: Tokens;
  /** Milliseconds of silence after which a log-in ends. */
  readonly idle: number;
  /** The control API, for who has logged in. */
  readonly api: (asks: (headers: Headers) => Caller) => RequestListener;
}

/** Paths of who has not logged in: all that the page to do it needs. */
const OPEN = /^\/assets\/login-[\w.-]+$/;
const SAFE: readonly (string | undefined)[] = ['GET', 'HEAD'];
/** Their names change with what is in them. */
const HASHED = /-[\w-]{8,}\.\w+$/;
const KEPT = 'private, max-age=31536000, immutable';
/** Says that nobody has done anything: a page that shows itself anew does not keep its log-in alive. */
const IN_BACKGROUND = 'x-background';

/** The web console: its pages, log-ins, and the control API and serial consoles for who has logged in. */
export class WebConsole {
  readonly #parts: WebConsoleParts;
  readonly sessions: ConsoleSessions;
  readonly #logIns: ConsoleLogIns;
  readonly #cookie: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #undo: () => void;

  constructor(parts: WebConsoleParts) {
    const { daemon, port, isTls, idle, tokens } = parts;
    this.#parts = parts;
    this.sessions = new ConsoleSessions(daemon.world, idle);
    this.#logIns = new ConsoleLogIns(daemon, tokens);
    this.#cookie = cookieName(port, isTls);
    this.#headers = securityHeaders(isTls);
    this.#undo = daemon.onChanged(() =>
      this.sessions.review((bmc) => daemon.fleet.bmcs.get(bmc.name) === bmc),
    );
  }

  close(): void {
    this.#undo();
    this.sessions.close();
  }

  /** Serves a request. */
  readonly listener: RequestListener = (request, response) => {
    for (const [name, value] of Object.entries(this.#headers)) response.setHeader(name, value);
    this.#serve(request, response).catch((error: unknown) => {
      const known = error instanceof ControlError;
      if (!known) this.#parts.daemon.log.error('web console', error);
      const { problem } = known ? error : refusal('failed', 'it failed; the log says why');
      if (response.headersSent) {
        response.destroy();
        return;
      }
      // What is left of a body that nobody reads is not taken for the next request.
      response.setHeader('connection', 'close');
      this.#send(response, problem.status, problem, 'application/problem+json');
    });
  };

  /** Joins a WebSocket to the serial console in its path. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { daemon, isTls } = this.#parts;
    attachWebSocket(daemon, request, socket, head, () => {
      this.#checkHost(request);
      checkOrigin(request.headers, isTls);
      const session = this.#sessionOf(request);
      if (!session) throw refusal('unauthorized', 'this needs a log-in');
      checkCsrf(csrfIn(request), session.csrf);
      return { caller: callerOf(session, request), hold: (end) => this.sessions.hold(session.id, end) };
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#checkHost(request);
    const [path] = (request.url ?? '').split('?', 1);
    const isChange = !SAFE.includes(request.method);
    if (isChange) checkOrigin(request.headers, this.#parts.isTls);
    if (path === '/login')
      return isChange ? this.#logIn(request, response) : this.#file(request, response, 'login.html');
    if (OPEN.test(path) && !isChange) return this.#file(request, response, path.slice(1));
    const session = this.#sessionOf(request);
    if (session === undefined) {
      if (path === '/' && !isChange) return this.#redirect(response, '/login');
      throw refusal('unauthorized', 'this needs a log-in', { next: '/login' });
    }
    if (isChange) checkCsrf(request.headers[CSRF_HEADER]?.toString(), session.csrf);
    if (path.startsWith('/v1/') || path === '/openapi.json') return this.#api(session, request, response);
    if (path === '/logout' && isChange) return this.#logOut(session, response);
    if (isChange) throw refusal('unknown-route', `there is nothing to change at ${path}`);
    if (path === '/session') return this.#send(response, 200, this.#shown(session));
    return this.#file(request, response, path === '/' ? 'index.html' : path.slice(1));
  }

  async #logIn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const credentials = await credentialsOf(request);
    const { remoteAddress: address = '', remotePort: port = 0 } = request.socket;
    const visitor = this.#logIns.visitor(credentials, { address, port });
    // Whoever had the cookie before, by whatever way, has nothing of this log-in.
    const before = this.#sessionOf(request);
    if (before) this.sessions.end(before.id);
    const session = this.sessions.open(visitor);
    const { daemon, isTls } = this.#parts;
    daemon.audit?.tell({
      actor: { by: 'control', name: session.name, peer: peerOf(request) },
      what: 'console-log-in',
      fields: { role: session.role },
    });
    response.setHeader('set-cookie', cookieText(this.#cookie, session.id, isTls));
    this.#send(response, 200, this.#shown(session));
  }

  #logOut(session: ConsoleSession, response: ServerResponse): void {
    this.sessions.end(session.id);
    response.setHeader('set-cookie', cookieEnd(this.#cookie, this.#parts.isTls));
    response.writeHead(204).end();
  }

  #api(session: ConsoleSession, request: IncomingMessage, response: ServerResponse): void {
    const release = this.sessions.hold(session.id, () => response.destroy());
    response.once('close', release);
    const caller = callerOf(session, request);
    this.#parts.api(() => caller)(request, response);
  }

  #shown({ name, role, account, csrf }: ConsoleSession) {
    const { daemon } = this.#parts;
    const bmc = account?.bmc.name;
    return { name, role, ...(bmc !== undefined && { bmc }), csrf, version: daemon.version };
  }

  #sessionOf({ headers }: IncomingMessage): ConsoleSession | undefined {
    return this.sessions.find(cookieIn(headers, this.#cookie), headers[IN_BACKGROUND] === undefined);
  }

  #checkHost({ headers: { host = '' } }: IncomingMessage): void {
    const name = hostIn(host);
    if (this.#parts.hosts.has(name)) return;
    throw refusal('wrong-host', `'${name}' is no name of this server`, {
      next: 'name it in console.hosts of the settings',
    });
  }

  #file({ headers }: IncomingMessage, response: ServerResponse, path: string): void {
    const accepts = headers['accept-encoding']?.toString() ?? '';
    const asset: Asset | undefined = this.#parts.assets.file(path);
    if (asset === undefined) throw refusal('unknown-route', 'there is no such page');
    const isPacked = asset.packed !== undefined && /\bgzip\b/.test(accepts);
    const bytes = isPacked ? asset.packed : asset.bytes;
    if (HASHED.test(path)) response.setHeader('cache-control', KEPT);
    response.writeHead(200, {
      'content-type': typeOf(path),
      'content-length': bytes.length,
      ...(isPacked && { 'content-encoding': 'gzip', vary: 'accept-encoding' }),
    });
    response.end(bytes);
  }

  #redirect(response: ServerResponse, to: string): void {
    response.writeHead(303, { location: to, 'content-length': 0 }).end();
  }

  #send(response: ServerResponse, status: number, value: unknown, type = 'application/json'): void {
    const body = JSON.stringify(value);
    response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
    response.end(body);
  }
}

function callerOf({ name, role, account }: ConsoleSession, request: IncomingMessage): Caller {
  return { name, role, peer: peerOf(request), ...(account && { bmc: account.bmc.name }) };
}
