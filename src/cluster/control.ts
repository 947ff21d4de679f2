import type { Caller } from '../control/route.ts';
import type { Bus } from './bus.ts';
import type { ClusterHost } from './host.ts';
import { tokenOf } from './names.ts';

/** Answers requests of the control API. */
export type Answers = (request: Request, caller: Caller) => Promise<Response>;

/** A request as it goes to the host that has what it is about. */
interface Forwarded {
  readonly method: string;
  readonly path: string;
  readonly type: string | null;
  readonly accept: string | null;
  readonly body: string;
  readonly caller: Caller;
}

interface Answered {
  readonly status: number;
  readonly type: string | null;
  readonly body: string;
}

/** Milliseconds. */
const PATIENCE = 10_000;
const ONE_BMC = /^\/v1\/bmcs\/([^/]+)(?:\/|$)/;
/** Answers without an end do not go through one message. */
const ENDLESS = /\/console\/attach$/;
/** Rows of a page of another host. */
const PAGE = 500;

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

/** Whatever host of the cluster is asked, the one that has the BMC answers; lists have those of all hosts. */
export class ClusterControl {
  readonly #bus: Bus;
  readonly #host: ClusterHost;
  readonly #here: Answers;
  readonly #undo: () => void;

  /** `here`: what this host answers of its own. */
  constructor(bus: Bus, host: ClusterHost, here: Answers) {
    this.#bus = bus;
    this.#host = host;
    this.#here = here;
    this.#undo = bus.serve(subjectOf(host.name), ({ bytes }) => this.#served(bytes));
  }

  /** Undefined: what is asked for is here, or nowhere. */
  readonly elsewhere = async (request: Request, caller: Caller): Promise<Response | undefined> => {
    const { pathname } = new URL(request.url);
    if (pathname === '/v1/bmcs' && request.method === 'GET') return this.#list(request, caller);
    const [, encoded] = ONE_BMC.exec(pathname) ?? [];
    const owner = encoded === undefined ? undefined : this.#host.bmcs.get(decoded(encoded));
    if (owner === undefined || owner === this.#host.name) return undefined;
    if (ENDLESS.test(pathname))
      return problem(409, `this is to be asked of host ${owner}, which has the BMC`);
    return responseOf(await this.#ask(owner, await forwardedOf(request, caller)));
  };

  close(): void {
    this.#undo();
  }

  async #ask(host: string, forwarded: Forwarded): Promise<Answered> {
    try {
      const answer = await this.#bus.request(subjectOf(host), bytesOf(forwarded), { timeout: PATIENCE });
      return JSON.parse(text(answer)) as Answered;
    } catch (error) {
      const detail = `host ${host} does not answer: ${error instanceof Error ? error.message : String(error)}`;
      return { status: 503, type: 'application/problem+json', body: problemText(503, detail) };
    }
  }

  async #served(bytes: Uint8Array): Promise<Uint8Array> {
    const { method, path, type, accept, body, caller } = JSON.parse(text(bytes)) as Forwarded;
    const headers = { ...(type !== null && { 'content-type': type }), ...(accept !== null && { accept }) };
    const request = new Request(`http://cluster${path}`, {
      method,
      headers,
      ...(body !== '' && { body }),
    });
    const answer = await this.#here(request, caller);
    return bytesOf({
      status: answer.status,
      type: answer.headers.get('content-type'),
      body: await answer.text(),
    } satisfies Answered);
  }

  /** The rows of all hosts, by name, in pages of their own: a cursor is how many there were before. */
  async #list(request: Request, caller: Caller): Promise<Response> {
    const url = new URL(request.url);
    const limit = Number(url.searchParams.get('limit') ?? 100);
    const from = Number(url.searchParams.get('cursor') ?? 0);
    const isPage =
      Number.isInteger(limit) && limit >= 1 && limit <= PAGE && Number.isInteger(from) && from >= 0;
    // What is wrong with it the list itself says.
    if (!isPage) return this.#here(request, caller);
    const hosts = [...this.#host.hosts.living.keys()].toSorted();
    const rows: Row[] = [];
    for (const found of await Promise.all(hosts.map((host) => this.#rowsOf(host, url, caller)))) {
      if (found instanceof Response) return found;
      rows.push(...found);
    }
    rows.sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
    const next = from + limit < rows.length ? String(from + limit) : undefined;
    const list = { bmcs: rows.slice(from, from + limit), total: rows.length, ...(next && { next }) };
    return new Response(JSON.stringify(list), { headers: { 'content-type': 'application/json' } });
  }

  async #rowsOf(host: string, url: URL, caller: Caller): Promise<Row[] | Response> {
    const rows: Row[] = [];
    const query = new URLSearchParams(url.searchParams);
    query.set('limit', String(PAGE));
    query.delete('cursor');
    for (;;) {
      const path = `/v1/bmcs?${query.toString()}`;
      const answer =
        host === this.#host.name
          ? await answeredOf(await this.#here(new Request(`http://cluster${path}`), caller))
          : await this.#ask(host, { method: 'GET', path, type: null, accept: null, body: '', caller });
      if (answer.status !== 200) return responseOf(answer);
      const { bmcs, next } = JSON.parse(answer.body) as { bmcs: Row[]; next?: string };
      for (const row of bmcs) rows.push(row);
      if (next === undefined) return rows;
      query.set('cursor', next);
    }
  }
}

interface Row {
  readonly name: string;
}

/** A name as a path has it; what is no encoding is nobody's name. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

const subjectOf = (host: string): string => `control.${tokenOf(host)}`;

async function forwardedOf(request: Request, caller: Caller): Promise<Forwarded> {
  const { pathname, search } = new URL(request.url);
  return {
    method: request.method,
    path: pathname + search,
    type: request.headers.get('content-type'),
    accept: request.headers.get('accept'),
    body: await request.text(),
    caller,
  };
}

async function answeredOf(answer: Response): Promise<Answered> {
  return { status: answer.status, type: answer.headers.get('content-type'), body: await answer.text() };
}

/** A status without content has none. */
const responseOf = ({ status, type, body }: Answered): Response =>
  new Response(body === '' ? null : body, {
    status,
    headers: type === null ? {} : { 'content-type': type },
  });

const problemText = (status: number, detail: string): string =>
  JSON.stringify({
    type: `urn:ipmi-bmc:${status === 503 ? 'unavailable' : 'conflict'}`,
    title: status === 503 ? 'Not now' : 'It cannot be done in this state',
    status,
    detail,
  });

const problem = (status: number, detail: string): Response =>
  new Response(problemText(status, detail), {
    status,
    headers: { 'content-type': 'application/problem+json' },
  });
