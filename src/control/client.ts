/**
 * Steers a process of BMCs that runs, by its control API (docs/control.md):
 *
 *   const control = new ControlClient({ socket: '/run/ipmi-bmc/1234.sock' });
 *   const { bmcs } = await control.get<BmcList>('/v1/bmcs');
 *   await control.post('/v1/bmcs/node-1/power', { action: 'reset' });
 */
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import type { ControlEvent, EventKind } from './events/kinds.ts';
import { ControlError, type ProblemDocument } from './problem.ts';
import { eventsIn } from './sse.ts';
import { answersText } from './text-answers.ts';

export { ControlError, type ProblemDocument } from './problem.ts';
export type * from './answers.ts';

/** Where a daemon is: its Unix socket, or a URL with the token of somebody whom it knows. */
export type ControlPlace =
  | { readonly socket: string }
  | {
      readonly url: string;
      readonly token?: string;
      /** PEM of who has signed its certificate, where the system does not know. */
      readonly ca?: string;
    };

/** Longest answer that is taken, in bytes. */
const LONGEST = 64 << 20;

export interface EventOptions {
  readonly bmcs?: readonly string[];
  readonly kinds?: readonly EventKind[];
  readonly last?: number;
  readonly lastId?: string;
  /** False: what was, and no more. */
  readonly follow?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * Milliseconds without a word of an answer, after which it is asked whether anybody is there at all, and
 * until that has to be answered: some work takes minutes, and says nothing until it is done.
 */
const PATIENCE = 5000;

const DROPPED = { type: 'urn:ipmi-bmc:dropped', title: 'The reader did not keep up', status: 503 };

export interface RequestOptions {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Sent as JSON; a text as it is, with `type`. */
  readonly body?: unknown;
  /** Of a text. Default `application/json`. */
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** A serial console that was attached to: what the machine says, as it comes. */
export interface AttachedConsole extends AsyncIterable<Uint8Array> {
  write(characters: Uint8Array | string): void;
  close(): void;
}

/** The other side of the control API. Nothing is open between two requests. */
export class ControlClient {
  readonly #place: ControlPlace;
  readonly #patience: number;

  /** `patience`: milliseconds after which a daemon that says nothing at all counts as away; default 5000. */
  constructor(place: ControlPlace, { patience = PATIENCE }: { readonly patience?: number } = {}) {
    this.#place = place;
    this.#patience = patience;
  }

  /** Rejects with ControlError where it is refused, with the system's error where nobody is there. */
  get<T>(path: string): Promise<T> {
    return this.request(path);
  }

  post<T>(path: string, body?: unknown): Promise<T> {
    return this.request(path, { method: 'POST', body });
  }

  put<T>(path: string, body?: unknown): Promise<T> {
    return this.request(path, { method: 'PUT', body });
  }

  delete<T>(path: string): Promise<T> {
    return this.request(path, { method: 'DELETE' });
  }

  /** One request; an answer in JSON is parsed, any other is a text, none is undefined. */
  async request<T>(path: string, options: RequestOptions = {}): Promise<T> {
    const response = await this.#open(path, options);
    const text = await textOf(response);
    if (text === '') return undefined as T;
    // Routes whose answer is a text say which; a server of another kind may answer anything.
    if (isJson(response)) return jsonIn(text) as T;
    if (answersText(path)) return text as T;
    throw otherServer('what it answers is no JSON');
  }

  /** The bytes of an answer as they come, for what is long. Rejects as `request` does. */
  open(path: string, options: RequestOptions = {}): Promise<AsyncIterable<Uint8Array>> {
    return this.#open(path, options);
  }

  /**
   * What happens, as it does: of these BMCs, of these kinds; `lastId`: what was since then comes first, `last`:
   * so many that were before. Ends when the daemon does, or when `signal` is aborted. Rejects with
   * ControlError for a reader that does not keep up, and as `request` does.
   */
  async *events(options: EventOptions = {}): AsyncGenerator<ReceivedEvent, void, undefined> {
    const { bmcs, kinds, last, lastId, follow, signal } = options;
    const query = new URLSearchParams({
      ...(bmcs && { bmc: bmcs.join(',') }),
      ...(kinds && { kind: kinds.join(',') }),
      ...(last !== undefined && { last: String(last) }),
      ...(follow === false && { follow: 'false' }),
    });
    const headers: Record<string, string> = lastId === undefined ? {} : { 'last-event-id': lastId };
    const response = await this.#open(`/v1/events?${query.toString()}`, { headers, signal });
    if (!response.headers['content-type']?.startsWith('text/event-stream')) {
      response.destroy();
      throw otherServer('what it answers is no stream of events');
    }
    try {
      for await (const { id, name, data } of eventsIn(response)) {
        const value = eventOf(data);
        if (name === 'dropped') throw new ControlError({ ...DROPPED, detail: value.detail });
        if (id !== undefined) yield { id, event: value };
      }
    } catch (error) {
      // A daemon that is killed, or ends while it tells, cuts the stream off.
      if (!signal?.aborted && (error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error;
    } finally {
      response.destroy();
    }
  }

  /**
   * The serial console of a BMC's machine: bytes both ways until either closes. `history`: what the machine
   * has said before comes first. Rejects as `request` does.
   */
  async attach(
    bmc: string,
    { history = false }: { readonly history?: boolean } = {},
  ): Promise<AttachedConsole> {
    const path = `/v1/bmcs/${encodeURIComponent(bmc)}/console${history ? '?history=true' : ''}`;
    const headers = { connection: 'Upgrade', upgrade: 'ipmi-bmc-console' };
    const socket = await new Promise<Duplex>((resolve, reject) => {
      void this.#send(path, { headers }, (upgraded, head) => {
        if (head.length > 0) upgraded.unshift(head);
        resolve(upgraded);
      }).then(async (response) => {
        const text = await textOf(response);
        reject(new ControlError(problemIn(text) ?? unknownProblem(response.statusCode ?? 0, text)));
      }, reject);
    });
    return {
      [Symbol.asyncIterator]: () => socket[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>,
      write: (characters) => void socket.write(characters),
      close: () => void socket.destroy(),
    };
  }

  async #open(path: string, options: RequestOptions): Promise<IncomingMessage> {
    const response = await this.#send(path, options);
    const { statusCode = 0 } = response;
    if (statusCode < 400) return response;
    const text = await textOf(response);
    throw new ControlError(problemIn(text) ?? unknownProblem(statusCode, text));
  }

  #send(
    path: string,
    { method = 'GET', body, type, headers, signal }: RequestOptions,
    upgraded?: (socket: Duplex, head: Buffer) => void,
  ): Promise<IncomingMessage> {
    const place = this.#place;
    const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
    const all: Record<string, string> = {
      ...headers,
      ...(text !== undefined && {
        'content-type': type ?? 'application/json',
        'content-length': String(Buffer.byteLength(text)),
      }),
      ...('url' in place && place.token !== undefined && { authorization: `Bearer ${place.token}` }),
    };
    // Blanks and letters of others than English are written as requests have them.
    const written = path.replaceAll(/[^!-~]+/gu, encodeURIComponent);
    return new Promise((resolve, reject) => {
      const request = this.#request(written, { method, headers: all, signal }, resolve);
      request.on('error', reject);
      // A request tells of the first silence only, its socket of each.
      request.on('socket', (socket) => socket.on('timeout', () => void this.#lookFor(request)));
      // Of what has begun to answer each pause is its own.
      request.on('response', () => request.setTimeout(0));
      request.on('upgrade', (_response, socket: Duplex, head: Buffer) => {
        request.setTimeout(0);
        upgraded?.(socket, head);
      });
      request.end(text);
    });
  }

  #request(
    path: string,
    about: Pick<RequestOptions, 'method' | 'headers' | 'signal'>,
    answered: (response: IncomingMessage) => void,
  ): ClientRequest {
    const place = this.#place;
    const options = { ...about, path, agent: false as const, timeout: this.#patience };
    if ('socket' in place)
      return httpRequest({ ...options, socketPath: place.socket, host: 'localhost' }, answered);
    const { url, ca } = place;
    const send = url.startsWith('https:') ? httpsRequest : httpRequest;
    return send({ ...hostOf(url), ...options, ...(ca !== undefined && { ca }) }, answered);
  }

  /** Ends a request that waits for nobody. */
  async #lookFor(request: ClientRequest): Promise<void> {
    const isThere = await new Promise<boolean>((resolve) => {
      const probe = this.#request('/healthz', {}, (response) => {
        response.destroy();
        resolve(true);
      });
      probe.on('timeout', () => probe.destroy());
      probe.on('close', () => resolve(false));
      probe.on('error', () => resolve(false));
      probe.end();
    });
    if (isThere) request.setTimeout(this.#patience);
    else request.destroy(silent(this.#place));
  }
}

/** As the system says of an address where nobody answers. */
function silent(place: ControlPlace): NodeJS.ErrnoException {
  const address = 'socket' in place ? place.socket : place.url;
  const message = `connect ETIMEDOUT ${address}`;
  return Object.assign(new Error(message), { code: 'ETIMEDOUT', syscall: 'connect', address });
}

/** An event, and by which id the next ones are asked for. */
export interface ReceivedEvent {
  readonly id: string;
  readonly event: ControlEvent;
}

const isJson = ({ headers }: IncomingMessage): boolean =>
  /^application\/(?:\w+\+)?json\b/.test(headers['content-type'] ?? '');

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LONGEST) throw new RangeError(`an answer of more than ${LONGEST} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Throws ControlError: what listens there is of another kind. */
function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw otherServer('what it answers is no JSON');
  }
}

const otherServer = (why: string): ControlError =>
  new ControlError({
    type: 'about:blank',
    title: 'Bad answer',
    status: 502,
    detail: `${why}: is it an ipmi-bmc that listens there?`,
  });

/** Throws ControlError: what is told there is none of our events. */
function eventOf(data: string): ControlEvent & ProblemDocument {
  const value = jsonIn(data);
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as ControlEvent & ProblemDocument;
  throw otherServer('what it tells is no event');
}

function problemIn(text: string): ProblemDocument | undefined {
  try {
    const answer: unknown = JSON.parse(text);
    return typeof answer === 'object' &&
      answer !== null &&
      'detail' in answer &&
      typeof answer.detail === 'string'
      ? (answer as ProblemDocument)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Of something between us and the daemon, or of one that has too much to do. */
const unknownProblem = (status: number, text: string): ProblemDocument => ({
  type: 'about:blank',
  title: `HTTP ${status}`,
  status,
  detail:
    text === '' && status === 503
      ? 'it has as many connections as it takes: try again'
      : text || `HTTP ${status}`,
});

/** Where to connect to; a port that is not said is that of the scheme. */
function hostOf(url: string) {
  const { hostname, port } = new URL(url);
  return { hostname: hostname.replace(/^\[|\]$/g, ''), ...(port !== '' && { port }) };
}
