import type { Clock, Timer } from './world.ts';

/** One run of one machine's process: what it started dies with it. */
export interface Life {
  alive: boolean;
}

interface Event extends Timer {
  readonly at: number;
  readonly order: number;
  readonly life: Life;
  /** For the trace; undefined: the action traces itself. */
  readonly label: string | undefined;
  action: (() => void) | undefined;
}

/** Virtual time: a heap of what is to happen, in the order of (time, insertion). */
export class SimScheduler {
  /** ms since the world's beginning. */
  now = 0;
  readonly #trace: (line: string) => void;
  #heap: Event[] = [];
  #order = 0;
  #cancelled = 0;

  constructor(trace: (line: string) => void) {
    this.#trace = trace;
  }

  after(ms: number, life: Life, action: () => void, label?: string): Timer {
    const cancel = (): void => {
      if (!event.action) return;
      event.action = undefined;
      // Time-outs that are set and cancelled per message must not pile up until their time comes.
      if (++this.#cancelled > 64 && this.#cancelled * 2 > this.#heap.length) this.#compact();
    };
    const event: Event = { at: this.now + (ms > 0 ? ms : 0), order: this.#order++, life, label, action, cancel };
    if (ms !== Infinity) this.#push(event);
    return event;
  }

  /** Time of the next event, undefined if nothing will ever happen. */
  next(): number | undefined {
    for (let top = this.#heap[0]; top; top = this.#heap[0]) {
      if (top.action && top.life.alive) return top.at;
      if (!top.action) this.#cancelled--;
      this.#pop();
    }
    return undefined;
  }

  /** Goes to the next event and runs it. Call only if `next` has one. */
  step(): void {
    const event = this.#pop();
    this.now = event.at;
    const { action } = event;
    event.action = undefined; // cancel after firing is harmless
    if (event.label !== undefined) this.#trace(`${event.label} #${event.order}`);
    action?.();
  }

  #compact(): void {
    this.#heap = this.#heap.filter((event) => event.action && event.life.alive).sort((a, b) => a.at - b.at || a.order - b.order);
    this.#cancelled = 0;
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(event, heap[parent])) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): Event {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (heap.length === 0 || !last) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1], heap[child])) child++;
      if (!before(heap[child], last)) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = last;
    return top;
  }
}

function before(a: Event, b: Event): boolean {
  return a.at < b.at || a.at === b.at && a.order < b.order;
}

export class SimClock implements Clock {
  readonly #scheduler: SimScheduler;
  readonly #machine: { readonly life: Life; readonly name: string };
  #epoch: number;

  constructor(scheduler: SimScheduler, machine: { readonly life: Life; readonly name: string }, start: number) {
    this.#scheduler = scheduler;
    this.#machine = machine;
    this.#epoch = start;
  }

  now(): number {
    return Math.floor(this.#epoch + this.#scheduler.now);
  }

  monotonic(): number {
    return this.#scheduler.now;
  }

  after(ms: number, action: () => void): Timer {
    return this.#scheduler.after(ms, this.#machine.life, action, `${this.#machine.name} timer`);
  }

  /** The wall clock jumps (NTP, an operator); timers and monotonic time do not notice. */
  setWall(ms: number): void {
    this.#epoch = ms - this.#scheduler.now;
  }
}
