import type { Life } from './sim-clock.ts';
import { type Host, isLoopback, literal, placeOf, show, type SimNetwork } from './sim-network.ts';
import { digest } from './sim-random.ts';
import { systemError } from './system-error.ts';
import type { Stream, StreamAddress, StreamNetwork, StreamServer } from './world.ts';

interface Listener {
  readonly machine: Host;
  readonly accept: (stream: Stream) => void;
  readonly name: string;
  readonly life: Life;
}

/** Bytes on their way or unread, above which `write` returns false. */
const highWater = 16384;

/** TCP between, and Unix sockets inside, the machines of a simulated world. Nothing is lost on the way; it is late and in pieces. */
export class SimStreams {
  readonly #network: SimNetwork;
  readonly #listeners = new Map<string, Listener>();
  readonly #open = new Set<SimStream>();

  constructor(network: SimNetwork) {
    this.#network = network;
  }

  of(machine: Host): StreamNetwork {
    return {
      listen: (at, accept) => this.#listen(machine, at, accept),
      connect: (to) => this.#connect(machine, to),
    };
  }

  /** The machine's process is gone: its listeners vanish, its peers read a reset. */
  drop(life: Life): void {
    for (const [key, listener] of this.#listeners) if (listener.life === life) this.#listeners.delete(key);
    for (const stream of this.#open) if (stream.life === life) stream.die();
  }

  async #listen(machine: Host, at: StreamAddress, accept: (stream: Stream) => void): Promise<StreamServer> {
    let key: string, address = at;
    if ('path' in at) {
      key = `${machine.name}:${at.path}`;
    } else {
      const host = literal(at.host);
      const port = at.port || this.#network.ephemeral((free) => !this.#listeners.has(placeOf(machine, host, free)));
      address = { host, port };
      key = placeOf(machine, host, port);
    }
    const name = nameOf(address);
    if (this.#listeners.has(key)) throw systemError('EADDRINUSE', 'listen', name);
    const listener = { machine, accept, name, life: machine.life };
    this.#listeners.set(key, listener);
    const close = async (): Promise<void> => {
      if (this.#listeners.get(key) === listener) this.#listeners.delete(key);
    };
    return { address, close };
  }

  #connect(machine: Host, to: StreamAddress): Promise<Stream> {
    const { scheduler, dice, faults, trace } = this.#network;
    const { life } = machine;
    return new Promise((resolve, reject) => {
      scheduler.after(dice.between(faults.delay), life, () => {
        const listener = this.#find(machine, to);
        trace(`stream ${machine.name} > ${nameOf(to)} ${listener ? 'connected' : 'refused'}`);
        if (!listener) return reject(systemError('path' in to ? 'ENOENT' : 'ECONNREFUSED', 'connect', nameOf(to)));
        const port = 'path' in to ? 0 : this.#network.ephemeral(() => true);
        const near = new SimStream(this.#network, life, nameOf(to), () => this.#open.delete(near));
        const far = new SimStream(this.#network, listener.life, 'path' in to ? listener.name : show({ host: machine.host, port }), () => this.#open.delete(far));
        near.other = far;
        far.other = near;
        this.#open.add(near).add(far);
        resolve(near);
        listener.accept(far);
      });
    });
  }

  #find(machine: Host, to: StreamAddress): Listener | undefined {
    if ('path' in to) return this.#listeners.get(`${machine.name}:${to.path}`);
    const host = literal(to.host);
    return this.#listeners.get(`${host}|${to.port}`)
      ?? this.#listeners.get(`*${host}|${to.port}`)
      ?? (isLoopback(host) ? this.#listeners.get(`*${machine.host}|${to.port}`) : undefined);
  }
}

function nameOf(address: StreamAddress): string {
  return 'path' in address ? `unix:${address.path}` : show(address);
}

class SimStream implements Stream {
  readonly peer: string;
  readonly life: Life;
  onClose: ((error?: Error) => void) | undefined;
  onDrain: (() => void) | undefined;
  /** Set right after construction, before anybody else sees the stream. */
  other!: SimStream;
  readonly #network: SimNetwork;
  readonly #forget: () => void;
  #onData: ((data: Uint8Array) => void) | undefined;
  /** Written here, not yet arrived there. */
  #wire: Uint8Array[] = [];
  /** Arrived here, not yet read. */
  #inbox: Uint8Array[] = [];
  #unread = 0;
  #moving = false;
  #paused = false;
  #needDrain = false;
  #ending = false;
  #finSent = false;
  #finArrived = false;
  #finSeen = false;
  #closed = false;

  constructor(network: SimNetwork, life: Life, peer: string, forget: () => void) {
    this.#network = network;
    this.life = life;
    this.peer = peer;
    this.#forget = forget;
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
    this.#wire.push(data.slice());
    this.#unread += data.length;
    this.#move();
    this.#needDrain ||= this.#unread > highWater;
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
    this.#close(undefined);
    this.#after(() => this.other.#close(undefined));
  }

  /** The process died. */
  die(): void {
    this.#close(undefined);
    this.#after(() => this.other.#close(systemError('ECONNRESET', 'read', this.other.peer)));
  }

  /** At most one piece travels at a time, which keeps the order; writes that meet on the way are joined or cut as the dice fall. */
  #move(): void {
    if (this.#moving) return;
    this.#moving = true;
    this.#after(() => {
      this.#moving = false;
      if (this.#closed) return;
      const all = join(this.#wire);
      if (all.length > 0) {
        const size = this.#network.faults.chunking ? 1 + this.#network.dice.below(all.length) : all.length;
        const piece = all.slice(0, size);
        this.#wire = size < all.length ? [all.subarray(size)] : [];
        this.#network.trace(`stream > ${this.peer} ${size} ${digest(piece)}`);
        this.other.#inbox.push(piece);
      }
      if (this.#wire.length > 0) this.#move();
      else if (this.#ending && !this.#finSent) this.other.#finArrived = this.#finSent = true;
      this.other.#read();
      this.#closeIfOver();
    });
  }

  #read(): void {
    while (!this.#closed && !this.#paused && this.#onData) {
      const piece = this.#inbox.shift();
      if (!piece) break;
      this.other.#wasRead(piece.length);
      this.#onData(piece);
    }
    if (this.#finSeen || this.#closed || this.#paused || !this.#onData || !this.#finArrived || this.#inbox.length > 0) return;
    this.#finSeen = true;
    this.end();
    this.#closeIfOver();
  }

  #wasRead(length: number): void {
    this.#unread -= length;
    if (!this.#needDrain || this.#unread > 0) return;
    this.#needDrain = false;
    this.#later(() => { if (!this.#closed) this.onDrain?.(); });
  }

  #closeIfOver(): void {
    if (this.#finSent && this.#finSeen) this.#close(undefined);
  }

  #close(error: Error | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#wire = [];
    this.#inbox = [];
    this.#forget();
    this.#later(() => {
      this.#network.trace(`stream > ${this.peer} closed${error ? ` ${error.message}` : ''}`);
      this.onClose?.(error);
    });
  }

  /** On this side, outside of the current call. */
  #later(action: () => void): void {
    this.#network.scheduler.after(0, this.life, action);
  }

  /** On the other side, after the way there. Not tied to our life: what was sent arrives. */
  #after(action: () => void): void {
    this.#network.scheduler.after(this.#network.dice.between(this.#network.faults.delay), this.other.life, action);
  }
}

function join(pieces: Uint8Array[]): Uint8Array {
  if (pieces.length === 1) return pieces[0];
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
