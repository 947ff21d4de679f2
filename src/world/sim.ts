import { type DiskFaults, SimDisk } from './sim-disk.ts';
import { simFiles } from './sim-files.ts';
import { SimProcess } from './sim-process.ts';
import { SimStreams } from './sim-stream.ts';
import type { Clock, Endpoint, Files, Random, StreamNetwork, Timer, UdpNetwork, UdpSocket, World } from './world.ts';
import { endpointName } from './world.ts';

export interface SimOptions {
  /** Share of datagrams that vanish, 0..1. */
  readonly loss?: number;
  /** Share of datagrams that arrive twice, 0..1. */
  readonly duplicate?: number;
  /** Milliseconds on the way, drawn evenly; datagrams overtake each other. */
  readonly delay?: readonly [number, number];
  /** How the disks fail; `world.disk.faults` can be changed while it runs. */
  readonly diskFaults?: Partial<DiskFaults>;
  /** Wall time at the start, milliseconds. */
  readonly start?: number;
}

/** A world in one process: the same seed gives the same run, datagram for datagram. */
export class SimWorld implements World {
  readonly clock: SimClock;
  readonly random: SeededRandom;
  readonly udp: SimNetwork;
  readonly stream: StreamNetwork;
  /** On `disk`, like everything else of the world that has no disk of its own. */
  readonly files: Files;
  readonly disk: SimDisk;
  readonly #streams: SimStreams;
  readonly #makeDisk: (name: string) => SimDisk;
  #disks = 0;
  /** What happened, a line an event; bounded only by the length of the run. */
  readonly trace: string[] = [];

  constructor(seed: number, options: SimOptions = {}) {
    this.clock = new SimClock(options.start ?? Date.UTC(2026, 0, 1));
    this.random = new SeededRandom(seed);
    // The network draws from its own stream, so that a BMC that draws once more does not change the weather.
    const log = (event: string): void => void this.trace.push(`${this.clock.monotonic().toFixed(3)} ${event}`);
    this.udp = new SimNetwork(this.clock, new SeededRandom(seed ^ 0x5eed), options, log);
    const delay = options.delay ?? [0.05, 0.05];
    this.#streams = new SimStreams({ clock: this.clock, random: new SeededRandom(seed ^ 0x57e4), delay, log });
    this.#makeDisk = (name) => new SimDisk(name, this.clock, new SeededRandom(seed ^ (0xd15c + this.#disks++)), options.diskFaults ?? {}, log);
    this.disk = this.#makeDisk('main');
    const outside = { alive: true };
    this.stream = this.#streams.of(outside, this.disk.name);
    this.files = simFiles(this.disk, outside);
  }

  /** Another empty disk; names are for the trace and must differ. */
  newDisk(name: string): SimDisk {
    return this.#makeDisk(name);
  }

  /** A process that can die (`kill`) or lose its power (`crash`) while the world, with its clients, lives on. */
  process(disk: SimDisk = this.disk): SimProcess {
    return new SimProcess(this, this.#streams, disk);
  }

  /** Lets `ms` of virtual time pass. */
  run(ms: number): Promise<void> {
    return this.clock.run(ms);
  }

  /** Runs until the promise settles; rejects if nothing is left that could settle it within `limit` milliseconds. */
  async until<T>(promise: Promise<T>, limit = 3_600_000): Promise<T> {
    let settled = false;
    const watched = promise.finally(() => (settled = true));
    watched.catch(() => undefined);
    const end = this.clock.monotonic() + limit;
    while (await this.clock.step(end, () => settled));
    if (!settled) throw new Error(`nothing happens any more at ${this.clock.monotonic()} ms of virtual time`);
    return watched;
  }
}

export const simWorld = (seed: number, options?: SimOptions): SimWorld => new SimWorld(seed, options);

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
  #time = 0;
  #order = 0;

  constructor(start: number) {
    this.#start = start;
  }

  now(): number {
    return this.#start + Math.floor(this.#time);
  }

  monotonic(): number {
    return this.#time;
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

  /** Lets promises settle, then runs the next event that is due by `end`. False: there is none, or `stop` says that it is enough. */
  async step(end: number, stop: () => boolean = () => false): Promise<boolean> {
    // Promises settle between events. A chain of awaits is as long as the code that it runs through; this is longer.
    for (let i = 0; i < 64; i++) await Promise.resolve();
    if (stop()) return false;
    while (this.#events[0]?.cancelled) this.#pop();
    const next = this.#events[0];
    if (!next || next.at > end) return false;
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
      for (const child of [2 * i + 1, 2 * i + 2]) if (child < heap.length && before(heap[child], heap[least])) least = child;
      if (least === i) return;
      [heap[i], heap[least]] = [heap[least], heap[i]];
      i = least;
    }
  }
}

const before = (a: Event, b: Event): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

/** sfc32, seeded from one number. */
export class SeededRandom implements Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number) {
    this.#a = seed | 0;
    this.#b = Math.imul(seed, 0x9e3779b1);
    this.#c = ~seed;
    for (let i = 0; i < 12; i++) this.u32();
  }

  u32(): number {
    const t = (this.#a + this.#b + this.#counter++) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + t;
    return t >>> 0;
  }

  fill(bytes: Uint8Array): Uint8Array {
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.u32() >>> 24;
    return bytes;
  }

  bytes(length: number): Uint8Array {
    return this.fill(new Uint8Array(length));
  }

  /** 0 <= x < 1. */
  fraction(): number {
    return this.u32() / 2 ** 32;
  }
}

/** Datagrams by endpoint name, with weather. */
export class SimNetwork implements UdpNetwork {
  readonly #clock: SimClock;
  readonly #random: SeededRandom;
  readonly #options: SimOptions;
  readonly #log: (event: string) => void;
  readonly #sockets = new Map<string, UdpSocket>();
  #nextPort = 49152;

  constructor(clock: SimClock, random: SeededRandom, options: SimOptions, log: (event: string) => void) {
    this.#clock = clock;
    this.#random = random;
    this.#options = options;
    this.#log = log;
  }

  async bind(at: Endpoint): Promise<UdpSocket> {
    const address = { host: at.host, port: at.port || this.#nextPort++ };
    const name = endpointName(address);
    if (this.#sockets.has(name)) throw Object.assign(new Error(`bind EADDRINUSE ${name}`), { code: 'EADDRINUSE', address: at.host, port: at.port });
    const socket: UdpSocket = {
      address,
      onDatagram: undefined,
      send: (datagram, to) => this.#send(datagram.slice(), address, to),
      close: async () => void this.#sockets.delete(name),
    };
    this.#sockets.set(name, socket);
    return socket;
  }

  #send(datagram: Uint8Array, from: Endpoint, to: Endpoint): void {
    const { loss = 0, duplicate = 0, delay: [least, most] = [0.05, 0.05] } = this.#options;
    const label = `${endpointName(from)} > ${endpointName(to)} ${datagram.length} ${fingerprint(datagram)}`;
    if (this.#random.fraction() < loss) return this.#log(`lost ${label}`);
    const copies = this.#random.fraction() < duplicate ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      this.#clock.after(least + this.#random.fraction() * (most - least), () => {
        this.#log(`${i === 0 ? 'came' : 'again'} ${label}`);
        this.#sockets.get(endpointName(to))?.onDatagram?.(datagram.slice(), from);
      });
    }
  }
}

/** FNV-1a: enough to tell two datagrams of a trace apart. */
function fingerprint(bytes: Uint8Array): string {
  let value = 0x811c9dc5;
  for (const byte of bytes) value = Math.imul(value ^ byte, 0x01000193);
  return (value >>> 0).toString(16).padStart(8, '0');
}
