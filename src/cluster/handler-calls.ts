import { CC, hexText, IpmiError } from '../codec/index.ts';
import { addCounts, noCounts, type CounterTable } from '../joint/counters.ts';
import { refuse, type Answer, type Context, type Dispatch, type Message } from '../router/index.ts';
import { wireRequest } from '../interfaces/userland/wire-request.ts';
import type { WireRequest } from '../wire/userland.ts';
import { workerLine } from '../wire/worker-lines.ts';
import type { Bus, Inbox } from './bus.ts';
import { bytesOf, fieldsIn, handlerSubjects } from './handler-entry.ts';

/** What handlers on the bus did, and did wrong. */
export const callCounters = {
  requests: { unit: 'requests', counts: 'for the handler' },
  answers: { unit: 'answers', counts: 'of the handler' },
  busy: { unit: 'requests', counts: 'answered C0h: too many open' },
  expired: { unit: 'requests', counts: 'whose deadline passed before the answer' },
  nobody: { unit: 'requests', counts: 'that no process was there for' },
  bad: { unit: 'answers', counts: 'that were none: no completion code, no hex, too long' },
} satisfies CounterTable;
export type CallCounters = Record<keyof typeof callCounters, number>;

/** A request as it goes over the bus: that of the handler socket, with where it comes from. */
export interface BusWireRequest extends WireRequest {
  /** The BMC. */
  readonly bmc: string;
  readonly host: string;
  /** Where the handler below can be asked; absent: there is none. */
  readonly next?: string;
}

/** A request that is to be asked of an owner. */
export interface Call<B> {
  readonly owner: string;
  readonly bmc: string;
  readonly message: Message;
  readonly context: Context<B>;
  /** The handler below; undefined: there is none. */
  readonly next?: Dispatch<B>;
  readonly body?: number;
  /** The message is whole: body and IANA number stand in its data. */
  readonly isWhole?: boolean;
}

interface Open<B> extends Call<B> {
  readonly answer: (answer: Answer | Promise<Answer>) => void;
  /** The handler below is at work for it: one at a time. */
  isAsking: boolean;
}

/** Complaints that were said once and are remembered. */
const MOST_COMPLAINTS = 256;

/** Requests of this host that handlers on the bus have. */
export class HandlerCalls<B> {
  /** Answers that came late, twice, or to nothing that was asked: they were dropped. */
  stray = 0;
  readonly #bus: Bus;
  readonly #host: string;
  readonly #maxOpen: number;
  readonly #warn: (message: string) => void;
  readonly #inbox: Inbox;
  readonly #open = new Map<number, Open<B>>();
  readonly #counts = new Map<string, CallCounters & { open: number }>();
  readonly #complaints = new Set<string>();
  readonly #undo: () => void;
  #token = 0;

  /** `maxOpen`: requests that one owner may have open. */
  constructor(bus: Bus, host: string, maxOpen: number, warn: (message: string) => void) {
    this.#bus = bus;
    this.#host = host;
    this.#maxOpen = maxOpen;
    this.#warn = warn;
    this.#inbox = bus.inbox((token, answer) => this.#heard(token, answer));
    this.#undo = bus.serve(handlerSubjects.below(host), ({ bytes }) => this.#below(bytes));
  }

  ask(call: Call<B>): Answer | Promise<Answer> {
    const { owner, bmc, message, context, next, body } = call;
    const counts = this.countsOf(owner);
    counts.requests++;
    if (counts.open >= this.#maxOpen) {
      counts.busy++;
      return refused(call, CC.NodeBusy);
    }
    const token = ++this.#token;
    const answer = new Promise<Answer>((resolve) =>
      this.#open.set(token, { ...call, answer: resolve, isAsking: false }),
    );
    counts.open++;
    const { deadline } = context;
    const request: BusWireRequest = {
      ...wireRequest(token, message, context, body),
      bmc,
      host: this.#host,
      ...(next && { next: this.#bus.whole(handlerSubjects.below(this.#host)) }),
    };
    const headers = {
      'Ipmi-Bmc': encodeURI(bmc),
      'Ipmi-Token': String(token),
      ...(deadline > 0 && { 'Ipmi-Deadline': String(deadline) }),
    };
    const subject = handlerSubjects.call(owner, message.netFn, message.cmd);
    this.#inbox.ask(token, subject, bytesOf(request), headers);
    context.onExpire(() => {
      if (this.#take(token)) counts.expired++;
    });
    return answer;
  }

  countsOf(owner: string): CallCounters & { open: number } {
    let counts = this.#counts.get(owner);
    if (!counts) this.#counts.set(owner, (counts = { ...noCounts(callCounters), open: 0 }));
    return counts;
  }

  /** What handlers of each owner did, with requests that are open at this moment. */
  get byOwner(): ReadonlyMap<string, CallCounters & { readonly open: number }> {
    return this.#counts;
  }

  /** Of all owners, and what was dropped. */
  get counters(): CallCounters & { readonly stray: number } {
    const total = noCounts(callCounters);
    for (const { open: _, ...counts } of this.#counts.values()) addCounts(total, counts);
    return { ...total, stray: this.stray };
  }

  /** What is open is answered C3h: nobody knows what becomes of it. */
  close(): void {
    for (const [token, { answer }] of this.#open) {
      this.#take(token);
      answer(Uint8Array.of(CC.Timeout));
    }
    this.#inbox.close();
    this.#undo();
  }

  #take(token: number): Open<B> | undefined {
    const open = this.#open.get(token);
    if (!open) return undefined;
    this.#open.delete(token);
    this.countsOf(open.owner).open--;
    return open;
  }

  #heard(token: number, bytes: Uint8Array | undefined): void {
    const open = this.#take(token);
    if (!open) {
      this.stray++;
      return;
    }
    const counts = this.countsOf(open.owner);
    if (bytes === undefined) {
      counts.nobody++;
      return open.answer(whereNobodyIs(open));
    }
    // Which request it answers says its subject.
    const line = workerLine({ ...fieldsIn(bytes), token });
    const answer = line.type === 'answer' ? line.answer : undefined;
    if (answer) {
      counts.answers++;
      return open.answer(answer);
    }
    counts.bad++;
    this.#once(
      `handler ${open.owner}: expected {"type":"answer","cc":0,"data":"..."} with data of at most 252 bytes`,
    );
    open.answer(refused(open, CC.ResponseUnavailable));
  }

  async #below(bytes: Uint8Array): Promise<Uint8Array> {
    const line = workerLine(fieldsIn(bytes) ?? {});
    if (line.type !== 'next')
      return bytesOf({ type: 'error', problem: 'expected type "next", token (a number) and data (hex)' });
    const { token, data } = line;
    const open = this.#open.get(token);
    const problem = open === undefined ? 'no such open request' : 'the one before is not answered yet';
    if (open === undefined || open.isAsking)
      return bytesOf({ type: 'error', problem: `next ${token}: ${problem}` });
    open.isAsking = true;
    let below: Answer = Uint8Array.of(CC.InvalidCommand);
    try {
      if (open.next) below = await open.next({ ...open.message, data }, open.context);
    } catch (error) {
      below = Uint8Array.of(error instanceof IpmiError ? error.cc : CC.Unspecified);
    }
    open.isAsking = false;
    return bytesOf({ type: 'below', token, cc: below[0], data: hexText(below.subarray(1)) });
  }

  #once(complaint: string): void {
    if (this.#complaints.has(complaint) || this.#complaints.size >= MOST_COMPLAINTS) return;
    this.#complaints.add(complaint);
    this.#warn(complaint);
  }
}

/** C1h, or what the handler below says: as if nobody had claimed it. */
function whereNobodyIs<B>(call: Call<B>): Answer | Promise<Answer> {
  if (!call.next) return refused(call, CC.InvalidCommand);
  try {
    return call.next(call.message, call.context);
  } catch (error) {
    return Uint8Array.of(error instanceof IpmiError ? error.cc : CC.Unspecified);
  }
}

/** Refusals of whole messages name the body, as every answer does. */
function refused<B>({ message, isWhole = false }: Call<B>, cc: number): Answer {
  return isWhole ? refuse(message, cc) : Uint8Array.of(cc);
}
