import type { CounterTable } from '../../joint/counters.ts';
import { CC, hexText, IpmiError, levelNamed } from '../../codec/index.ts';
import { NetFn, Privilege } from '../../commands/command.ts';
import {
  handleRaw,
  RegistrationError,
  type Answer,
  type Context,
  type Dispatch,
  type Message,
  type Registration,
} from '../../router/index.ts';
import type { Router } from '../../router/index.ts';
import { encodeLine, LineReader, PROTOCOL, type FromBmc, type WireClaim } from '../../wire/userland.ts';
import { MOST_DATA, shown, workerLine, type BadLine, type WorkerLine } from '../../wire/worker-lines.ts';
import type { Clock, Stream, Timer } from '../../world/world.ts';
import { wireRequest } from './wire-request.ts';

/** What a worker did, and did wrong. */
export const workerCounters = {
  requests: { unit: 'requests', counts: 'for the worker' },
  answers: { unit: 'answers', counts: 'of the worker' },
  busy: { unit: 'requests', counts: 'answered C0h: too many open, or the worker does not read' },
  expired: { unit: 'requests', counts: 'whose deadline passed before the answer' },
  stray: { unit: 'answers', counts: 'dropped: late, given twice, or to nothing that was asked' },
} satisfies CounterTable;
export type WorkerCounters = Record<keyof typeof workerCounters, number>;

/**
 * Sets a sensor; null: it cannot be read; undefined: nothing more comes from here. Returns what is wrong, if
 * it cannot be set.
 */
export type SensorSink = (name: string, value: number | null | undefined) => string | undefined;

/** Presses a button of the front panel. False: nothing came of it; undefined: there is no such button. */
export type ButtonSink = (button: string) => boolean | undefined;

export interface WorkerLinkOptions<B> {
  readonly router: Router<B>;
  readonly stream: Stream;
  readonly clock: Clock;
  /** The BMC's name, for the worker's log. */
  readonly bmc: string;
  /** Requests that one worker may have open; more are answered C0h. */
  readonly maxOpen: number;
  /** Milliseconds in which a worker that missed a deadline must answer a ping. */
  readonly health: number;
  readonly log: (message: string) => void;
  readonly sensors?: SensorSink;
  readonly buttons?: ButtonSink;
  readonly closed: () => void;
}

interface Open<B> {
  readonly answer: (answer: Answer) => void;
  readonly message: Message;
  readonly context: Context<B>;
  readonly next: Dispatch<B> | undefined;
  /**
   * The handler below is at work for it: one at a time, so that a worker has no more of them than requests.
   */
  asking: boolean;
}

/** Owners of one worker: each has tables of its own in the router. */
const MOST_OWNERS = 64;
/** Lines that wait for a worker that does not read, beside its requests; it is then no worker any more. */
const MOST_UNREAD = 1024;

/** One worker on the handler socket: its claims live as long as its connection. */
export class WorkerLink<B> {
  readonly counters: WorkerCounters = { requests: 0, answers: 0, busy: 0, expired: 0, stray: 0 };
  readonly #options: WorkerLinkOptions<B>;
  readonly #registrations = new Map<string, Registration>();
  readonly #open = new Map<number, Open<B>>();
  #token = 0;
  #greeted = false;
  #blocked = false;
  #unread = 0;
  #closed = false;
  /** Sensors that this worker has set: their readings end with it. */
  readonly #fed = new Set<string>();
  #health: Timer | undefined;
  #pingId = 0;

  constructor(options: WorkerLinkOptions<B>) {
    this.#options = options;
    const { stream } = options;
    const reader = new LineReader(
      (message) => this.#receive(workerLine(message)),
      (problem, fatal) => (fatal ? this.close(problem) : this.#error(problem)),
    );
    stream.onData = (data) => reader.push(data);
    stream.onClose = () => this.close('it closed the connection');
    stream.onDrain = () => {
      this.#blocked = false;
      this.#unread = 0;
    };
    const features = [...(options.sensors ? ['sensors'] : []), ...(options.buttons ? ['buttons'] : [])];
    this.#send({
      type: 'hello',
      protocol: PROTOCOL,
      bmc: options.bmc,
      maxOpen: options.maxOpen,
      ...(features.length > 0 && { features }),
    });
  }

  get owners(): string[] {
    return [...this.#registrations.keys()];
  }

  /**
   * Ends the connection: its claims go, its open requests are answered C3h, as nobody knows what became of
   * them.
   */
  close(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#health?.cancel();
    if (this.#registrations.size > 0 || this.#open.size > 0) {
      this.#options.log(
        `worker ${this.owners.join(', ') || this.#options.stream.peer}: ${reason}; ${this.#open.size} request(s) open`,
      );
    }
    // Removal is at once; what it waits for are the requests that are answered here.
    for (const registration of this.#registrations.values()) void registration.unregister();
    this.#registrations.clear();
    for (const { answer } of this.#open.values()) answer(Uint8Array.of(CC.Timeout));
    this.#open.clear();
    for (const name of this.#fed) this.#options.sensors?.(name, undefined);
    this.#options.stream.destroy();
    this.#options.closed();
  }

  #receive(line: WorkerLine | BadLine): void {
    if (this.#closed) return;
    if (line.type === 'hello') {
      if (line.protocol === PROTOCOL) this.#greeted = true;
      else {
        this.#error(`this BMC speaks protocol ${PROTOCOL}, not ${line.protocol}`);
        this.#options.stream.end();
      }
    } else if (!this.#greeted) this.#error(`say {"type":"hello","protocol":${PROTOCOL}} first`);
    else this.#obey(line);
  }

  #obey(line: Exclude<WorkerLine, { type: 'hello' }> | BadLine): void {
    switch (line.type) {
      case 'register':
        return this.#register(line);
      case 'unregister':
        return void this.#unregister(line);
      case 'answer':
        return this.#answer(line);
      case 'next':
        return void this.#next(line);
      case 'sensor':
        return this.#sensor(line.name, line.value);
      case 'press':
        return this.#press(line.id, line.button);
      case 'ping':
        return this.#send({ type: 'pong', id: line.id });
      case 'pong':
        return this.#healthy(line.id);
      case 'bad':
        if (line.id === undefined) this.#error(line.problem);
        else this.#send({ type: 'refused', id: line.id, problems: [line.problem] });
    }
  }

  #sensor(name: string, value: number | null): void {
    const problem = this.#options.sensors
      ? this.#options.sensors(name, value)
      : 'sensor: this BMC takes no readings';
    if (problem !== undefined) return this.#error(problem);
    this.#fed.add(name);
  }

  #press(id: number, button: string): void {
    const done = this.#options.buttons?.(button);
    if (done === undefined)
      this.#error(`press: there is no button ${shown(button)}; expected power, reset, nmi or sleep`);
    else this.#send({ type: 'pressed', id, done });
  }

  #register({ id, owner, handlers }: WorkerLine & { readonly type: 'register' }): void {
    try {
      // Handlers and the default handler are told apart by their owners here.
      if (this.#registrations.has(owner))
        throw new RegistrationError([`${owner} is registered already, by this worker`]);
      if (this.#registrations.size >= MOST_OWNERS)
        throw new RegistrationError([`a worker has at most ${MOST_OWNERS} owners`]);
      const registration =
        handlers === 'default'
          ? this.#options.router.setDefaultHandler(owner, (request, context) =>
              this.#ask(request, context, undefined),
            )
          : this.#options.router.register({
              owner,
              handlers: handlers.map((claim) => this.#handlerOf(claim)),
            });
      this.#registrations.set(owner, registration);
      this.#send({ type: 'registered', id });
    } catch (error) {
      const problems = error instanceof RegistrationError ? error.problems : [(error as Error).message];
      this.#send({ type: 'refused', id, problems });
    }
  }

  #handlerOf({ name, privilege, override, manufacturer, ...claim }: WireClaim) {
    const level = privilege === undefined ? Privilege.Administrator : levelNamed(privilege);
    return handleRaw<B>(claim, (request, context, next) => this.#ask(request, context, next, claim.body), {
      name,
      privilege: level,
      override,
      manufacturer,
    });
  }

  async #unregister({ id, owner }: WorkerLine & { readonly type: 'unregister' }): Promise<void> {
    const registration = this.#registrations.get(owner);
    if (!registration) return this.#send({ type: 'refused', id, problems: [`${owner} is not registered`] });
    this.#registrations.delete(owner);
    await registration.unregister();
    this.#send({ type: 'unregistered', id });
  }

  /** A request of the router: sent on with a token; the answer is whatever comes back for that token. */
  #ask(
    message: Message,
    context: Context<B>,
    next: Dispatch<B> | undefined,
    body?: number,
  ): Answer | Promise<Answer> {
    this.counters.requests++;
    if (this.#closed) return Uint8Array.of(CC.Timeout);
    if (this.#open.size >= this.#options.maxOpen || this.#blocked) {
      this.counters.busy++;
      // The default handler sees whole messages; its refusals name the body as every answer does.
      return refusal(next === undefined ? message : undefined, CC.NodeBusy);
    }
    const token = ++this.#token;
    const answer = new Promise<Answer>((resolve) =>
      this.#open.set(token, { answer: resolve, message, context, next, asking: false }),
    );
    this.#send(wireRequest(token, message, context, body));
    context.onExpire(() => this.#expire(token));
    return answer;
  }

  #answer({ token, answer }: WorkerLine & { readonly type: 'answer' }): void {
    const open = this.#open.get(token);
    if (!open) {
      this.counters.stray++;
      return this.#error(`answer ${token}: no such open request`);
    }
    this.#open.delete(token);
    if (!answer) {
      this.#error(`answer ${token}: expected cc 0..255 and data of at most ${MOST_DATA} bytes in hex`);
      return open.answer(refusal(open.next === undefined ? open.message : undefined, CC.ResponseUnavailable));
    }
    this.counters.answers++;
    open.answer(answer);
  }

  /** The worker overrides a handler and asks the one below; its own answer is still to come. */
  async #next({ token, data }: WorkerLine & { readonly type: 'next' }): Promise<void> {
    const open = this.#open.get(token);
    if (!open) return this.#error(`next ${token}: no such open request`);
    if (open.asking) return this.#error(`next ${token}: the one before is not answered yet`);
    open.asking = true;
    let below: Answer = Uint8Array.of(CC.InvalidCommand);
    try {
      if (open.next) below = await open.next({ ...open.message, data }, open.context);
    } catch (error) {
      below = Uint8Array.of(error instanceof IpmiError ? error.cc : CC.Unspecified);
    }
    open.asking = false;
    this.#send({ type: 'below', token, cc: below[0], data: hexText(below.subarray(1)) });
  }

  /** The requester has had its C3h. A worker that lets a deadline pass is asked whether it lives. */
  #expire(token: number): void {
    if (!this.#open.delete(token)) return;
    this.counters.expired++;
    this.#send({ type: 'expired', token });
    if (this.#health) return;
    this.#send({ type: 'ping', id: ++this.#pingId });
    this.#health = this.#options.clock.after(this.#options.health, () =>
      this.close('it missed a deadline and does not answer'),
    );
  }

  #healthy(id: number): void {
    if (id !== this.#pingId) return;
    this.#health?.cancel();
    this.#health = undefined;
  }

  #error(problem: string): void {
    this.#send({ type: 'error', problem });
  }

  #send(message: FromBmc): void {
    if (this.#closed) return;
    if (this.#blocked && ++this.#unread > MOST_UNREAD) return this.close('it writes and does not read');
    if (!this.#options.stream.write(encodeLine(message))) this.#blocked = true;
  }
}

function refusal(message: Message | undefined, cc: number): Answer {
  if (message?.netFn === NetFn.Group) return Uint8Array.of(cc, ...message.data.subarray(0, 1));
  return message?.netFn === NetFn.OemGroup
    ? Uint8Array.of(cc, ...message.data.subarray(0, 3))
    : Uint8Array.of(cc);
}
