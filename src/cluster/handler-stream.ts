import { hexText } from '../codec/index.ts';
import { encodeLine, LineReader, PROTOCOL, type FromBmc, type WireClaim } from '../wire/userland.ts';
import { workerLine, type WorkerLine } from '../wire/worker-lines.ts';
import type { Clock, Random, Stream, Timer } from '../world/world.ts';
import { NobodyError, type Bus, type BusRequest } from './bus.ts';
import type { BusWireRequest } from './handler-calls.ts';
import { bytesOf, fieldsIn, handlerSubjects, HANDLER_TIMES } from './handler-entry.ts';
import { nameOfToken } from './names.ts';

/** How a process on the bus serves handlers. */
export interface HandlerPlace {
  /** The process in words, for messages about clashes: `fans.py on rack-7`. */
  readonly from: string;
  /** Several processes that claim the same share the requests. Default false. */
  readonly shared?: boolean;
  /** Names of the BMCs that it is for, `*` for any text. Default: all. */
  readonly bmcs?: readonly string[];
  /** BMCs that have all of these labels. Default: all. */
  readonly labels?: Readonly<Record<string, string>>;
}

interface Owned {
  readonly handlers: readonly WireClaim[] | 'default';
  readonly undo: readonly (() => void)[];
  timer: Timer | undefined;
  /** What was wrong when it was last said that it is there. */
  trouble: string | undefined;
}

interface Open {
  readonly owner: string;
  readonly request: Partial<BusWireRequest>;
  readonly answer: (answer: Uint8Array | undefined) => void;
  readonly timer: Timer | undefined;
}

/** Requests that one process may have open; more are answered C0h. */
const MOST_OPEN = 4096;
/** Milliseconds that a host may take to answer. */
const PATIENCE = 5000;
/** Milliseconds until nobody is asked again whether it is there. */
const AGAIN = 1000;
/** Milliseconds in which hosts hear that handlers are gone. */
const LAST_CALLS = 100;
const BUSY = bytesOf({ type: 'answer', cc: 0xc0 });

/**
 * The handler socket of all BMCs of a cluster: what a worker writes to a BMC's socket it writes here, and reads
 * the same lines (docs/handler-socket.md). Sensors and buttons are not among them.
 *
 *   const worker = new Worker(new HandlerStream(bus, world, { from: 'fans' }), world.clock);
 */
export class HandlerStream implements Stream {
  readonly peer = 'the cluster';
  onClose: ((error?: Error) => void) | undefined;
  onDrain: (() => void) | undefined;
  readonly #bus: Bus;
  readonly #clock: Clock;
  readonly #place: HandlerPlace;
  readonly #instance: string;
  readonly #owned = new Map<string, Owned>();
  readonly #open = new Map<number, Open>();
  readonly #idle = new Set<() => void>();
  readonly #reader: LineReader;
  #onData: ((data: Uint8Array) => void) | undefined;
  #waiting: Uint8Array[] = [];
  #token = 0;
  #isOver = false;
  #ended: Promise<unknown> = Promise.resolve();

  constructor(
    bus: Bus,
    { clock, random }: { readonly clock: Clock; readonly random: Random },
    place: HandlerPlace,
  ) {
    this.#bus = bus;
    this.#clock = clock;
    this.#place = place;
    this.#instance = hexText(random.bytes(12));
    this.#reader = new LineReader(
      (line) => this.#receive(workerLine(line)),
      (problem) => this.#say({ type: 'error', problem }),
    );
    this.#say({ type: 'hello', protocol: PROTOCOL, bmc: '*', maxOpen: MOST_OPEN });
  }

  set onData(hear: ((data: Uint8Array) => void) | undefined) {
    this.#onData = hear;
    for (const data of this.#waiting.splice(0)) hear?.(data);
  }

  get onData(): ((data: Uint8Array) => void) | undefined {
    return this.#onData;
  }

  write(data: Uint8Array): boolean {
    if (!this.#isOver) this.#reader.push(data);
    return true;
  }

  pause(): void {}
  resume(): void {}

  /** Its handlers are forgotten; the bus stays open. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#ended = Promise.all(Array.from(this.#owned.keys(), (owner) => this.#forget(owner)));
    for (const { answer, timer } of this.#open.values()) {
      timer?.cancel();
      answer(undefined);
    }
    this.#open.clear();
    this.onClose?.();
  }

  /** Once it has ended: resolves when hosts know it. */
  get ended(): Promise<unknown> {
    return this.#ended;
  }

  destroy(): void {
    this.end();
  }

  #receive(
    line: WorkerLine | { readonly type: 'bad'; readonly problem: string; readonly id?: number },
  ): void {
    switch (line.type) {
      case 'hello':
        if (line.protocol === PROTOCOL) return;
        this.#say({
          type: 'error',
          problem: `the cluster speaks protocol ${PROTOCOL}, not ${line.protocol}`,
        });
        return this.end();
      case 'register':
        return void this.#register(line);
      case 'unregister':
        return void this.#unregister(line);
      case 'answer':
        return this.#answer(line);
      case 'next':
        return void this.#next(line);
      case 'ping':
        return this.#say({ type: 'pong', id: line.id });
      case 'pong':
        return;
      case 'sensor':
      case 'press':
        return this.#say({ type: 'error', problem: `${line.type}: not over the bus of a cluster` });
      case 'bad':
        if (line.id === undefined) return this.#say({ type: 'error', problem: line.problem });
        return this.#say({ type: 'refused', id: line.id, problems: [line.problem] });
    }
  }

  async #register({ id, owner, handlers }: WorkerLine & { readonly type: 'register' }): Promise<void> {
    if (this.#owned.has(owner))
      return this.#say({
        type: 'refused',
        id,
        problems: [`${owner} is registered already, by this worker`],
      });
    // First it hears, then it says so: no request comes to nobody.
    const undo = [
      this.#bus.serve(handlerSubjects.calls(owner), (request) => this.#called(request), 'q'),
      this.#bus.serve(handlerSubjects.ping(owner, this.#instance), () => bytesOf({ type: 'pong', id: 0 })),
    ];
    const owned: Owned = { handlers, undo, timer: undefined, trouble: undefined };
    this.#owned.set(owner, owned);
    for (;;) {
      const problems = await this.#renewed(owner, owned, id);
      if (this.#isOver || this.#owned.get(owner) !== owned) return;
      if (problems === undefined) {
        // No host is there: it waits for one.
        await this.#pause(AGAIN);
        if (this.#owned.get(owner) !== owned) return;
        continue;
      }
      if (problems.length === 0) {
        this.#say({ type: 'registered', id });
        return this.#renewLater(owner, owned);
      }
      for (const off of undo) off();
      this.#owned.delete(owner);
      return this.#say({ type: 'refused', id, problems });
    }
  }

  /** What forbids it; undefined: nobody says. */
  async #renewed(owner: string, owned: Owned, id: number): Promise<readonly string[] | undefined> {
    const { handlers } = owned;
    const { from, shared = false, bmcs, labels } = this.#place;
    const claims = handlers === 'default' ? { default: true } : { handlers };
    const asked = {
      type: 'register',
      id,
      owner,
      ...claims,
      instance: this.#instance,
      from,
      shared,
      bmcs,
      labels,
    };
    try {
      const reply = fieldsIn(
        await this.#bus.request(handlerSubjects.register(owner), bytesOf(asked), { timeout: PATIENCE }),
      );
      if (reply?.type === 'registered') {
        owned.trouble = undefined;
        return [];
      }
      if (reply?.type === 'refused' && Array.isArray(reply.problems)) return reply.problems.map(String);
      this.#complain(owned, `${owner}: a host did not understand: ${JSON.stringify(reply)}`);
    } catch (error) {
      const why = error instanceof NobodyError ? 'no host of the cluster is there' : (error as Error).message;
      this.#complain(owned, `${owner}: ${why}; trying again`);
    }
    return undefined;
  }

  /** Once for each trouble. */
  #complain(owned: Owned, problem: string): void {
    if (owned.trouble === problem) return;
    owned.trouble = problem;
    this.#say({ type: 'error', problem });
  }

  #renewLater(owner: string, owned: Owned): void {
    owned.timer = this.#clock.after(HANDLER_TIMES.renewal, () => {
      void this.#renewed(owner, owned, 0).then((problems) => {
        if (this.#owned.get(owner) !== owned) return;
        // Somebody was faster while it was cut off: it waits for the other one to go.
        if (problems?.length) this.#complain(owned, `${owner} is not served now: ${problems.join('; ')}`);
        this.#renewLater(owner, owned);
      });
    });
  }

  async #unregister({ id, owner }: WorkerLine & { readonly type: 'unregister' }): Promise<void> {
    if (!this.#owned.has(owner))
      return this.#say({ type: 'refused', id, problems: [`${owner} is not registered`] });
    await this.#forget(owner);
    while ([...this.#open.values()].some((open) => open.owner === owner))
      await new Promise<void>((resolve) => this.#idle.add(resolve));
    this.#say({ type: 'unregistered', id });
  }

  async #forget(owner: string): Promise<void> {
    const owned = this.#owned.get(owner);
    this.#owned.delete(owner);
    owned?.timer?.cancel();
    const left = bytesOf({ type: 'unregister', id: 0, owner, instance: this.#instance });
    try {
      await this.#bus.request(handlerSubjects.unregister(owner), left, { timeout: PATIENCE });
    } catch {
      // Nobody heard it: it is forgotten when it is not renewed.
    }
    // What hosts have sent before they heard of it still comes.
    if (!this.#isOver) await this.#pause(LAST_CALLS);
    for (const off of owned?.undo ?? []) off();
  }

  #called({ subject, bytes }: BusRequest): Promise<Uint8Array | undefined> | Uint8Array {
    if (this.#open.size >= MOST_OPEN) return BUSY;
    const [, name] = subject.split('.');
    const request = fieldsIn(bytes) as Partial<BusWireRequest> | undefined;
    if (request?.type !== 'request') return bytesOf({ type: 'error', problem: 'expected type "request"' });
    const token = ++this.#token;
    const { deadline = 0 } = request;
    const answered = new Promise<Uint8Array | undefined>((resolve) => {
      const timer = deadline > 0 ? this.#clock.after(deadline, () => this.#expire(token)) : undefined;
      this.#open.set(token, { owner: nameOfToken(name), request, answer: resolve, timer });
    });
    this.#say({ ...(request as BusWireRequest), token });
    return answered;
  }

  #answer({ token, answer }: WorkerLine & { readonly type: 'answer' }): void {
    const open = this.#take(token);
    if (!open) return this.#say({ type: 'error', problem: `answer ${token}: no such open request` });
    if (!answer) this.#say({ type: 'error', problem: `answer ${token}: expected cc 0..255 and data in hex` });
    open.answer(
      bytesOf({
        type: 'answer',
        token: open.request.token,
        ...(answer && { cc: answer[0], data: hexText(answer.subarray(1)) }),
      }),
    );
  }

  async #next({ token, data }: WorkerLine & { readonly type: 'next' }): Promise<void> {
    const open = this.#open.get(token);
    const { host, token: theirs } = open?.request ?? {};
    if (host === undefined)
      return this.#say({ type: 'error', problem: `next ${token}: no such open request` });
    const asked = bytesOf({ type: 'next', token: theirs, data: hexText(data) });
    let problem = '';
    try {
      const answer = await this.#bus.request(handlerSubjects.below(host), asked, { timeout: PATIENCE });
      const { type, cc, data: below, problem: told } = fieldsIn(answer) ?? {};
      if (type === 'below' && typeof cc === 'number' && typeof below === 'string')
        return this.#say({ type: 'below', token, cc, data: below });
      problem = String(told);
    } catch (error) {
      problem = (error as Error).message;
    }
    this.#say({ type: 'error', problem: `next ${token}: ${problem}` });
  }

  /** The requester has had its C3h. */
  #expire(token: number): void {
    const open = this.#take(token);
    if (!open) return;
    open.answer(undefined);
    this.#say({ type: 'expired', token });
  }

  #take(token: number): Open | undefined {
    const open = this.#open.get(token);
    if (!open) return undefined;
    open.timer?.cancel();
    this.#open.delete(token);
    for (const go of this.#idle) go();
    this.#idle.clear();
    return open;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.after(ms, resolve));
  }

  #say(message: FromBmc): void {
    if (this.#isOver) return;
    const line = encodeLine(message);
    if (this.#onData) this.#onData(line);
    else this.#waiting.push(line);
  }
}
