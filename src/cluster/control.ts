import { pipeline, Readable, type Duplex } from 'node:stream';
import type { Caller } from '../control/caller.ts';
import { farLine } from '../control/console-attach.ts';
import type { ConsoleLine } from '../control/console-line.ts';
import type { DesiredFleet, Elsewhere } from '../control/elsewhere.ts';
import { ControlError, refusal, type ProblemDocument } from '../control/problem.ts';
import { notRunning } from '../control/unknown.ts';
import type { Clock, Random } from '../world/world.ts';
import type { Bus } from './bus.ts';
import { eventsEverywhere } from './events.ts';
import { advancedEverywhere, listEverywhere, type AskHost } from './everywhere.ts';
import type { ClusterHost } from './host.ts';
import { tokenOf } from './names.ts';
import { Tunnel, tunnelSubjects } from './tunnel.ts';
import type { Unserved } from './unserved.ts';

/** What a host answers of its own. */
export interface Here {
  /** Requests of the control API. */
  readonly answer: (request: Request, caller: Caller) => Promise<Response>;
  /** Joins the serial console of a path to a stream. Throws ControlError. */
  readonly console: (path: string, caller: Caller) => (stream: Duplex) => void;
}

/** A request as it goes to the host that has what it is about. */
interface Forwarded {
  /** Of HTTP, or `CONSOLE`. */
  readonly method: string;
  readonly path: string;
  readonly type: string | null;
  readonly accept: string | null;
  readonly lastEventId?: string | null;
  readonly body: string;
  readonly caller: Caller;
  /** Of a tunnel in which an answer without an end, or one that is too long, may come. */
  readonly stream?: string;
}

interface Answered {
  readonly status: number;
  readonly type: string | null;
  readonly body: string;
  /** Of `SAID`, as far as they are there. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Its body comes in the tunnel. */
  readonly isStream?: boolean;
}

/** Headers of an answer that are for who has asked. */
const SAID = ['allow', 'content-disposition', 'retry-after'] as const;

/** Milliseconds. */
const PATIENCE = 10_000;
/** What of one BMC any host does: it is about the file that all of them share. */
const OF_FLEET = /^(DELETE \/v1\/bmcs\/[^/]+|POST \/v1\/bmcs\/[^/]+\/(start|stop))$/;
const ONE_BMC = /^\/v1\/bmcs\/([^/]+)(?:\/|$)/;
/** Streams of events, which may be of all hosts. */
const EVENTS = /^\/v1\/(events|watch)$/;
const CONSOLE = 'CONSOLE';
/** Tunnels of one host, those that it asked for and those that it was asked for. */
const MOST_TUNNELS = 256;
/** Bytes of an answer that goes into one message. */
const LONGEST = 512 * 1024;
/** Bytes of a request: a server of NATS takes a mebibyte, with what it says of it. */
const LONGEST_REQUEST = 1_040_000;

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

export interface ControlSurroundings {
  readonly fleet: DesiredFleet;
  readonly clock: Clock;
  readonly random: Random;
  readonly unserved: Unserved;
}

/** Whatever host of the cluster is asked, the one that has the BMC answers; lists have those of all hosts. */
export class ClusterControl implements Elsewhere {
  readonly #bus: Bus;
  readonly #host: ClusterHost;
  readonly #here: Here;
  readonly #surroundings: ControlSurroundings;
  /** Those of a BMC end when another host has it. */
  readonly #tunnels = new Map<Tunnel, { readonly bmc?: string; readonly owner: string }>();
  readonly #undo: readonly (() => void)[];

  constructor(bus: Bus, host: ClusterHost, here: Here, surroundings: ControlSurroundings) {
    this.#bus = bus;
    this.#host = host;
    this.#here = here;
    this.#surroundings = surroundings;
    this.#undo = [
      bus.serve(subjectOf(host.name), ({ bytes }) => this.#served(bytes)),
      host.owners.onChanged((bmc) => this.#cut(bmc)),
      host.hosts.onChanged(() => this.#cut()),
      host.hosts.lease.onLost(() => this.#cut()),
    ];
  }

  async answer(request: Request, caller: Caller): Promise<Response | undefined> {
    const { pathname, searchParams } = new URL(request.url);
    const { method } = request;
    if (pathname === '/v1/bmcs' && (method === 'GET' || method === 'HEAD'))
      return this.#list(request, caller);
    if (pathname === '/v1/clock/advance' && method === 'POST' && caller.bmc === undefined)
      return responseOf(await advancedEverywhere(await request.text(), this.#host, this.#askFor(caller)));
    // Which BMCs there are the fleet file says, which every host can change.
    if (OF_FLEET.test(`${method} ${pathname}`)) return undefined;
    const bmc = asked(pathname, searchParams, caller);
    if (bmc === undefined) return EVENTS.test(pathname) ? this.#events(request, caller) : undefined;
    const owner = this.#host.ownerOf(bmc);
    if (owner === this.#host.name) return undefined;
    if (owner !== undefined) return this.#ask(owner, await forwardedOf(request, caller), bmc);
    if (!this.knows(bmc) || (caller.bmc ?? bmc) !== bmc) return undefined;
    return responseOf(problemOf(notRunning(bmc, await this.#surroundings.unserved.why(bmc))));
  }

  console(bmc: string, withHistory: boolean, caller: Caller): Promise<ConsoleLine> | undefined {
    const owner = this.#elsewhere(bmc);
    const path = `/v1/bmcs/${encodeURIComponent(bmc)}/console?history=${withHistory}`;
    return owner === undefined ? undefined : this.#console(owner, { bmc, path, caller });
  }

  get fleet(): DesiredFleet {
    return this.#surroundings.fleet;
  }

  knows(bmc: string): boolean {
    return this.#host.desired.all.has(bmc);
  }

  close(): void {
    for (const off of this.#undo) off();
    for (const tunnel of this.#tunnels.keys()) tunnel.destroy();
  }

  /** The host that has a BMC which is not here. */
  #elsewhere(bmc: string | undefined): string | undefined {
    const owner = bmc === undefined ? undefined : this.#host.ownerOf(bmc);
    return owner === this.#host.name ? undefined : owner;
  }

  #cut(changed?: string): void {
    for (const [tunnel, { bmc, owner }] of this.#tunnels) {
      if (bmc === undefined || (changed !== undefined && bmc !== changed)) continue;
      if (this.#host.ownerOf(bmc) !== owner || (owner === this.#host.name && !this.#host.mayServe))
        tunnel.destroy();
    }
  }

  /** Undefined: there are too many. */
  #tunnel(id: string, isAsking: boolean, of: { readonly bmc?: string; readonly owner: string }) {
    if (this.#tunnels.size >= MOST_TUNNELS) return undefined;
    const tunnel = new Tunnel(this.#bus, this.#surroundings.clock, tunnelSubjects(id, isAsking));
    this.#tunnels.set(tunnel, of);
    // Whoever reads it hears of it, too.
    tunnel.on('error', () => undefined);
    tunnel.once('close', () => this.#tunnels.delete(tunnel));
    return tunnel;
  }

  #newId(): string {
    return Buffer.from(this.#surroundings.random.bytes(12)).toString('hex');
  }

  async #console(
    owner: string,
    { bmc, path, caller }: { readonly bmc: string; readonly path: string; readonly caller: Caller },
  ): Promise<ConsoleLine> {
    const stream = this.#newId();
    const tunnel = this.#tunnel(stream, true, { bmc, owner });
    if (!tunnel) throw refusal('unavailable', TOO_MANY);
    const asked = { method: CONSOLE, path, type: null, accept: null, body: '', caller, stream };
    const { status, body } = await this.#asked(owner, asked);
    if (status === 200) return farLine(tunnel);
    tunnel.destroy();
    throw new ControlError(JSON.parse(body) as ProblemDocument);
  }

  /** What another host answers, as it comes. */
  async #ask(owner: string, forwarded: Forwarded, bmc?: string): Promise<Response> {
    const stream = this.#newId();
    const tunnel = this.#tunnel(stream, true, { bmc, owner });
    if (!tunnel) return responseOf(problemOf(refusal('unavailable', TOO_MANY)));
    const answer = await this.#asked(owner, { ...forwarded, stream });
    if (answer.isStream) {
      // Nothing goes there but the request.
      tunnel.end();
      return responseOf(answer, tunnel);
    }
    tunnel.destroy();
    return responseOf(answer);
  }

  async #asked(host: string, forwarded: Forwarded): Promise<Answered> {
    const bytes = bytesOf(forwarded);
    if (bytes.length > LONGEST_REQUEST)
      return problemOf(
        refusal(
          'too-large',
          `a request of ${bytes.length} bytes does not go to host ${host}, which has the BMC`,
          {
            next: `send at most ${LONGEST_REQUEST} bytes at a time, or ask that host`,
          },
        ),
      );
    try {
      const answer = await this.#bus.request(subjectOf(host), bytes, { timeout: PATIENCE });
      return JSON.parse(text(answer)) as Answered;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return problemOf(refusal('unavailable', `host ${host} does not answer: ${why}`));
    }
  }

  async #served(bytes: Uint8Array): Promise<Uint8Array> {
    const forwarded = JSON.parse(text(bytes)) as Forwarded;
    try {
      const answer = forwarded.method === CONSOLE ? this.#joined(forwarded) : await this.#answered(forwarded);
      return bytesOf(answer satisfies Answered);
    } catch (error) {
      if (!(error instanceof ControlError)) throw error;
      return bytesOf(problemOf(error));
    }
  }

  #joined({ path, caller, stream = '' }: Forwarded): Answered {
    const join = this.#here.console(path, caller);
    const tunnel = this.#tunnel(stream, false, this.#own(path));
    if (!tunnel) throw refusal('unavailable', TOO_MANY);
    join(tunnel);
    return { status: 200, type: null, body: '', isStream: true };
  }

  async #answered({
    method,
    path,
    type,
    accept,
    lastEventId,
    body,
    caller,
    stream,
  }: Forwarded): Promise<Answered> {
    const headers = {
      ...(type !== null && { 'content-type': type }),
      ...(accept !== null && { accept }),
      ...(typeof lastEventId === 'string' && { 'last-event-id': lastEventId }),
    };
    const request = new Request(`http://cluster${path}`, { method, headers, ...(body !== '' && { body }) });
    const answer = await this.#here.answer(request, caller);
    const kept = SAID.flatMap((name) => {
      const value = answer.headers.get(name);
      return value === null ? [] : [[name, value] as const];
    });
    const head = {
      status: answer.status,
      type: answer.headers.get('content-type'),
      ...(kept.length > 0 && { headers: Object.fromEntries(kept) }),
    };
    const isEndless = answer.headers.get('x-accel-buffering') === 'no';
    const whole = isEndless ? undefined : Buffer.from(await answer.arrayBuffer());
    if (whole !== undefined && (whole.length <= LONGEST || stream === undefined))
      return { ...head, body: whole.toString('utf8') };
    const tunnel = stream === undefined ? undefined : this.#tunnel(stream, false, this.#own(path));
    if (!tunnel) {
      await answer.body?.cancel();
      throw refusal('unavailable', TOO_MANY);
    }
    tunnel.resume();
    if (whole) tunnel.end(whole);
    else pipeline(readableOf(answer), tunnel, () => undefined);
    return { ...head, body: '', isStream: true };
  }

  #own(path: string): { readonly bmc?: string; readonly owner: string } {
    const { pathname } = new URL(`http://cluster${path}`);
    const [, encoded] = ONE_BMC.exec(pathname) ?? [];
    return { owner: this.#host.name, ...(encoded !== undefined && { bmc: decoded(encoded) }) };
  }

  #askFor(caller: Caller): AskHost {
    return async (host, { method, path, body }) => {
      const type = body === '' ? null : 'application/json';
      const forwarded = { method, path, type, accept: null, body, caller };
      return host === this.#host.name ? this.#answered(forwarded) : this.#asked(host, forwarded);
    };
  }

  async #list(request: Request, caller: Caller): Promise<Response> {
    const { unserved } = this.#surroundings;
    const parts = { host: this.#host, ask: this.#askFor(caller), unserved, only: caller.bmc };
    const list = await listEverywhere(new URL(request.url), parts);
    return list ? responseOf(list) : this.#here.answer(request, caller);
  }

  /** Those of all hosts as one stream. */
  async #events(request: Request, caller: Caller): Promise<Response> {
    const { name, hosts } = this.#host;
    return eventsEverywhere(request, {
      clock: this.#surroundings.clock,
      hosts,
      open: async (host, asked) =>
        host === name ? this.#here.answer(asked, caller) : this.#ask(host, await forwardedOf(asked, caller)),
    });
  }
}

/** The BMC that a request is about; undefined: none, or several. */
function asked(pathname: string, query: URLSearchParams, { bmc }: Caller): string | undefined {
  const [, encoded] = ONE_BMC.exec(pathname) ?? [];
  if (encoded !== undefined) return decoded(encoded);
  if (pathname === '/metrics') return query.get('target') ?? undefined;
  return pathname === '/v1/watch' ? (query.get('bmc') ?? bmc) : undefined;
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

const TOO_MANY = `more than ${MOST_TUNNELS} answers of other hosts are open`;

async function forwardedOf(request: Request, caller: Caller): Promise<Forwarded> {
  const { pathname, search } = new URL(request.url);
  return {
    method: request.method,
    path: pathname + search,
    type: request.headers.get('content-type'),
    accept: request.headers.get('accept'),
    lastEventId: request.headers.get('last-event-id'),
    body: await request.text(),
    caller,
  };
}

const readableOf = ({ body }: Response): Readable =>
  Readable.from(body ?? new ReadableStream<Uint8Array>(), { objectMode: false });

/** A status without content has none. */
const responseOf = ({ status, type, body, headers: kept }: Answered, tunnel?: Tunnel): Response =>
  new Response(tunnel ? streamOf(tunnel) : body === '' ? null : body, {
    status,
    headers: {
      ...kept,
      ...(type !== null && { 'content-type': type }),
      ...(tunnel && { 'cache-control': 'no-store', 'x-accel-buffering': 'no' }),
    },
  });

/** Ends when the tunnel does, and the tunnel when nobody reads any more. */
function streamOf(tunnel: Tunnel): ReadableStream<Uint8Array> {
  const chunks = tunnel[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done = false, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(value as Uint8Array);
    },
    cancel: () => void tunnel.destroy(),
  });
}

const problemOf = ({ problem }: ControlError): Answered => ({
  status: problem.status,
  type: 'application/problem+json',
  body: JSON.stringify(problem),
});
