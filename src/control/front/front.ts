import {
  request as httpRequest,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import type { BmcList, FleetApplied, FleetStatus } from '../answers.ts';
import { CALLER } from '../caller-header.ts';
import { ControlError, refusal, type ProblemDocument } from '../problem.ts';
import type { Caller } from '../caller.ts';
import type { MetricsSource } from '../metrics-server.ts';
import type { ScrapeQuery } from '../scrape.ts';
import type { Asks, ControlServing } from '../server.ts';
import type { Log } from '../../state/setup.ts';
import type { Clock } from '../../world/world.ts';
import { allow, bmcIn, bodyOf, jsonIn, pathOf, queryOf, send } from './asked.ts';
import { absent, forward, forwardUpgrade } from './forward.ts';
import { followed, soFar } from './front-events.ts';
import { mergedMetrics, mergedPlans, mergedStatus } from './merge.ts';

/** One shard: a process that serves some of the BMCs. */
export interface ShardRow {
  readonly shard: number;
  readonly pid: number;
  readonly ready: boolean;
  /** Where its own control API is. */
  readonly socket: string;
}

/** The shards, as their control API sees them. */
export interface Shards {
  readonly rows: readonly ShardRow[];
  /** Which one has a BMC, or would have it. */
  shardOf(bmc: string): number;
  /** Rejects with ControlError: it is where it was. */
  move(bmc: string, to: number): Promise<void>;
}

export interface FrontOptions {
  readonly shards: Shards;
  readonly log: Log;
  readonly clock: Clock;
  readonly pid: number;
  readonly stateDirectory: string | undefined;
  /** The name in settings of one BMC, as a text; undefined: they make no sense. */
  readonly nameIn: (settings: string) => string | undefined;
}

const NO_BODY = Buffer.alloc(0);
const LIMIT = 100;
/** Who asks by itself. */
const OWN: Caller = { name: 'process', role: 'admin', peer: '' };

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** The control API of several processes as that of one: each BMC is asked in the process that has it. */
export class Front implements ControlServing, MetricsSource {
  readonly log: Log;
  readonly #options: FrontOptions;

  constructor(options: FrontOptions) {
    this.#options = options;
    this.log = options.log;
  }

  async load(): Promise<(asks: Asks) => RequestListener> {
    return (asks) => (request, response) =>
      void this.#serve(request, response, asks).catch((error: unknown) =>
        this.#refuse(error, request, response),
      );
  }

  upgrade(request: IncomingMessage, socket: Socket, head: Uint8Array, asks: () => Caller): void {
    const bmc = bmcIn(pathOf(request)) ?? '';
    try {
      forwardUpgrade(request, socket, head, this.#row(this.#options.shards.shardOf(bmc)).socket, asks());
    } catch (error) {
      const { problem } = knownAs(error);
      const text = JSON.stringify(problem);
      socket.end(
        `HTTP/1.1 ${problem.status} ${problem.title}\r\ncontent-type: application/problem+json\r\nconnection: close\r\n` +
          `content-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
      );
    }
  }

  begin(): void {
    // The shards count from their own start.
  }

  async metrics({ target, collectors }: ScrapeQuery, accept: string | null): Promise<Response> {
    const query = new URLSearchParams({
      ...(target !== undefined && { target }),
      ...(collectors !== undefined && { collectors }),
    });
    const { shards } = this.#options;
    const asked = target === undefined ? shards.rows.map(({ shard }) => shard) : [shards.shardOf(target)];
    const headers: Record<string, string> = accept === null ? {} : { accept };
    const all = await Promise.all(
      asked.map((shard) => this.#raw(shard, OWN, `/metrics?${query.toString()}`, { headers })),
    );
    const text = target === undefined ? mergedMetrics(all.map((answer) => answer.text)) : all[0].text;
    return new Response(text, { headers: { 'content-type': all[0].type } });
  }

  /** All read the file again. Rejects with ControlError: one of them does not take it, and none does. */
  async reload(): Promise<FleetApplied> {
    await this.#askAll<FleetApplied>(OWN, '/v1/fleet/reload?plan=true', { body: '' });
    return mergedPlans(await this.#askAll<FleetApplied>(OWN, '/v1/fleet/reload', { body: '' }));
  }

  async #serve(request: IncomingMessage, response: ServerResponse, asks: Asks): Promise<void> {
    const { remoteAddress = '', remotePort = 0 } = request.socket;
    const { host = '', authorization } = request.headers;
    const headers = new Headers({ host, ...(authorization !== undefined && { authorization }) });
    const caller = asks(headers, remoteAddress === '' ? '' : `${remoteAddress}:${remotePort}`);
    const path = pathOf(request);
    const bmc = bmcIn(path);
    if (bmc !== undefined && path.endsWith('/move') && request.method === 'POST')
      return this.#move(bmc, request, response, caller);
    if (bmc !== undefined) return this.#toOwner(bmc, request, await bodyOf(request), response, caller);
    const whole = this.#whole[`${request.method} ${path}`];
    if (whole) return whole(request, response, caller);
    return forward(request, await bodyOf(request), response, this.#row(0), caller);
  }

  /** What is of the whole fleet. */
  readonly #whole: Readonly<
    Record<string, (request: IncomingMessage, response: ServerResponse, caller: Caller) => Promise<void>>
  > = {
    'GET /healthz': async (_request, response) => send(response, { status: 'ok' }),
    'GET /readyz': async (_request, response) => {
      if (!this.#options.shards.rows.every(({ ready }) => ready))
        throw refusal('unavailable', 'not every BMC listens', { next: 'ask again' });
      send(response, { status: 'ok' });
    },
    'GET /v1/shards': async (_request, response, caller) => {
      allow(caller, 'read');
      const rows = this.#options.shards.rows.map(async ({ shard, pid, ready }) => {
        const status = await this.#ask<FleetStatus>(shard, caller, '/v1/fleet').catch((error: unknown) => {
          // One that is being started again has none.
          if (error instanceof ControlError) return undefined;
          throw error;
        });
        return { shard, pid, ready, bmcs: status?.bmcs ?? 0, sessions: status?.sessions ?? 0 };
      });
      send(response, { shards: await Promise.all(rows) });
    },
    'GET /v1/fleet': async (_request, response, caller) => {
      const all = await this.#askAll<FleetStatus>(caller, '/v1/fleet');
      const { pid, stateDirectory } = this.#options;
      send(response, { ...mergedStatus(all, pid), state: stateDirectory ?? null });
    },
    'GET /v1/bmcs': (request, response, caller) => this.#list(request, response, caller),
    'POST /v1/bmcs': async (request, response, caller) => {
      const body = await bodyOf(request);
      const name = this.#options.nameIn(body.toString('utf8')) ?? 'bmc';
      await this.#toOwner(name, request, body, response, caller);
    },
    'POST /v1/fleet/apply': (request, response, caller) => this.#apply(request, response, caller),
    'POST /v1/fleet/reload': (request, response, caller) => this.#apply(request, response, caller),
    'POST /v1/clock/advance': async (request, response, caller) => {
      const body = (await bodyOf(request)).toString('utf8');
      const all = await this.#askAll<{ readonly bmcs: number }>(caller, pathOf(request), {
        body,
        type: request.headers['content-type'],
      });
      send(response, { bmcs: all.reduce((sum, { bmcs }) => sum + bmcs, 0) });
    },
    'GET /metrics': async (request, response, caller) => {
      const target = queryOf(request).get('target');
      if (target !== null) return this.#toOwner(target, request, NO_BODY, response, caller);
      allow(caller, 'read');
      const answer = await this.metrics({}, request.headers.accept ?? null);
      response.writeHead(200, { 'content-type': answer.headers.get('content-type') ?? '' });
      response.end(await answer.text());
    },
    'GET /v1/events': async (request, response, caller) => {
      const query = queryOf(request);
      const { shards } = this.#options;
      const names = query.get('bmc')?.split(',');
      const of = (shard: number): string[] | undefined =>
        names?.filter((bmc) => shards.shardOf(bmc) === shard);
      const asked = shards.rows.map(({ shard }) => shard).filter((shard) => of(shard)?.length !== 0);
      const open = (shard: number, lastId: string | undefined): Promise<IncomingMessage> => {
        const own = new URLSearchParams(query);
        const bmcs = of(shard);
        if (bmcs) own.set('bmc', bmcs.join(','));
        // Since then, not so many.
        if (lastId !== undefined) own.delete('last');
        const more: Record<string, string> = lastId === undefined ? {} : { 'last-event-id': lastId };
        return this.#open(shard, caller, `/v1/events?${own.toString()}`, { headers: more });
      };
      const seen = request.headers['last-event-id'];
      const last = query.get('last');
      if (query.get('follow') === 'false')
        return soFar(response, asked, seen?.toString(), last === null ? undefined : Number(last), open);
      return followed(response, asked, seen?.toString(), open, this.#options.clock);
    },
  };

  async #move(
    bmc: string,
    request: IncomingMessage,
    response: ServerResponse,
    caller: Caller,
  ): Promise<void> {
    allow(caller, 'admin');
    const { to } = jsonIn((await bodyOf(request)).toString('utf8')) as { readonly to?: unknown };
    if (typeof to !== 'number' || !Number.isSafeInteger(to))
      throw refusal('bad-request', 'to: expected the number of a shard', { key: 'to' });
    const { shards } = this.#options;
    const from = shards.shardOf(bmc);
    // Whoever has it knows whether there is one of that name.
    const { bmcs } = await this.#ask<BmcList>(
      from,
      caller,
      `/v1/bmcs?limit=500&filter=${encodeURIComponent(bmc)}`,
    );
    if (!bmcs.some(({ name }) => name === bmc))
      throw refusal('unknown-bmc', `there is no BMC '${bmc}'`, {
        key: 'bmc',
        next: 'GET /v1/bmcs lists them',
      });
    await shards.move(bmc, to);
    send(response, { bmc, from, to });
  }

  /** Page by page of one shard after the other: a cursor is that of a shard. */
  async #list(request: IncomingMessage, response: ServerResponse, caller: Caller): Promise<void> {
    const query = queryOf(request);
    const [, at = '0', cursor = ''] = /^(\d{1,4})~(.*)$/.exec(query.get('cursor') ?? '') ?? [];
    if (query.has('cursor') && !/^\d{1,4}~/.test(query.get('cursor') ?? ''))
      throw refusal('bad-request', 'cursor: expected `next` of a page', { key: 'cursor' });
    const limit = Number(query.get('limit') ?? LIMIT);
    const { rows } = this.#options.shards;
    const bmcs: BmcList['bmcs'] = [];
    let next: string | undefined;
    let total = 0;
    for (let shard = 0; shard < rows.length; shard++) {
      const own = new URLSearchParams(query);
      own.delete('cursor');
      const isBefore = shard < Number(at) || next !== undefined || bmcs.length >= limit;
      own.set('limit', isBefore ? '1' : String(limit - bmcs.length || limit));
      if (shard === Number(at) && cursor !== '') own.set('cursor', cursor);
      const page = await this.#ask<BmcList>(shard, caller, `/v1/bmcs?${own.toString()}`);
      total += page.total;
      if (isBefore) {
        if (shard > Number(at) && next === undefined && page.bmcs.length > 0) next = `${shard}~`;
        continue;
      }
      bmcs.push(...page.bmcs);
      if (page.next !== undefined) next = `${shard}~${page.next}`;
    }
    send(response, { bmcs, total, ...(next !== undefined && { next }) });
  }

  /** All look at it first: what one of them refuses, none does. */
  async #apply(request: IncomingMessage, response: ServerResponse, caller: Caller): Promise<void> {
    const body = (await bodyOf(request)).toString('utf8');
    const path = pathOf(request);
    const type = request.headers['content-type'];
    const asked = { body, ...(body !== '' && { type }) };
    const plans = await this.#askAll<FleetApplied>(caller, `${path}?plan=true`, asked);
    if (queryOf(request).get('plan') === 'true') return send(response, mergedPlans(plans));
    const done = await this.#askAll<FleetApplied>(caller, path, asked);
    send(response, mergedPlans(done));
  }

  #toOwner(
    bmc: string,
    request: IncomingMessage,
    body: Buffer,
    response: ServerResponse,
    caller: Caller,
  ): Promise<void> {
    return forward(request, body, response, this.#row(this.#options.shards.shardOf(bmc)), caller);
  }

  #row(shard: number): ShardRow {
    const row = this.#options.shards.rows[shard];
    if (!row?.ready) throw absent(shard);
    return row;
  }

  #askAll<T>(caller: Caller, path: string, body?: Body): Promise<T[]> {
    return Promise.all(this.#options.shards.rows.map(({ shard }) => this.#ask<T>(shard, caller, path, body)));
  }

  async #ask<T>(shard: number, caller: Caller, path: string, body?: Body): Promise<T> {
    return JSON.parse((await this.#raw(shard, caller, path, { body })).text) as T;
  }

  async #raw(shard: number, caller: Caller, path: string, asked: AskOptions): Promise<Answer> {
    const answer = await this.#open(shard, caller, path, asked);
    const chunks: Buffer[] = [];
    for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
    const type = answer.headers['content-type'] ?? '';
    return { status: answer.statusCode ?? 0, type, text: Buffer.concat(chunks).toString('utf8') };
  }

  /** Rejects with the ControlError of the shard. */
  async #open(
    shard: number,
    caller: Caller,
    path: string,
    { body, headers = {} }: AskOptions,
  ): Promise<IncomingMessage> {
    const { socket } = this.#row(shard);
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const asked = httpRequest(
        {
          socketPath: socket,
          method: body === undefined ? 'GET' : 'POST',
          path,
          agent: false,
          headers: {
            ...headers,
            host: 'localhost',
            [CALLER]: JSON.stringify(caller),
            ...(body?.type !== undefined && { 'content-type': body.type }),
          },
        },
        resolve,
      );
      asked.once('error', () => reject(absent(shard)));
      asked.end(body?.body);
    });
    if ((answer.statusCode ?? 0) < 400) return answer;
    const chunks: Buffer[] = [];
    for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
    throw new ControlError(JSON.parse(Buffer.concat(chunks).toString('utf8')) as ProblemDocument);
  }

  #refuse(error: unknown, { method, url }: IncomingMessage, response: ServerResponse): void {
    if (!(error instanceof ControlError)) this.log.error(`control: ${method} ${url}`, error);
    if (response.headersSent) return void response.destroy();
    const { problem } = knownAs(error);
    response
      .writeHead(problem.status, {
        'content-type': 'application/problem+json',
        ...(problem.status === 401 && { 'www-authenticate': 'Bearer' }),
      })
      .end(JSON.stringify(problem));
  }
}

interface Body {
  readonly body: string;
  readonly type?: string;
}

interface AskOptions {
  readonly body?: Body;
  readonly headers?: Readonly<Record<string, string>>;
}

const knownAs = (error: unknown): ControlError =>
  error instanceof ControlError ? error : refusal('failed', 'it failed; the log says why');
