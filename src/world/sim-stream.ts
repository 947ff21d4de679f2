import type { Life } from './sim-life.ts';
import type { SeededRandom } from './sim-random.ts';
import { systemError } from './system-error.ts';
import {
  type Clock,
  endpointName,
  type Stream,
  type StreamAddress,
  type StreamNetwork,
  type StreamServer,
  type TtyAddress,
} from './world.ts';

/** What carries the bytes. `delay`: ms on the way, least and most. */
export interface Cable {
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly delay: readonly [number, number];
  readonly log: (event: string) => void;
}

interface Listener {
  readonly accept: (stream: Stream) => void;
  readonly life: Life;
  readonly name: string;
}

/** Bytes on their way or unread, above which `write` returns false. */
const highWater = 16384;

/**
 * TCP everywhere, Unix sockets by disk. Nothing is lost on the way; it is late, and in pieces of random size.
 */
export class SimStreams {
  readonly #cable: Cable;
  readonly #listeners = new Map<string, Listener>();
  readonly #open = new Set<SimStream>();
  #nextPort = 49152;

  constructor(cable: Cable) {
    this.#cable = cable;
  }

  /** The network as one process sees it; `disk` is where its Unix sockets live. */
  of(life: Life, disk: string): StreamNetwork {
    return {
      listen: async (at, accept) => this.#listen(life, disk, at, accept),
      // A line's far end is whoever listens at its name.
      connect: (to: StreamAddress | TtyAddress) =>
        this.#connect(life, disk, 'tty' in to ? { path: to.tty } : to),
    };
  }

  /** The process is gone: its listeners vanish, its peers see a reset. */
  drop(life: Life): void {
    for (const [key, listener] of this.#listeners) if (listener.life === life) this.#listeners.delete(key);
    for (const stream of this.#open) if (stream.life === life) stream.die();
  }

  #listen(life: Life, disk: string, at: StreamAddress, accept: (stream: Stream) => void): StreamServer {
    const address = 'path' in at ? at : { host: at.host, port: at.port || this.#nextPort++ };
    const key = keyOf(disk, address);
    if (this.#listeners.has(key)) throw systemError('EADDRINUSE', 'listen', nameOf(address));
    const listener = { accept, life, name: nameOf(address) };
    this.#listeners.set(key, listener);
    return {
      address,
      close: async () => {
        if (this.#listeners.get(key) === listener) this.#listeners.delete(key);
      },
    };
  }

  #connect(life: Life, disk: string, to: StreamAddress): Promise<Stream> {
    const { clock, log } = this.#cable;
    return new Promise((resolve, reject) => {
      clock.after(travel(this.#cable), () => {
        if (!life.alive) return;
        const listener = this.#find(disk, to);
        log(`stream ${listener ? 'connected' : 'refused'} ${nameOf(to)}`);
        if (!listener)
          return reject(systemError('path' in to ? 'ENOENT' : 'ECONNREFUSED', 'connect', nameOf(to)));
        const caller = 'path' in to ? listener.name : endpointName({ host: to.host, port: this.#nextPort++ });
        const near = new SimStream(this.#cable, life, nameOf(to), this.#open);
        const far = new SimStream(this.#cable, listener.life, caller, this.#open);
        near.other = far;
        far.other = near;
        resolve(near);
        listener.accept(far);
      });
    });
  }

  #find(disk: string, to: StreamAddress): Listener | undefined {
    const exact = this.#listeners.get(keyOf(disk, to));
    if (exact || 'path' in to) return exact;
    const any = to.host.includes(':') ? ['::'] : ['0.0.0.0', '::'];
    return any
      .map((host) => this.#listeners.get(keyOf(disk, { host, port: to.port })))
      .find((found) => found);
  }
}

const nameOf = (address: StreamAddress): string =>
  'path' in address ? `unix:${address.path}` : endpointName(address);
const keyOf = (disk: string, address: StreamAddress): string =>
  'path' in address ? `${disk} ${nameOf(address)}` : nameOf(address);
const travel = ({ random, delay: [least, most] }: Cable): number =>
  least + random.fraction() * (most - least);

class SimStream implements Stream {
  readonly peer: string;
  readonly life: Life;
  onClose: ((error?: Error) => void) | undefined;
  onDrain: (() => void) | undefined;
  /** Set right after construction, before anybody else sees the stream. */
  other!: SimStream;
  readonly #cable: Cable;
  readonly #open: Set<SimStream>;
  #onData: ((data: Uint8Array) => void) | undefined;
  /** Written here, not yet arrived there. */
  #wire = new Uint8Array(0);
  /** Arrived here, not yet read. */
  readonly #inbox: Uint8Array[] = [];
  /** Written here, not yet read there. */
  #unread = 0;
  #moving = false;
  #paused = false;
  #needDrain = false;
  #ending = false;
  #finSent = false;
  #finArrived = false;
  #finSeen = false;
  #closed = false;

  constructor(cable: Cable, life: Life, peer: string, open: Set<SimStream>) {
    this.#cable = cable;
    this.life = life;
    this.peer = peer;
    this.#open = open.add(this);
  }

  get onData(): ((data: Uint8Array) => void) | undefined {
    return this.#onData;
  }

  set onData(receive: ((data: Uint8Array) => void) | undefined) {
    this.#onData = receive;
    this.#later(() => this.#read());
  }

  write(data: Uint8Array): boolean {
    if (this.#closed || this.#ending || !this.life.alive) return true;
    const wire = new Uint8Array(this.#wire.length + data.length);
    wire.set(this.#wire);
    wire.set(data, this.#wire.length);
    this.#wire = wire;
    this.#unread += data.length;
    this.#needDrain ||= this.#unread > highWater;
    this.#move();
    return !this.#needDrain;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#later(() => this.#read());
  }

  end(): void {
    if (this.#closed || this.#ending) return;
    this.#ending = true;
    this.#move();
  }

  destroy(): void {
    this.#abort(undefined);
  }

  /** The process died. */
  die(): void {
    this.#abort(systemError('ECONNRESET', 'read', this.other.peer));
  }

  #abort(error: Error | undefined): void {
    if (this.#closed) return;
    this.#close(undefined);
    this.#arrive(() => this.other.#close(error));
  }

  /**
   * One piece travels at a time, which keeps the order; writes that meet on the way are joined or cut as the
   * dice fall.
   */
  #move(): void {
    if (this.#moving) return;
    this.#moving = true;
    this.#arrive(() => {
      this.#moving = false;
      if (this.#closed) return;
      if (this.#wire.length > 0) {
        const size = 1 + Math.floor(this.#cable.random.fraction() * this.#wire.length);
        this.other.#inbox.push(this.#wire.slice(0, size));
        this.#wire = this.#wire.slice(size);
        this.#cable.log(`stream > ${this.peer} ${size}`);
      }
      if (this.#wire.length > 0) this.#move();
      else if (this.#ending) this.#finSent = this.other.#finArrived = true;
      this.other.#read();
      this.#closeIfOver();
    });
  }

  #read(): void {
    while (this.#reading()) {
      const piece = this.#inbox.shift();
      if (!piece) break;
      this.other.#wasRead(piece.length);
      this.#onData?.(piece);
    }
    if (this.#finSeen || !this.#finArrived || this.#inbox.length > 0 || !this.#reading()) return;
    this.#finSeen = true;
    this.end();
    this.#closeIfOver();
  }

  #reading(): boolean {
    return !this.#closed && !this.#paused && this.#onData !== undefined && this.life.alive;
  }

  #wasRead(length: number): void {
    this.#unread -= length;
    if (!this.#needDrain || this.#unread > 0) return;
    this.#needDrain = false;
    this.#later(() => void (this.#closed || this.onDrain?.()));
  }

  #closeIfOver(): void {
    if (this.#finSent && this.#finSeen) this.#close(undefined);
  }

  #close(error: Error | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#open.delete(this);
    this.#later(() => {
      this.#cable.log(`stream closed ${this.peer}${error ? ` ${error.message}` : ''}`);
      this.onClose?.(error);
    });
  }

  /** On this side, outside of the current call. A dead process hears nothing. */
  #later(action: () => void): void {
    this.#cable.clock.after(0, () => void (this.life.alive && action()));
  }

  /** After the way to the other side. Not tied to our life: the reset of a dead process arrives too. */
  #arrive(action: () => void): void {
    this.#cable.clock.after(travel(this.#cable), action);
  }
}
