import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { listenAt } from '../world/node-listen.ts';
import { streamName, type Endpoint, type StreamServer } from '../world/world.ts';
import type { Daemon } from './daemon.ts';
import type { ScrapeQuery } from './scrape.ts';
import type { Log } from '../state/setup.ts';
import { ControlError, refusal, type ProblemDocument } from './problem.ts';

/** Scrapers come one at a time, and some at once after a pause. */
const MOST_CONNECTIONS = 32;
/** Milliseconds for a whole request. */
const PATIENCE = 5000;
/** A page of the web that a browser shows cannot ask by another name (DNS rebinding). */
const OF_LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/i;

/** Where the numbers come from. */
export interface MetricsSource {
  readonly log: Log;
  /** From now on requests are counted. */
  begin(): void;
  /** Throws ControlError. */
  metrics(query: ScrapeQuery, accept: string | null): Promise<Response>;
}

/** Of one process that serves BMCs. */
export const metricsOf = (daemon: Daemon): MetricsSource => ({
  log: daemon.log,
  begin: () => void daemon.metrics,
  async metrics(query, accept) {
    const { target, collectors } = query;
    if (target !== undefined && daemon.elsewhere) {
      const asked = new URLSearchParams({ target, ...(collectors !== undefined && { collectors }) });
      const headers = new Headers(accept === null ? [] : [['accept', accept]]);
      const request = new Request(`http://cluster/metrics?${asked.toString()}`, { headers });
      const far = await daemon.elsewhere.answer(request, { name: 'metrics', role: 'read', peer: '' });
      if (far) return far;
    }
    // With the first scrape: what reads a BMC as a client does.
    const { metricsAnswer } = await import('./scrape.ts');
    return metricsAnswer(daemon, query, accept);
  },
});

/** `/metrics` and nothing else, for whoever comes: scrapers have no tokens. */
export class MetricsServer {
  readonly #source: MetricsSource;
  #server: StreamServer | undefined;

  constructor(source: MetricsSource) {
    this.#source = source;
  }

  /** `host:port`, once it listens. */
  get address(): string | undefined {
    return this.#server && streamName(this.#server.address);
  }

  /** From now on requests are counted. Rejects with the system's error. */
  async listen(at: Endpoint): Promise<void> {
    this.#source.begin();
    const isLoopback = OF_LOOPBACK.test(at.host.includes(':') ? `[${at.host}]` : at.host);
    const server = createServer(
      { requestTimeout: PATIENCE, headersTimeout: PATIENCE },
      (request, response) => {
        void this.#answer(request, isLoopback)
          .catch((error: unknown) => this.#problem(error))
          .then((answer) => send(response, request.method === 'HEAD', answer));
      },
    );
    server.maxConnections = MOST_CONNECTIONS;
    this.#server = await listenAt(server, at, () => ended(server));
  }

  async close(): Promise<void> {
    await this.#server?.close();
  }

  async #answer({ method, url = '/', headers }: IncomingMessage, isLoopback: boolean): Promise<Response> {
    if (isLoopback && !OF_LOOPBACK.test(headers.host ?? ''))
      throw refusal('wrong-host', `'${headers.host ?? ''}' is no name of this server`, {
        next: 'ask by 127.0.0.1 or localhost',
      });
    const [pathname, search = ''] = url.split('?', 2);
    const searchParams = new URLSearchParams(search);
    if (pathname !== '/metrics')
      throw refusal('unknown-route', `there is no ${pathname}`, { next: 'GET /metrics' });
    if (method !== 'GET' && method !== 'HEAD')
      throw refusal('method-not-allowed', `${method} is nothing that /metrics does`, {
        problems: ['GET', 'HEAD'],
      });
    const of = (name: string): string | undefined => searchParams.get(name) ?? undefined;
    const query = { target: of('target'), collectors: of('collectors') };
    return this.#source.metrics(query, headers.accept ?? null);
  }

  #problem(error: unknown): Response {
    const known = error instanceof ControlError ? error : undefined;
    if (!known) this.#source.log.error('metrics', error);
    const problem: ProblemDocument = (known ?? refusal('failed', 'it failed; the log says why')).problem;
    return new Response(JSON.stringify(problem), {
      status: problem.status,
      headers: { 'content-type': 'application/problem+json' },
    });
  }
}

async function send(response: ServerResponse, isHead: boolean, answer: Response): Promise<void> {
  const body = await answer.text();
  response.writeHead(answer.status, {
    'content-type': answer.headers.get('content-type') ?? 'text/plain',
    'content-length': Buffer.byteLength(body),
    'x-content-type-options': 'nosniff',
  });
  response.end(isHead ? undefined : body);
}

function ended(server: Server): void {
  server.close();
  server.closeAllConnections();
}
