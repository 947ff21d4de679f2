import { bodyBytes } from '../commands/body.ts';
import { CC, ERROR_CODES, hexText, levelNamed } from '../codec/index.ts';
import {
  Context,
  handleRaw,
  Router,
  type Answer,
  type Channel,
  type HandlerSet,
  type Medium,
  type Registration,
} from '../router/index.ts';
import {
  encodeLine,
  fromHex,
  LineReader,
  PRIVILEGES,
  PROTOCOL,
  type FromBmc,
  type FromWorker,
  type WireClaim,
  type WireRequest,
} from '../wire/userland.ts';
import type { Clock, Stream } from '../world/world.ts';

/** A problem that the BMC found: a clash of claims, a wrong version. */
export class WorkerError extends Error {
  override name = 'WorkerError';
  readonly code = ERROR_CODES.WorkerError;
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/**
 * What `context.bmc` is outside of the BMC's process: whoever reaches for its state hears why there is none.
 */
const NO_STATE: unknown = new Proxy(
  {},
  {
    get(_target, key) {
      throw new TypeError(
        `context.bmc.${String(key)}: a handler outside of the BMC's process has none of its state`,
      );
    },
  },
);

/** A request of the BMC, as handlers in a worker see it: there is no state behind `bmc`. */
class RemoteContext extends Context {
  readonly token: number;

  constructor({
    token,
    channel,
    medium,
    privilege,
    lun,
    requester,
    user = '',
    userId = 0,
    session,
  }: WireRequest) {
    const via: Channel = { number: channel, medium: medium as Medium, maxAnswer: 255 };
    const level = levelNamed(privilege);
    const view =
      session === undefined
        ? undefined
        : {
            handle: session,
            id: 0,
            userId,
            userName: user,
            privilege: level,
            maxPrivilege: level,
            channel: via,
          };
    super(NO_STATE, via, level, lun, view, requester);
    this.token = token;
  }
}

const MEDIA_ANSWER_MOST = 252;

/**
 * Serves handler sets from another process through a BMC's handler socket. The sets are the same that a
 * Router of the BMC's own process would take; they only have no state behind `context.bmc`.
 */
export class Worker {
  /** Called once, when the connection is gone; everything registered is then gone too. */
  onClose: ((reason?: Error) => void) | undefined;
  /**
   * What the BMC complains about, and what a handler threw that has no completion code (its requester gets
   * FFh): for a log.
   */
  onProblem: ((problem: string) => void) | undefined;
  readonly #stream: Stream;
  readonly #clock: Clock;
  readonly #routers = new Map<string, Router>();
  readonly #byClaim = new Map<string, Router>();
  readonly #calls = new Map<number, { done: () => void; failed: (error: WorkerError) => void }>();
  readonly #below = new Map<number, (answer: Answer) => void>();
  readonly #contexts = new Map<number, RemoteContext>();
  #lastCall = 0;

  constructor(stream: Stream, clock: Clock) {
    this.#stream = stream;
    this.#clock = clock;
    const reader = new LineReader(
      (message) => this.#receive(message as FromBmc),
      (problem) => this.onProblem?.(problem),
    );
    stream.onData = (data) => reader.push(data);
    stream.onClose = (error) => this.#gone(error);
    this.#send({ type: 'hello', protocol: PROTOCOL });
  }

  /**
   * Claims what a set answers; the set is the same that `bmc.router.register` takes, made with `handle` of
   * `ipmi-bmc/handlers` or of `ipmi-bmc/router`. Rejects with WorkerError, listing every clash, where the BMC
   * refuses.
   */
  async register(set: HandlerSet): Promise<Registration> {
    const router = this.#localRouter(set);
    const handlers = set.handlers.map(({ claim, name, privilege, override, manufacturer }): WireClaim => {
      return { ...claim, name, privilege: PRIVILEGES[privilege], override, manufacturer };
    });
    await this.#call((id) => ({ type: 'register', id, owner: set.owner, handlers }));
    this.#routers.set(set.owner, router);
    for (const { claim } of set.handlers) this.#byClaim.set(claimKey(claim), router);
    return {
      owner: set.owner,
      unregister: async () => {
        await this.#call((id) => ({ type: 'unregister', id, owner: set.owner }));
        for (const [key, claimant] of this.#byClaim) if (claimant === router) this.#byClaim.delete(key);
        this.#routers.delete(set.owner);
      },
    };
  }

  /**
   * Sets a sensor whose value is pushed, in its unit (states of a discrete one, a bit each); null: it cannot
   * be read. Ends with the connection.
   */
  setSensor(name: string, value: number | null): void {
    this.#send({ type: 'sensor', name, value });
  }

  close(): void {
    this.#stream.end();
  }

  /**
   * A router of the worker's own decodes, checks and encodes; what a handler overrides is the BMC's handler
   * below.
   */
  #localRouter(set: HandlerSet): Router {
    const log = {
      error: (problem: string, error: unknown): void =>
        this.onProblem?.(`${problem}: ${error instanceof Error ? error.message : String(error)}`),
    };
    const router = new Router({ clock: this.#clock, log });
    const below = new Map<string, HandlerSet['handlers'][number][]>();
    for (const { claim, override } of set.handlers) {
      if (override === undefined) continue;
      const forward = handleRaw(
        claim,
        (message, context) => this.#ask(message.data, context as RemoteContext),
        { privilege: 0 },
      );
      below.set(override, [...(below.get(override) ?? []), forward]);
    }
    for (const [owner, handlers] of below) router.register({ owner, handlers });
    router.register(set);
    return router;
  }

  #ask(data: Uint8Array, { token }: RemoteContext): Promise<Answer> {
    this.#send({ type: 'next', token, data: hexText(data) });
    return new Promise((resolve) => this.#below.set(token, resolve));
  }

  #call(message: (id: number) => FromWorker): Promise<void> {
    const id = ++this.#lastCall;
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { done: resolve, failed: reject });
      this.#send(message(id));
    });
  }

  #receive(message: FromBmc): void {
    switch (message.type) {
      case 'request':
        return void this.#serve(message);
      case 'registered':
      case 'unregistered':
        this.#calls.get(message.id)?.done();
        return void this.#calls.delete(message.id);
      case 'refused':
        this.#calls.get(message.id)?.failed(new WorkerError(message.problems));
        return void this.#calls.delete(message.id);
      case 'below':
        this.#below.get(message.token)?.(Uint8Array.of(message.cc, ...(fromHex(message.data) ?? [])));
        return void this.#below.delete(message.token);
      case 'expired':
        this.#contexts.get(message.token)?.expire();
        return;
      case 'ping':
        return this.#send({ type: 'pong', id: message.id });
      case 'error':
        return this.onProblem?.(message.problem);
      default:
        return;
    }
  }

  async #serve(request: WireRequest): Promise<void> {
    const router = this.#find(request);
    const context = new RemoteContext(request);
    this.#contexts.set(request.token, context);
    const data = fromHex(request.data) ?? new Uint8Array(0);
    const prefix = bodyBytes(request);
    const message = {
      netFn: request.netFn,
      cmd: request.cmd,
      lun: request.lun,
      data: Uint8Array.of(...prefix, ...data),
    };
    const answer = router
      ? await router.dispatch(message, context)
      : Uint8Array.of(CC.InvalidCommand, ...prefix);
    this.#contexts.delete(request.token);
    this.#below.delete(request.token);
    const body = answer.subarray(1 + prefix.length);
    this.#send({
      type: 'answer',
      token: request.token,
      cc: body.length > MEDIA_ANSWER_MOST ? CC.ResponseUnavailable : answer[0],
      data: hexText(body),
    });
  }

  #find({ netFn, cmd, body, channel, lun }: WireRequest): Router | undefined {
    for (const command of [cmd, '*'] as const) {
      for (const narrow of [{ channel, lun }, { channel }, { lun }, {}]) {
        const router = this.#byClaim.get(claimKey({ netFn, cmd: command, body, ...narrow }));
        if (router) return router;
      }
    }
    return undefined;
  }

  #gone(error?: Error): void {
    for (const { failed } of this.#calls.values()) failed(new WorkerError(['the BMC closed the connection']));
    this.#calls.clear();
    for (const context of this.#contexts.values()) context.expire();
    this.onClose?.(error);
  }

  #send(message: FromWorker): void {
    this.#stream.write(encodeLine(message));
  }
}

const claimKey = ({
  netFn,
  cmd,
  body,
  channel,
  lun,
}: {
  netFn: number;
  cmd: number | '*';
  body?: number;
  channel?: number;
  lun?: number;
}): string => [netFn, cmd, body, channel, lun].join('.');
