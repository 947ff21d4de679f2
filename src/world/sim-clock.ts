import type { Clock, Timer } from './world.ts';

interface Event {
  readonly at: number;
  readonly order: number;
  readonly action: () => void;
  cancelled: boolean;
}

/** Time that passes only when told to, in order of (due time, order of asking). */
export class SimClock implements Clock {
  readonly #start: number;
  /** A binary heap. */
  readonly #events: Event[] = [];
  readonly #rounds: number;
  #time = 0;
  #order = 0;

  /** `rounds`: of promises between two events; fewer for what runs millions of events with short chains. */
  constructor(start: number, rounds = 64) {
    this.#start = start;
    this.#rounds = rounds;
  }

  now(): number {
    return this.#start + Math.floor(this.#time);
  }

  monotonic(): number {
    return this.#time;
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#events.filter(({ cancelled }) => !cancelled).length;
  }

  after(ms: number, action: () => void): Timer {
    const event: Event = { at: this.#time + Math.max(0, ms), order: this.#order++, action, cancelled: false };
    this.#push(event);
    return { cancel: () => void (event.cancelled = true) };
  }

  async run(ms: number): Promise<void> {
    const end = this.#time + ms;
    while (await this.step(end));
    this.#time = end;
  }

  /**
   * Lets promises settle, then runs the next event that is due by `end`. False: there is none, or `stop` says
   * that it is enough.
   */
  async step(end: number, stop: () => boolean = () => false): Promise<boolean> {
    // Promises settle between events. A chain of awaits is as long as the code that it runs through; this is
    // longer, and where nothing else is to be done there is time for the longest (a state directory that is
    // opened).
    for (let rounds = this.#rounds; ; rounds *= 16) {
      for (let i = 0; i < rounds; i++) await Promise.resolve();
      if (stop()) return false;
      while (this.#events[0]?.cancelled) this.#pop();
      if (this.#events.length > 0 && this.#events[0].at <= end) break;
      if (rounds > this.#rounds) return false;
    }
    const [next] = this.#events;
    this.#pop();
    this.#time = next.at;
    next.action();
    return true;
  }

  #push(event: Event): void {
    const heap = this.#events;
    let i = heap.push(event) - 1;
    for (let parent = (i - 1) >> 1; i > 0 && before(heap[i], heap[parent]); i = parent, parent = (i - 1) >> 1)
      [heap[i], heap[parent]] = [heap[parent], heap[i]];
  }

  #pop(): void {
    const heap = this.#events;
    const last = heap.pop();
    if (heap.length === 0 || !last) return;
    heap[0] = last;
    for (let i = 0; ;) {
      let least = i;
      for (const child of [2 * i + 1, 2 * i + 2])
        if (child < heap.length && before(heap[child], heap[least])) least = child;
      if (least === i) return;
      [heap[i], heap[least]] = [heap[least], heap[i]];
      i = least;
    }
  }
}

const before = (a: Event, b: Event): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);
